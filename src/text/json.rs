//! JSON as programs write it: after a byte order mark, with bytes that are not UTF-8, with half of a surrogate pair in it.

/// What some programs put before UTF-8.
pub const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Returns the text as JSON's readers want it: without a byte order mark, as UTF-8, and U+FFFD for each half of a
/// surrogate pair that stands alone.
pub fn mended_json(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    let mut mended = String::with_capacity(text.len());
    let mut rest = text.as_ref();
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        mended.push_str(before);
        let (taken, written) = match (unit(escape), escape.get(6..).and_then(unit)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => (12, escape.get(..12)),
            (Some(0xD800..=0xDFFF), _) => (6, Some("\\ufffd")),
            (Some(_), _) => (6, escape.get(..6)),
            (None, _) => {
                let next = escape.chars().nth(1).map_or(0, char::len_utf8);
                (1 + next, escape.get(..=next))
            }
        };
        mended.push_str(written.unwrap_or_default());
        rest = escape.get(taken..).unwrap_or_default();
    }
    mended.push_str(rest);
    mended
}

/// Returns what `\uXXXX` at the beginning stands for.
fn unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| u32::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_surrogate_pair_becomes_a_replacement_character() {
        for (text, wanted) in [
            (r#""cut \ud83d""#, r#""cut \ufffd""#),
            (r#""\udc00 \ud83d\ude00""#, r#""\ufffd \ud83d\ude00""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\\ud83d \n é""#, r#""\\ud83d \n é""#),
            (r#""\u00e9\"#, r#""\u00e9\"#),
        ] {
            assert_eq!(mended_json(text.as_bytes()), wanted);
        }
        assert_eq!(mended_json(b"\xEF\xBB\xBF{}"), "{}");
        assert_eq!(mended_json(b"\"\xff\""), "\"\u{fffd}\"");
    }
}
