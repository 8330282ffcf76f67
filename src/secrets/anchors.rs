//! Where a secret may begin: one pass over the bytes that stops only where an anchor stands.

use std::sync::LazyLock;

use super::table::{SHAPES, Shape};

/// What an anchor leads to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Anchor {
    /// A token of an issuer.
    Shape(&'static Shape),
    /// A JSON web token.
    WebToken,
    /// A block in PEM form.
    Block,
    /// The authority of a URL.
    Url,
    /// The header `Authorization`.
    Authorization,
    /// A scheme of that header, alone.
    Scheme(&'static str),
    /// A word that nearly always names a secret.
    Keyword,
    /// `key`, which names one when the word before it says so.
    Key,
}

/// Words that nearly always name a secret, beside those that end in `key`.
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
    "secret_key_base",
];

/// What makes a secret of a `key` that follows.
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

/// Calls `found` with each anchor of a text and where it begins and ends, in the order in which they
/// begin.
///
/// Costs about a nanosecond a byte where there is none.
pub(super) fn each_anchor(text: &[u8], mut found: impl FnMut(Anchor, usize, usize)) {
    let filter = &*FILTER;
    let mut begin = 0;
    // The inner loop has no branch that depends on the text, which is what makes it fast.
    while let Some(block) = text
        .get(begin..text.len().min(begin + BLOCK + HEAD - 1))
        .filter(|block| block.len() >= HEAD)
    {
        let any = block
            .array_windows()
            .fold(0, |any, window| any | filter.buckets_of(*window));
        if any != 0 {
            for (at, window) in (begin..).zip(block.array_windows()) {
                let buckets = filter.buckets_of(*window);
                if buckets != 0 {
                    filter.compare(text, at, buckets, &mut found);
                }
            }
        }
        begin += BLOCK;
    }
}

/// So many places are looked at together.
const BLOCK: usize = 32;
/// So many bytes of an anchor, or after a short one, are looked at at once.
const HEAD: usize = 4;
/// One for each bit.
const BUCKETS: usize = 64;

static FILTER: LazyLock<Filter> = LazyLock::new(Filter::new);

/// For each of the first places, which buckets have an anchor with a given byte there.
struct Filter {
    tables: [[u64; 256]; HEAD],
    buckets: Vec<Vec<Pattern>>,
}

/// The text of an anchor.
struct Pattern {
    text: &'static str,
    case: Case,
    anchor: Anchor,
}

/// What counts as the same letter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    /// The letter.
    Exact,
    /// The letter in both cases.
    Ascii,
    /// What case folding takes for the letter, too: U+0130 and U+0131, U+017F, U+212A.
    Folded,
}

impl Filter {
    fn new() -> Self {
        let mut patterns = patterns();
        // What begins in the same way lies in one bucket, the shortest first.
        patterns.sort_by_key(|pattern| (head(pattern.text), pattern.text.len()));
        let mut heads: Vec<_> = patterns.iter().map(|pattern| head(pattern.text)).collect();
        heads.dedup();
        let mut filter = Self {
            tables: [[0; 256]; HEAD],
            buckets: (0..BUCKETS).map(|_| Vec::new()).collect(),
        };
        for pattern in patterns {
            let place = heads.iter().position(|known| *known == head(pattern.text));
            let bucket = place.unwrap_or(0) * BUCKETS / heads.len();
            for head in pattern.heads() {
                for (place, table) in filter.tables.iter_mut().enumerate() {
                    let mut mark = |byte: u8| table[usize::from(byte)] |= 1 << bucket;
                    match (head.get(place), pattern.case, &pattern.anchor) {
                        (Some(byte), Case::Exact, _) => mark(*byte),
                        (Some(byte), _, _) => {
                            mark(byte.to_ascii_lowercase());
                            mark(byte.to_ascii_uppercase());
                        }
                        // The anchor is shorter: what follows it decides.
                        (None, _, Anchor::Shape(shape)) => (0..=u8::MAX)
                            .filter(|byte| shape.class.holds(*byte))
                            .for_each(mark),
                        (None, _, _) => (0..=u8::MAX).for_each(mark),
                    }
                }
            }
            if let Some(bucket) = filter.buckets.get_mut(bucket) {
                bucket.push(pattern);
            }
        }
        filter
    }

    /// Returns the buckets to look into, a bit for each.
    fn buckets_of(&self, head: [u8; HEAD]) -> u64 {
        let looked_up = self.tables.iter().zip(head);
        looked_up.fold(u64::MAX, |all, (table, byte)| {
            all & table[usize::from(byte)]
        })
    }

    /// Calls `found` with each anchor of the buckets that stands at `at`.
    fn compare(
        &self,
        text: &[u8],
        at: usize,
        mut buckets: u64,
        found: &mut impl FnMut(Anchor, usize, usize),
    ) {
        while buckets != 0 {
            let bucket = self.buckets.get(buckets.trailing_zeros() as usize);
            buckets &= buckets - 1;
            for pattern in bucket.into_iter().flatten() {
                if let Some(after) = pattern.end(text, at) {
                    found(pattern.anchor, at, after);
                }
            }
        }
    }
}

impl Pattern {
    /// Returns how the anchor may begin: more than one way where letters fold.
    fn heads(&self) -> Vec<Vec<u8>> {
        let mut heads = vec![Vec::new()];
        for letter in head(self.text).as_bytes() {
            let own = [std::slice::from_ref(letter)];
            let folded = if self.case == Case::Folded {
                foldings(*letter)
            } else {
                &[]
            };
            heads = heads
                .iter()
                .flat_map(|head: &Vec<u8>| {
                    let same = own.iter().chain(folded);
                    same.map(|letter| [head.as_slice(), letter].concat())
                })
                .collect();
        }
        heads
    }

    /// Returns where the anchor ends when it begins at `at`.
    fn end(&self, text: &[u8], at: usize) -> Option<usize> {
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

/// Returns what is before `word` when `text` ends with it, in any case.
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

/// Returns the letters beyond ASCII that case folding takes for one of its own.
const fn foldings(letter: u8) -> &'static [&'static [u8]] {
    match letter {
        // U+0130, U+0131, U+212A and U+017F.
        b'i' => &[b"\xc4\xb0", b"\xc4\xb1"],
        b'k' => &[b"\xe2\x84\xaa"],
        b's' => &[b"\xc5\xbf"],
        _ => &[],
    }
}

fn head(text: &str) -> &str {
    text.get(..HEAD).unwrap_or(text)
}

fn patterns() -> Vec<Pattern> {
    let shapes = SHAPES.iter().map(|shape| Pattern {
        text: shape.prefix,
        case: Case::Exact,
        anchor: Anchor::Shape(shape),
    });
    let others = [
        ("eyJ", Case::Exact, Anchor::WebToken),
        ("://", Case::Exact, Anchor::Url),
        ("-----BEGIN ", Case::Ascii, Anchor::Block),
        ("authorization", Case::Ascii, Anchor::Authorization),
        ("bearer", Case::Ascii, Anchor::Scheme("bearer")),
        ("basic", Case::Ascii, Anchor::Scheme("basic")),
        ("key", Case::Folded, Anchor::Key),
    ];
    let keywords = KEYWORDS
        .iter()
        .map(|word| (*word, Case::Folded, Anchor::Keyword));
    let words = others.into_iter().chain(keywords);
    shapes
        .chain(words.map(|(text, case, anchor)| Pattern { text, case, anchor }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(usize, usize)> {
        let mut all = Vec::new();
        each_anchor(text.as_bytes(), |_, start, after| all.push((start, after)));
        all
    }

    #[test]
    fn an_anchor_is_found_wherever_it_stands() {
        for pattern in patterns() {
            // A short one is followed by what it asks for.
            let text = format!("{}00", pattern.text);
            for before in 0..70 {
                let whole = format!("{}{text}", ".".repeat(before));
                let here = (before, before + pattern.text.len());
                assert!(found(&whole).contains(&here), "{whole}");
            }
        }
    }

    #[test]
    fn letters_that_fold_are_the_same_letter() {
        for (word, end) in [
            ("to\u{212a}en", 7),
            ("TO\u{212a}EN", 7),
            ("\u{17f}ecret", 7),
            ("pa\u{17f}\u{17f}word", 10),
            ("credent\u{130}al", 11),
            ("CREDENT\u{131}AL", 11),
            ("\u{212a}ey", 5),
        ] {
            assert!(
                found(&format!("..{word}..")).contains(&(2, 2 + end)),
                "{word}"
            );
        }
        assert!(found("to\u{130}en pa\u{212a}sword").is_empty());
        let before = strip_folded_suffix("x AP\u{130}_".as_bytes(), "api_");
        assert_eq!(before, Some(&b"x "[..]));
        assert_eq!(strip_folded_suffix(b"pi_", "api_"), None);
    }

    #[test]
    fn words_that_only_begin_alike_are_no_anchors() {
        assert!(found("pass the tok, a bear, seconds and keenness").is_empty());
        assert!(found("GHP_ Sk- AKi hF_ EYJ").is_empty());
        assert!(found("").is_empty() && found("ke").is_empty());
    }
}
