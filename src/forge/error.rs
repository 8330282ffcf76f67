//! `ForgeError`: what the forge refused or could not do.

/// Why a forge did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ForgeError {
    /// What kind of failure it is; decides whether trying again makes sense.
    pub class: ForgeErrorClass,
    /// One line: what happened, the forge's own words cleaned.
    pub message: String,
    /// One line: what to do.
    pub advice: Option<String>,
}

/// The kinds of failure. Each has a stable code in the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForgeErrorClass {
    /// 401: the token is missing, wrong or expired.
    Auth,
}
