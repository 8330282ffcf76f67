//! The entries for managers of git's hooks: those that are written for husky and lefthook, and those to paste for the others.

use crate::install::command::shell_word;

use super::{HOOKS, Hook};

/// Returns husky's line for a hook.
pub(super) fn line(hook: &Hook, program: &str) -> String {
    guarded(hook, program, hook.arguments)
}

/// Returns a call that does nothing where the program is not installed.
fn guarded(hook: &Hook, program: &str, arguments: &str) -> String {
    format!(
        "if command -v {program} >/dev/null 2>&1; then {program} hook {}{arguments} </dev/null || :; fi\n",
        hook.surface
    )
}

/// Returns lefthook's job for a hook.
pub(super) fn job(hook: &Hook, program: &str) -> String {
    // Lefthook replaces this with git's arguments.
    let arguments = if hook.arguments.is_empty() {
        ""
    } else {
        " {0}"
    };
    let call = if program == "sendoff" {
        guarded(hook, program, arguments).trim_end().to_owned()
    } else {
        let program = shell_word(program);
        format!("{program} hook {}{arguments} </dev/null", hook.surface)
    };
    let run = serde_json::Value::String(call);
    format!(
        "{}:\n  jobs:\n    - name: sendoff\n      run: {run}\n",
        hook.event
    )
}

/// Returns the lines for pre-commit, and what to run.
pub(super) fn pre_commit_snippet() -> String {
    let hooks = HOOKS.iter().take(3).map(|hook| {
        format!(
            "      - {{id: {0}, name: sendoff, language: system, entry: sendoff hook {0}, stages: [{1}], \
             always_run: true, pass_filenames: false}}\n",
            hook.surface, hook.event
        )
    });
    format!(
        "  - repo: local\n    hooks:\n{}and run: pre-commit install -t post-commit -t post-rewrite -t post-merge",
        hooks.collect::<String>()
    )
}

/// Returns the lines for prek, and what to run.
pub(super) fn prek_snippet() -> String {
    let hooks = HOOKS.iter().take(3).map(|hook| {
        format!(
            "  {{ id = \"{0}\", name = \"sendoff\", language = \"system\", entry = \"sendoff hook {0}\", \
             stages = [\"{1}\"], always_run = true, pass_filenames = false }},\n",
            hook.surface, hook.event
        )
    });
    format!(
        "[[repos]]\nrepo = \"local\"\nhooks = [\n{}]\nand run: prek install -t post-commit -t post-rewrite -t post-merge",
        hooks.collect::<String>()
    )
}

/// Returns the line for hk, and what to run.
pub(super) fn hk_snippet() -> String {
    "[\"post-commit\"] { steps { [\"sendoff\"] { check = \"sendoff hook git-post-commit\" } } }\nand run: hk install".into()
}
