//! `push`: sends the current branch to its remote.

mod advice;
mod destinations;
mod forge_questions;
mod protection_note;
mod record;
mod settings;
mod undo;
mod words;
mod work;

use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::failpoint::{Point, reach};
use crate::git::push::{HookTerminal, LocalOptions, Submodules};
use crate::git::{Hook, PrePush, Repo, is_false, refused_values, unheeded};
use crate::names::RemoteName;
use crate::pipeline::{
    Context, Outcome, PlanView, Retry, Service, Step, StepDef, StepError, interruptible,
};
use crate::policy::{Policy, RemoteChoice, Trigger};

pub use self::advice::advice;
use self::destinations::{destinations, promised};
use self::forge_questions::forge_questions;
use self::protection_note::protection_note;
use self::record::PushRecord;
use self::settings::{Hooks, PushOption, Rewrite, Settle, SubmoduleRule, Verify};
pub use self::undo::{CLOSE, ClosePullRequest, TAKE_BACK, TakeBack};
use self::words::{PushNotes, outcome};
use self::work::Work;

pub(super) const STEP: StepDef =
    StepDef::of::<Push>("push", "Sends the current branch to its remote.")
        .asks(Service::Remote)
        .learns_login()
        .no_step_timeout()
        .retry(Retry::Branch);

/// Send the current branch to its remote
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Push {
    /// The remote: `auto` (the branch's `pushRemote`, `remote.pushDefault`, the branch's remote,
    /// `origin`, the only one), or a name.
    remote: RemoteChoice,
    /// The `pre-push` hook: `run`, `skip`, or `auto`, which runs it where git would have been
    /// pushing (by hand and from a `post-commit` hook) and skips it for agents.
    hooks: Hooks,
    /// Submodules: `check` refuses to push commits that name a submodule's commit which none of
    /// that submodule's remotes has; `ignore` does not look.
    submodules: SubmoduleRule,
    /// Words for the server's hooks, as `git push --push-option` sends them.
    options: Vec<PushOption>,
    /// A branch that was rewritten after it was pushed, as by `git commit --amend` or `git rebase`: `refuse` says so, with
    /// the command that pushes it; `lease` replaces it, as `git push --force-with-lease` does, where the remote has
    /// exactly what this machine recorded pushing from this repository. Never on a protected branch, never for agents,
    /// and never what somebody else pushed.
    rewrite: Rewrite,
    /// Whether the remote is asked once more after it has reported that the push arrived: `always`, `never`, or `auto`,
    /// which asks where nobody waits for the answer (in a worker, and for agents). A branch that the remote does not
    /// show at the pushed commit is `unverified`: it is tried again, and no pull request is opened for it.
    verify: Verify,
    /// How long a worker waits after the last commit before it pushes, such as `20s`: a commit that is about to be
    /// amended is pushed once. In the foreground nothing waits.
    settle: Settle,
    /// Make the pushed branch the upstream of the local one, as `git push -u` does.
    set_upstream: bool,
}

crate::classes!(Push {
    remote: D,
    hooks: C,
    submodules: BOrA("check"),
    options: B,
    rewrite: D,
    verify: DOrA("always"),
    settle: B,
    set_upstream: D,
});

#[async_trait(?Send)]
impl Step for Push {
    fn details(&self, view: &PlanView<'_>) -> Vec<String> {
        let PlanView {
            policy, trigger, ..
        } = *view;
        let Some(repo) = view.repo else {
            return Vec::new();
        };
        let mut notes = PushNotes::default();
        let mut lines = Vec::new();
        if let Some(hook) = self.hook(repo, trigger, &mut notes) {
            lines.push(format!(
                "runs the pre-push hook {} first, for at most {} (limits.hook-timeout)",
                hook.path.display(),
                policy.branch_limits().hook_timeout,
            ));
        }
        lines.extend(notes.warnings);
        lines.extend(match self.submodules(repo, policy) {
            SubmoduleRule::Ignore => {
                let key = match self.submodules {
                    SubmoduleRule::Ignore => "steps.push.submodules",
                    SubmoduleRule::Check => "push.recurseSubmodules of the git configuration",
                };
                Some(format!(
                    "does not look whether the submodules are pushed ({key})"
                ))
            }
            SubmoduleRule::Check if has_submodules(repo) => {
                Some("checks first that the submodules are pushed (steps.push.submodules)".into())
            }
            SubmoduleRule::Check => None,
        });
        if !self.options.is_empty() {
            let words: Vec<&str> = self.options.iter().map(PushOption::as_str).collect();
            lines.push(format!(
                "tells the server's hooks: {} (steps.push.options)",
                words.join(", ")
            ));
        }
        if self.rewrite.applies(trigger) {
            lines.push(
                "replaces the branch where it was rewritten and the remote has what was pushed from here (steps.push.rewrite)"
                    .into(),
            );
        }
        if self.set_upstream {
            lines.push(
                "makes the pushed branch the upstream of the local one (steps.push.set-upstream)"
                    .into(),
            );
        }
        lines
    }

    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let (shipment, repo) = match cx.shipment_and_repo() {
            Ok(both) => both,
            Err(end) => return end,
        };
        let (local, mut notes) = self.local_options(repo, cx);
        let (ask_forge, questions) = forge_questions();
        let verify = self.verify.applies(cx.trigger);
        let work = Work {
            ask_forge,
            repo: repo.clone(),
            permit: shipment.permit.clone(),
            new: shipment.head,
            destinations: destinations(shipment, &local, verify),
            promised: promised(shipment, cx.environment),
            set_upstream: self.set_upstream,
            verify,
            rewrite: self.rewrite.applies(cx.trigger),
            record: PushRecord::of(cx, repo, &shipment.branch),
            now: cx.clock.now(),
            logins: cx.logins.clone(),
            advertised: cx.advertised.clone(),
            policy_base: cx.policy_base.clone(),
        };
        reach(Point::PushBegins);
        let progress = cx.progress.suspending(cx.deadline);
        let pushing = interruptible(move |stop| work.push_to_all(&progress, stop));
        let outcomes = tokio::select! {
            outcomes = pushing => outcomes?,
            never = questions.answer(cx) => match never {},
        };
        let note = protection_note(cx, shipment, &outcomes).await;
        notes.warnings.extend(note);
        outcome(shipment, outcomes, &notes, cx.clock.now())
    }
}

impl Push {
    /// Returns the remote that the policy names; `None` for git's own choice.
    pub(super) const fn remote(&self) -> Option<&RemoteName> {
        self.remote.name()
    }

    /// Says whether a branch that was rewritten may replace what was pushed, when `trigger` asks.
    pub(super) fn rewrites(&self, trigger: Trigger) -> bool {
        self.rewrite.applies(trigger)
    }

    /// Returns how long a commit must be the newest before a worker pushes it.
    pub(super) fn settle(&self) -> Duration {
        self.settle.duration()
    }

    /// Returns what is done before the push, and the notes on it for the report.
    fn local_options(&self, repo: &Repo, cx: &Context<'_>) -> (LocalOptions, PushNotes) {
        let mut notes = PushNotes::default();
        if let Ok(shipment) = cx.shipment {
            let (config, url) = (repo.config(), &shipment.remote.url);
            notes.warnings.extend(unheeded(config, cx.environment, url));
            notes
                .warnings
                .extend(refused_values(config, cx.environment, url));
        }
        let local = LocalOptions {
            hook: self.hook(repo, cx.trigger, &mut notes),
            hook_prefix: repo.prefix(cx.environment.cwd()),
            hook_terminal: match cx.trigger {
                _ if !cx.environment.is_terminal() => HookTerminal::Absent,
                Trigger::Manual => HookTerminal::Given,
                _ => HookTerminal::Withheld,
            },
            hook_timeout: cx.policy.branch_limits().hook_timeout.duration(),
            submodules: match self.submodules(repo, cx.policy) {
                SubmoduleRule::Check => Submodules::Check,
                SubmoduleRule::Ignore => Submodules::Ignore,
            },
            push_options: self.push_options(repo),
        };
        (local, notes)
    }

    /// Returns the policy's rule for submodules; without one, `push.recurseSubmodules = no` of the user's git
    /// configuration switches the check off.
    fn submodules(&self, repo: &Repo, policy: &Policy) -> SubmoduleRule {
        let configured = repo.config().string("push.recurseSubmodules");
        if policy.origin_of("steps.push.submodules").is_none()
            && configured.is_some_and(|value| is_false(&value))
        {
            SubmoduleRule::Ignore
        } else {
            self.submodules
        }
    }

    /// Returns the policy's push options, else those of the user's git configuration, where an empty one removes
    /// those before it.
    fn push_options(&self, repo: &Repo) -> Vec<String> {
        if !self.options.is_empty() {
            return self.options.iter().cloned().map(String::from).collect();
        }
        let mut options = repo.config().strings("push.pushOption");
        let start = options.iter().rposition(String::is_empty);
        options.split_off(start.map_or(0, |at| at + 1))
    }

    /// Returns the `pre-push` hook when it is to run, and adds the notes on it.
    fn hook(&self, repo: &Repo, trigger: Trigger, notes: &mut PushNotes) -> Option<Hook> {
        let against = match self.hooks {
            Hooks::Skip => Some("the policy says so"),
            Hooks::Auto if trigger.is_agent() => Some("an agent asked for the push"),
            Hooks::Run | Hooks::Auto => None,
        };
        notes
            .warnings
            .extend(unrun(&repo.configured_pre_push_hooks()));
        let why = match (repo.pre_push_hook(), against) {
            (PrePush::None, _) => return None,
            (PrePush::Found(hook), None) => {
                notes.state = Some("ran");
                return Some(hook);
            }
            (PrePush::Found(_), Some(against)) => {
                format!("the pre-push hook was skipped: {against} (steps.push.hooks)")
            }
            (PrePush::NotExecutable(path), _) => {
                format!("{} is not executable, so it was not run", path.display())
            }
            (PrePush::Outside(path), _) => format!(
                "core.hooksPath of the repository leads out of the work tree to {}: no hook was run",
                path.display()
            ),
        };
        notes.warn("skipped", why);
        None
    }
}

/// Says that hooks of the git configuration are not run; none where there are none.
fn unrun(hooks: &[String]) -> Option<String> {
    let listed = (!hooks.is_empty()).then(|| hooks.join(", "));
    listed.map(|names| {
        format!("not run before the push: {names} of the git configuration, which git runs from 2.54 on; only the file pre-push is run here")
    })
}

/// Says whether the work tree names submodules; the push itself checks those of the commits.
fn has_submodules(repo: &Repo) -> bool {
    repo.work_tree()
        .is_some_and(|top| top.join(".gitmodules").symlink_metadata().is_ok())
}
