//! `reasons.md`: every reason code with its meaning.

use std::fmt::Write;

use crate::reason::Code;

pub(super) fn page() -> String {
    let mut page = format!(
        "{}# Reason codes\n\nWhy something did not happen, as `reason` of a step or `code` of a note in the report \
         ([schema](report.schema.json)), beside a sentence and an advice. A code is never renamed and never used for \
         something else. [Troubleshooting](../guide/troubleshooting.md) says what to do about the usual ones.\n\n\
         | code | meaning |\n| --- | --- |\n",
        super::GENERATED
    );
    for code in Code::ALL {
        // Writing to a `String` cannot fail.
        let _infallible = writeln!(page, "| `{}` | {} |", code.as_str(), code.about().trim());
    }
    page
}
