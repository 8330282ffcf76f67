//! The schemas of the documents that commands print with `--json`, from their types.

use crate::doctor::Diagnosis;
use crate::report::Report;
use crate::session::{Plan, PolicyCheck, Why};

pub(super) fn schema() -> String {
    let mut schema = schemars::schema_for!(Report);
    schema.insert("title".into(), "sendoff.report/1".into());
    super::pretty(&schema.to_value())
}

/// Returns the schema of `plan --json`.
pub(super) fn plan() -> String {
    let mut schema = schemars::schema_for!(Plan);
    schema.insert("title".into(), Plan::SCHEMA.into());
    super::pretty(&schema.to_value())
}

/// Returns the schema of `policy check --json`.
pub(super) fn policy_check() -> String {
    let mut schema = schemars::schema_for!(PolicyCheck);
    schema.insert("title".into(), PolicyCheck::SCHEMA.into());
    super::pretty(&schema.to_value())
}

/// Returns the schema of `doctor --json`.
pub(super) fn doctor() -> String {
    let mut schema = schemars::schema_for!(Diagnosis);
    schema.insert("title".into(), Diagnosis::SCHEMA.into());
    super::pretty(&schema.to_value())
}

/// Returns the schema of `why --json`.
pub(super) fn why() -> String {
    let mut schema = schemars::schema_for!(Why);
    schema.insert("title".into(), Why::SCHEMA.into());
    super::pretty(&schema.to_value())
}
