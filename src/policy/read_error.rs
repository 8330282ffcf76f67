//! `ReadError`: why a tree does not fit a type, in terms of TOML.

use std::fmt;

use serde::de;

use super::error::{PolicyError, nearest};
use super::node::dotted;
use super::source::{Sources, Span};

/// Why a tree does not fit a type.
#[derive(Debug)]
pub(super) struct ReadError {
    /// The mistake.
    pub kind: ReadErrorKind,
    /// The place; `None` until an enclosing table adds it.
    pub place: Option<Span>,
    /// The path of keys.
    pub path: Vec<String>,
}

/// The mistake.
#[derive(Debug)]
pub(super) enum ReadErrorKind {
    /// A value of the wrong type.
    Type { got: String, wanted: String },
    /// A value of the right type that is not allowed, with the type's message.
    Value(String),
    /// An unknown key, with the known ones.
    UnknownKey(String, &'static [&'static str]),
    /// A word that is not one of these.
    UnknownWord(String, &'static [&'static str]),
    /// A missing key.
    Missing(&'static str),
}

impl ReadError {
    fn new(kind: ReadErrorKind) -> Self {
        Self {
            kind,
            place: None,
            path: Vec::new(),
        }
    }

    /// Adds the place, unless a more precise one is known.
    pub(super) fn or_at(mut self, place: &Span) -> Self {
        self.place.get_or_insert_with(|| place.clone());
        self
    }

    /// Makes the error for users. `prefix` is the path to what was read; `more` are known keys besides the type's.
    pub(super) fn explain(self, sources: &Sources, prefix: &[&str], more: &[&str]) -> PolicyError {
        let mut path: Vec<&str> = prefix.to_vec();
        path.extend(self.path.iter().map(String::as_str));
        let path = dotted(&path);
        let (message, label, help) = match &self.kind {
            ReadErrorKind::UnknownKey(key, known) => {
                let known: Vec<&str> = known.iter().chain(more).copied().collect();
                let table = if path.is_empty() {
                    "the policy".to_owned()
                } else {
                    format!("`{path}`")
                };
                let help = match nearest(key, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if known.is_empty() => "it has no keys".to_owned(),
                    None => format!("its keys are: {}", known.join(", ")),
                };
                let key = key.escape_debug();
                let message = format!("{table} has no key `{key}`");
                (message, "unknown key".to_owned(), Some(help))
            }
            ReadErrorKind::UnknownWord(word, words) => {
                let near = nearest(word, words.iter().copied());
                let help = near.map(|near| format!("did you mean \"{near}\"?"));
                (format!("`{path}`: {self}"), "unknown word".to_owned(), help)
            }
            ReadErrorKind::Type { wanted, .. } => (
                format!("`{path}`: {self}"),
                format!("wanted {wanted}"),
                None,
            ),
            ReadErrorKind::Value(_) => {
                (format!("`{path}`: {self}"), "not allowed".to_owned(), None)
            }
            ReadErrorKind::Missing(key) => {
                let help = format!("add `{key} = …`");
                (format!("`{path}`: {self}"), "here".to_owned(), Some(help))
            }
        };
        let mut error = PolicyError::new(message);
        if matches!(self.kind, ReadErrorKind::Type { .. }) {
            error = error.about_type();
        }
        if let Some(help) = help {
            error = error.advise(help);
        }
        match &self.place {
            Some(place) => error.at(sources, place, &label),
            None => error,
        }
    }

    /// Adds a key to the path.
    pub(super) fn under(mut self, key: &str) -> Self {
        self.path.insert(0, key.to_owned());
        self
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ReadErrorKind::Type { got, wanted } => write!(f, "got {got}, wanted {wanted}"),
            ReadErrorKind::Value(message) => f.write_str(message),
            ReadErrorKind::UnknownKey(key, _) => write!(f, "no key is called `{key}`"),
            ReadErrorKind::UnknownWord(word, words) => {
                write!(
                    f,
                    "got \"{}\", wanted {}",
                    word.escape_debug(),
                    one_of(words)
                )
            }
            ReadErrorKind::Missing(key) => write!(f, "the key `{key}` is missing"),
        }
    }
}

/// Formats a list of words: `"a", "b" or "c"`.
pub(super) fn one_of(words: &[&str]) -> String {
    match words {
        [] => "nothing".into(),
        [only] => format!("\"{only}\""),
        [first @ .., last] => format!("\"{}\" or \"{last}\"", first.join("\", \"")),
    }
}

impl std::error::Error for ReadError {}

impl de::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(ReadErrorKind::Value(message.to_string()))
    }

    fn invalid_type(got: de::Unexpected<'_>, wanted: &dyn de::Expected) -> Self {
        Self::new(ReadErrorKind::Type {
            got: named(&got),
            wanted: in_toml(&wanted.to_string()),
        })
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(ReadErrorKind::UnknownWord(variant.into(), expected))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(ReadErrorKind::UnknownKey(field.into(), expected))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(ReadErrorKind::Missing(field))
    }
}

/// Describes a value with its TOML type.
fn named(got: &de::Unexpected<'_>) -> String {
    match got {
        de::Unexpected::Str(text) => {
            let short: String = text.chars().take(40).collect();
            format!("the string \"{}\"", short.escape_debug())
        }
        de::Unexpected::Signed(number) => format!("the integer {number}"),
        de::Unexpected::Float(number) => format!("the number {number:?}"),
        de::Unexpected::Bool(value) => format!("the boolean {value}"),
        de::Unexpected::Seq => "an array".into(),
        de::Unexpected::Map => "a table".into(),
        other => other.to_string(),
    }
}

/// Converts Rust's names of types to TOML's.
fn in_toml(wanted: &str) -> String {
    match wanted {
        "a sequence" => "an array".into(),
        "a map" => "a table".into(),
        "a boolean" => "true or false".into(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "an integer".into(),
        "u8" | "u16" | "u32" | "u64" | "usize" => "an integer that is not negative".into(),
        "f32" | "f64" => "a number".into(),
        "path string" => "a string".into(),
        wanted if wanted.starts_with("struct ") || wanted.starts_with("tuple ") => "a table".into(),
        wanted if wanted.starts_with("enum ") || wanted == "variant identifier" => {
            "a string".into()
        }
        wanted => wanted.into(),
    }
}
