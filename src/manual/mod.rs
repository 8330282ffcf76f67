//! The reference: schemas and pages, made from the types. To add a page: a file with a function,
//! and one line in `ARTEFACTS`.

mod cli;
mod environment;
mod exit_codes;
mod facts;
pub mod policy_page;
mod report;
pub mod schema;

/// One file of `docs/reference/`.
#[derive(Debug, Clone, Copy)]
pub struct Artefact {
    /// The file's name.
    pub name: &'static str,
    /// Makes its content. The program's definition comes from above.
    pub make: fn(&clap::Command) -> String,
}

/// Every file of `docs/reference/`, written by `sendoff manual docs/reference` and compared by a test.
pub const ARTEFACTS: &[Artefact] = &[
    Artefact {
        name: "cli.md",
        make: cli::page,
    },
    Artefact {
        name: "environment.md",
        make: |_| environment::page(),
    },
    Artefact {
        name: "exit-codes.md",
        make: |_| exit_codes::page(),
    },
    Artefact {
        name: "facts.md",
        make: |_| facts::page(),
    },
    Artefact {
        name: "policy.md",
        make: |_| policy_page::policy_page(crate::steps::STEPS),
    },
    Artefact {
        name: "policy.schema.json",
        make: |_| policy_schema(),
    },
    Artefact {
        name: "report.schema.json",
        make: |_| report::schema(),
    },
    Artefact {
        name: "task.schema.json",
        make: |_| facts::task_schema(),
    },
];

/// The line at the head of every page: nobody edits a page that is overwritten.
const GENERATED: &str = "<!-- Written by `sendoff manual docs/reference`; edits are lost. -->\n";

/// Returns the policy's JSON Schema as text.
pub fn policy_schema() -> String {
    pretty(&schema::policy_schema(crate::steps::STEPS))
}

/// Puts a schema into text, with a newline at the end.
fn pretty(value: &serde_json::Value) -> String {
    // A schema is made of text, numbers and maps with text keys, which always serialise.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}
