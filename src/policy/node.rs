//! `Node` and `Table`: TOML as a tree with the place of every key and value.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use crate::names::fold;

use super::source::Span;

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    /// The value's place.
    pub place: Span,
    /// The value.
    pub item: Item,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Item {
    /// A string.
    Text(String),
    /// An integer.
    Integer(i64),
    /// A floating-point number.
    Float(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// A date, a time or both, as text.
    Datetime(String),
    /// An array.
    List(Vec<Node>),
    /// A table.
    Table(Table),
}

/// An entry of a table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    /// The key's place.
    pub key: Span,
    /// The value.
    pub value: Node,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Table(pub(super) BTreeMap<String, Entry>);

/// A number that is out of range.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NumberError(pub(super) Span);

impl Table {
    /// Returns the entry of `key`.
    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        self.0.get(key)
    }

    /// Returns the table at `key`, if it is one.
    pub(super) fn table(&self, key: &str) -> Option<&Self> {
        self.get(key)?.value.table()
    }

    /// Returns the entry at a path of keys.
    pub(super) fn find<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> Option<&Entry> {
        let mut path = path.into_iter();
        let mut entry = self.get(path.next()?)?;
        for key in path {
            entry = entry.value.table()?.get(key)?;
        }
        Some(entry)
    }

    /// Finds the entry at a path of keys, to change it.
    pub(super) fn find_mut<'a>(
        &mut self,
        path: impl IntoIterator<Item = &'a str>,
    ) -> Option<&mut Entry> {
        let mut path = path.into_iter();
        let mut entry = self.0.get_mut(path.next()?)?;
        for key in path {
            let Item::Table(table) = &mut entry.value.item else {
                return None;
            };
            entry = table.0.get_mut(key)?;
        }
        Some(entry)
    }

    /// Takes out the entry at a path of keys.
    pub(super) fn remove(&mut self, path: &[&str]) -> Option<Entry> {
        let (last, tables) = path.split_last()?;
        let mut table = self;
        for key in tables {
            table = match &mut table.0.get_mut(*key)?.value.item {
                Item::Table(table) => table,
                _ => return None,
            };
        }
        table.0.remove(*last)
    }

    /// Converts the TOML parser's table; `start` is the offset of the text in [`Sources`](super::source::Sources).
    pub(super) fn from_toml(table: DeTable<'_>, start: usize) -> Result<Self, NumberError> {
        let entries = table.into_iter().map(|(key, value)| {
            let place = moved(key.span(), start);
            let entry = Entry {
                key: place,
                value: Node::from_toml(value.span(), value.into_inner(), start)?,
            };
            Ok((key.into_inner().into_owned(), entry))
        });
        entries.collect::<Result<_, _>>().map(Self)
    }
}

impl Node {
    /// Returns the table, if it is one.
    pub(super) const fn table(&self) -> Option<&Table> {
        match &self.item {
            Item::Table(table) => Some(table),
            _ => None,
        }
    }

    /// Returns the text, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.item {
            Item::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Converts the TOML parser's value. The parser limits the recursion.
    pub(super) fn from_toml(
        span: Span,
        value: DeValue<'_>,
        start: usize,
    ) -> Result<Self, NumberError> {
        let place = moved(span, start);
        let item = match value {
            DeValue::String(text) => Item::Text(text.into_owned()),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map(Item::Integer)
                .map_err(|_| NumberError(place.clone()))?,
            DeValue::Float(number) => number
                .as_str()
                .parse()
                .map(Item::Float)
                .map_err(|_| NumberError(place.clone()))?,
            DeValue::Boolean(value) => Item::Boolean(value),
            DeValue::Datetime(value) => Item::Datetime(value.to_string()),
            DeValue::Array(array) => Item::List(
                array
                    .into_iter()
                    .map(|value| Self::from_toml(value.span(), value.into_inner(), start))
                    .collect::<Result<_, _>>()?,
            ),
            DeValue::Table(table) => Item::Table(Table::from_toml(table, start)?),
        };
        Ok(Self { place, item })
    }

    /// Returns the value as TOML on one line.
    pub(super) fn to_toml(&self) -> String {
        match &self.item {
            Item::Text(text) => basic_string(text),
            Item::Integer(number) => number.to_string(),
            Item::Float(number) => format!("{number:?}"),
            Item::Boolean(value) => value.to_string(),
            Item::Datetime(text) => text.clone(),
            Item::List(nodes) => {
                let nodes: Vec<String> = nodes.iter().map(Self::to_toml).collect();
                format!("[{}]", nodes.join(", "))
            }
            Item::Table(table) => {
                let entry = |(key, entry): (&String, &Entry)| {
                    format!("{} = {}", quoted(key), entry.value.to_toml())
                };
                let entries: Vec<String> = table.0.iter().map(entry).collect();
                format!("{{ {} }}", entries.join(", "))
            }
        }
    }
}

/// Formats a key as TOML: bare if possible.
pub(super) fn quoted(key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !key.is_empty() && key.chars().all(bare) {
        key.to_owned()
    } else {
        basic_string(key)
    }
}

/// Formats a path of keys as TOML: `steps.pr-create.title`.
pub(super) fn dotted(path: &[&str]) -> String {
    let keys: Vec<String> = path.iter().map(|key| quoted(key)).collect();
    keys.join(".")
}

/// Formats a text as a TOML string on one line, with control characters escaped.
fn basic_string(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() || fold(c.encode_utf8(&mut [0; 4])).is_empty() => {
                quoted.extend(format!("\\U{:08X}", u32::from(c)).chars());
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Converts a place in one text to a place in all texts.
fn moved(span: Span, start: usize) -> Span {
    span.start + start..span.end + start
}
