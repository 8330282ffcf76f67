//! Names that help and completions list, though a policy can have others.

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};

use crate::steps::STEPS;

/// The pipelines of the built-in policy.
pub(super) const PIPELINES: &[&str] = &["on-failure", "post-commit", "post-task", "pre-task"];

/// Takes any text, and lists some.
#[derive(Debug, Clone, Copy)]
pub(super) enum Hints {
    /// The pipelines of the built-in policy.
    Pipelines,
    /// The kinds of step.
    Steps,
}

impl TypedValueParser for Hints {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        match self {
            Self::Pipelines => Some(Box::new(PIPELINES.iter().copied().map(PossibleValue::new))),
            Self::Steps => {
                let kinds = STEPS.iter();
                Some(Box::new(
                    kinds.map(|kind| PossibleValue::new(kind.name).help(kind.about)),
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Layers, Places};

    #[test]
    fn the_pipelines_are_those_of_the_built_in_policy() {
        let built_in = Layers::load(&Places::default(), STEPS).unwrap();
        let names: Vec<&str> = built_in.policy.pipeline_names().collect();
        assert_eq!(names, PIPELINES);
    }
}
