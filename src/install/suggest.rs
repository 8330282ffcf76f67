//! What there is on this machine and in this repository that could call us.

use std::path::PathBuf;

use crate::surfaces::{Base, Installation, Places};

use super::entry::Target;
use super::surroundings::Surroundings;

/// Returns the targets that are found here: git in a work tree, and each agent whose directory is there.
pub fn suggest(around: &Surroundings) -> Vec<Target> {
    let is_here = |target: &&Target| match target {
        Target::Git => around.work_tree().is_ok(),
        Target::Agent(surface) => match &surface.installation {
            Installation::Json(hook) => has_directory(&hook.places, around),
            Installation::Files(own) => has_directory(&own.places, around),
            // It has room for one program: whoever wants it asks for it.
            Installation::Notify(_) | Installation::GitHook | Installation::ByCaller => false,
        },
        // Git knows of them; the rest is asked for.
        Target::Manager(_) | Target::Completions => false,
    };
    Target::all().iter().filter(is_here).copied().collect()
}

/// Says whether the user's directory of an agent is there; of a plugin of ours, the directory of plugins.
fn has_directory(places: &Places, around: &Surroundings) -> bool {
    let environment = &around.environment;
    let named = places
        .variable
        .and_then(|name| environment.named_path(name));
    let base: Option<PathBuf> = match places.base {
        Base::Home => environment.home(),
        Base::Config => environment.config_home(),
    };
    let of_agent = places.user.strip_suffix("/sendoff").unwrap_or(places.user);
    let usual = || Some(base?.join(of_agent));
    named.or_else(usual).is_some_and(|path| path.is_dir())
}
