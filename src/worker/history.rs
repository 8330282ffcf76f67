//! History: the runs that were kept, and one of them.

use crate::environment::Environment;
use crate::report::Report;
use crate::store::{RunSummary, StoreError};

use super::status::open;

/// The result of looking up a run by its id.
#[derive(Debug)]
pub enum Found {
    /// This one.
    One(Box<Report>),
    /// None.
    None,
    /// More than one begins with it.
    Several,
}

/// Returns the last runs, the newest first.
pub fn runs(environment: &Environment, limit: usize) -> Result<Vec<RunSummary>, StoreError> {
    match open(environment)? {
        Some(store) => store.runs(limit, None),
        None => Ok(Vec::new()),
    }
}

/// Returns the run whose id begins with a text.
pub fn run(environment: &Environment, id: &str) -> Result<Found, StoreError> {
    let rows = match open(environment)? {
        Some(store) if !id.is_empty() => store.run(id)?,
        _ => Vec::new(),
    };
    let mut rows = rows.into_iter();
    Ok(match (rows.next(), rows.next()) {
        (None, _) => Found::None,
        (Some(row), None) => Found::One(Box::new(row.report)),
        (Some(row), Some(_)) if row.report.run_id == id => Found::One(Box::new(row.report)),
        (Some(_), Some(_)) => Found::Several,
    })
}
