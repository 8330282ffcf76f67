//! Coding agents: a handler in a file of theirs, or files of our own where they look.

mod cst_value;
mod handler_list;
mod json_file;
mod notify;
mod own_files;
mod place;
mod removal;

use crate::surfaces::{Installation, SurfaceDef};

use super::entry::{Entry, Scope};
use super::error::InstallError;
use super::plan::Plan;
use super::surroundings::Surroundings;

use self::place::Place;

/// The scope of an agent's hook, unless one is named: the agent works in many repositories.
const DEFAULT_SCOPE: Scope = Scope::User;

/// Every scope.
const SCOPES: [Scope; 3] = [Scope::User, Scope::Project, Scope::Local];

/// Plans the installation.
pub(super) fn plan_install(
    surface: &'static SurfaceDef,
    scope: Option<Scope>,
    around: &Surroundings,
) -> Result<Plan, InstallError> {
    let scope = scope.unwrap_or(DEFAULT_SCOPE);
    let place = |places| Place::of(surface, places, scope, around);
    match &surface.installation {
        Installation::Json(hook) => json_file::install(&place(&hook.places)?, hook, around),
        Installation::Notify(places) => notify::install(&place(places)?, around),
        Installation::Files(own) => own_files::install(&place(&own.places)?, own, around),
        Installation::GitHook | Installation::ByCaller => Ok(Plan::default()),
    }
}

/// Plans the removal: in every scope unless one is named.
pub(super) fn plan_uninstall(
    surface: &'static SurfaceDef,
    scope: Option<Scope>,
    around: &Surroundings,
) -> Result<Plan, InstallError> {
    let mut plan = Plan::default();
    for place in places(surface, scope, around)? {
        plan.extend(match &surface.installation {
            Installation::Json(hook) => json_file::uninstall(&place, hook, around)?,
            Installation::Notify(_) => notify::uninstall(&place, around)?,
            Installation::Files(own) => own_files::uninstall(&place, own)?,
            Installation::GitHook | Installation::ByCaller => Plan::default(),
        });
    }
    Ok(plan)
}

/// Returns what calls us on behalf of an agent.
pub(super) fn find(
    surface: &'static SurfaceDef,
    around: &Surroundings,
) -> Result<Vec<Entry>, InstallError> {
    let mut entries = Vec::new();
    for place in places(surface, None, around)? {
        entries.extend(match &surface.installation {
            Installation::Json(hook) => json_file::find(&place, hook)?,
            Installation::Notify(_) => notify::find(&place)?,
            Installation::Files(own) => own_files::find(&place, own)?,
            Installation::GitHook | Installation::ByCaller => Vec::new(),
        });
    }
    Ok(entries)
}

/// Returns the places of an agent that there are here. A scope that is named must be one of them.
fn places(
    surface: &'static SurfaceDef,
    scope: Option<Scope>,
    around: &Surroundings,
) -> Result<Vec<Place>, InstallError> {
    let places = match &surface.installation {
        Installation::Json(hook) => &hook.places,
        Installation::Notify(places) => places,
        Installation::Files(own) => &own.places,
        Installation::GitHook | Installation::ByCaller => return Ok(Vec::new()),
    };
    if let Some(scope) = scope {
        return Ok(vec![Place::of(surface, places, scope, around)?]);
    }
    let all = SCOPES.into_iter();
    let found = all.filter_map(|scope| Place::of(surface, places, scope, around).ok());
    Ok(found.collect())
}
