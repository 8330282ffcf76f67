//! Templates for titles, bodies and memories: minijinja with strict undefined values and a fuel limit.

mod bound_names;
mod bounds;
mod condition;
mod scalar;
mod stack;
mod unknown;

use std::borrow::Cow;
use std::io;
use std::sync::Arc;
use std::sync::LazyLock;

use minijinja::value::{Serde, Value};
use minijinja::{Environment, ErrorKind, UndefinedBehavior};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::secrets::redact;
use crate::text::{BRIEF_LENGTH, brief};

pub use condition::Condition;
pub use unknown::{Part, unknown_names};

use self::stack::{Stack, on_stack};

/// The fuel for one rendering: an instruction costs one unit, and so do 64 bytes of new text.
const MAX_FUEL: u64 = 250_000;
/// The longest rendered text, in bytes.
const MAX_OUTPUT_SIZE: usize = 1 << 20;
/// The longest source, in bytes.
const MAX_SOURCE_SIZE: usize = 1 << 16;
/// The deepest recursion.
const MAX_RECURSION: usize = 64;

/// A template that compiles. Its output is never parsed as a template again.
#[derive(Debug, Clone)]
pub struct Template {
    source: Arc<str>,
    stack: Stack,
}

/// Why a template does not compile or render.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// It does not parse.
    #[error("{0}")]
    Syntax(String),
    /// It refers to something that is not defined.
    #[error("{0}")]
    Unknown(String),
    /// It ran out of fuel.
    #[error("the template needs too much work: it was stopped after {MAX_FUEL} units of fuel")]
    OutOfFuel,
    /// The rendered text is too long.
    #[error("the text would be longer than {MAX_OUTPUT_SIZE} bytes")]
    TooLong,
    /// The machine refused the thread that it is rendered on.
    #[error("the machine refuses another thread: {0}")]
    NoThread(String),
    /// Another error while rendering.
    #[error("{0}")]
    Failed(String),
}

impl Template {
    /// The `format` of a template in a schema.
    pub const FORMAT: &str = "template";

    /// Compiles `source`.
    pub fn new(source: &str) -> Result<Self, TemplateError> {
        if source.len() > MAX_SOURCE_SIZE {
            return Err(TemplateError::Syntax(format!(
                "the template is longer than {MAX_SOURCE_SIZE} bytes"
            )));
        }
        on_stack(Stack::Own, || {
            bounds::check_template(source, NAME)?;
            ENVIRONMENT
                .template_from_named_str(NAME, source)
                .map(drop)
                .map_err(|error| explain(&error, || None))
        })?;
        Ok(Self {
            source: source.into(),
            stack: Stack::Own,
        })
    }

    /// Makes a template from a source in the program. It must compile, which tests check.
    pub fn built_in(source: &'static str) -> Self {
        Self {
            source: source.into(),
            stack: Stack::Callers,
        }
    }

    /// Returns the source.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Renders the template with `facts`.
    pub fn render(&self, facts: &(impl Serialize + Sync)) -> Result<String, TemplateError> {
        on_stack(self.stack, || {
            let facts = Value::from(Serde(facts));
            let template = ENVIRONMENT
                .template_from_named_str(NAME, &self.source)
                .map_err(|error| explain(&error, || None))?;
            let mut text = Bounded::default();
            let rendered = template.render_captured_to(facts.clone(), &mut text);
            rendered.map(drop).map_err(|error| match error.kind() {
                ErrorKind::WriteFailure => TemplateError::TooLong,
                _ => explain(&error, || {
                    unknown(&facts, template.undeclared_variables(true))
                }),
            })?;
            String::from_utf8(text.0).map_err(|error| TemplateError::Failed(error.to_string()))
        })
    }
}

/// Where it is rendered is no part of what it says.
impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Template {}

/// A writer that fails when the text gets too long.
#[derive(Debug, Default)]
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_OUTPUT_SIZE {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let source = Cow::<'_, str>::deserialize(deserializer)?;
        Self::new(&source).map_err(D::Error::custom)
    }
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.source)
    }
}

impl JsonSchema for Template {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Template".into()
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string", "format": Self::FORMAT })
    }
}

/// The name of the template that minijinja wants; it appears in no message.
const NAME: &str = "line";

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.set_fuel(Some(MAX_FUEL));
    environment.set_recursion_limit(MAX_RECURSION);
    for function in bounds::FUNCTIONS {
        environment.remove_global(function);
    }
    for filter in bounds::FILTERS {
        environment.remove_filter(filter);
    }
    environment.add_filter("redact", |text: &str| redact(text).into_owned());
    environment.add_filter("truncate", |text: &str, length: usize| {
        text.chars().take(length).collect::<String>()
    });
    environment.add_filter("brief", |text: &str, length: Option<i64>| {
        brief(text, length.unwrap_or(BRIEF_LENGTH))
    });
    environment.add_filter("oneline", |text: &str| {
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    });
    environment
});

/// Converts an error, with its line. `undefined` describes what is not defined.
fn explain(error: &minijinja::Error, undefined: impl FnOnce() -> Option<String>) -> TemplateError {
    let line = error.line().map_or(1, |line| line);
    let detail = error.detail().map_or_else(
        || error.kind().to_string(),
        |detail| format!("{}: {detail}", error.kind()),
    );
    match error.kind() {
        ErrorKind::OutOfFuel => TemplateError::OutOfFuel,
        ErrorKind::UndefinedError => {
            TemplateError::Unknown(format!("line {line}: {}", undefined().unwrap_or(detail)))
        }
        ErrorKind::UnknownFilter | ErrorKind::UnknownTest | ErrorKind::UnknownFunction => {
            TemplateError::Unknown(format!("line {line}: {detail}"))
        }
        ErrorKind::SyntaxError => TemplateError::Syntax(format!("line {line}: {detail}")),
        _ => TemplateError::Failed(format!("line {line}: {detail}")),
    }
}

/// Describes the first of `paths` that `facts` does not define, and which names are defined there.
fn unknown(facts: &Value, paths: impl IntoIterator<Item = String>) -> Option<String> {
    let mut paths: Vec<String> = paths.into_iter().collect();
    paths.sort_unstable();
    paths.iter().find_map(|path| {
        let mut level = facts.clone();
        let mut above = String::new();
        for part in path.split('.') {
            let next = level.get_attr(part).ok()?;
            if next.is_undefined() {
                return Some(missing(&level, &above, part));
            }
            if !above.is_empty() {
                above.push('.');
            }
            above.push_str(part);
            level = next;
        }
        None
    })
}

fn missing(level: &Value, above: &str, part: &str) -> String {
    let mut names: Vec<String> = level
        .try_iter()
        .map(|names| names.take(40).map(|name| name.to_string()).collect())
        .unwrap_or_default();
    names.sort_unstable();
    let place = if above.is_empty() {
        format!("there is no `{part}`")
    } else {
        format!("`{above}` has no `{part}`")
    };
    if level.is_none() {
        format!("{place}: `{above}` is none here")
    } else if names.is_empty() {
        place
    } else {
        format!("{place}; there is: {}", names.join(", "))
    }
}
