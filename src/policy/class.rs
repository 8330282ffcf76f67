//! The class of each key: which layers may set it.

/// Which layers may set a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyClass {
    /// Tightens, or is cosmetic: also from the worktree's copy of the repository policy.
    A,
    /// Shapes what others see or run: from the policy base's tip, and from the layers of `C`.
    B,
    /// Runs or reads local things: after `sendoff trust`, and from the layers of `D`.
    C,
    /// Never from a repository: built-in, system, user and command line only.
    D,
}

/// A table of the policy whose every key has a class.
pub trait Classed {
    /// Each key in kebab-case, with its class.
    const CLASSES: &'static [(&'static str, KeyClass)];
}

/// Gives each field of a table its class. A field that is left out does not compile.
#[macro_export]
macro_rules! classes {
    ($table:ty { $($field:ident: $class:ident),* $(,)? }) => {
        impl $crate::policy::Classed for $table {
            const CLASSES: &'static [(&'static str, $crate::policy::KeyClass)] = {
                // The pattern names every field, or rustc refuses it.
                const fn every_field_has_a_class(table: &$table) {
                    let $table { $($field: _),* } = table;
                }
                let _ = every_field_has_a_class;
                &[$((stringify!($field), $crate::policy::KeyClass::$class)),*]
            };
        }
    };
}
