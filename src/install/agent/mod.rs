//! Coding agents: a handler in a file of theirs, or files of our own in their directories.

mod agent_place;
mod cst_value;
mod handler_list;
mod json_file;
mod notify;
mod own_files;

use crate::surfaces::{Installation, SurfaceDef};

use super::context::InstallContext;
use super::entry::{Entry, Scope};
use super::error::InstallError;
use super::plan::Plan;

use self::agent_place::AgentPlace;

/// The default scope of an agent's hook, because an agent works in many repositories.
const DEFAULT_SCOPE: Scope = Scope::User;

/// The byte order mark.
const BOM: &str = "\u{feff}";

/// Every scope.
const SCOPES: [Scope; 3] = [Scope::User, Scope::Project, Scope::Local];

/// Splits a byte order mark, which some editors write, off a text.
fn split_bom(text: &str) -> (&'static str, &str) {
    match text.strip_prefix(BOM) {
        Some(rest) => (BOM, rest),
        None => ("", text),
    }
}

/// Plans the installation.
pub(super) fn plan_install(
    surface: &'static SurfaceDef,
    scope: Option<Scope>,
    context: &InstallContext,
) -> Result<Plan, InstallError> {
    let scope = scope.unwrap_or(DEFAULT_SCOPE);
    let place = |places| AgentPlace::of(surface, places, scope, context);
    match &surface.installation {
        Installation::Json(hook) => json_file::install(&place(&hook.places)?, hook, context),
        Installation::Notify(places) => notify::install(&place(places)?, context),
        Installation::Files(own) => own_files::install(&place(&own.places)?, own, context),
        Installation::GitHook | Installation::ByCaller => Ok(Plan::default()),
    }
}

/// Plans the removal, in every scope unless one is given.
pub(super) fn plan_uninstall(
    surface: &'static SurfaceDef,
    scope: Option<Scope>,
    context: &InstallContext,
) -> Result<Plan, InstallError> {
    let mut plan = Plan::default();
    for place in places(surface, scope, context)? {
        plan.extend(match &surface.installation {
            Installation::Json(hook) => json_file::uninstall(&place, hook, context)?,
            Installation::Notify(_) => notify::uninstall(&place, context)?,
            Installation::Files(own) => own_files::uninstall(&place, own)?,
            Installation::GitHook | Installation::ByCaller => Plan::default(),
        });
    }
    Ok(plan)
}

/// Returns the entries of an agent that call us.
pub(super) fn find(
    surface: &'static SurfaceDef,
    context: &InstallContext,
) -> Result<Vec<Entry>, InstallError> {
    let mut entries = Vec::new();
    for place in places(surface, None, context)? {
        entries.extend(match &surface.installation {
            Installation::Json(hook) => json_file::find(&place, hook)?,
            Installation::Notify(_) => notify::find(&place)?,
            Installation::Files(own) => own_files::find(&place, own)?,
            Installation::GitHook | Installation::ByCaller => Vec::new(),
        });
    }
    Ok(entries)
}

/// Returns the places of an agent in all scopes, or in the given one, which must exist.
fn places(
    surface: &'static SurfaceDef,
    scope: Option<Scope>,
    context: &InstallContext,
) -> Result<Vec<AgentPlace>, InstallError> {
    let places = match &surface.installation {
        Installation::Json(hook) => &hook.places,
        Installation::Notify(places) => places,
        Installation::Files(own) => &own.places,
        Installation::GitHook | Installation::ByCaller => return Ok(Vec::new()),
    };
    if let Some(scope) = scope {
        return Ok(vec![AgentPlace::of(surface, places, scope, context)?]);
    }
    let all = SCOPES.into_iter();
    let found = all.filter_map(|scope| AgentPlace::of(surface, places, scope, context).ok());
    Ok(found.collect())
}
