//! `push`: sends the current branch to its remote.

use std::cell::OnceCell;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc;

use async_trait::async_trait;
use futures_util::future::{Either, select};
use gix::ObjectId;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::git::push::{Action, Around, Progress, PushError, PushOrder, Pushed, Submodules, push};
use crate::git::{Hook, Matching, PrePush, Remote, Repo};
use crate::names::{RemoteName, RemoteUrl, Scheme};
use crate::pipeline::{
    Context, Destination, ErrorKind, Outcome, Outputs, Shipment, Step, StepDef, StepError,
    interruptible,
};
use crate::policy::{PushPermit, RemoteFacts, Trigger};

pub(super) const STEP: StepDef =
    StepDef::of::<Push>("push", "Sends the current branch to its remote.")
        .ships()
        .no_step_timeout();

/// Send the current branch to its remote
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Push {
    /// The remote: `auto` (the branch's `pushRemote`, `remote.pushDefault`, the branch's remote,
    /// `origin`, the only one), or a name.
    pub(super) remote: RemoteChoice,
    /// The `pre-push` hook: `run`, `skip`, or `auto`, which runs it where git would have been
    /// pushing (by hand and from a `post-commit` hook) and skips it for agents.
    pub(super) hooks: Hooks,
    /// Submodules: `check` refuses to push commits that name a submodule's commit which none of
    /// that submodule's remotes has; `ignore` does not look.
    pub(super) submodules: SubmoduleRule,
    /// Words for the server's hooks, as `git push --push-option` sends them.
    pub(super) options: Vec<PushWord>,
    /// Make the pushed branch the upstream of the local one, as `git push -u` does.
    pub(super) set_upstream: bool,
}

crate::classes!(Push {
    remote: D,
    hooks: C,
    submodules: BOrA("check"),
    options: B,
    set_upstream: D,
});

/// What becomes of submodules.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum SubmoduleRule {
    /// They are checked.
    #[default]
    Check,
    /// They are not looked at.
    Ignore,
}

/// One push option: a line of at most 1000 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub(super) struct PushWord(String);

impl TryFrom<String> for PushWord {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.is_empty() || text.len() > 1000 || text.contains(char::is_control) {
            return Err("wanted one line of 1 to 1000 bytes without control characters");
        }
        Ok(Self(text))
    }
}

impl From<PushWord> for String {
    fn from(word: PushWord) -> Self {
        word.0
    }
}

/// What becomes of the `pre-push` hook.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Hooks {
    /// It runs unless an agent asked.
    #[default]
    Auto,
    /// It runs.
    Run,
    /// It does not run.
    Skip,
}

/// `auto`, or the name of a remote.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub(super) enum RemoteChoice {
    /// As git would choose.
    #[default]
    Auto,
    /// This one.
    Named(RemoteName),
}

impl RemoteChoice {
    /// Returns the name, unless git's choice is asked for.
    pub(super) const fn name(&self) -> Option<&RemoteName> {
        match self {
            Self::Auto => None,
            Self::Named(name) => Some(name),
        }
    }
}

impl TryFrom<String> for RemoteChoice {
    type Error = crate::names::RemoteNameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text == "auto" {
            Ok(Self::Auto)
        } else {
            RemoteName::new(text).map(Self::Named)
        }
    }
}

impl From<RemoteChoice> for String {
    fn from(choice: RemoteChoice) -> Self {
        match choice {
            RemoteChoice::Auto => "auto".into(),
            RemoteChoice::Named(name) => name.into(),
        }
    }
}

#[async_trait(?Send)]
impl Step for Push {
    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let shipment = match cx.shipment {
            Ok(shipment) => shipment,
            Err(hold) => return Ok(hold.outcome()),
        };
        let Some(repo) = cx.repo else {
            return Ok(Outcome::skipped(
                "not-a-repository",
                "there is no repository here",
            ));
        };
        let (answer, asked) = mpsc::channel::<RemoteFacts>();
        let (around, news) = self.around(repo, cx);
        let work = Work {
            repo: repo.clone(),
            permit: shipment.permit.clone(),
            new: shipment.head,
            destinations: destinations(shipment, &around),
            set_upstream: self.set_upstream,
            now: cx.clock.now(),
        };
        let progress = cx.progress.holding(cx.deadline);
        let pushing = interruptible(move |stop| {
            let told = OnceCell::new();
            let facts = || {
                told.get_or_init(|| asked.recv().unwrap_or_default())
                    .clone()
            };
            work.push_to_all(&facts, &progress, stop)
        });
        // The remote's HEAD is asked for beside the handshake: it is needed at the last line before
        // the pack leaves, and not at all when there is nothing to send.
        let telling = async {
            let head = cx.remote_head.get().await.cloned();
            // The push may have ended already; then nobody needs the answer.
            let _ended = answer.send(RemoteFacts { head });
        };
        let arrivals = match select(Box::pin(pushing), Box::pin(telling)).await {
            Either::Left((arrivals, _)) => arrivals?,
            Either::Right(((), pushing)) => pushing.await?,
        };
        outcome(shipment, arrivals, &news)
    }
}

/// Returns the places to push to, in the order of git.
fn destinations(shipment: &Shipment, around: &Around) -> Vec<Destination> {
    let first = Destination {
        remote: shipment.remote.clone(),
        push_options: shipment.push_options.clone(),
    };
    let all = std::iter::once(first).chain(shipment.also.iter().cloned());
    all.map(|mut destination| {
        destination.push_options.around = around.clone();
        destination
    })
    .collect()
}

/// What is pushed where, on a thread of its own.
struct Work {
    repo: Repo,
    permit: PushPermit,
    new: ObjectId,
    destinations: Vec<Destination>,
    set_upstream: bool,
    now: Timestamp,
}

/// What became of the push to one place.
struct Arrival {
    url: RemoteUrl,
    pushed: Result<Pushed, PushError>,
    /// What could not be noted down on this side. The remote has the branch all the same.
    untold: Vec<String>,
}

impl Work {
    /// Pushes to every place, as git does: one that refuses does not keep it from the others.
    fn push_to_all(
        &self,
        facts: &dyn Fn() -> RemoteFacts,
        progress: &dyn Progress,
        stop: &AtomicBool,
    ) -> Vec<Arrival> {
        let places = self.destinations.iter();
        places
            .map(|place| {
                let order = PushOrder {
                    permit: &self.permit,
                    remote: &place.remote,
                    new: self.new,
                    options: &place.push_options,
                    remote_facts: facts,
                    progress,
                    stop,
                };
                let pushed = push(&self.repo.thread_local(), &order);
                let untold = match &pushed {
                    Ok(pushed) => self.note_down(&place.remote, pushed),
                    Err(_) => Vec::new(),
                };
                Arrival {
                    url: place.remote.url.clone(),
                    pushed,
                    untold,
                }
            })
            .collect()
    }

    /// Moves the tracking ref and sets the upstream, and returns what of it did not work.
    fn note_down(&self, remote: &Remote, pushed: &Pushed) -> Vec<String> {
        let branch = self.permit.branch();
        let mut untold = Vec::new();
        if let Err(error) = self
            .repo
            .update_tracking(remote, branch, pushed.new, self.now)
        {
            untold.push(format!("the tracking ref was not moved: {error}"));
        }
        if self.set_upstream
            && let Err(error) = self.repo.set_upstream(remote, branch)
        {
            untold.push(error.to_string());
        }
        untold
    }
}

impl Push {
    /// Returns what is done around the push, and what the report has to say about it.
    fn around(&self, repo: &Repo, cx: &Context<'_>) -> (Around, News) {
        let mut news = News::default();
        if let Ok(shipment) = cx.shipment
            && asks_for_no_verification(repo, &shipment.remote.url)
        {
            news.warnings.push(
                "http.sslVerify = false in the git configuration is ignored: certificates are checked (http.sslCAInfo names an authority of your own)".into(),
            );
        }
        let around = Around {
            hook: self.hook(repo, cx.trigger, &mut news),
            hook_timeout: cx.policy.limits().hook_timeout.duration(),
            submodules: match self.submodules {
                SubmoduleRule::Check => Submodules::Check,
                SubmoduleRule::Ignore => Submodules::Ignore,
            },
            push_options: self.options.iter().cloned().map(String::from).collect(),
        };
        (around, news)
    }

    /// Returns the `pre-push` hook when it is to run, and notes what the report has to say about it.
    fn hook(&self, repo: &Repo, trigger: Trigger, news: &mut News) -> Option<Hook> {
        let found = match repo.pre_push_hook() {
            PrePush::None => return None,
            PrePush::Found(hook) => hook,
            PrePush::NotExecutable(path) => {
                let path = path.display();
                news.warn(
                    "skipped",
                    format!("{path} is not executable, so it was not run"),
                );
                return None;
            }
            PrePush::Outside(path) => {
                let path = path.display();
                news.warn(
                    "skipped",
                    format!("core.hooksPath of the repository leads out of the work tree to {path}: no hook was run"),
                );
                return None;
            }
        };
        let why = match self.hooks {
            Hooks::Run => None,
            Hooks::Skip => Some("the policy says so"),
            Hooks::Auto if trigger.is_agent() => Some("an agent asked for the push"),
            Hooks::Auto => None,
        };
        match why {
            None => {
                news.state = Some("ran");
                Some(found)
            }
            Some(why) => {
                let sentence = format!("the pre-push hook was skipped: {why} (steps.push.hooks)");
                news.warn("skipped", sentence);
                None
            }
        }
    }
}

/// Says whether the user's git configuration wants certificates unchecked, which is never done.
fn asks_for_no_verification(repo: &Repo, url: &RemoteUrl) -> bool {
    let values = repo
        .config()
        .scoped("http", "sslVerify", url, Matching::Best);
    let off = |value: &String| {
        ["false", "no", "off", "0"]
            .iter()
            .any(|no| value.eq_ignore_ascii_case(no))
    };
    url.scheme() == Scheme::Https && values.last().is_some_and(off)
}

/// What the report says beside the push: of the `pre-push` hook, and of keys that do not count.
#[derive(Debug, Default)]
struct News {
    state: Option<&'static str>,
    warnings: Vec<String>,
}

impl News {
    fn warn(&mut self, state: &'static str, warning: String) {
        self.state = Some(state);
        self.warnings.push(warning);
    }

    fn tell(&self, outputs: &mut Outputs) {
        if let Some(state) = self.state {
            outputs.insert("hook".into(), state.into());
        }
        if !self.warnings.is_empty() {
            outputs.insert("warnings".into(), self.warnings.clone().into());
        }
    }
}

/// Puts a push in the words of the report. One place that refused makes it a failure.
fn outcome(shipment: &Shipment, arrivals: Vec<Arrival>, hook: &News) -> Result<Outcome, StepError> {
    let several = arrivals.len() > 1;
    let mut outputs = Outputs::new();
    let mut summary = None;
    let mut also = Vec::new();
    for arrival in arrivals {
        let pushed = arrival.pushed.map_err(|error| {
            let mut told = step_error(&error);
            if several {
                told.summary = format!("{}: {}", arrival.url, told.summary);
            }
            hook.tell(&mut told.outputs);
            told
        })?;
        if summary.is_some() {
            also.push(arrival.url.to_string());
            continue;
        }
        summary = Some(one_line(shipment, &pushed));
        describe(&mut outputs, &pushed);
        if !arrival.untold.is_empty() {
            outputs.insert("tracking".into(), arrival.untold.join("; ").into());
        }
    }
    let mut summary = summary.unwrap_or_default();
    if !also.is_empty() {
        summary = format!("{summary}, and at {}", also.join(", "));
        outputs.insert("also".into(), also.into());
    }
    hook.tell(&mut outputs);
    Ok(Outcome::Done { summary, outputs })
}

fn describe(outputs: &mut Outputs, pushed: &Pushed) {
    outputs.insert("action".into(), pushed.action.as_str().into());
    outputs.insert("old".into(), pushed.old.map(|id| id.to_string()).into());
    outputs.insert("new".into(), pushed.new.to_string().into());
    outputs.insert("bytes".into(), pushed.bytes.into());
    outputs.insert("objects".into(), pushed.objects.into());
    if !pushed.messages.is_empty() {
        outputs.insert("messages".into(), pushed.messages.clone().into());
    }
}

fn one_line(shipment: &Shipment, pushed: &Pushed) -> String {
    let (branch, remote) = (&shipment.branch, &shipment.remote.name);
    let short = pushed.new.to_hex_with_len(8);
    match pushed.action {
        Action::UpToDate => format!("{remote} already has {branch} at {short}"),
        Action::Created => format!("{branch} is new on {remote}, at {short}"),
        Action::Updated => format!("{branch} on {remote} moved to {short}"),
    }
}

fn step_error(error: &PushError) -> StepError {
    let kind = if error.is_transient() {
        ErrorKind::Transient
    } else {
        ErrorKind::Denied
    };
    let mut told = StepError::new(kind, error.class(), error.summary());
    told.advice = error.advice();
    let key = match error {
        PushError::HookDeclined { .. } => "hook-output",
        _ => "messages",
    };
    if !error.messages().is_empty() {
        told.outputs.insert(key.into(), error.messages().into());
    }
    told
}
