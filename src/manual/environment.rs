//! `environment.md`, from the list of variables.

use std::fmt::Write;

use crate::environment::VARIABLES;

pub(super) fn page() -> String {
    let mut page = format!(
        "{}# Environment variables\n\nsendoff reads these once, when it starts. \
         They are the caller's word, as they are for git: blanks around a value do not count, and a blank one is not set. \
         Programs that the user's git configuration names (ssh, credential helpers, the pre-push hook) inherit the caller's \
         whole environment without `SENDOFF_TOKEN`; those of `exec` steps get an allow-list without tokens.\n\n\
         With `[environment] trust = \"none\"` in the system's policy only tokens, `WORKSPACE_ID`, `SENDOFF`, `SENDOFF_LOG`, \
         `NO_COLOR` and `LANG` count; the report names the others that were set.\n\n\
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
