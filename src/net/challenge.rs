//! `Challenges`: which schemes of authentication a server offers, from its `WWW-Authenticate` or `Proxy-Authenticate` headers.

use hyper::header::{HeaderMap, HeaderName};

use crate::byte_text::from_bytes;

/// The most headers with challenges that are read.
const MAX_HEADERS: usize = 64;
/// The longest of them, in bytes.
const MAX_HEADER_LENGTH: usize = 8 * 1024;

/// The most schemes that a message names.
const MAX_NAMES: usize = 8;
/// How a message names Digest where none of its forms that are offered is spoken.
pub(super) const FORM_OF_DIGEST: &str = "this form of Digest";

/// A scheme that a server offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    scheme: String,
    parameters: Vec<(String, String)>,
}

/// What a server offers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Challenges {
    /// The headers, each on a line, for credential helpers.
    pub headers: Vec<String>,
    offered: Vec<Challenge>,
}

impl Challenge {
    /// Says whether it is of this scheme.
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }

    /// Returns a parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self
            .parameters
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

impl Challenges {
    /// Reads those in the headers of this name.
    pub fn of(headers: &HeaderMap, name: &HeaderName) -> Self {
        let headers = headers.get_all(name).iter();
        let headers = headers
            .filter(|value| value.len() <= MAX_HEADER_LENGTH)
            .map(|value| from_bytes(value.as_bytes()))
            .map(|text| text.replace(char::is_control, " "));
        Self::parse(headers.take(MAX_HEADERS).collect())
    }

    fn parse(headers: Vec<String>) -> Self {
        let mut offered = Vec::new();
        for header in &headers {
            for item in items(header) {
                match begin(item) {
                    Some((scheme, rest)) => {
                        offered.push(Challenge {
                            scheme: scheme.to_owned(),
                            parameters: parameter(rest).into_iter().collect(),
                        });
                    }
                    None => {
                        if let Some(last) = offered.last_mut() {
                            last.parameters.extend(parameter(item));
                        }
                    }
                }
            }
        }
        Self { headers, offered }
    }

    /// Says whether the server does not say what it wants.
    pub const fn are_absent(&self) -> bool {
        self.offered.is_empty()
    }

    /// Returns the first of a scheme.
    pub fn get(&self, scheme: &str) -> Option<&Challenge> {
        self.offered.iter().find(|challenge| challenge.is(scheme))
    }

    /// Returns all of a scheme.
    pub fn all(&self, scheme: &'static str) -> impl Iterator<Item = &Challenge> {
        self.offered
            .iter()
            .filter(move |challenge| challenge.is(scheme))
    }

    /// Names the schemes, for messages of one that is spoken by none of them.
    pub fn names(&self) -> String {
        let mut names: Vec<String> = Vec::new();
        for challenge in &self.offered {
            if names.len() == MAX_NAMES {
                break;
            }
            let name: String = challenge.scheme.chars().take(40).collect();
            let name = match name.to_ascii_lowercase().as_str() {
                // Others of its forms are.
                "digest" => FORM_OF_DIGEST.to_owned(),
                _ => name,
            };
            if !names.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
                names.push(name);
            }
        }
        names.join(", ")
    }
}

/// Takes a header apart at the commas that stand in no quotes.
fn items(header: &str) -> Vec<&str> {
    let mut items = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (at, byte) in header.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => {
                items.extend(header.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    items.extend(header.get(start..));
    items.retain(|item| !item.trim().is_empty());
    items
}

/// Returns the scheme that an item begins with, and what follows; `None` when it is a further parameter.
fn begin(item: &str) -> Option<(&str, &str)> {
    let item = item.trim();
    let end = item
        .find(|c: char| c.is_whitespace() || c == '=')
        .unwrap_or(item.len());
    let (word, rest) = item.split_at(end);
    let rest = rest.trim_start();
    (!word.is_empty() && !rest.starts_with('=')).then_some((word, rest))
}

/// Reads `name=value` or `name="value"`.
fn parameter(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=')?;
    let value = value.trim();
    let value = match value.strip_prefix('"') {
        Some(quoted) => {
            let quoted = quoted.strip_suffix('"').unwrap_or(quoted);
            let mut plain = String::with_capacity(quoted.len());
            let mut letters = quoted.chars();
            while let Some(letter) = letters.next() {
                plain.extend(if letter == '\\' {
                    letters.next()
                } else {
                    Some(letter)
                });
            }
            plain
        }
        None => value.to_owned(),
    };
    Some((name.trim().to_owned(), value))
}

#[cfg(test)]
impl Challenges {
    pub(super) fn of_texts(headers: &[&str]) -> Self {
        Self::parse(headers.iter().map(|&header| header.to_owned()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_and_their_parameters_are_told_apart() {
        let offered = Challenges::of_texts(&[
            "Negotiate",
            "NTLM TlRMTVNTUAA=, basic realm=\"a, \\\"b\\\"\" , charset = UTF-8",
            "Digest realm=\"x\",nonce=\"n\",qop=\"auth,auth-int\",,stale=TRUE",
        ]);
        assert_eq!(
            offered.names(),
            "Negotiate, NTLM, basic, this form of Digest"
        );
        let basic = offered.get("Basic").unwrap();
        assert_eq!(basic.parameter("realm"), Some("a, \"b\""));
        assert_eq!(basic.parameter("charset"), Some("UTF-8"));
        let digest = offered.get("digest").unwrap();
        assert_eq!(digest.parameter("qop"), Some("auth,auth-int"));
        assert_eq!(digest.parameter("stale"), Some("TRUE"));
        assert_eq!(digest.parameter("opaque"), None);
        assert!(Challenges::of_texts(&["", " , ", "=x"]).are_absent());
    }
}
