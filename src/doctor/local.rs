//! Checks of this machine: the switch, the policy, the repository, the state directory, the disk, the clock.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, access, statvfs};

use crate::environment::Environment;
use crate::install::InstallContext;
use crate::session::{Request, Session, review};
use crate::store::Store;

use super::Check;

/// A policy's mistakes, up to this many, are named one by one.
const MOST_MISTAKES: usize = 3;
/// With less room than this nothing can be kept, in bytes.
const LITTLE_ROOM: u64 = 1 << 20;
/// With less room than this there soon will be none, in bytes.
const SOME_ROOM: u64 = 64 << 20;
/// No clock is right that is before the first release: 2026-01-01, in seconds since 1970.
const FIRST_RELEASE: i64 = 1_767_225_600;

/// Makes the checks.
pub(super) fn checks(session: &Session, context: &InstallContext) -> Vec<Check> {
    let environment = &context.environment;
    let mut checks = vec![switch(environment), policy(context), repository(session)];
    checks.extend(state(environment));
    checks.push(clock(crate::clock::Clock::System.now().as_second()));
    checks
}

fn switch(environment: &Environment) -> Check {
    if environment.is_off() {
        Check::warn("switch", "SENDOFF=0 switches sendoff off").advise("unset SENDOFF")
    } else {
        Check::pass("switch", "sendoff is switched on")
    }
}

fn policy(context: &InstallContext) -> Check {
    let request = Request {
        directory: Some(context.directory.clone()),
        ..Request::default()
    };
    let problems = match review(&request, &context.environment) {
        Ok(review) if review.problems.is_empty() => {
            return Check::pass("policy", format!("policy OK: {}", review.layers.join(", ")));
        }
        Ok(review) => review.problems,
        Err(error) => vec![*error],
    };
    let told = problems.iter().take(MOST_MISTAKES);
    let told: Vec<String> = told.map(crate::policy::PolicyError::one_line).collect();
    let more = match problems.len().saturating_sub(MOST_MISTAKES) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    Check::fail("policy", format!("{}{more}", told.join("; "))).advise("sendoff policy check")
}

fn repository(session: &Session) -> Check {
    match session.probed_repo() {
        Ok(Some(repo)) => match repo.work_tree() {
            Some(top) => Check::pass("repository", top.display().to_string()),
            None => Check::warn(
                "repository",
                "the repository is bare: it has no branch at work",
            ),
        },
        Ok(None) => Check::warn("repository", "there is no git repository here")
            .advise("run in a work tree, or name one with -C"),
        Err(hold) => Check::of("repository", super::CheckResult::Fail, hold.reason.clone()),
    }
}

/// Checks the state directory without writing to it, what is kept there, and the room on its disk.
fn state(environment: &Environment) -> Vec<Check> {
    let Some(directory) = environment.state_directory() else {
        let message =
            "there is no state directory: XDG_STATE_HOME names none, and HOME is no directory";
        return vec![
            Check::fail("state", message).advise("set HOME or XDG_STATE_HOME to an absolute path"),
        ];
    };
    let shown = directory.display();
    // What is not there yet is made below the first directory that is.
    let there = first_that_exists(&directory);
    let writable = access(&there, Access::WRITE_OK | Access::EXEC_OK);
    let state = match writable {
        Ok(()) => Check::pass("state", format!("{shown} can be written")),
        Err(error) => Check::fail(
            "state",
            format!("{} cannot be written: {error}", there.display()),
        )
        .advise(format!(
            "make {shown} a directory of yours, or set XDG_STATE_HOME to one"
        )),
    };
    let store = match Store::check(&directory) {
        Ok(()) if Store::exists(&directory) => Check::pass("store", "the store is whole"),
        Ok(()) => Check::pass("store", "nothing is kept yet"),
        Err(error) => {
            let reason = crate::reason::Reason::of(crate::reason::Code::StoreUnavailable, &error);
            Check::of("store", super::CheckResult::Fail, reason).advise(error.advice())
        }
    };
    vec![state, store, disk(&there)]
}

fn first_that_exists(directory: &Path) -> PathBuf {
    let mut there = directory.ancestors();
    there
        .find(|path| path.exists())
        .unwrap_or(directory)
        .to_owned()
}

fn disk(directory: &Path) -> Check {
    let shown = directory.display();
    let room = match statvfs(directory) {
        Ok(mount) => mount.f_bavail.saturating_mul(mount.f_frsize),
        Err(error) => {
            return Check::warn("disk", format!("the room at {shown} is not known: {error}"));
        }
    };
    let message = format!("{} MiB are free at {shown}", room >> 20);
    match room {
        room if room < LITTLE_ROOM => Check::fail("disk", message).advise("free some room"),
        room if room < SOME_ROOM => Check::warn("disk", message).advise("free some room"),
        _ => Check::pass("disk", message),
    }
}

/// Checks a time in seconds since 1970.
fn clock(now: i64) -> Check {
    if now < FIRST_RELEASE {
        return Check::fail(
            "clock",
            "the clock is wrong: it is before this program was made",
        )
        .advise("set the clock: certificates and tokens look expired or not yet valid");
    }
    Check::pass("clock", "the clock is later than this program")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::CheckResult;

    #[test]
    fn a_clock_before_the_first_release_is_wrong() {
        assert_eq!(clock(0).result, CheckResult::Fail);
        assert_eq!(clock(FIRST_RELEASE).result, CheckResult::Pass);
    }

    #[test]
    fn room_that_is_not_known_is_no_failure() {
        assert_eq!(
            disk(Path::new("/no/such/directory")).result,
            CheckResult::Warn
        );
    }
}
