//! Whether every character of a name is seen: as itself, or by what it does to its neighbours.

use sendoff_push::sanitize::is_invisible;
use unicode_normalization::char::canonical_combining_class;

/// Joins two emoji into one, or two letters of an Indic script.
const JOINER: char = '\u{200d}';
/// Keeps two letters apart that would be joined, as Persian words do.
const NON_JOINER: char = '\u{200c}';
/// Asks for the look of an emoji.
const EMOJI_LOOK: char = '\u{fe0f}';
/// Asks for the look of a text.
const TEXT_LOOK: char = '\u{fe0e}';
/// Draws a key around a digit.
const KEYCAP: char = '\u{20e3}';
/// The combining class of the signs that take a letter's vowel away.
const VIRAMA: u8 = 9;

/// Says whether a name holds a character that is not seen.
pub(super) fn hides_a_character(name: &str) -> bool {
    let characters: Vec<char> = name.chars().collect();
    let at = |index: Option<usize>| index.and_then(|index| characters.get(index).copied());
    characters.iter().enumerate().any(|(index, character)| {
        let before = at(index.checked_sub(1));
        let after = at(index.checked_add(1));
        let is_seen = match *character {
            JOINER => joins_emoji(before, after) || follows_virama(before),
            // The rules of internationalised domain names (RFC 5892, appendix A), without marks between the letters.
            NON_JOINER => {
                let is_joined = before.is_some_and(joins_both) && after.is_some_and(joins_before);
                follows_virama(before) || is_joined
            }
            EMOJI_LOOK | TEXT_LOOK => {
                let is_key = before.is_some_and(is_on_keys) && after == Some(KEYCAP);
                is_key || before.is_some_and(|c| is_emoji(c) || is_sign(c))
            }
            other => !other.is_control() && !is_invisible(other),
        };
        !is_seen
    })
}

fn joins_emoji(before: Option<char>, after: Option<char>) -> bool {
    before.is_some_and(|c| is_emoji(c) || c == EMOJI_LOOK) && after.is_some_and(is_emoji)
}

fn follows_virama(before: Option<char>) -> bool {
    before.is_some_and(|c| canonical_combining_class(c) == VIRAMA)
}

/// Says whether a character is an Arabic letter that joins the one before and the one after: dual-joining in Unicode's
/// `ArabicShaping.txt`. After any other one nothing is joined, so that a non-joiner would not be seen.
const fn joins_both(c: char) -> bool {
    matches!(c, '\u{620}' | '\u{626}' | '\u{628}' | '\u{62a}'..='\u{62e}' | '\u{633}'..='\u{63f}'
        | '\u{641}'..='\u{647}' | '\u{649}' | '\u{64a}' | '\u{66e}' | '\u{66f}' | '\u{678}'..='\u{687}'
        | '\u{69a}'..='\u{6bf}' | '\u{6c1}' | '\u{6c2}' | '\u{6cc}' | '\u{6ce}' | '\u{6d0}' | '\u{6d1}'
        | '\u{6fa}'..='\u{6fc}' | '\u{6ff}')
}

/// Says whether a character is an Arabic letter that joins the one before: dual-joining, or right-joining as alef.
const fn joins_before(c: char) -> bool {
    joins_both(c)
        || matches!(c, '\u{622}'..='\u{625}' | '\u{627}' | '\u{629}' | '\u{62f}'..='\u{632}' | '\u{648}'
            | '\u{671}'..='\u{673}' | '\u{675}'..='\u{677}' | '\u{688}'..='\u{699}' | '\u{6c0}'
            | '\u{6c3}'..='\u{6cb}' | '\u{6cd}' | '\u{6cf}' | '\u{6d2}' | '\u{6d3}' | '\u{6d5}'
            | '\u{6ee}' | '\u{6ef}')
}

const fn is_on_keys(c: char) -> bool {
    matches!(c, '0'..='9' | '#' | '*')
}

/// Says whether a character lies in a block of pictures, signs or skin tones.
const fn is_emoji(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}' | '\u{25a0}'..='\u{27bf}'
        | '\u{2b00}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}

/// Says whether a character is a sign outside of those blocks that has the look of an emoji too.
const fn is_sign(c: char) -> bool {
    matches!(
        c,
        '\u{a9}'
            | '\u{ae}'
            | '\u{203c}'
            | '\u{2049}'
            | '\u{2122}'
            | '\u{2139}'
            | '\u{3030}'
            | '\u{303d}'
            | '\u{3297}'
            | '\u{3299}'
    )
}
