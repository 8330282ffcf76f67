//! `RedirectGuard`: refuses a redirect of a push to a repository that the push itself could not go to.

use crate::environment::Environment;
use crate::git::push::RedirectRule;
use crate::git::{Config, Matching, Repo};
use crate::names::RemoteUrl;
use crate::policy::Remotes;
use crate::reason::{Code, Reason};
use crate::trust::remote_id;

use super::known_remotes::may_be_led_to;
use super::{Session, known_remotes};

/// Returns the reason of a remote that `remotes.allowed` does not list.
pub(super) fn not_listed(url: &RemoteUrl) -> Reason {
    let message = format!("{url} is not among the remotes that the policy allows");
    Reason::new(Code::RemoteNotAllowed, message)
        .advise("add its URL to `remotes.allowed` in the user's or the system's policy")
}

/// What decides whether a redirect from one remote is followed.
#[derive(Debug)]
pub(super) struct RedirectGuard {
    from: RemoteUrl,
    remotes: Remotes,
    may_add: bool,
    repo: Option<Repo>,
    environment: Environment,
}

impl RedirectGuard {
    /// Makes the guard of a remote.
    pub(super) fn of(session: &Session, from: &RemoteUrl) -> Self {
        Self {
            from: from.clone(),
            remotes: session.loaded.policy.remotes().clone(),
            may_add: known_remotes::may_add(session.trigger, &session.environment),
            repo: session.repo().cloned(),
            environment: session.environment.clone(),
        }
    }
}

impl RedirectRule for RedirectGuard {
    fn objection(&self, to: &RemoteUrl) -> Option<Reason> {
        let (before, after) = (remote_id(&self.from), remote_id(to));
        if before == after {
            return None;
        }
        if !self.remotes.allowed.is_empty() {
            if !self.remotes.lists(to) {
                return Some(not_listed(to));
            }
        } else if !self.may_add
            && let Some(repo) = &self.repo
            && !may_be_led_to(repo, &self.environment, &before, &after)
        {
            let message = format!("this repository was never pushed to {to}");
            return Some(Reason::new(Code::RemoteUnknown, message));
        }
        let config = self.repo.as_ref()?.config();
        (logins(config, &self.from) != logins(config, to)).then(|| {
            let message = format!("the git configuration has other logins for {to}");
            Reason::new(Code::RedirectRefused, message)
        })
    }
}

/// Returns what the configuration says of logins for a place.
fn logins(config: &Config, url: &RemoteUrl) -> [Vec<String>; 4] {
    let http = |name| config.scoped("http", name, url, Matching::Best);
    let credential = |name| config.scoped("credential", name, url, Matching::All);
    [
        http("extraHeader"),
        http("cookieFile"),
        credential("helper"),
        credential("username"),
    ]
}
