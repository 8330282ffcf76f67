//! `PolicyReview`: the layers of a policy, every value, and every mistake that a run would meet.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use crate::environment::Environment;
use crate::pipeline::mistakes;
use crate::policy::{
    LayerKind, Layers, LeftOut, Loaded, Places, PolicyError, RepositoryFile, Setting, UnusedKey,
    in_order,
};
use crate::steps::STEPS;

use super::{Request, Session, Watch};

/// What `policy check` and `policy show` show.
#[derive(Debug)]
pub struct PolicyReview {
    /// The files that were read, in their order of precedence.
    pub layers: Vec<String>,
    /// What is wrong.
    pub problems: Vec<PolicyError>,
    /// Every value with its layer.
    pub values: Vec<Setting>,
    /// The keys of the repository's policy that do not count yet.
    pub left_out: Vec<LeftOut>,
    /// The keys that do not count because the system's policy locks them.
    pub locked: Vec<UnusedKey>,
    /// The keys of the repository's policy that do not count because a lower layer is stricter.
    pub outdone: Vec<UnusedKey>,
}

/// What `policy check --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PolicyCheck {
    /// The version of the document: `sendoff.policy-check/1`.
    pub schema: String,
    /// Whether there is no mistake.
    pub valid: bool,
    /// The layers without mistakes, in their order of precedence.
    pub layers: Vec<String>,
    /// The mistakes, sorted by layer and place.
    pub mistakes: Vec<Mistake>,
}

/// A mistake in a policy.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Mistake {
    /// The layer: `system`, `user`, `repository`, `--policy` or `--set`.
    pub layer: Option<String>,
    /// The file.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<usize>,
    /// The column in characters, from 1.
    pub column: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl PolicyCheck {
    /// The version of the document.
    pub const SCHEMA: &str = "sendoff.policy-check/1";

    /// Makes the document of a review.
    pub fn of(review: &PolicyReview) -> Self {
        Self {
            schema: Self::SCHEMA.into(),
            valid: review.problems.is_empty(),
            layers: review.layers.clone(),
            mistakes: review.problems.iter().map(Mistake::of).collect(),
        }
    }
}

impl Mistake {
    fn of(error: &PolicyError) -> Self {
        let place = error.line_and_column();
        Self {
            layer: error.origin().map(|origin| origin.policy_name().to_owned()),
            file: error.file().map(str::to_owned),
            line: place.map(|(line, _)| line),
            column: place.map(|(_, column)| column),
            message: error.message().to_owned(),
            help: error.help().map(str::to_owned),
        }
    }
}

impl PolicyReview {
    /// Collects the mistakes of the layers, and of what they are together.
    fn of(loaded: Loaded) -> Self {
        let remaining = loaded.without_mistakes(STEPS);
        let judged = remaining.as_ref().unwrap_or(&loaded.policy);
        let together = mistakes(judged, STEPS);
        let of_events = crate::events::mistakes(judged);
        Self {
            layers: loaded.layer_names(),
            values: loaded.policy.flatten(),
            left_out: loaded.left_out.clone(),
            locked: loaded.locked.clone(),
            outdone: loaded.outdone.clone(),
            problems: in_order(
                loaded
                    .problems
                    .into_iter()
                    .flat_map(crate::policy::PolicyProblem::mistakes)
                    .chain(together)
                    .chain(of_events)
                    .collect(),
            ),
        }
    }

    /// The review of a file that cannot be loaded at all.
    fn broken(error: PolicyError) -> Self {
        Self {
            layers: Vec::new(),
            problems: vec![error],
            values: Vec::new(),
            left_out: Vec::new(),
            locked: Vec::new(),
            outdone: Vec::new(),
        }
    }
}

/// Loads every layer and returns all mistakes.
pub fn review(
    request: &Request,
    environment: &Environment,
) -> Result<PolicyReview, Box<PolicyError>> {
    let watch = Watch::without_thread(request, "");
    let session = Session::open(request.clone(), environment.clone(), watch)?;
    Ok(PolicyReview::of(session.shown_with_policy_base()?))
}

/// Checks one file alone, as the layer that it is: `.sendoff.toml` by the rules of a repository's policy, the
/// system's and the user's own file by theirs, any other one as a user's, whatever its owner.
pub fn check_file(file: &Path, environment: &Environment) -> PolicyReview {
    let usual = Places::usual(environment.config_directory().as_deref());
    let whole = environment.cwd().join(file);
    let loaded = if file.file_name().is_some_and(|name| name == ".sendoff.toml") {
        let directory = whole.parent().unwrap_or(Path::new("/"));
        RepositoryFile::read(directory).and_then(|repository| match repository {
            Some(file) => {
                let built_in = Layers::load(&Places::default(), STEPS);
                built_in.and_then(|built_in| built_in.with_policy_base(&file, STEPS))
            }
            None => Layers::of_file(LayerKind::PolicyBase, file, STEPS),
        })
    } else if usual.system.as_deref() == Some(&whole) {
        let places = Places {
            user: None,
            ..usual
        };
        Layers::load(&places, STEPS)
    } else if usual.user.as_deref() == Some(&whole) && whole.exists() {
        let places = Places {
            system: None,
            ..usual
        };
        Layers::load(&places, STEPS)
    } else {
        Layers::of_file(LayerKind::User, file, STEPS)
    };
    loaded.map_or_else(PolicyReview::broken, PolicyReview::of)
}
