//! `sendoff policy show` and `sendoff policy path`: which value counts, and where it comes from.

use std::fmt::Write as _;
use std::path::Path;

use crate::environment::Environment;
use crate::exit::Exit;
use crate::policy::{Places, Until};
use crate::session::{PolicyReview, Request, review};
use crate::steps::STEPS;

use super::super::output::{eprint, print};
use super::super::render;

/// Which keys are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keys {
    /// Those that a layer sets.
    Set,
    /// The others too, with their defaults.
    All,
}

/// Prints every value with its layer.
pub(super) fn show(request: &Request, keys: Keys, environment: &Environment) -> Exit {
    let PolicyReview {
        problems,
        values,
        left_out,
        locked,
        outdone,
        ..
    } = match review(request, environment) {
        Ok(review) => review,
        Err(error) => return render::policy_error(&error),
    };
    let mut values: Vec<(String, String, String)> = values
        .into_iter()
        .map(|value| (value.key, value.value, value.origin.to_string()))
        .collect();
    if keys == Keys::All {
        let mut defaults = crate::manual::schema::defaults(STEPS);
        defaults.retain(|(key, _)| values.iter().all(|(known, ..)| known != key));
        let defaults = defaults.into_iter();
        values.extend(defaults.map(|(key, value)| (key, value, "default".to_owned())));
    }
    let width = values
        .iter()
        .map(|(key, value, _)| key.len() + value.len() + 3)
        .max()
        .unwrap_or(0)
        .min(80);
    let mut text = String::new();
    for (key, value, origin) in &values {
        let setting = format!("{key} = {value}");
        // Writing to a `String` cannot fail.
        let _infallible = writeln!(text, "{setting:width$}  # {origin}");
    }
    for key in &left_out {
        let setting = format!("{} = {}", key.key, key.value);
        let until = match key.until {
            Until::Merged => "counts from the policy base on the remote only",
            Until::Trusted => "not trusted",
        };
        let _infallible = writeln!(text, "# {setting}  # {}: {until}", key.layer);
    }
    let unused = [
        (locked, "locked by the system policy"),
        (outdone, "a lower layer is stricter"),
    ];
    for (keys, why) in &unused {
        for key in keys {
            let setting = format!("{} = {}", key.key, key.value);
            let _infallible = writeln!(text, "# {setting}  # {}: {why}", key.layer);
        }
    }
    let printed = print(&text).exit();
    for problem in &problems {
        eprint(&render::policy_error_text(problem));
    }
    if problems.is_empty() {
        printed
    } else {
        Exit::Policy
    }
}

/// Prints where the policy files are.
pub(super) fn paths(directory: Option<&Path>, environment: &Environment) -> Exit {
    let places = Places::usual(environment.config_directory().as_deref());
    let repository = crate::session::repository_policy(directory, environment).ok();
    let files = [
        ("system", places.system),
        ("user", places.user),
        ("repository", repository),
    ];
    let mut text = String::new();
    for (layer, path) in files {
        let Some(path) = path else { continue };
        let absent = if path.exists() { "" } else { "  (not there)" };
        // Writing to a `String` cannot fail.
        let _infallible = writeln!(text, "{layer:<10}  {}{absent}", path.display());
    }
    print(&text).exit()
}
