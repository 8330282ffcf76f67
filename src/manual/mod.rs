//! The reference: schemas and pages, generated from the types. To add a page, write a file with a
//! function, and add an entry to `ARTEFACTS`.

mod cli;
mod environment;
mod exit_codes;
mod facts;
pub mod policy_page;
mod reasons;
mod report;
pub mod schema;
mod surfaces;

/// One file of `docs/reference/`.
#[derive(Debug, Clone, Copy)]
pub struct Artefact {
    /// The file's name.
    pub name: &'static str,
    /// Makes its content; the argument is the command line's definition.
    pub make: fn(&clap::Command) -> String,
}

/// Every file of `docs/reference/`. `sendoff manual docs/reference` writes them, and a test fails when one is stale.
pub const ARTEFACTS: &[Artefact] = &[
    Artefact {
        name: "cli.md",
        make: cli::page,
    },
    Artefact {
        name: "doctor.schema.json",
        make: |_| report::doctor(),
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
        name: "plan.schema.json",
        make: |_| report::plan(),
    },
    Artefact {
        name: "policy.md",
        make: |_| policy_page::policy_page(crate::steps::STEPS),
    },
    Artefact {
        name: "policy-check.schema.json",
        make: |_| report::policy_check(),
    },
    Artefact {
        name: "policy.schema.json",
        make: |_| policy_schema(),
    },
    Artefact {
        name: "reasons.md",
        make: |_| reasons::page(),
    },
    Artefact {
        name: "report.schema.json",
        make: |_| report::schema(),
    },
    Artefact {
        name: "surfaces.md",
        make: |_| surfaces::page(),
    },
    Artefact {
        name: "task.schema.json",
        make: |_| facts::task_schema(),
    },
    Artefact {
        name: "why.schema.json",
        make: |_| report::why(),
    },
];

/// The first line of every page.
const GENERATED: &str = "<!-- Written by `sendoff manual docs/reference`; edits are lost. -->\n";

/// Returns the policy's JSON Schema as text.
pub fn policy_schema() -> String {
    pretty(&schema::policy_schema(crate::steps::STEPS))
}

/// Formats a schema, with a newline at the end.
fn pretty(value: &serde_json::Value) -> String {
    // A schema holds only strings, numbers and maps with string keys, which always serialise.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}
