//! Numbers of the configuration, as git reads them: by C's `strtoimax`, and a unit.

use gix::bstr::BStr;

/// Reads a number from `-max` to `max`: blanks, a sign, digits of the base that their beginning names, a unit.
pub(in crate::git) fn integer(value: &BStr, max: i128) -> Option<i128> {
    let text = std::str::from_utf8(value).ok()?;
    let text = text.trim_start_matches([' ', '\t', '\n', '\u{b}', '\u{c}', '\r']);
    let (sign, text) = match text.as_bytes().first()? {
        b'-' => (-1, text.get(1..)?),
        b'+' => (1, text.get(1..)?),
        _ => (1, text),
    };
    let of_base = |text: &str, base: u32| {
        let end = text.find(|c: char| !c.is_digit(base));
        let (digits, unit) = text.split_at_checked(end.unwrap_or(text.len()))?;
        Some((i128::from_str_radix(digits, base).ok()?, unit.to_owned()))
    };
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let hex = hex.and_then(|digits| of_base(digits, 16));
    let base = if text.starts_with('0') { 8 } else { 10 };
    let (number, unit) = hex.or_else(|| of_base(text, base))?;
    let factor = match unit.to_ascii_lowercase().as_str() {
        "" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        _ => return None,
    };
    let number = number.checked_mul(factor)?;
    (number <= max).then_some(sign * number)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each was given to `git config --type=int`, which has a larger bound.
    #[test]
    fn numbers_are_read_as_by_git() {
        for (text, number) in [
            ("0", Some(0)),
            (" 5", Some(5)),
            ("\t+5", Some(5)),
            ("-5", Some(-5)),
            ("010", Some(8)),
            ("0x1F", Some(31)),
            ("1K", Some(1024)),
            ("1m", Some(1 << 20)),
            ("-1g", Some(-(1 << 30))),
            ("2147483647", Some(2_147_483_647)),
            ("2147483648", None),
            ("-2147483648", None),
            ("2g", None),
            ("99999999999999999999999999999999999999999999", None),
            ("", None),
            ("k", None),
            ("-", None),
            ("5 ", None),
            ("1 k", None),
            ("1kb", None),
            ("08", None),
            ("0b1", None),
            ("0x", None),
            ("+-5", None),
            ("five", None),
        ] {
            let read = integer(BStr::new(text), i32::MAX.into());
            assert_eq!(read, number, "{text:?}");
        }
    }
}
