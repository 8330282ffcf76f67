//! Finds secrets in bytes: one pass over all anchors, with a check at each.

use super::anchors::{Anchor, KEY_STEMS, strip_folded_suffix};
use super::arguments;
use super::assignment::assignment;
use super::base::crc_fits;
use super::commands;
use super::context::{Blocks, WebTokens, authorization, cookie, scheme, userinfo};
use super::filter::each_anchor;
use super::judge::Strength;
use super::runs::{Class, Runs, Span};
use super::table::{Left, Needs, Shape};

/// How certain a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// It follows a keyword or a header.
    Context,
    /// It has the format of an issuer's tokens.
    Shape,
    /// Its checksum is correct.
    Checksum,
}

/// A secret in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// The issuer, or how it was recognised.
    pub kind: &'static str,
    /// The offset of its first byte.
    pub start: usize,
    /// The offset after its last byte.
    pub end: usize,
    /// How certain it is.
    pub proof: Proof,
}

/// Finds every secret in `text`, in the order of their anchors. Findings may overlap.
///
/// Takes time linear in the length of the text, for any text.
pub fn find(text: &[u8]) -> Vec<Finding> {
    let mut list = Vec::new();
    each_secret(text, |finding| list.push(finding));
    list
}

/// Calls `found` with every secret that [`find`] finds. It needs no list: a hostile text has millions.
pub(super) fn each_secret(text: &[u8], found: impl FnMut(Finding)) {
    let mut findings = Findings { last: None, found };
    let mut runs = Runs::new(text);
    let mut tokens = WebTokens::default();
    let mut blocks = Blocks::default();
    each_anchor(text, |anchor, start, after| {
        let found = match anchor {
            Anchor::Shape(shape) => {
                findings.add_token(token(text, (start, after), shape, &mut runs));
                return;
            }
            Anchor::WebToken => is_edge(text, start)
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
            Anchor::Cookie => {
                cookie(text, after, &mut runs).map(|span| ("header", span, Proof::Context))
            }
            Anchor::User => commands::user(text, (start, after), &mut runs)
                .map(|span| ("login", span, Proof::Context)),
            Anchor::Signature => commands::signature(text, (start, after), &mut runs)
                .map(|span| ("azure", span, Proof::Context)),
            Anchor::Telegram => commands::telegram(text, start, &mut runs)
                .map(|span| ("telegram", span, Proof::Shape)),
            Anchor::Terraform => commands::terraform(text, (start, after), &mut runs)
                .map(|span| ("terraform", span, Proof::Shape)),
            Anchor::Program(place) => arguments::of_program(text, (start, after), place, &mut runs)
                .map(|span| ("argument", span, Proof::Context)),
            Anchor::Login => arguments::login(text, (start, after))
                .map(|span| ("argument", span, Proof::Context)),
            Anchor::Pass => arguments::pass(text, (start, after))
                .map(|span| ("assignment", span, Proof::Context)),
            Anchor::Identified => {
                arguments::identified(text, after).map(|span| ("sql", span, Proof::Context))
            }
            Anchor::Given => arguments::given(text, (start, after))
                .map(|span| ("argument", span, Proof::Context)),
            Anchor::PgPass => commands::pgpass(text, (start, after), &mut runs)
                .map(|span| ("login", span, Proof::Context)),
            Anchor::DockerAuth => {
                commands::docker(text, after, &mut runs).map(|span| ("login", span, Proof::Context))
            }
            Anchor::Scheme(name) => is_edge(text, start)
                .then(|| scheme(text, after, name, &mut runs))
                .flatten()
                .map(|span| ("header", span, Proof::Context)),
            Anchor::Keyword => assignment(text, (start, after), Strength::Strong, &mut runs)
                .map(|span| ("assignment", span, Proof::Context)),
            Anchor::Key => assigned_key(text, (start, after), &mut runs)
                .map(|span| ("assignment", span, Proof::Context)),
        };
        findings.add(found);
    });
}

/// Passes findings on, without repetitions.
struct Findings<F> {
    last: Option<Finding>,
    found: F,
}

impl<F: FnMut(Finding)> Findings<F> {
    fn add(&mut self, found: Option<(&'static str, Span, Proof)>) {
        let Some((kind, (start, end), proof)) = found else {
            return;
        };
        let repeats = |last: &Finding| last.start <= start && last.end == end && last.kind == kind;
        if !self.last.as_ref().is_some_and(repeats) {
            self.pass_on(Finding {
                kind,
                start,
                end,
                proof,
            });
        }
    }

    /// Adds a token, unless it is the tail of the last one.
    fn add_token(&mut self, found: Option<Finding>) {
        let Some(new) = found else {
            return;
        };
        let is_tail = |last: &Finding| {
            (last.start..=last.end).contains(&new.start)
                && last.end == new.end
                && last.kind == new.kind
                && last.proof >= new.proof
        };
        if !self.last.as_ref().is_some_and(is_tail) {
            self.pass_on(new);
        }
    }

    fn pass_on(&mut self, new: Finding) {
        self.last = Some(new);
        (self.found)(new);
    }
}

/// Returns the value of a `key`, if it is a secret; the word before it decides how strict the check is.
fn assigned_key(text: &[u8], (start, after): Span, runs: &mut Runs<'_>) -> Option<Span> {
    if text.get(after)?.is_ascii_alphanumeric() {
        return None;
    }
    let before = text.get(..start)?;
    let stem = KEY_STEMS
        .iter()
        .find_map(|stem| strip_folded_suffix(before, stem));
    match stem {
        Some(head) => assignment(text, (head.len(), after), Strength::Strong, runs),
        None => assignment(text, (start, after), Strength::Weak, runs),
    }
}

fn token(text: &[u8], (start, after): Span, shape: &Shape, runs: &mut Runs<'_>) -> Option<Finding> {
    if shape.left == Left::Edge && !is_edge(text, start) {
        return None;
    }
    let mut end = runs.end(shape.class, after);
    if shape.class != Class::Word && shape.class != Class::Alnum {
        // A full stop or a slash after a token is part of the sentence or the path.
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

/// Says whether `at` follows neither a letter nor a digit.
fn is_edge(text: &[u8], at: usize) -> bool {
    at.checked_sub(1)
        .and_then(|before| text.get(before))
        .is_none_or(|byte| !byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::super::table::SHAPES;
    use super::*;

    #[test]
    fn the_time_grows_with_the_text_and_no_faster() {
        let prefixes = SHAPES.iter().map(|shape| shape.prefix);
        let others = [
            "a",
            "-",
            "eyJ",
            "-eyJ.",
            "eyJaaaaaaaaaaaaa.",
            "-----BEGIN ",
            "-----BEGIN RSA PRIVATE KEY-----",
            "password=",
            "password=\"",
            "token:\"a",
            "key=$",
            "key:",
            "--token ",
            "://",
            "://a:b@",
            "Authorization: Digest a",
            "basic aaaaaaaaa ",
            "\u{17f}ecret=",
            "cookie: a=",
            "-u a:bcd ",
            "-user",
            "sig=",
            "1:A",
            "12345678:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "a.atlasv1.",
            "machine a login b password ",
            "token 0123456789abcdef0123456789abcdef",
            "htpasswd -b a b ",
            "sshpass a ",
            "echo a|-stdin",
            "a:5432:b:c:d",
            "config set token a ",
        ];
        for unit in others.into_iter().chain(prefixes) {
            let text = unit.repeat((64 << 10) / unit.len());
            let began = std::time::Instant::now();
            find(text.as_bytes());
            // Quadratic time would be minutes; linear time is far below a second.
            assert!(began.elapsed().as_secs() < 10, "{unit}");
        }
    }

    #[test]
    fn a_checksum_proves_a_token() {
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
