//! `Outgoing`: a text that leaves this machine in a request; the only way to make one hides secrets.

use serde::Serialize;
use serde_json::Value;

use super::registry::{KnownSecrets, is_unseen};

/// A text without the secrets that the process holds and without what looks like one.
///
/// What goes into pull requests, memories, heartbeats and the bodies of `http` is of this type. A text
/// becomes one by [`KnownSecrets::outgoing`] only; what is part of the program is one already.
///
/// ```compile_fail
/// use sendoff::secrets::Outgoing;
///
/// let text = String::from("what a commit says");
/// let leaves: Outgoing = text.into();
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Outgoing(String);

/// A JSON value whose every text is such a text, keys included.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct OutgoingJson(Value);

impl Outgoing {
    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Says whether there is nothing but white space.
    pub fn is_blank(&self) -> bool {
        self.0.trim().is_empty()
    }
}

impl From<&'static str> for Outgoing {
    fn from(text: &'static str) -> Self {
        Self(text.into())
    }
}

impl KnownSecrets {
    /// Makes a text fit to leave: the known secrets first, in every encoding, then the table. Cut it
    /// afterwards: half a secret looks like none.
    pub fn outgoing(&self, text: &str) -> Outgoing {
        Outgoing(self.hide(text).into_owned())
    }

    /// Makes a text fit to leave whose parts `change` made. Where a secret stood between characters that do not show, all of
    /// those are taken out, what `change` put in as well: then it changes the text again.
    pub fn outgoing_changed(&self, text: &str, change: &dyn Fn(&str) -> String) -> Outgoing {
        let hidden = self.hide(text);
        let has_unseen = |text: &str| text.chars().any(is_unseen);
        if has_unseen(text) && !has_unseen(&hidden) {
            return Outgoing(change(&hidden));
        }
        Outgoing(hidden.into_owned())
    }

    /// Makes a JSON value fit to leave.
    pub fn outgoing_json(&self, mut value: Value) -> OutgoingJson {
        self.hide_json(&mut value);
        OutgoingJson(value)
    }

    /// Hides these secrets, and what looks like one, in every text of a JSON value.
    pub fn hide_json(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.hide(text).into_owned(),
            Value::Array(values) => values.iter_mut().for_each(|value| self.hide_json(value)),
            Value::Object(entries) => {
                let old = std::mem::take(entries);
                entries.extend(old.into_iter().map(|(key, mut value)| {
                    self.hide_json(&mut value);
                    (self.hide(&key).into_owned(), value)
                }));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_has_no_secret_in_any_text() {
        let known = KnownSecrets::default();
        known.add(&"plain-words-here".into());
        let text = known.outgoing("it was plain-words-here and cGxhaW4td29yZHMtaGVyZQ==");
        // The last letter of base64 has two bits of the secret only.
        assert_eq!(text.as_str(), "it was [REDACTED] and [REDACTED]Q==");
        let value = serde_json::json!({"a": ["x plain-words-here", 1], "plain-words-here": true});
        let value = serde_json::to_value(known.outgoing_json(value)).unwrap();
        assert_eq!(
            value,
            serde_json::json!({"a": ["x [REDACTED]", 1], "[REDACTED]": true})
        );
    }

    #[test]
    fn what_was_changed_stays_changed_where_a_secret_is_taken_out() {
        let known = KnownSecrets::default();
        known.add(&"plain-words-here".into());
        let change = |text: &str| text.replace("@me", "@\u{200c}me");
        let changed = |text: &str| known.outgoing_changed(&change(text), &change);
        let hidden = "plain-words\u{200b}-here";
        let text = changed(&format!("@me had {hidden}"));
        assert_eq!(text.as_str(), "@\u{200c}me had [REDACTED]");
        assert_eq!(changed("@me\u{200b}").as_str(), "@\u{200c}me\u{200b}");
    }
}
