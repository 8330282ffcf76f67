//! `--set KEY=VALUE` and `--with KEY=VALUE`: a value as an argument.

use toml::de::{DeTable, DeValue};

use super::check::check;
use super::error::PolicyError;

use super::kind::{Kind, Kinds};
use super::layer::{Layer, number_error};
use super::layer_kind::LayerKind;
use super::node::{Entry, Item, Node, Table};
use super::source::{Sources, Span};
use super::step_table::{SHARED_KEYS, StepTable};

/// Makes a layer from one `--set` argument.
///
/// A key of type string takes the text as it is; for others the text is TOML.
pub(super) fn layer(
    argument: &str,
    sources: &mut Sources,
    kinds: &Kinds<'_>,
) -> Result<Layer, PolicyError> {
    let argument = Argument::split("--set", argument, sources)?;
    let as_layer = |table: Table| Layer {
        origin: LayerKind::Set,
        table,
        place: argument.place.clone(),
    };
    let known = sources.clone();
    argument
        .read(sources, |table| {
            check(&as_layer(table.clone()), &known, kinds)
        })
        .map(as_layer)
}

impl StepTable {
    /// Adds the values of `--with KEY=VALUE` arguments, which override those of the layers.
    ///
    /// A key of type string takes the text as it is; for others the text is TOML.
    pub fn with(&self, arguments: &[String], kind: &impl Kind) -> Result<Self, PolicyError> {
        let mut step = self.clone();
        for argument in arguments {
            let mut sources = step.sources().clone();
            let argument = Argument::split("--with", argument, &mut sources)?;
            if let Some(shared) = argument
                .keys
                .first()
                .filter(|key| SHARED_KEYS.contains(&key.as_str()))
            {
                let message = format!("--with cannot set `{shared}`");
                return Err(PolicyError::new(message)
                    .advise("it takes the step's own keys only")
                    .at(&sources, &argument.key, "not here"));
            }
            let known = sources.clone();
            let table = argument.read(&sources, |table| {
                let mut alone = Self::absent(&step.name, &known);
                alone.settings.uses.clone_from(&step.settings.uses);
                alone.overlay(known.clone(), table.clone());
                kind.check(&alone)
            })?;
            step.overlay(sources, table);
        }
        Ok(step)
    }
}

/// An argument, split at its equals sign.
struct Argument {
    keys: Vec<String>,
    value: String,
    /// The places of the key, the value and the whole argument.
    key: Span,
    value_place: Span,
    place: Span,
}

impl Argument {
    /// Splits the argument at the first equals sign outside quotes, and the key at its dots.
    fn split(option: &str, argument: &str, sources: &mut Sources) -> Result<Self, PolicyError> {
        let start = sources.add(LayerKind::Set, option, argument);
        let place = start..start + argument.len();
        let malformed = |sources: &Sources| {
            PolicyError::new(format!("{option} takes KEY=VALUE"))
                .advise("the key is dotted, such as limits.deadline; quote a part that has dots")
                .at(sources, &place, "not KEY=VALUE")
        };
        let Some(cut) = equals_sign(argument) else {
            return Err(malformed(sources));
        };
        let (key, rest) = argument.split_at(cut);
        let value = rest.strip_prefix('=').unwrap_or(rest);
        // TOML's rules decide what a dotted key is.
        let document = format!("{key}=0");
        let keys = DeTable::parse(&document)
            .ok()
            .and_then(|table| path(table.into_inner()));
        let Some(keys) = keys.filter(|_| !key.contains('\n')) else {
            return Err(malformed(sources));
        };
        Ok(Self {
            keys,
            value: value.to_owned(),
            key: start..start + cut,
            value_place: if value.is_empty() {
                // An empty key cannot be marked: mark the equals sign instead.
                start + cut..place.end
            } else {
                start + cut + 1..place.end
            },
            place,
        })
    }

    /// Reads the value as a string if `check` accepts one, else as TOML.
    fn read(
        &self,
        sources: &Sources,
        check: impl Fn(&Table) -> Result<(), PolicyError>,
    ) -> Result<Table, PolicyError> {
        // What takes a boolean takes no text. To try the text first would cost an explanation that is not shown.
        if let Ok(value) = self.value.parse() {
            let table = self.table(Item::Boolean(value));
            if check(&table).is_ok() {
                return Ok(table);
            }
        }
        let text = self.table(Item::Text(self.value.clone()));
        let Err(refused) = check(&text) else {
            return Ok(text);
        };
        let Ok(value) = DeValue::parse(&self.value) else {
            return Err(refused);
        };
        let span = value.span();
        let node = Node::from_toml(span, value.into_inner(), self.value_place.start)
            .map_err(|error| number_error(sources, &error))?;
        if matches!(node.item, Item::Text(_)) {
            // The value can be a quoted string, such as `"10s"`.
            let quoted = self.table(node.item);
            return check(&quoted).map(|()| quoted).map_err(|_| refused);
        }
        let table = self.table(node.item);
        // Return the error about the type that the key expects.
        check(&table).map(|()| table).map_err(|error| {
            if refused.is_about_type() {
                error
            } else {
                refused
            }
        })
    }

    /// Nests the value under its keys.
    fn table(&self, item: Item) -> Table {
        let mut node = Node {
            place: self.value_place.clone(),
            item,
        };
        for key in self.keys.iter().rev() {
            let entry = Entry {
                key: self.key.clone(),
                value: node,
            };
            node = Node {
                place: self.place.clone(),
                item: Item::Table(Table([(key.clone(), entry)].into())),
            };
        }
        match node.item {
            Item::Table(table) => table,
            _ => Table::default(),
        }
    }
}

/// Finds the first equals sign outside quotes.
fn equals_sign(argument: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in argument.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some('"'), '\\') => escaped = true,
            (Some(open), _) if open == c => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '=') => return Some(at),
            _ => {}
        }
    }
    None
}

/// Returns the path of keys in a table with one value.
fn path(table: DeTable<'_>) -> Option<Vec<String>> {
    let mut keys = Vec::new();
    let mut table = table;
    loop {
        let mut entries = table.into_iter();
        let (key, value) = entries.next()?;
        if entries.next().is_some() {
            return None;
        }
        keys.push(key.into_inner().into_owned());
        match value.into_inner() {
            DeValue::Table(inner) => table = inner,
            DeValue::Integer(_) => return Some(keys),
            _ => return None,
        }
    }
}
