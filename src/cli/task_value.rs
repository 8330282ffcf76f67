//! What the value of a key in a task document means, where a caller wrote it as another kind: shells write everything as
//! text, `str(True)` of Python is `True`, and ids are numbers of any length.

use serde_json::Value;
use serde_json::value::RawValue;

/// What a key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Text,
    Truth,
    /// A number that may be a fraction.
    Number,
    /// A whole number, 0 or more.
    Count,
    /// A whole number.
    Whole,
}

/// Words for no value at all, in the languages that scripts are written in.
const NOTHING: [&str; 5] = ["", "null", "none", "nil", "undefined"];
const TRUE: [&str; 4] = ["true", "1", "yes", "on"];
const FALSE: [&str; 4] = ["false", "0", "no", "off"];

/// Returns the value that is meant; null for none. Fails with what the key holds where the value means nothing of the kind.
pub(super) fn meant(holds: Holds, written: &RawValue) -> Result<Value, &'static str> {
    let written = written.get().trim();
    if written == "null" {
        return Ok(Value::Null);
    }
    let text: Option<String> = if written.starts_with('"') {
        serde_json::from_str(written).ok()
    } else {
        None
    };
    if holds == Holds::Text {
        return Ok(text.unwrap_or_else(|| compact(written)).into());
    }
    let word = text.as_deref().unwrap_or(written).trim();
    let word = word.to_ascii_lowercase();
    if text.is_some() && NOTHING.contains(&word.as_str()) {
        return Ok(Value::Null);
    }
    let truth = truth(&word);
    let value = match holds {
        Holds::Text | Holds::Truth => truth.map(Value::from),
        Holds::Number => number_or_truth(&word).map(Value::from),
        Holds::Count => word.parse::<u64>().map(Value::from).ok().or_else(|| {
            let count = count(number_or_truth(&word)?);
            Some(count.into())
        }),
        // No truth: the exit code of `false` would be that of success.
        Holds::Whole => word.parse::<i64>().map(Value::from).ok().or_else(|| {
            let whole = whole(number(&word)?);
            Some(whole.into())
        }),
    };
    value.ok_or(match holds {
        Holds::Text => "a text",
        Holds::Truth => "true or false",
        Holds::Number => "a number",
        Holds::Count | Holds::Whole => "a whole number",
    })
}

/// Returns JSON without blanks between its parts. Its numbers are as they were written: one of many digits, such as an id,
/// would lose some as a [`Value`], which could also be large and nested too deeply. Its texts have no needless escapes, which
/// could hide a secret.
fn compact(json: &str) -> String {
    let mut compact = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(quote) = rest.find('"') {
        let (before, from_text) = rest.split_at(quote);
        let mut texts = serde_json::Deserializer::from_str(from_text).into_iter::<String>();
        let Some(Ok(text)) = texts.next() else {
            compact.push_str(rest);
            return compact;
        };
        compact.extend(before.split_ascii_whitespace());
        compact.push_str(&Value::from(text).to_string());
        rest = from_text.get(texts.byte_offset()..).unwrap_or_default();
    }
    compact.extend(rest.split_ascii_whitespace());
    compact
}

fn truth(word: &str) -> Option<bool> {
    let number = number(word);
    if TRUE.contains(&word) || number == Some(1.0) {
        Some(true)
    } else if FALSE.contains(&word) || number == Some(0.0) {
        Some(false)
    } else {
        None
    }
}

/// Returns a number; a truth is one as in Python.
fn number_or_truth(word: &str) -> Option<f64> {
    match word {
        "true" => Some(1.0),
        "false" => Some(0.0),
        word => number(word),
    }
}

fn number(word: &str) -> Option<f64> {
    // What `parse` takes besides numbers: `inf`, `nan`.
    if word.contains('n') {
        return None;
    }
    let number: f64 = word.parse().ok()?;
    Some(number.clamp(f64::MIN, f64::MAX))
}

/// Cuts the fraction off, as of the seconds that clocks of scripts tell.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a number out of range becomes the nearest one"
)]
const fn whole(number: f64) -> i64 {
    number as i64
}

/// Likewise; what is below 0 becomes 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number out of range becomes the nearest one"
)]
const fn count(number: f64) -> u64 {
    number as u64
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(holds: Holds, written: &str) -> Result<Value, &'static str> {
        meant(holds, &RawValue::from_string(written.to_owned()).unwrap())
    }

    #[test]
    fn a_number_becomes_the_text_that_was_written() {
        let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
        for (written, wanted) in [
            (
                "123456789012345678901234567890",
                "123456789012345678901234567890",
            ),
            ("1.50", "1.50"),
            ("1e400", "1e400"),
            ("-0", "-0"),
            ("true", "true"),
            (r#""a\nb""#, "a\nb"),
            (r#"{"parts": [1]}"#, r#"{"parts":[1]}"#),
            (
                r#"{"id": 12345678901234567890123, "price": 1.50, "a  \" b": [ true , "\u00df\/\n" ]}"#,
                r#"{"id":12345678901234567890123,"price":1.50,"a  \" b":[true,"ß/\n"]}"#,
            ),
            (&deep, &deep),
        ] {
            assert_eq!(of(Holds::Text, written), Ok(json!(wanted)));
        }
    }

    #[test]
    fn truths_and_numbers_may_be_written_as_others() {
        for (holds, written, wanted) in [
            (Holds::Truth, r#""True""#, json!(true)),
            (Holds::Truth, r#"" no ""#, json!(false)),
            (Holds::Truth, "1.0", json!(true)),
            (Holds::Truth, "0", json!(false)),
            (Holds::Truth, r#""None""#, Value::Null),
            (Holds::Whole, r#"" 3""#, json!(3)),
            (Holds::Whole, "1.5", json!(1)),
            (Holds::Whole, r#""""#, Value::Null),
            (Holds::Whole, "99999999999999999999", json!(i64::MAX)),
            (Holds::Whole, "-1e999", json!(i64::MIN)),
            (Holds::Count, "18446744073709551615", json!(u64::MAX)),
            (Holds::Count, "99999999999999999999", json!(u64::MAX)),
            (Holds::Count, "-1", json!(0)),
            (Holds::Count, "-1.5", json!(0)),
            (Holds::Count, "true", json!(1)),
            (Holds::Number, r#""0.5""#, json!(0.5)),
            (Holds::Number, "null", Value::Null),
        ] {
            assert_eq!(of(holds, written), Ok(wanted), "{written}");
        }
    }

    #[test]
    fn what_means_nothing_of_the_kind_is_refused() {
        for (holds, written, wanted) in [
            (Holds::Truth, r#""maybe""#, "true or false"),
            (Holds::Truth, "2", "true or false"),
            (Holds::Truth, "[5]", "true or false"),
            (Holds::Whole, r#""SIGKILL""#, "a whole number"),
            (Holds::Whole, "false", "a whole number"),
            (Holds::Whole, r#""True""#, "a whole number"),
            (Holds::Count, r#""1h""#, "a whole number"),
            (Holds::Number, r#""inf""#, "a number"),
            (Holds::Number, r#""nan""#, "a number"),
            (Holds::Number, "{}", "a number"),
        ] {
            assert_eq!(of(holds, written), Err(wanted), "{written}");
        }
    }
}
