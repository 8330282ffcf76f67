//! Finds the programs on this machine and in this repository that can call us.

use std::path::PathBuf;

use crate::surfaces::{Base, Installation, Places};

use super::context::InstallContext;
use super::entry::Target;

/// Returns the targets that are in use: git in a work tree, and each agent whose directory exists.
pub fn suggest(context: &InstallContext) -> Vec<Target> {
    let is_here = |target: &&Target| match target {
        Target::Git => context.work_tree().is_ok(),
        Target::Agent(surface) => match &surface.installation {
            Installation::Json(hook) => has_directory(&hook.places, context),
            Installation::Files(own) => has_directory(&own.places, context),
            // It can call only one program, so it must be requested by name.
            Installation::Notify(_) | Installation::GitHook | Installation::ByCaller => false,
        },
        // Managers are handled by `git`, completions are requested by name.
        Target::Manager(_) | Target::Completions => false,
    };
    Target::all().iter().filter(is_here).copied().collect()
}

/// Says whether the user's directory of an agent exists; for a plugin of ours, the directory of plugins.
fn has_directory(places: &Places, context: &InstallContext) -> bool {
    let environment = &context.environment;
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
