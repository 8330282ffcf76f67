//! Decides whether a value that is assigned to a keyword looks like a secret.

use super::runs::{Class, Runs, Span};

/// How much of a value is examined, in bytes: several anchors can share one, and a scan must stay linear.
pub(super) const MAX_EXAMINED: usize = 128;

/// How likely a keyword's value is a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strength {
    /// `password`, `token`: nearly always a secret.
    Strong,
    /// `key`: often something else.
    Weak,
}

/// How a value is assigned to its keyword.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `--key value`, `--key=value`.
    Flag,
    /// `key=value`.
    Tight,
    /// `key = value`.
    Equals,
    /// `key: value`.
    Colon,
}

/// The beginning of a value. Which classes of bytes it has is remembered from one keyword to the next,
/// because the keywords in a long run share their value.
pub(super) struct Content<'c, 'text> {
    bytes: &'c [u8],
    span: Span,
    runs: &'c mut Runs<'text>,
}

impl<'c, 'text> Content<'c, 'text> {
    /// Takes the beginning of the value at `begin..end`.
    pub(super) fn new(
        text: &'c [u8],
        (begin, end): Span,
        runs: &'c mut Runs<'text>,
    ) -> Option<Self> {
        let span = (begin, end.min(begin + MAX_EXAMINED));
        let bytes = text.get(span.0..span.1)?;
        Some(Self { bytes, span, runs })
    }

    fn leaves(&mut self, class: Class) -> bool {
        self.runs.leaves(class, self.span)
    }

    /// Says whether it is printable and does not have both letters and digits, like a call in code.
    fn is_code(&mut self) -> bool {
        let mixed = self.leaves(Class::NoDigit) && self.leaves(Class::NoLetter);
        !mixed && !self.leaves(Class::Graphic)
    }
}

/// Says whether a value is a secret, by how it is assigned and which characters it has.
pub(super) fn is_secret(
    content: &mut Content<'_, '_>,
    form: &Form,
    in_quotes: bool,
    ends_line: bool,
    strength: Strength,
) -> bool {
    let value = content.bytes;
    if *form == Form::Flag && strength == Strength::Strong {
        return !value.first().is_none_or(|first| b"$<{%(".contains(first));
    }
    let digit = content.leaves(Class::NoDigit);
    if has_forty_base64_digits(value) && (*form != Form::Colon || digit || in_quotes) {
        return true;
    }
    if strength == Strength::Weak && !digit {
        return false;
    }
    let letter = content.leaves(Class::NoName);
    let call = content.leaves(Class::NoCall);
    if is_placeholder(value) || (call && content.is_code()) {
        return false;
    }
    if strength == Strength::Weak {
        return value.len() >= 20 && letter && !call;
    }
    if in_quotes || *form == Form::Tight {
        return value.len() >= 6
            || (value.len() >= 4 && (letter || content.leaves(Class::NoSymbol)));
    }
    let odd = digit || content.leaves(Class::NoSymbol);
    (letter && odd && (value.len() >= 8 || (value.len() >= 6 && ends_line)))
        || (value.len() >= 16 && content.leaves(Class::NoUpper) && content.leaves(Class::NoLower))
}

/// Says whether a value begins with forty characters of base64, or letters that case folding maps to
/// them.
fn has_forty_base64_digits(value: &[u8]) -> bool {
    let mut rest = value;
    for _ in 0..40 {
        rest = match rest {
            [byte, tail @ ..] if byte.is_ascii_alphanumeric() || b"+/".contains(byte) => tail,
            // U+017F, U+0130, U+0131 and U+212A.
            [0xc5, 0xbf, tail @ ..]
            | [0xc4, 0xb0 | 0xb1, tail @ ..]
            | [0xe2, 0x84, 0xaa, tail @ ..] => tail,
            _ => return false,
        };
    }
    true
}

/// Says whether a value is a placeholder or code.
pub(super) fn is_placeholder(value: &[u8]) -> bool {
    const WORDS: [&str; 20] = [
        "none",
        "null",
        "true",
        "false",
        "nil",
        "undefined",
        "required",
        "optional",
        "string",
        "str",
        "value",
        "token",
        "secret",
        "password",
        "missing",
        "empty",
        "hidden",
        "redacted",
        "changeme",
        "example",
    ];
    let code = [
        &b"self."[..],
        b"os.",
        b"env.",
        b"process.env",
        b"config.",
        b"args.",
    ];
    matches!(value.first(), Some(b'$' | b'<' | b'{' | b'%' | b'(') | None)
        || (value.len() <= 10
            && WORDS
                .iter()
                .any(|word| value.eq_ignore_ascii_case(word.as_bytes())))
        || code.iter().any(|prefix| value.starts_with(prefix))
        || value.iter().all(|byte| Some(byte) == value.first())
}

/// Says whether a value has both letters and digits.
pub(super) fn is_mixed(value: &[u8]) -> bool {
    let value = value.get(..MAX_EXAMINED).unwrap_or(value);
    value.iter().any(u8::is_ascii_digit) && value.iter().any(u8::is_ascii_alphabetic)
}
