//! `Context`: what a step can use. All of it is borrowed; what can be absent is an `Option`.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use crate::clock::Clock;
use crate::environment::Environment;
use crate::forge::{Forge, ForgeError, PullRequests};
use crate::git::Repo;
use crate::git::credentials::Sources;
use crate::names::BranchName;
use crate::names::RunId;
use crate::net::Network;
use crate::platform::Platform;
use crate::policy::{Policy, Trigger};
use crate::reason::Code;
use crate::secrets::{KnownSecrets, Outgoing};
use crate::store::{LazyStore, Pending, Slot};
use crate::template::{Template, TemplateError};

use super::advertised_branches::AdvertisedBranches;
use super::backoff::wait_until;
use super::blocking::{interruptible, no_thread};
use super::deadline::Deadline;
use super::facts::{Facts, TaskDocument};
use super::hold::{Hold, Shipment};
use super::logins::{Logins, may_hold_password};
use super::outbox::{Outbox, TaskKept};
use super::outcome::{ErrorKind, Outcome, StepError};
use super::policy_base::PolicyBase;
use super::progress::SharedProgress;
use super::receipts::Receipts;

/// How long a text waits for the push to know its login. The server that it waits for may be one that says nothing.
const LOGIN_WAIT: Duration = Duration::from_secs(3);

type LocalFuture<T> = Pin<Box<dyn Future<Output = T>>>;
type Connected = Result<Box<dyn Forge>, Hold>;

/// The result of looking up the branch's pull requests; empty until they were looked up.
pub type ListedPullRequests = OnceCell<Result<PullRequests, ForgeError>>;

/// The forge's default branch; empty until it was requested.
pub type DefaultBranch = OnceCell<Result<BranchName, ForgeError>>;

/// What a step can use.
#[derive(Debug, Clone, Copy)]
pub struct Context<'run> {
    /// What started the run.
    pub trigger: Trigger,
    /// Where the proxy and TLS settings of requests come from.
    pub network: &'run Arc<dyn Network>,
    /// The run's id.
    pub run_id: RunId,
    /// The run that keys the messages: an earlier one, when this run repeats it.
    pub message_run: RunId,
    /// The policy.
    pub policy: &'run Policy,
    /// The repository; `None` outside of one.
    pub repo: Option<&'run Repo>,
    /// What to push, or why nothing is pushed.
    pub shipment: Result<&'run Shipment, &'run Hold>,
    /// The forge, connected at the first use.
    pub forge: &'run ForgeSource,
    /// The pull requests of the branch, looked up once.
    pub pull_requests: &'run ListedPullRequests,
    /// The forge's default branch, requested once where the policy names no base.
    pub default_branch: &'run DefaultBranch,
    /// The agents' platform; `None` when it is not configured.
    pub platform: Option<&'run Platform>,
    /// The task document.
    pub task: &'run TaskDocument,
    /// Whether the task is kept outside this run.
    pub task_kept: TaskKept,
    /// The facts, with the results of earlier steps; read only.
    pub facts: &'run Facts,
    /// The branches that the remote advertised to a push of this run.
    pub advertised: &'run AdvertisedBranches,
    /// The copy of the repository's policy that the run was planned with.
    pub policy_base: &'run PolicyBase,
    /// Says when the push's login is known.
    pub logins: &'run Logins,
    /// The secrets that no outgoing text may contain, see [`Context::outgoing`].
    pub secrets: &'run KnownSecrets,
    /// The name of the running step.
    pub step: &'run str,
    /// The store, which is opened at the first write.
    pub store: &'run LazyStore,
    /// The process's variables and directories.
    pub environment: &'run Environment,
    /// The actions to run once the data of this run is printed.
    pub receipts: &'run Receipts,
    /// The clock.
    pub clock: &'run Clock,
    /// The run's deadline, which is suspended while pack bytes are sent.
    pub deadline: &'run Deadline,
    /// The listener to a push's progress.
    pub progress: &'run SharedProgress,
}

impl<'run> Context<'run> {
    /// Returns the shipment and the repository. The error is the step's result without them.
    pub fn shipment_and_repo(
        &self,
    ) -> Result<(&'run Shipment, &'run Repo), Result<Outcome, StepError>> {
        let shipment = self.shipment.map_err(Hold::outcome)?;
        let missing = || Outcome::skipped(Code::NotARepository, "there is no repository here");
        let repo = self.repo.ok_or_else(|| Ok(missing()))?;
        Ok((shipment, repo))
    }

    /// Returns the outbox for messages to the platform.
    pub const fn outbox(&self) -> Outbox<'_> {
        Outbox::new(self.store, self.clock, self.secrets).of_task(self.task_kept)
    }

    /// Returns the key of this step's message, see [`message_key`].
    pub fn message_key(&self) -> String {
        message_key(self.message_run, self.step)
    }

    /// Returns the end of a pause that the forge asked for, while it lasts.
    pub fn paused_until(&self) -> Option<Timestamp> {
        let what = self.pending()?.what;
        let asked = what.reason == Code::RateLimited.as_str();
        let wait = wait_until(self.clock.now(), what.not_before);
        (asked && !wait.is_zero()).then_some(what.not_before)
    }

    /// Returns the pending row of this branch.
    fn pending(&self) -> Option<Pending> {
        let store = self.store.existing()?;
        let slot = Slot {
            repository: self.repo?.common_dir().to_owned(),
            branch: self.shipment.ok()?.branch.to_string(),
        };
        store.pending(&slot).ok()?
    }

    /// Renders a template with the facts, for this machine only.
    pub fn render(&self, template: &Template) -> Result<String, StepError> {
        template
            .render(self.facts)
            .map_err(|error| template_error(&error))
    }

    /// Renders a template whose text is sent to a server. Secrets are hidden in the facts, before a filter
    /// can cut them, and in the result.
    pub async fn outgoing(&self, template: &Template) -> Result<Outgoing, StepError> {
        self.outgoing_changed(template, &str::to_owned).await
    }

    /// Hides the secrets in a text that is sent to a server as it is.
    pub async fn outgoing_text(&self, text: &str) -> Outgoing {
        if text.is_empty() {
            return Outgoing::default();
        }
        self.logins_known(may_hold_password(text)).await;
        self.secrets.outgoing(text)
    }

    /// Waits until the logins are known that a text can contain: the push's own, and where `may_hold` those that the
    /// user's credential helpers keep for the remote, even if the push uses another one. The push's own is waited for only
    /// so long.
    async fn logins_known(&self, may_hold: bool) {
        let is_settled = timeout(LOGIN_WAIT, self.logins.settled()).await.is_ok();
        let Ok(shipment) = self.shipment else {
            return;
        };
        if is_settled && !may_hold {
            return;
        }
        let first = (&shipment.push_options, &shipment.remote);
        let also = shipment.also.iter();
        let also = also.map(|place| (&place.push_options, &place.remote));
        let places = std::iter::once(first).chain(also);
        let sources: Vec<Sources> = places
            .filter_map(|(options, remote)| options.sources(&remote.url))
            .collect();
        let learn = async {
            let learned = interruptible(move |_stop| sources.iter().for_each(Sources::learn)).await;
            if let Err(error) = learned {
                tracing::debug!(?error, "the helpers were not asked");
            }
        };
        self.logins.learn(learn).await;
    }

    /// Renders like [`outgoing`](Self::outgoing), with `change` applied to every text of the facts.
    pub async fn outgoing_changed(
        &self,
        template: &Template,
        change: &dyn Fn(&str) -> String,
    ) -> Result<Outgoing, StepError> {
        let facts = self.outgoing_facts(change).await?;
        let text = template
            .render(&facts)
            .map_err(|error| template_error(&error))?;
        Ok(self.secrets.outgoing_changed(&text, change))
    }

    /// Returns the facts without secrets, with `change` applied to every text.
    pub async fn outgoing_facts(
        &self,
        change: &dyn Fn(&str) -> String,
    ) -> Result<Value, StepError> {
        let mut facts = serde_json::to_value(self.facts).map_err(|error| {
            StepError::new(ErrorKind::Internal, Code::Template, error.to_string())
        })?;
        self.logins_known(others_text_may_hold_password(&facts))
            .await;
        self.secrets.hide_json(&mut facts);
        each_text(&mut facts, change);
        Ok(facts)
    }
}

/// Returns the key of the message of a run's step. Every delivery of the message has the same one.
pub fn message_key(run: RunId, step: &str) -> String {
    format!("{run}/{step}")
}

/// Says whether a text by other authors, in the task or the commits, can contain a password.
fn others_text_may_hold_password(facts: &Value) -> bool {
    let task = facts["task"].as_object();
    let task = task.into_iter().flat_map(|task| task.values());
    let commits = facts["repo"]["commits"].as_array().into_iter().flatten();
    let commits =
        commits.flat_map(|commit| [&commit["subject"], &commit["body"], &commit["author"]]);
    let mut texts = task.chain(commits).filter_map(Value::as_str);
    texts.any(may_hold_password)
}

fn template_error(error: &TemplateError) -> StepError {
    if let TemplateError::NoThread(refusal) = error {
        return no_thread(refusal);
    }
    StepError::new(ErrorKind::Denied, Code::Template, error.to_string()).advise(
        "correct the template in the policy; `sendoff policy show` prints the layer that it comes from",
    )
}

fn each_text(value: &mut Value, change: &dyn Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = change(text),
        Value::Array(values) => values.iter_mut().for_each(|value| each_text(value, change)),
        Value::Object(entries) => entries
            .values_mut()
            .for_each(|value| each_text(value, change)),
        _ => {}
    }
}

/// The forge, connected at the first call, because finding a token can start a credential helper.
///
/// Owns what it needs, because it is part of the run and cannot borrow from it.
pub struct ForgeSource {
    cell: OnceCell<Connected>,
    connect: Box<dyn Fn() -> LocalFuture<Connected>>,
}

impl ForgeSource {
    /// Makes a source that calls `connect` once, at the first use.
    pub fn new<F>(connect: impl Fn() -> F + 'static) -> Self
    where
        F: Future<Output = Connected> + 'static,
    {
        Self {
            cell: OnceCell::new(),
            connect: Box::new(move || Box::pin(connect())),
        }
    }

    /// Returns the forge, or why there is none.
    pub async fn get(&self) -> Result<&dyn Forge, &Hold> {
        self.cell
            .get_or_init(|| (self.connect)())
            .await
            .as_ref()
            .map(|forge| &**forge)
    }
}

impl fmt::Debug for ForgeSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForgeSource")
            .field("asked", &self.cell.initialized())
            .finish_non_exhaustive()
    }
}
