//! `environment.md`, from the list of variables.

use std::fmt::Write;

use crate::environment::variables;

pub(super) fn page() -> String {
    let mut page = format!(
        "{}# Environment variables\n\nsendoff reads these variables once, when it starts. \
         It trusts them, as git does. White space around a value is ignored, and a blank value counts as not set; \
         but `GIT_SSH_VARIANT` set to nothing means ssh, and a proxy's variable set to nothing means none, as to git. \
         Programs that the user's git configuration names (ssh, credential helpers, the pre-push hook) inherit the caller's \
         whole environment without `SENDOFF_TOKEN`; those of `exec` steps get an allow-list without tokens.\n\n\
         With `[environment] trust = \"none\"` in the system's policy only tokens, `WORKSPACE_ID`, `SENDOFF`, `SENDOFF_LOG`, \
         `NO_COLOR` and `LANG` are used; the report names the others that were set.\n\n\
         | variable | for | default |\n| --- | --- | --- |\n",
        super::GENERATED
    );
    for variable in variables() {
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
