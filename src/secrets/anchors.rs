//! The anchors: texts that a secret begins with or follows, and how their letters compare.

use super::arguments::Place;
use super::table::{SHAPES, Shape};

/// What to look for at an anchor.
#[derive(Debug, Clone, Copy)]
pub(super) enum Anchor {
    /// A token with an issuer's prefix.
    Shape(&'static Shape),
    /// A JSON web token.
    WebToken,
    /// A block in PEM form.
    Block,
    /// The authority of a URL.
    Url,
    /// The header `Authorization`.
    Authorization,
    /// The header `Cookie` or `Set-Cookie`.
    Cookie,
    /// `-u`, which is also in `--user`, before a login.
    User,
    /// The signature in a URL.
    Signature,
    /// The middle of a Telegram bot's token.
    Telegram,
    /// The middle of a token of HCP Terraform.
    Terraform,
    /// A scheme of `Authorization`, without the header's name.
    Scheme(&'static str),
    /// A program that takes a secret among its arguments.
    Program(Place),
    /// `login`, as the command of a program.
    Login,
    /// `pass`, short for a password.
    Pass,
    /// `IDENTIFIED`, in SQL.
    Identified,
    /// What reads a secret from its standard input.
    Given,
    /// The port in a line of `.pgpass`.
    PgPass,
    /// `"auth":`, in Docker's configuration.
    DockerAuth,
    /// A word whose value is nearly always a secret.
    Keyword,
    /// `key`, whose value is a secret depending on the word before it.
    Key,
}

/// Words whose values are nearly always secrets, besides those that end in `key`.
pub(super) const KEYWORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "credential",
    "credentials",
    "_auth",
    "_pass",
    "secret_key_base",
];

/// Words before `key` that make its value a secret.
pub(super) const KEY_STEMS: &[&str] = &[
    "api_",
    "api-",
    "api",
    "access_",
    "access-",
    "access",
    "secret_",
    "secret",
    "private_",
    "private",
    "signing_",
    "encryption_",
    "account_",
    "account",
];

/// Every anchor, sorted by its first bytes, then by length.
pub(super) const PATTERNS: [Pattern; PATTERN_COUNT] = sorted(patterns());

pub(super) const PATTERN_COUNT: usize = SHAPES.len() + WORDS.len() + KEYWORDS.len();

const WORDS: [Pattern; 28] = [
    Pattern::new("eyJ", Case::Exact, Anchor::WebToken),
    Pattern::new("://", Case::Exact, Anchor::Url),
    Pattern::new("-----BEGIN ", Case::Ascii, Anchor::Block),
    Pattern::new("authorization", Case::Ascii, Anchor::Authorization),
    Pattern::new("cookie", Case::Ascii, Anchor::Cookie),
    Pattern::new("-u", Case::Ascii, Anchor::User),
    Pattern::new("sig=", Case::Exact, Anchor::Signature),
    Pattern::new(":A", Case::Exact, Anchor::Telegram),
    Pattern::new(".atlasv1.", Case::Exact, Anchor::Terraform),
    Pattern::new("bearer", Case::Ascii, Anchor::Scheme("bearer")),
    Pattern::new("basic", Case::Ascii, Anchor::Scheme("basic")),
    Pattern::new("key", Case::Folded, Anchor::Key),
    Pattern::new("pass", Case::Ascii, Anchor::Pass),
    // By five rare words: `login` is in many texts.
    Pattern::new("docker login ", Case::Exact, Anchor::Login),
    Pattern::new("podman login ", Case::Exact, Anchor::Login),
    Pattern::new("stry login ", Case::Exact, Anchor::Login),
    Pattern::new("az login ", Case::Exact, Anchor::Login),
    Pattern::new("vault login ", Case::Exact, Anchor::Login),
    Pattern::new("sshpass", Case::Exact, Anchor::Program(Place::Option("-p"))),
    Pattern::new("-cli", Case::Exact, Anchor::Program(Place::Option("-a"))),
    Pattern::new("mysql", Case::Exact, Anchor::Program(Place::Glued("-p"))),
    Pattern::new(
        "-vault encrypt_string",
        Case::Exact,
        Anchor::Program(Place::First),
    ),
    Pattern::new("htpasswd", Case::Exact, Anchor::Program(Place::Last)),
    Pattern::new("IDENTIFIED", Case::Exact, Anchor::Identified),
    Pattern::new("-stdin", Case::Exact, Anchor::Given),
    Pattern::new("-with-token", Case::Exact, Anchor::Given),
    Pattern::new(":5432:", Case::Exact, Anchor::PgPass),
    Pattern::new("\"auth\":", Case::Exact, Anchor::DockerAuth),
];

/// The length of the prefix by which anchors are filtered, in bytes. For a shorter anchor it includes
/// what follows.
pub(super) const HEAD: usize = 4;

/// The text of an anchor.
#[derive(Clone, Copy)]
pub(super) struct Pattern {
    /// The text.
    pub(super) text: &'static str,
    /// How letters compare.
    pub(super) case: Case,
    /// What to look for there.
    pub(super) anchor: Anchor,
}

/// How letters compare.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    /// Case-sensitively.
    Exact,
    /// Ignoring ASCII case.
    Ascii,
    /// With Unicode case folding, which also maps U+0130, U+0131, U+017F and U+212A to ASCII letters.
    Folded,
}

impl Pattern {
    const fn new(text: &'static str, case: Case, anchor: Anchor) -> Self {
        Self { text, case, anchor }
    }

    /// Returns the end of the anchor, if the text has it at `at`.
    pub(super) fn end(&self, text: &[u8], at: usize) -> Option<usize> {
        let wanted = self.text.as_bytes();
        match self.case {
            Case::Exact => text.get(at..)?.starts_with(wanted),
            Case::Ascii => text
                .get(at..at + wanted.len())?
                .eq_ignore_ascii_case(wanted),
            Case::Folded => {
                let rest = wanted.iter().try_fold(text.get(at..)?, |rest, letter| {
                    if rest.first()?.eq_ignore_ascii_case(letter) {
                        return rest.get(1..);
                    }
                    foldings(*letter)
                        .iter()
                        .find_map(|folded| rest.strip_prefix(*folded))
                })?;
                return Some(text.len() - rest.len());
            }
        }
        .then_some(at + wanted.len())
    }
}

/// Returns what precedes `word`, if `text` ends with it under case folding.
pub(super) fn strip_folded_suffix<'t>(text: &'t [u8], word: &str) -> Option<&'t [u8]> {
    word.bytes().rev().try_fold(text, |rest, letter| {
        let (last, head) = rest.split_last()?;
        if last.eq_ignore_ascii_case(&letter) {
            return Some(head);
        }
        foldings(letter)
            .iter()
            .find_map(|folded| rest.strip_suffix(*folded))
    })
}

/// Returns the non-ASCII letters that fold to an ASCII letter, in UTF-8.
pub(super) const fn foldings(letter: u8) -> &'static [&'static [u8]] {
    match letter {
        // U+0130, U+0131, U+212A and U+017F.
        b'i' => &[b"\xc4\xb0", b"\xc4\xb1"],
        b'k' => &[b"\xe2\x84\xaa"],
        b's' => &[b"\xc5\xbf"],
        _ => &[],
    }
}

const fn patterns() -> [Pattern; PATTERN_COUNT] {
    let mut all = [WORDS[0]; PATTERN_COUNT];
    let mut at = 0;
    while at < SHAPES.len() {
        let shape = &SHAPES[at];
        all[at] = Pattern::new(shape.prefix, Case::Exact, Anchor::Shape(shape));
        at += 1;
    }
    let mut word = 0;
    while word < WORDS.len() {
        all[at] = WORDS[word];
        word += 1;
        at += 1;
    }
    word = 0;
    while word < KEYWORDS.len() {
        all[at] = Pattern::new(KEYWORDS[word], Case::Folded, Anchor::Keyword);
        word += 1;
        at += 1;
    }
    all
}

/// Sorts by head, then by length. Insertion sort: the list is short, and std has no sort for constants.
const fn sorted(mut all: [Pattern; PATTERN_COUNT]) -> [Pattern; PATTERN_COUNT] {
    let mut end = 1;
    while end < all.len() {
        let mut at = end;
        while at > 0 && is_before(&all[at], &all[at - 1]) {
            let moved = all[at];
            all[at] = all[at - 1];
            all[at - 1] = moved;
            at -= 1;
        }
        end += 1;
    }
    all
}

const fn is_before(one: &Pattern, other: &Pattern) -> bool {
    let (one, other) = (one.text.as_bytes(), other.text.as_bytes());
    let mut at = 0;
    while at < HEAD {
        match (at < one.len(), at < other.len()) {
            (true, true) if one[at] != other[at] => return one[at] < other[at],
            (true, true) => at += 1,
            (here, there) => return !here && there,
        }
    }
    one.len() < other.len()
}

pub(super) const fn same_head(one: &Pattern, other: &Pattern) -> bool {
    let (one, other) = (one.text.as_bytes(), other.text.as_bytes());
    let mut at = 0;
    while at < HEAD {
        match (at < one.len(), at < other.len()) {
            (true, true) if one[at] == other[at] => at += 1,
            (false, false) => return true,
            _ => return false,
        }
    }
    true
}
