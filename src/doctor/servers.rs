//! Checks of servers: the remote and its login, the base, the forge, the platform.

use jiff::SignedDuration;

use crate::reason::Code;
use crate::session::{ForgeAnswer, ProbeTarget, RemoteAnswer, Session};

use super::{Check, CheckResult};

/// A branch that need not exist, where no base is known.
const ANY_BRANCH: &str = "main";

/// How far the clock may be from a server's.
const MOST_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Makes the checks.
pub(super) fn checks(session: &Session) -> Vec<Check> {
    let mut checks = Vec::new();
    match session.probe_target() {
        Ok(target) => {
            let forge = session.probe_forge(&target);
            let default = forge
                .as_ref()
                .ok()
                .map(|answer| answer.default_branch.clone());
            let base = target.base.clone().or(default);
            checks.extend(remote(session, &target, base.as_ref()));
            checks.extend(
                forge
                    .as_ref()
                    .ok()
                    .and_then(|answer| skew(answer.access.clock_ahead?)),
            );
            checks.push(match forge {
                Ok(answer) => forge_access(answer, &target),
                // Whoever has no forge can do without pull requests.
                Err(hold) => {
                    let result = match hold.reason.code {
                        Code::NoForge | Code::NoToken => CheckResult::Warn,
                        _ => CheckResult::Fail,
                    };
                    Check::of("forge", result, hold.reason)
                }
            });
        }
        // The repository's own check tells a repository that is not there.
        Err(hold) if hold.reason.code == Code::NotARepository => {}
        Err(hold) => {
            let result = if hold.is_broken {
                CheckResult::Fail
            } else {
                CheckResult::Warn
            };
            checks.push(Check::of("remote", result, hold.reason));
        }
    }
    checks.push(match session.probe_platform() {
        Ok(Some(at)) => Check::pass("platform", format!("{at} answers")),
        Ok(None) => Check::pass("platform", "no platform is configured, and none is needed"),
        Err(hold) => Check::of("platform", CheckResult::Fail, hold.reason),
    });
    checks
}

/// Says what the forge lets the token do.
fn forge_access(answer: ForgeAnswer, target: &ProbeTarget) -> Check {
    let permissions = &answer.access.permissions;
    let may = match permissions {
        None => "it does not say what the token may do".to_owned(),
        Some(granted) if granted.is_empty() => "the token may do nothing".to_owned(),
        Some(granted) => format!("the token may: {}", granted.join(", ")),
    };
    let protects = answer.protection.map(|protection| {
        let branch = &target.branch;
        format!("; it protects `{branch}` by {protection}")
    });
    let protects = protects.unwrap_or_default();
    let message = format!("the forge takes the token; {may}{protects}");
    let can_push = |granted: &Vec<String>| granted.iter().any(|name| name == "push");
    if permissions.as_ref().is_none_or(can_push) {
        return Check::pass("forge", message);
    }
    Check::warn("forge", message)
        .advise("give the token write access to contents and pull requests, or work in a fork")
}

/// Compares the clock with the forge's.
fn skew(ahead: SignedDuration) -> Option<Check> {
    let apart = ahead.abs();
    if apart < MOST_SKEW {
        return None;
    }
    let side = if ahead.is_negative() {
        "ahead of"
    } else {
        "behind"
    };
    let message = format!(
        "the clock is {} minutes {side} the forge's",
        apart.as_mins()
    );
    let check = Check::warn("clock", message);
    Some(check.advise("set the clock: certificates and tokens look expired or not yet valid"))
}

/// Checks the remote, its login and the base in one conversation.
fn remote(
    session: &Session,
    target: &ProbeTarget,
    base: Option<&crate::names::BranchName>,
) -> Vec<Check> {
    let any = crate::names::BranchName::new(ANY_BRANCH).ok();
    let Some(asked) = base.or(any.as_ref()) else {
        return Vec::new();
    };
    let url = &target.remote.url;
    match session.probe_remote(target, asked) {
        RemoteAnswer::Ready(reached) => {
            let base = match base {
                Some(base) if reached.has_branch => {
                    Check::pass("base", format!("{base} is on the remote"))
                }
                Some(base) => Check::fail("base", format!("{base} is not on the remote"))
                    .advise("set `branches.base` in the policy to a branch that is there"),
                None => Check::warn(
                    "base",
                    "neither the policy nor the forge names a base branch",
                )
                .advise("set `branches.base` in the policy"),
            };
            vec![
                Check::pass("remote", format!("{url} answers over {}", reached.spoken)),
                Check::pass("login", "the remote takes a push without asking anybody"),
                base,
            ]
        }
        RemoteAnswer::NoLogin(reason) => vec![
            Check::pass("remote", format!("{url} answers")),
            Check::of("login", CheckResult::Fail, reason),
        ],
        RemoteAnswer::Failed(reason) => vec![Check::of("remote", CheckResult::Fail, reason)],
    }
}
