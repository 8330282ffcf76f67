//! Finds secrets in bytes: one pass for every anchor, then a short look at what stands there.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::assignment::{Strength, assignment};
use super::base::crc_fits;
use super::context::{Blocks, WebTokens, authorization, scheme, userinfo};
use super::runs::{Class, Runs, Span};
use super::table::{Left, Needs, SHAPES, Shape};

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// A keyword or a header stands before it.
    Context,
    /// It has the shape of an issuer's tokens.
    Shape,
    /// Its checksum is right.
    Checksum,
}

/// A secret in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// Whose it is, or how it was recognised.
    pub kind: &'static str,
    /// Where it begins, in bytes.
    pub start: usize,
    /// Where it ends, in bytes.
    pub end: usize,
    /// How sure it is.
    pub proof: Proof,
}

/// Finds every secret in `text`, in the order of their anchors. Findings may overlap.
///
/// Takes time linear in the text, whatever stands in it.
pub fn find(text: &[u8]) -> Vec<Finding> {
    let mut findings = Vec::new();
    if ANCHORS.get().is_none() && is_quiet(text) {
        return findings;
    }
    // Big texts pay for the faster automaton; most are small.
    let anchors = if text.len() < BIG {
        ANCHORS.get_or_init(|| build(AhoCorasickKind::ContiguousNFA))
    } else {
        FAST_ANCHORS.get_or_init(|| build(AhoCorasickKind::DFA))
    };
    let Some(anchors) = anchors else {
        return findings;
    };
    let mut runs = Runs::new(text);
    let mut tokens = WebTokens::default();
    let mut blocks = Blocks::default();
    for hit in anchors.automaton.find_overlapping_iter(text) {
        let Some(anchor) = anchors.list.get(hit.pattern().as_usize()) else {
            continue;
        };
        let (start, after) = (hit.start(), hit.end());
        let found = match anchor {
            Anchor::Shape(shape) => {
                let found = token(text, (start, after), shape, &mut runs);
                // The tail of a token that looks like another one is the same secret.
                let is_tail = |new: &Finding| {
                    let last: Option<&Finding> = findings.last();
                    last.is_some_and(|last| {
                        (last.start..=last.end).contains(&new.start)
                            && last.end == new.end
                            && last.kind == new.kind
                            && last.proof >= new.proof
                    })
                };
                if let Some(new) = found.filter(|new| !is_tail(new)) {
                    findings.push(new);
                }
                continue;
            }
            Anchor::WebToken => (is_edge(text, start) && text.get(start..after) == Some(b"eyJ"))
                .then(|| tokens.at(text, start, &mut runs))
                .flatten()
                .map(|span| ("jwt", span, Proof::Shape)),
            Anchor::Block => blocks
                .at(text, start, after)
                .map(|span| ("pem", span, Proof::Shape)),
            Anchor::Url => userinfo(text, after).map(|span| ("url", span, Proof::Context)),
            Anchor::Authorization => {
                authorization(text, after, &mut runs).map(|span| ("header", span, Proof::Context))
            }
            Anchor::Scheme(name) => is_edge(text, start)
                .then(|| scheme(text, after, name, &mut runs))
                .flatten()
                .map(|span| ("header", span, Proof::Context)),
            Anchor::Keyword(strength) => assignment(text, (start, after), *strength, &mut runs)
                .map(|span| ("assignment", span, Proof::Context)),
        };
        let Some((kind, (start, end), proof)) = found else {
            continue;
        };
        let repeats = findings
            .last()
            .is_some_and(|last| last.start <= start && last.end == end && last.kind == kind);
        if !repeats {
            findings.push(Finding {
                kind,
                start,
                end,
                proof,
            });
        }
    }
    findings
}

/// Says whether a short text has no anchor at all, without the automaton: a run with nothing to
/// do shows a few lines, and should not pay for it.
fn is_quiet(text: &[u8]) -> bool {
    let Some(text) = std::str::from_utf8(text)
        .ok()
        .filter(|text| text.len() <= 512 && text.is_ascii())
    else {
        return false;
    };
    let has_long_word = text
        .split_ascii_whitespace()
        .any(|word| word.len() >= SHORTEST_TOKEN);
    let lower = text.to_ascii_lowercase();
    !lower.contains("-----begin ")
        && !lower.contains("://")
        && !text.contains("eyJ")
        && !["authorization", "bearer", "basic", "key"]
            .iter()
            .chain(STRONG)
            .any(|word| lower.contains(word))
        && (!has_long_word || !SHAPES.iter().any(|shape| text.contains(shape.prefix)))
}

/// No shape makes a token of fewer bytes: ordinary words need not be compared with each prefix.
const SHORTEST_TOKEN: usize = 12;

/// What an anchor leads to.
#[derive(Debug)]
enum Anchor {
    Shape(&'static Shape),
    WebToken,
    Block,
    Url,
    Authorization,
    Scheme(&'static str),
    Keyword(Strength),
}

#[derive(Debug)]
struct Anchors {
    automaton: AhoCorasick,
    list: Vec<Anchor>,
}

/// From how many bytes on a text is big.
const BIG: usize = 256 << 10;

static ANCHORS: OnceLock<Option<Anchors>> = OnceLock::new();
static FAST_ANCHORS: OnceLock<Option<Anchors>> = OnceLock::new();

/// Builds the automaton, which takes most of a millisecond.
fn build(kind: AhoCorasickKind) -> Option<Anchors> {
    let mut patterns = Vec::new();
    let mut list = Vec::new();
    let mut add = |pattern: String, anchor| {
        patterns.push(pattern);
        list.push(anchor);
    };
    for shape in SHAPES {
        add(shape.prefix.into(), Anchor::Shape(shape));
    }
    add("eyJ".into(), Anchor::WebToken);
    add("-----BEGIN ".into(), Anchor::Block);
    add("://".into(), Anchor::Url);
    add("authorization".into(), Anchor::Authorization);
    add("bearer".into(), Anchor::Scheme("bearer"));
    add("basic".into(), Anchor::Scheme("basic"));
    for word in STRONG {
        for pattern in foldings(word) {
            add(pattern, Anchor::Keyword(Strength::Strong));
        }
    }
    for pattern in foldings("key") {
        add(pattern, Anchor::Keyword(Strength::Weak));
    }
    // The patterns are few and constant; a failure to build is met by the tests, not by a user.
    let automaton = AhoCorasick::builder()
        .match_kind(MatchKind::Standard)
        .kind(Some(kind))
        .ascii_case_insensitive(true)
        .build(&patterns)
        .ok()?;
    Some(Anchors { automaton, list })
}

const STRONG: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "api_key",
    "api-key",
    "apikey",
    "access_key",
    "access-key",
    "accesskey",
    "secret_key",
    "secretkey",
    "private_key",
    "privatekey",
    "signing_key",
    "encryption_key",
    "account_key",
    "accountkey",
    "sharedaccesskey",
    "credential",
    "credentials",
    "_auth",
    "secret_key_base",
];

/// Returns a keyword with each letter that case folding takes for `i`, `k` or `s`: U+0130 and
/// U+0131, U+212A, U+017F.
fn foldings(word: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    for letter in word.chars() {
        let same: &[char] = match letter {
            'i' => &['i', '\u{130}', '\u{131}'],
            'k' => &['k', '\u{212a}'],
            's' => &['s', '\u{17f}'],
            ref other => std::slice::from_ref(other),
        };
        all = all
            .iter()
            .flat_map(|head| same.iter().map(move |letter| format!("{head}{letter}")))
            .collect();
    }
    all
}

fn token(text: &[u8], (start, after): Span, shape: &Shape, runs: &mut Runs<'_>) -> Option<Finding> {
    if text.get(start..after) != Some(shape.prefix.as_bytes())
        || (shape.left == Left::Edge && !is_edge(text, start))
    {
        return None;
    }
    let mut end = runs.end(shape.class, after);
    if shape.class != Class::Word && shape.class != Class::Alnum {
        // A full stop or a slash after a token belongs to the sentence or the path.
        let body = text.get(after..end)?.iter().rev().take(8);
        end -= body
            .take_while(|byte| matches!(byte, b'.' | b'/' | b'-'))
            .count();
    }
    let body = text.get(after..end)?;
    let judged = (after, end.min(after + 256));
    let mut mixed = || runs.leaves(Class::NoDigit, judged) && runs.leaves(Class::NoLetter, judged);
    if body.len() < shape.least || (shape.needs == Needs::Mixed && !mixed()) {
        return None;
    }
    let proven = shape.needs == Needs::Checksum && body.len() == 36 && crc_fits(body);
    Some(Finding {
        kind: shape.kind,
        start,
        end,
        proof: if proven {
            Proof::Checksum
        } else {
            Proof::Shape
        },
    })
}

/// Says whether no letter or digit stands before `at`.
fn is_edge(text: &[u8], at: usize) -> bool {
    at.checked_sub(1)
        .and_then(|before| text.get(before))
        .is_none_or(|byte| !byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_is_as_long_as_the_shortest_token() {
        for shape in SHAPES {
            assert!(
                shape.prefix.len() + shape.least >= SHORTEST_TOKEN,
                "{}",
                shape.kind
            );
        }
    }

    #[test]
    fn a_quiet_text_has_no_anchor() {
        assert!(is_quiet(b"pushed 3 commits to origin/feature-12345678"));
        assert!(!is_quiet("se\u{17f}".as_bytes()));
        for word in STRONG
            .iter()
            .chain(&["KEY", "Bearer", "Basic", "Authorization"])
        {
            assert!(
                !is_quiet(format!("a {} b", word.to_uppercase()).as_bytes()),
                "{word}"
            );
        }
        for shape in SHAPES {
            let token = format!("{}{}", shape.prefix, "x".repeat(shape.least));
            assert!(!is_quiet(token.as_bytes()), "{token}");
        }
        for anchor in ["-----BEGIN ", "://", "eyJ"] {
            assert!(!is_quiet(anchor.as_bytes()), "{anchor}");
        }
    }

    #[test]
    fn the_time_grows_with_the_text_and_no_faster() {
        for unit in [
            "a",
            "eyJ",
            "-eyJ.",
            "-----BEGIN ",
            "-----BEGIN RSA PRIVATE KEY-----",
            "password=",
            "token:\"a",
            "://",
            "sk-",
            "Authorization: Digest a",
            "key",
            "xoxd-",
        ] {
            let text = unit.repeat((256 << 10) / unit.len());
            let began = std::time::Instant::now();
            find(text.as_bytes());
            // Quadratic time would be minutes; linear time is far below a second.
            assert!(began.elapsed().as_secs() < 20, "{unit}");
        }
    }

    #[test]
    fn the_automaton_is_built_and_a_checksum_proves_a_token() {
        assert!(build(AhoCorasickKind::ContiguousNFA).is_some());
        assert!(build(AhoCorasickKind::DFA).is_some());
        // A made-up body and its checksum: CRC-32 in base 62.
        let body = "0123456789abcdefghijABCDEFGHIJ";
        let mut rest = crc32fast::hash(body.as_bytes());
        let digits: Vec<char> = ('0'..='9').chain('A'..='Z').chain('a'..='z').collect();
        let mut sum = String::new();
        for _ in 0..6 {
            sum.insert(0, digits[(rest % 62) as usize]);
            rest /= 62;
        }
        let found = find(format!("npm_{body}{sum}").as_bytes());
        assert_eq!(found[0].proof, Proof::Checksum);
    }
}
