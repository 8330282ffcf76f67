//! `environment.md`, from the list of variables.

use std::fmt::Write;

use crate::environment::VARIABLES;

pub(super) fn page() -> String {
    let mut page = format!(
        "{}# Environment variables\n\nsendoff reads these once, when it starts, and no others. \
         Children get an allow-list without tokens.\n\n\
         | variable | for | default |\n| --- | --- | --- |\n",
        super::GENERATED
    );
    for variable in VARIABLES {
        let default = variable
            .default
            .map(|value| format!("`{value}`"))
            .unwrap_or_default();
        // Writing to a `String` cannot fail.
        let _infallible = writeln!(
            page,
            "| `{}` | {} | {default} |",
            variable.name, variable.doc
        );
    }
    page
}
