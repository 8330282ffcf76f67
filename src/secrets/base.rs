//! Encodings of secrets: base64 at any offset, percent-encoding, hexadecimal, and GitHub's CRC-32.

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Returns the base64 digits that depend on `value` alone, when it begins `offset` bytes (0 to 2)
/// into a group of three bytes of a longer text.
pub(super) fn base64_at(value: &[u8], offset: usize) -> String {
    let mut padded = vec![0; offset];
    padded.extend_from_slice(value);
    let mut digits = String::new();
    let mut bits = 0_u32;
    let mut count = 0_u32;
    for byte in &padded {
        bits = bits << 8 | u32::from(*byte);
        count += 8;
        while count >= 6 {
            count -= 6;
            digits.push(digit(bits >> count & 63));
        }
        bits &= (1 << count) - 1;
    }
    // The first digits also hold bits of the preceding bytes.
    let skip = match offset {
        0 => 0,
        1 => 2,
        _ => 3,
    };
    digits.split_off(skip.min(digits.len()))
}

fn digit(index: u32) -> char {
    usize::try_from(index)
        .ok()
        .and_then(|index| BASE64.get(index))
        .map_or('A', |byte| char::from(*byte))
}

/// Decodes standard base64, padded or not; `None` when it holds another character.
pub fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut bits = 0_u32;
    let mut count = 0_u32;
    for byte in text.iter().filter(|byte| **byte != b'=') {
        let value = BASE64.iter().position(|digit| digit == byte)?;
        bits = (bits << 6 | u32::try_from(value).ok()?) & 0xffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(bytes)
}

/// Says whether standard base64 text decodes to bytes with a colon, as `Basic` credentials do.
pub(super) fn decodes_to_pair(text: &[u8]) -> bool {
    let mut bits = 0_u32;
    let mut count = 0_u32;
    for byte in text {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => break,
        };
        bits = (bits << 6 | u32::from(value)) & 0xffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            if bits >> count & 0xff == u32::from(b':') {
                return true;
            }
        }
    }
    false
}

/// Percent-encodes every byte of `value` that is not unreserved.
pub(super) fn percent(value: &[u8], digits: &[u8; 16]) -> String {
    let mut text = String::new();
    for byte in value {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            text.push(char::from(*byte));
        } else {
            text.push('%');
            text.push_str(&hex(&[*byte], digits));
        }
    }
    text
}

/// Returns `value` in hexadecimal with the given digits.
pub(super) fn hex(value: &[u8], digits: &[u8; 16]) -> String {
    let mut text = String::new();
    for byte in value {
        for nibble in [byte >> 4, byte & 15] {
            text.extend(
                digits
                    .get(usize::from(nibble))
                    .map(|digit| char::from(*digit)),
            );
        }
    }
    text
}

/// Says whether the last six digits of a body are the CRC-32 of the digits before, as in the tokens
/// of GitHub and npm.
pub(super) fn crc_fits(body: &[u8]) -> bool {
    let Some((head, tail)) = body
        .len()
        .checked_sub(6)
        .and_then(|at| body.split_at_checked(at))
    else {
        return false;
    };
    let mut rest = crc32fast::hash(head);
    let mut digits = [b'0'; 6];
    for place in digits.iter_mut().rev() {
        if let Some(digit) = usize::try_from(rest % 62).ok().and_then(|i| BASE62.get(i)) {
            *place = *digit;
        }
        rest /= 62;
    }
    rest == 0 && digits == *tail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_recognised_at_each_of_the_three_offsets() {
        // printf 'xysecret-value!' | base64, with 0 to 2 bytes before it.
        assert!("c2VjcmV0LXZhbHVl".starts_with(&base64_at(b"secret-value", 0)));
        assert!("eHNlY3JldC12YWx1ZQ==".contains(&base64_at(b"secret-value", 1)));
        assert!("eHlzZWNyZXQtdmFsdWU=".contains(&base64_at(b"secret-value", 2)));
        assert!(base64_at(b"secret-value", 2).len() >= 13);
    }

    #[test]
    fn base64_is_decoded_with_and_without_padding() {
        assert_eq!(
            decode_base64(b"dXNlcjpwYQ==").as_deref(),
            Some(&b"user:pa"[..])
        );
        assert_eq!(
            decode_base64(b"dXNlcjpwYQ").as_deref(),
            Some(&b"user:pa"[..])
        );
        assert_eq!(
            decode_base64(b"+/+/").as_deref(),
            Some(&[0xfb, 0xff, 0xbf][..])
        );
        assert_eq!(decode_base64(b"d\n"), None);
        assert_eq!(decode_base64(b"no base64!"), None);
    }

    #[test]
    fn a_pair_decodes_to_text_with_a_colon() {
        assert!(decodes_to_pair(b"dXNlcjpwYXNz"));
        assert!(!decodes_to_pair(b"HTML5Features"));
    }

    #[test]
    fn a_checksum_of_six_digits_is_verified() {
        let head = b"abcdefghijklmnopqrstuvwxyz0123";
        let mut rest = crc32fast::hash(head);
        let mut tail = Vec::new();
        for _ in 0..6 {
            tail.insert(0, BASE62[(rest % 62) as usize]);
            rest /= 62;
        }
        let mut token = head.to_vec();
        token.extend(&tail);
        assert!(crc_fits(&token));
        token[3] = b'X';
        assert!(!crc_fits(&token));
        assert!(!crc_fits(b"abc"));
    }

    #[test]
    fn percent_and_hex_follow_the_digits_given() {
        assert_eq!(percent(b"a/b", b"0123456789ABCDEF"), "a%2Fb");
        assert_eq!(hex(b"\xab", b"0123456789abcdef"), "ab");
    }
}
