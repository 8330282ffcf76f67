//! The end of a run of characters. Remembered for each class, so that a scan stays linear.

/// A start and an end, in bytes.
pub(super) type Span = (usize, usize);

/// A class of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// `[A-Za-z0-9]`.
    Alnum,
    /// `[A-Z0-9]`.
    Upper,
    /// `[A-Fa-f0-9]`.
    Hex,
    /// `[A-Za-z0-9_-]`, which is also base64url.
    Word,
    /// `[A-Za-z0-9._-]`.
    Dotted,
    /// `[A-Za-z0-9._~+/=-]`: the credentials after `Bearer`, and standard base64.
    Token68,
    /// The characters of an unquoted value: up to white space, quotes, and the end of a list's element.
    Value,
    /// Everything up to the next digit.
    NoDigit,
    /// Everything up to the next letter.
    NoLetter,
    /// Everything up to the next capital letter.
    NoUpper,
    /// Everything up to the next small letter.
    NoLower,
    /// Everything up to the next symbol that passwords have and words do not.
    NoSymbol,
    /// ASCII up to the next letter.
    NoName,
    /// Everything up to the next opening bracket.
    NoCall,
    /// Printable ASCII without the space.
    Graphic,
    /// Everything up to the end of the line, a quote or a backslash.
    Header,
}

const CLASSES: usize = 16;

/// The classes of each byte, as bits.
static BITS: [u16; 256] = bits();

const fn bits() -> [u16; 256] {
    let classes = [
        Class::Alnum,
        Class::Upper,
        Class::Hex,
        Class::Word,
        Class::Dotted,
        Class::Token68,
        Class::Value,
        Class::NoDigit,
        Class::NoLetter,
        Class::NoUpper,
        Class::NoLower,
        Class::NoSymbol,
        Class::NoName,
        Class::NoCall,
        Class::Graphic,
        Class::Header,
    ];
    let mut bits = [0; 256];
    let mut byte = 0_u8;
    loop {
        let mut at = 0;
        while at < classes.len() {
            if classes[at].holds(byte) {
                bits[byte as usize] |= 1 << classes[at] as usize;
            }
            at += 1;
        }
        if byte == u8::MAX {
            return bits;
        }
        byte += 1;
    }
}

impl Class {
    /// Says whether `byte` belongs to the class.
    pub(super) const fn holds(self, byte: u8) -> bool {
        match self {
            Self::NoDigit => !byte.is_ascii_digit(),
            Self::NoLetter => !byte.is_ascii_alphabetic(),
            Self::NoUpper => !byte.is_ascii_uppercase(),
            Self::NoLower => !byte.is_ascii_lowercase(),
            Self::NoSymbol => !matches!(
                byte,
                b'!' | b'@' | b'#' | b'$' | b'%' | b'^' | b'*' | b'+' | b'=' | b'~' | b'/'
            ),
            Self::NoName => byte.is_ascii() && !byte.is_ascii_alphabetic(),
            Self::NoCall => byte != b'(',
            Self::Graphic => byte.is_ascii_graphic(),
            Self::Header => !matches!(byte, b'\r' | b'\n' | b'"' | b'\'' | b'`' | b'\\'),
            Self::Alnum => byte.is_ascii_alphanumeric(),
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::Hex => byte.is_ascii_hexdigit(),
            Self::Word => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Self::Dotted => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'),
            Self::Token68 => {
                byte.is_ascii_alphanumeric()
                    || matches!(byte, b'_' | b'-' | b'.' | b'~' | b'+' | b'/' | b'=')
            }
            Self::Value => {
                byte > b' '
                    && byte != 0x7f
                    && !matches!(
                        byte,
                        b'"' | b'\'' | b'`' | b',' | b';' | b'&' | b'<' | b'>' | b')' | b']' | b'}'
                    )
            }
        }
    }
}

/// The last run of each class.
#[derive(Debug)]
pub(super) struct Runs<'text> {
    text: &'text [u8],
    seen: [(usize, usize); CLASSES],
}

impl<'text> Runs<'text> {
    /// Starts without known runs.
    pub(super) const fn new(text: &'text [u8]) -> Self {
        Self {
            text,
            seen: [(1, 0); CLASSES],
        }
    }

    /// Returns the end of the run of `class` at `at`.
    pub(super) fn end(&mut self, class: Class, at: usize) -> usize {
        let known = self.seen.get_mut(class as usize);
        if let Some((start, end)) = &known
            && (*start..=*end).contains(&at)
        {
            return *end;
        }
        let bit = 1 << class as u32;
        let holds = |byte: &&u8| BITS[usize::from(**byte)] & bit != 0;
        let rest = self.text.get(at..).unwrap_or_default();
        let end = at + rest.iter().take_while(holds).count();
        if let Some(known) = known {
            *known = (at, end);
        }
        end
    }
}

impl Runs<'_> {
    /// Says whether a span has a byte that is not of `class`.
    pub(super) fn leaves(&mut self, class: Class, (start, end): Span) -> bool {
        start < end && self.end(class, start) < end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_ends_where_the_class_does_and_is_remembered() {
        let mut runs = Runs::new(b"abc-def ghi");
        assert_eq!(runs.end(Class::Word, 0), 7);
        assert_eq!(runs.end(Class::Word, 4), 7);
        assert_eq!(runs.end(Class::Alnum, 0), 3);
        assert_eq!(runs.end(Class::Word, 8), 11);
        assert_eq!(runs.end(Class::Value, 7), 7);
        assert_eq!(runs.end(Class::Word, 99), 99);
    }

    #[test]
    fn digits_and_letters_are_found_in_a_part_only() {
        let mut runs = Runs::new(b"--a--1--");
        let mut digit = |span| runs.leaves(Class::NoDigit, span);
        assert!(digit((0, 6)) && !digit((0, 5)) && !digit((6, 8)) && !digit((5, 5)));
        let mut letter = |span| runs.leaves(Class::NoLetter, span);
        assert!(letter((0, 3)) && !letter((0, 2)) && !letter((3, 8)));
    }
}
