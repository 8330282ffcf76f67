//! `Delivery`: one webhook, read after its signature was verified.

use hyper::header::{CONTENT_TYPE, HeaderMap};
use percent_encoding::percent_decode;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::facts::EventFacts;
use super::json::{JsonError, object};
use super::source::Source;
use super::{github, gitlab};

/// The largest body of a delivery, in bytes: GitHub's limit of 25 MB.
pub const MAX_BODY_SIZE: usize = 25 << 20;
/// The longest name of an event and the longest id, in bytes.
const MAX_NAME_LENGTH: usize = 128;

/// A webhook.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The kind of forge.
    pub source: Source,
    /// The id, which a redelivery keeps. It is not signed.
    pub id: Option<String>,
    /// The event, as the header names it.
    pub event: String,
    /// A SHA-256 of forge, event and body, by which a redelivery is recognised: unlike the id, the body is signed.
    pub digest: [u8; 32],
    /// The body.
    pub payload: Value,
}

/// Why a delivery with a valid signature cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadDelivery {
    /// The event is not named.
    #[error("the header {0} is missing, or is not the name of an event")]
    NoEvent(&'static str),
    /// The value of `--event` is not the name of an event.
    #[error("`{0}` is not the name of an event")]
    EventName(String),
    /// The id is too long, or has characters that an id cannot have.
    #[error("the id of the delivery has more than {MAX_NAME_LENGTH} bytes, or is no plain text")]
    Id,
    /// The body cannot be read.
    #[error("{0}")]
    Body(String),
}

impl From<JsonError> for BadDelivery {
    fn from(error: JsonError) -> Self {
        Self::Body(error.to_string())
    }
}

impl Delivery {
    /// Reads a delivery whose signature was verified.
    pub fn read(source: Source, headers: &HeaderMap, body: &[u8]) -> Result<Self, BadDelivery> {
        let names = source.event_headers();
        let first = names.first().copied().unwrap_or_default();
        let event = header(headers, names).filter(|event| is_name(event));
        let event = event.ok_or(BadDelivery::NoEvent(first))?.to_owned();
        let id = header(headers, source.id_headers());
        if id.is_some_and(|id| !is_name(id)) {
            return Err(BadDelivery::Id);
        }
        let id = id.map(str::to_owned);
        let is_form = headers.get(CONTENT_TYPE).is_some_and(|kind| {
            kind.as_bytes()
                .starts_with(b"application/x-www-form-urlencoded")
        });
        // Some senders label JSON as a form; it is curl's default type.
        let payload = match of_form(body).filter(|_| is_form) {
            Some(field) => object(&field)?,
            None => object(body)?,
        };
        Ok(Self {
            digest: digest(source, &event, body),
            source,
            id,
            event,
            payload,
        })
    }

    /// Makes a delivery from a recorded payload, without a signature.
    pub fn recorded(source: Source, event: &str, body: &[u8]) -> Result<Self, BadDelivery> {
        if !is_name(event) {
            return Err(BadDelivery::EventName(event.to_owned()));
        }
        Ok(Self {
            digest: digest(source, event, body),
            source,
            id: None,
            event: event.to_owned(),
            payload: object(body)?,
        })
    }

    /// Says whether it is the test delivery that GitHub and Gitea send for a new webhook.
    pub fn is_ping(&self) -> bool {
        self.source != Source::GitLab && self.event == "ping"
    }

    /// Returns the facts that the rules compare.
    pub fn facts(&self) -> EventFacts {
        let mut facts = match self.source {
            Source::GitHub => github::facts(&self.event, &self.payload),
            Source::Gitea => github::gitea_facts(&self.event, &self.payload),
            Source::GitLab => gitlab::facts(&self.event, &self.payload),
        };
        facts.delivery.clone_from(&self.id);
        facts
    }
}

/// Returns the text of the first of these headers that is present.
fn header<'h>(headers: &'h HeaderMap, names: &[&str]) -> Option<&'h str> {
    let mut values = names.iter().filter_map(|name| headers.get(*name));
    values.next()?.to_str().ok()
}

/// Says whether a text can be the name of an event, or an id.
fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    !text.trim().is_empty() && text.len() <= MAX_NAME_LENGTH && text.bytes().all(plain)
}

/// Returns the field `payload` of a form, which is the default content type of GitHub's webhooks.
fn of_form(body: &[u8]) -> Option<Vec<u8>> {
    let mut fields = body.split(|byte| *byte == b'&');
    let field = fields.find_map(|field| field.strip_prefix(b"payload="))?;
    let blanks: Vec<u8> = field
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    Some(percent_decode(&blanks).collect())
}

/// Hashes the parts by which a redelivery is recognised.
fn digest(source: Source, event: &str, body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(source.as_str());
    hash.update([0]);
    hash.update(event);
    hash.update([0]);
    hash.update(body);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&'static str, &str)], body: &[u8]) -> Result<Delivery, BadDelivery> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        Delivery::read(Source::GitHub, &headers, body)
    }

    #[test]
    fn event_and_id_come_from_headers() {
        let given = [("x-github-event", "issues"), ("x-github-delivery", "d-1")];
        let delivery = read(&given, b"{}").unwrap();
        assert_eq!(delivery.event, "issues");
        assert_eq!(delivery.id.as_deref(), Some("d-1"));
        let error = read(&[], b"{}").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the header x-github-event is missing, or is not the name of an event"
        );
        let long = "x".repeat(200);
        let error = read(
            &[("x-github-event", "push"), ("x-github-delivery", &long)],
            b"{}",
        );
        assert_eq!(
            error.unwrap_err().to_string(),
            "the id of the delivery has more than 128 bytes, or is no plain text"
        );
    }

    #[test]
    fn a_form_carries_the_payload_in_a_field() {
        let form = [
            ("x-github-event", "issues"),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let delivery = read(&form, b"payload=%7B%22a%22%3A+%22b%2Bc%22%7D").unwrap();
        assert_eq!(delivery.payload, serde_json::json!({ "a": "b+c" }));
        let delivery = read(&form, b"{\"a\": 1}").unwrap();
        assert_eq!(delivery.payload, serde_json::json!({ "a": 1 }));
        let error = read(&form, b"x=1").unwrap_err().to_string();
        assert!(error.starts_with("the body is not JSON: "), "{error}");
    }

    #[test]
    fn the_same_body_for_another_event_or_forge_is_another_delivery() {
        let one = digest(Source::GitHub, "issues", b"{}");
        assert_ne!(one, digest(Source::GitHub, "issue", b"s{}"));
        assert_ne!(one, digest(Source::Gitea, "issues", b"{}"));
        assert_eq!(one, digest(Source::GitHub, "issues", b"{}"));
    }
}
