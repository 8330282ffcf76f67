//! The class of each key: which layers may set it.

use std::fmt;

/// Which layers may set a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyClass {
    /// Tightens, or is cosmetic: also from the work tree's copy of the repository policy.
    A,
    /// `A` for a value that is not above that of the lower layers, else `D`.
    ADown,
    /// `A` for a value that is not before that of the lower layers in this order, such as `allow < hold`, else `D`.
    AUp(&'static str),
    /// `A` for this one value, else `B`.
    BOrA(&'static str),
    /// Affects what other people and CI see: from the policy base's tip, and from the layers of `C`.
    B,
    /// Runs programs or reads files on this machine: after `sendoff trust`, and from the layers of `D`.
    C,
    /// `A` for this one value, else `D`.
    DOrA(&'static str),
    /// Never from a repository: built-in, system, user and command line only.
    D,
}

impl fmt::Display for KeyClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::A => f.write_str("A"),
            Self::ADown => f.write_str("A downwards"),
            Self::AUp(order) => write!(f, "A upwards: {order}"),
            Self::BOrA(value) => write!(f, "B; `{value}`: A"),
            Self::B => f.write_str("B"),
            Self::C => f.write_str("C"),
            Self::DOrA(value) => write!(f, "D; `{value}`: A"),
            Self::D => f.write_str("D"),
        }
    }
}

/// A table of the policy whose every key has a class.
pub trait Classed {
    /// Each key as its Rust field, with its class; [`class_of`] compares in kebab-case.
    const CLASSES: &'static [(&'static str, KeyClass)];
}

/// Returns the class of `key`, which is in kebab-case; `None` when the table has no such key.
pub fn class_of(classes: &[(&'static str, KeyClass)], key: &str) -> Option<KeyClass> {
    let found = classes.iter().find(|(field, _)| is_field(field, key));
    found.map(|(_, class)| *class)
}

/// Says whether the Rust field `field` is the key `key`.
fn is_field(field: &str, key: &str) -> bool {
    let field = field.strip_prefix("r#").unwrap_or(field);
    let spelt = field.bytes().map(|b| if b == b'_' { b'-' } else { b });
    spelt.eq(key.bytes())
}

/// Sets the class of each field of a table. A field that is left out is a compile error.
///
/// ```
/// use sendoff::policy::{KeyClass, class_of, Classed};
///
/// struct Table {
///     one_key: bool,
/// }
/// sendoff::classes!(Table { one_key: A });
///
/// assert_eq!(class_of(Table::CLASSES, "one-key"), Some(KeyClass::A));
/// ```
///
/// ```compile_fail
/// struct Table {
///     one_key: bool,
///     another_key: bool,
/// }
/// sendoff::classes!(Table { one_key: A });
/// ```
#[macro_export]
macro_rules! classes {
    ($table:ident { $($field:ident: $class:ident $(($value:literal))?),* $(,)? }) => {
        impl $crate::policy::Classed for $table {
            const CLASSES: &'static [(&'static str, $crate::policy::KeyClass)] = {
                // The pattern must name every field to compile.
                const fn every_field_has_a_class(table: &$table) {
                    let $table { $($field: _),* } = table;
                }
                let _ = every_field_has_a_class;
                &[$((stringify!($field), $crate::policy::KeyClass::$class $(($value))?)),*]
            };
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_its_key_in_kebab_case() {
        let classes = &[
            ("push_size", KeyClass::ADown),
            ("r#match", KeyClass::B),
            ("draft", KeyClass::BOrA("always")),
        ];
        assert_eq!(class_of(classes, "push-size"), Some(KeyClass::ADown));
        assert_eq!(class_of(classes, "push_size"), None);
        assert_eq!(class_of(classes, "match"), Some(KeyClass::B));
        assert_eq!(class_of(classes, "drafts"), None);
    }
}
