//! `Variable`: what is said of a variable in the lists.

/// A variable that sendoff reads.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it is for, in one line.
    pub doc: &'static str,
    /// What holds when it is not set.
    pub default: Option<&'static str>,
    /// Whether its value is never shown.
    pub is_secret: bool,
}

impl Variable {
    /// Says whether its value is a token that a server made, and no secret that somebody made up.
    pub fn is_token(&self) -> bool {
        self.is_secret && self.name.ends_with("_TOKEN")
    }
}

/// Declares a variable.
pub(super) const fn variable(
    name: &'static str,
    doc: &'static str,
    default: Option<&'static str>,
) -> Variable {
    Variable {
        name,
        doc,
        default,
        is_secret: false,
    }
}

/// Declares a variable whose value is a token.
pub(super) const fn secret(name: &'static str, doc: &'static str) -> Variable {
    Variable {
        is_secret: true,
        ..variable(name, doc, None)
    }
}
