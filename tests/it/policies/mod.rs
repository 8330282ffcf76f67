//! Tests of `policy`, with kinds of steps made for them.

mod differential;
mod files;
mod invalid;
mod laws;
mod locks;
mod owners;
mod presets;
mod repository;
mod schema;
mod set;
mod tables;

use sendoff::pipeline::{Context, Outcome, Service, Step, StepDef, StepError};
use sendoff::policy::{Draft, LayerKind, Layers, Loaded, PolicyError};
use serde::{Deserialize, Serialize};

/// A template that only has to be closed, as far as these tests are concerned.
#[derive(Debug, Clone, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String")]
pub(crate) struct Text(String);

impl TryFrom<String> for Text {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.matches("{{").count() == text.matches("}}").count() {
            Ok(Self(text))
        } else {
            Err("the template is not closed".into())
        }
    }
}

macro_rules! step {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty = $class:ident $(($value:literal))?),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
        #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
        pub(crate) struct $name { $($(#[$field_doc])* pub(crate) $field: $type),* }
        sendoff::classes!($name { $($field: $class $(($value))?),* });
        #[async_trait::async_trait(?Send)]
        impl Step for $name {
            async fn run(&self, _: &Context<'_>) -> Result<Outcome, StepError> {
                Ok(Outcome::done("done"))
            }
        }
    };
}

step!(
    /// Commit a memory
    Memory {
        /// What is remembered.
        content: Text = D,
        /// Who can see it.
        scope: String = D,
    }
);
step!(
    /// Recall memories
    Recall {
        /// How many.
        limit: u32 = D,
    }
);
step!(
    /// Say what is worked on
    Heartbeat {}
);
step!(
    /// Push the branch
    Push {
        /// The remote.
        remote: String = D,
        /// What becomes of a rewritten branch.
        rewrite: String = D,
        /// How long a commit rests.
        settle: String = B,
    }
);
step!(
    /// Open a pull request
    PrCreate {
        /// Its title.
        title: Text = A,
        /// Its body.
        body: Text = A,
        /// Whether the repository's template is used.
        template: String = A,
        /// What becomes of markup.
        markup: String = BOrA("inert"),
        /// Whether it is a draft.
        draft: Draft = BOrA("always"),
        /// Its labels.
        labels: Vec<String> = B,
        /// Who is asked to review it.
        reviewers: Vec<String> = B,
        /// Who is assigned.
        assignees: Vec<String> = B,
    }
);

/// The kinds of these tests, with the names that the built-in policy uses.
pub(crate) const KINDS: &[StepDef] = &[
    StepDef::of::<Memory>("memory-commit", "Commit a memory"),
    StepDef::of::<Recall>("memory-recall", "Recall memories"),
    StepDef::of::<Heartbeat>("heartbeat-set", "Say what is worked on"),
    StepDef::of::<Heartbeat>("heartbeat-clear", "Say that nothing is worked on"),
    StepDef::of::<Push>("push", "Push the branch").asks(Service::Remote),
    StepDef::of::<PrCreate>("pr-create", "Open a pull request").asks(Service::Forge),
];

/// Loads texts over the built-in policy.
pub(crate) fn load(texts: &[(LayerKind, &str)]) -> Loaded {
    Layers::from_texts(texts, KINDS).unwrap()
}

/// Returns the one error that a text makes as a layer of `origin`.
pub(crate) fn error(origin: LayerKind, text: &str) -> PolicyError {
    let loaded = match Layers::from_texts(&[(origin, text)], KINDS) {
        Ok(loaded) => loaded,
        Err(error) => return error,
    };
    assert_eq!(loaded.problems.len(), 1, "{text}");
    loaded.problems[0].error.clone()
}

/// Renders an error as users see it, without colour.
pub(crate) fn rendered(error: &PolicyError) -> String {
    let theme = miette::GraphicalTheme::unicode_nocolor();
    let handler = miette::GraphicalReportHandler::new_themed(theme).with_width(100);
    let mut text = String::new();
    handler.render_report(&mut text, error).unwrap();
    text
}
