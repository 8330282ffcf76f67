//! What holds of the text helpers for any text.

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use sendoff::secrets::{redact, strip_controls};
use sendoff::text::{brief, classify, message_text, read_as_text_file, sanitize, strip};
use serde_json::json;

/// Texts in which Markdown, spaces and odd letters are frequent.
const TEXT: &str =
    "([#*_`\\-\n\r \u{1c}\u{a0}\u{2028}\u{200b}\u{301}\u{200d}]{0,4}\\PC{0,12}){0,8}";

proptest! {
    #[test]
    fn a_summary_is_never_longer_than_asked_for(text in TEXT, length in -5_i64..100) {
        let told = brief(&text, length);
        prop_assert!(told.chars().count() <= usize::try_from(length.max(4)).unwrap());
        if text.split('\n').any(|line| line.chars().any(char::is_alphanumeric)) {
            prop_assert!(!told.contains('\n'));
        }
    }

    #[test]
    fn nothing_panics_on_any_text(text in any::<String>(), code in any::<Option<i64>>(), length in any::<i64>()) {
        drop(brief(&text, length));
        drop(classify(&text, code));
        drop(message_text(&text));
        drop(sanitize(Some(&text), None));
        let _ = strip(&text);
    }

    #[test]
    fn strip_is_idempotent_and_a_part_of_its_text(text in TEXT) {
        let once = strip(&text);
        prop_assert_eq!(strip(once), once);
        prop_assert!(text.contains(once));
    }

    #[test]
    fn words_around_it_do_not_change_a_category(before in "[ .,:;\n]{0,5}", after in "[ .,:;\n]{0,5}") {
        for (word, category) in [("RATE", "rate_limited"), ("Api-Key", "auth_failed"), ("ſession", "session_error")] {
            prop_assert_eq!(classify(&format!("{before}{word}{after}"), Some(1)), category);
            prop_assert_eq!(classify(&format!("{before}x{word}x{after}"), Some(1)), "exit_1");
        }
    }

    #[test]
    fn a_message_of_one_part_has_its_text(text in TEXT) {
        let own = json!({ "parts": [{ "text": text }] }).to_string();
        let inner = json!({ "parts": [{ "root": { "text": text } }] }).to_string();
        prop_assert_eq!(message_text(&own).unwrap(), strip(&text));
        prop_assert_eq!(message_text(&inner).unwrap(), strip(&text));
    }

    #[test]
    fn a_sentence_never_carries_more_than_a_name(said in "[ -~]{0,40}") {
        let told = sanitize(None, Some(&format!("ValueError: {said}")));
        prop_assert_eq!(told, "The agent failed (ValueError). Details are in the workspace's log.");
    }

    #[test]
    fn a_text_file_has_no_carriage_return(bytes in any::<Vec<u8>>()) {
        prop_assert!(!read_as_text_file(&bytes).contains('\r'));
    }

    #[test]
    fn what_a_model_reads_has_no_control_character(text in any::<String>()) {
        let told = strip_controls(&text);
        prop_assert!(!told.chars().any(char::is_control));
        prop_assert_eq!(strip_controls(&told), told);
    }

    #[test]
    fn redaction_is_idempotent(text in any::<String>()) {
        let once = redact(&text).into_owned();
        let twice = redact(&once).into_owned();
        prop_assert_eq!(twice, once);
    }
}
