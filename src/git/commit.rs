//! `Commit`: a commit's text, bounded and sanitised for display.

use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, Encoding, GBK, ISO_8859_2, ISO_8859_15, KOI8_R, KOI8_U, SHIFT_JIS, UTF_8,
    WINDOWS_1252, X_MAC_CYRILLIC,
};
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
    /// The author's e-mail address.
    pub author_address: String,
    /// Its tree.
    pub tree: ObjectId,
    /// Its parents.
    pub parents: Vec<ObjectId>,
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
        let encoding = header(head, b"encoding ").map_or(UTF_8, declared);
        // Git, too, takes a message to end at a NUL.
        let message = message.split(|byte| *byte == 0).next().unwrap_or_default();
        let message = message
            .get(..message.len().min(MESSAGE_LIMIT))
            .unwrap_or_default();
        let text = decode(message, encoding);
        let (subject, body) = split(&text);
        let author = header(head, b"author ").unwrap_or_default();
        let (author, address) = author.split_once_str("<").unwrap_or((author, b""));
        let address = address.split(|byte| *byte == b'>').next();
        let ids = |key| values(head, key).filter_map(|hex| ObjectId::from_hex(hex).ok());
        Self {
            id,
            subject: subject.chars().take(SUBJECT_LIMIT).collect(),
            body,
            author: clean(decode(author, encoding).trim())
                .chars()
                .take(AUTHOR_LIMIT)
                .collect(),
            author_address: clean(decode(address.unwrap_or_default(), encoding).trim())
                .chars()
                .take(AUTHOR_LIMIT)
                .collect(),
            tree: ids(b"tree ")
                .next()
                .unwrap_or(ObjectId::empty_tree(id.kind())),
            parents: ids(b"parent ").collect(),
        }
    }
}

/// Returns the value of the first header line that begins with `key`.
fn header<'a>(head: &'a [u8], key: &'a [u8]) -> Option<&'a [u8]> {
    values(head, key).next()
}

/// Returns the values of all header lines that begin with `key`.
fn values<'a>(head: &'a [u8], key: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let lines = head.split(|byte| *byte == b'\n');
    lines.filter_map(move |line| line.strip_prefix(key))
}

/// The names of ASCII.
const ASCII: [&[u8]; 4] = [b"ascii", b"us-ascii", b"ansi_x3.4-1968", b"iso646-us"];

/// Returns the encoding of a name, as git hands it to iconv. One that is not known is taken for UTF-8.
fn declared(name: &[u8]) -> &'static Encoding {
    let name = name.trim_ascii();
    // iconv reads no other byte as ASCII; git then takes the text for UTF-8, and a label of the web is Windows-1252.
    if ASCII.iter().any(|ascii| name.eq_ignore_ascii_case(ascii)) {
        return UTF_8;
    }
    Encoding::for_label(name).unwrap_or_else(|| {
        let plain: Vec<u8> = name
            .iter()
            .filter(|byte| byte.is_ascii_alphanumeric())
            .map(u8::to_ascii_lowercase)
            .collect();
        // iconv's own names.
        match plain.as_slice() {
            b"latin1" | b"iso88591" | b"88591" | b"l1" => WINDOWS_1252,
            b"latin2" | b"iso88592" => ISO_8859_2,
            b"iso885915" | b"latin9" => ISO_8859_15,
            b"eucjp" | b"ujis" => EUC_JP,
            b"shiftjis" | b"sjis" | b"cp932" => SHIFT_JIS,
            b"euckr" | b"cp949" | b"uhc" => EUC_KR,
            b"euccn" | b"cp936" | b"gb2312" => GBK,
            b"cp950" | b"big5hkscs" => BIG5,
            b"koi8r" => KOI8_R,
            b"koi8u" => KOI8_U,
            b"maccyrillic" => X_MAC_CYRILLIC,
            _ => UTF_8,
        }
    })
}

fn decode(bytes: &[u8], encoding: &'static Encoding) -> String {
    // A byte order mark is no sign of another encoding here.
    encoding.decode_without_bom_handling(bytes).0.into_owned()
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
        for (name, bytes, text) in [
            ("CP1251", &b"\xcf\xf0\xe8\xe2\xe5\xf2"[..], "Привет"),
            ("KOI8-R", b"\xf0\xd2\xc9\xd7\xc5\xd4", "Привет"),
            ("Shift_JIS", b"\x93\xfa\x96\x7b", "日本"),
            ("eucJP", b"\xc6\xfc\xcb\xdc", "日本"),
            ("ISO-2022-JP", b"\x1b$BF|K\\\x1b(B", "日本"),
            ("GBK", b"\xc4\xe3\xba\xc3", "你好"),
            ("ISO-8859-15", b"\xa4", "€"),
            ("no-such-encoding", "é".as_bytes(), "é"),
            ("US-ASCII", "é".as_bytes(), "é"),
            ("ANSI_X3.4-1968", b"e", "e"),
        ] {
            let head = format!("tree x\nauthor A <a> 1 +0000\nencoding {name}\n\n");
            let data = [head.as_bytes(), bytes].concat();
            assert_eq!(parse(&data).subject, text, "{name}");
        }
    }

    #[test]
    fn garbage_gives_an_empty_text() {
        for data in [&b""[..], b"\n\n", b"\n", b"author", b"tree\n\n\n\n"] {
            assert_eq!(parse(data).subject, "");
        }
    }
}
