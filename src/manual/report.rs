//! `report.schema.json`, from `Report`.

use crate::report::Report;

pub(super) fn schema() -> String {
    let mut schema = schemars::schema_for!(Report);
    schema.insert("title".into(), "sendoff.report/1".into());
    super::pretty(&schema.to_value())
}
