//! `Commit`: a commit's text, bounded and sanitised for display.

use gix::ObjectId;
use gix::bstr::ByteSlice;
use sendoff_push::sanitize::is_deceptive;

/// How much of a message is read, in bytes.
const MESSAGE_LIMIT: usize = 64 * 1024;
/// The longest subject that is kept, in code points.
const SUBJECT_LIMIT: usize = 1000;
/// The longest author's name that is kept, in code points.
const AUTHOR_LIMIT: usize = 200;

/// A commit's text. Without control characters, but for line ends and tabs in the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The commit.
    pub id: ObjectId,
    /// The first paragraph of the message, on one line.
    pub subject: String,
    /// The rest of the message, without the blank line.
    pub body: String,
    /// The author's name.
    pub author: String,
}

/// How the bytes of a commit are to be read.
#[derive(Clone, Copy)]
enum Encoding {
    Utf8,
    Latin1,
}

impl Commit {
    /// Parses the raw commit object `data`. Malformed parts become empty text.
    pub(super) fn parse(id: ObjectId, data: &[u8]) -> Self {
        let (head, message) = match data.find(b"\n\n") {
            Some(end) => (
                data.get(..end).unwrap_or_default(),
                data.get(end + 2..).unwrap_or_default(),
            ),
            None => (data, &b""[..]),
        };
        let head = head
            .get(..head.len().min(MESSAGE_LIMIT))
            .unwrap_or_default();
        let encoding = match header(head, b"encoding ") {
            Some(name) if is_latin1(name) => Encoding::Latin1,
            _ => Encoding::Utf8,
        };
        // Git, too, takes a message to end at a NUL.
        let message = message.split(|byte| *byte == 0).next().unwrap_or_default();
        let message = message
            .get(..message.len().min(MESSAGE_LIMIT))
            .unwrap_or_default();
        let text = decode(message, encoding);
        let (subject, body) = split(&text);
        let author = header(head, b"author ").unwrap_or_default();
        let author = author
            .split(|byte| *byte == b'<')
            .next()
            .unwrap_or_default();
        Self {
            id,
            subject: subject.chars().take(SUBJECT_LIMIT).collect(),
            body,
            author: clean(decode(author, encoding).trim())
                .chars()
                .take(AUTHOR_LIMIT)
                .collect(),
        }
    }
}

/// Returns the value of the first header line that begins with `key`.
fn header<'a>(head: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    head.split(|byte| *byte == b'\n')
        .find_map(|line| line.strip_prefix(key))
}

fn is_latin1(name: &[u8]) -> bool {
    let plain: Vec<u8> = name
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .map(u8::to_ascii_lowercase)
        .collect();
    matches!(plain.as_slice(), b"iso88591" | b"latin1")
}

fn decode(bytes: &[u8], encoding: Encoding) -> String {
    match encoding {
        Encoding::Latin1 => bytes.iter().map(|byte| char::from(*byte)).collect(),
        Encoding::Utf8 => bytes.to_str_lossy().into_owned(),
    }
}

/// Splits a message as git does for `%s` and `%b`.
fn split(message: &str) -> (String, String) {
    let mut subject = String::new();
    let mut rest = message;
    while let Some((line, after)) = next_line(rest) {
        let shown = clean(line.trim_end());
        if shown.trim().is_empty() && !subject.is_empty() {
            break;
        }
        if !shown.trim().is_empty() {
            if !subject.is_empty() {
                subject.push(' ');
            }
            subject.push_str(&shown);
        }
        rest = after;
    }
    let lines = rest.lines().map(|line| clean(line.trim_end()));
    let body: Vec<String> = lines.skip_while(|line| line.trim().is_empty()).collect();
    (subject, body.join("\n").trim_end().to_owned())
}

fn next_line(text: &str) -> Option<(&str, &str)> {
    if text.is_empty() {
        return None;
    }
    Some(text.split_once('\n').unwrap_or((text, "")))
}

/// Removes control characters except tabs, and what hides or reorders text.
fn clean(line: &str) -> String {
    line.chars()
        .filter(|c| *c == '\t' || !(c.is_control() || is_deceptive(*c)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(data: &[u8]) -> Commit {
        Commit::parse(ObjectId::null(gix::hash::Kind::Sha1), data)
    }

    fn with_message(message: &[u8]) -> Commit {
        let mut data =
            b"tree x\nauthor A U Thor <a@b> 1 +0000\ncommitter C <c> 1 +0000\n\n".to_vec();
        data.extend_from_slice(message);
        parse(&data)
    }

    #[test]
    fn the_first_paragraph_becomes_one_line() {
        let commit = with_message(b"\n\none \ntwo\n\n\nbody\n\n  more\n\n");
        assert_eq!(commit.subject, "one two");
        assert_eq!(commit.body, "body\n\n  more");
        assert_eq!(commit.author, "A U Thor");
    }

    #[test]
    fn control_characters_do_not_come_through() {
        let commit = with_message(b"a\x1b[31mb\x07\r\n\nx\x1b]0;y\x9c\tz");
        assert_eq!(commit.subject, "a[31mb");
        assert_eq!(commit.body, "x]0;y\u{fffd}\tz");
    }

    #[test]
    fn a_message_ends_at_a_nul_and_at_the_limit() {
        assert_eq!(with_message(b"one\0two").subject, "one");
        let long = vec![b'x'; 10 * MESSAGE_LIMIT];
        assert_eq!(with_message(&long).subject.len(), SUBJECT_LIMIT);
        let body = [b"s\n\n".as_slice(), &long].concat();
        assert!(with_message(&body).body.len() <= MESSAGE_LIMIT);
    }

    #[test]
    fn latin_1_and_invalid_utf_8_are_read() {
        let latin = b"tree x\nauthor J\xf6rg <a> 1 +0000\nencoding ISO-8859-1\n\ngr\xfc\xdfe";
        assert_eq!(parse(latin).subject, "grüße");
        assert_eq!(parse(latin).author, "Jörg");
        assert_eq!(with_message(b"a\xffb").subject, "a\u{fffd}b");
    }

    #[test]
    fn garbage_gives_an_empty_text() {
        for data in [&b""[..], b"\n\n", b"\n", b"author", b"tree\n\n\n\n"] {
            assert_eq!(parse(data).subject, "");
        }
    }
}
