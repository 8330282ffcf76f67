//! `Plan`: what a run would do, and why; made without a request and without writing anything.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use sendoff_push::Divergence;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::exit::Exit;
use crate::git::{Commit, Repo};
use crate::pipeline::{Hold, Outputs, Pipeline, PlanView, PlannedStep, Service, Shipment};
use crate::policy::Trigger;
use crate::reason::{Code, Reason};
use crate::report::{RepoReport, Verdict, exit_of_notes};
use crate::secrets::{KnownSecrets, clean_line};
use crate::steps::{push_rewrites, service_of};

use super::forge_connector::ForgeConnector;
use super::guards::Inspection;
use super::range::{lacking, unpushed};
use super::{Session, platform_client};

/// What a run would do.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Plan {
    /// The version of this document: `sendoff.plan/1`.
    pub schema: &'static str,
    /// The pipeline.
    pub pipeline: String,
    /// What would start the run.
    pub trigger: String,
    /// The repository, where there is one.
    pub repo: Option<RepoReport>,
    /// The commits that would be sent, oldest first: short id and subject. Without those that the remote's branch has
    /// already, as of the last push or fetch.
    pub commits: Vec<String>,
    /// Whether the remote's branch has all of them already, as of the last push or fetch.
    pub already_pushed: bool,
    /// Where the branch would be pushed to.
    pub push_url: Option<String>,
    /// The steps, group by group.
    pub groups: Vec<Vec<PlanStep>>,
    /// What the user should know.
    pub notes: Vec<Reason>,
}

/// What one step would do.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PlanStep {
    /// The step's name.
    pub name: String,
    /// The kind of code.
    pub kind: String,
    /// Whether it would run, as far as can be known here.
    pub runs: bool,
    /// Why not, in the same words as in a run's report.
    #[serde(flatten, serialize_with = "why")]
    #[schemars(with = "HeldKeys")]
    pub held: Option<Reason>,
    /// Details of what it would do, one line each.
    pub details: Vec<String>,
    /// What its outputs and its requests would say, as far as nobody has to be asked: of `pr-create` the `title`, `base` and
    /// `draft` of a pull request that it opens.
    pub expects: Map<String, Value>,
    /// Its condition.
    pub when: Option<String>,
    /// The steps that must be done before it.
    pub needs: Vec<String>,
    /// Its time limit.
    pub timeout: Option<String>,
}

impl Plan {
    /// The version of the document.
    pub const SCHEMA: &str = "sendoff.plan/1";

    pub(super) fn of(session: &Session, pipeline: &Pipeline, inspection: &Inspection) -> Self {
        let shipment = inspection.shipment.as_ref().ok();
        let unpushed = shipment
            .zip(session.repo())
            .and_then(|(shipment, repo)| unpushed(repo, &session.loaded.policy, shipment));
        let already_pushed = unpushed.as_ref().is_some_and(Vec::is_empty);
        let commits = match (unpushed, shipment) {
            (Some(commits), _) => commits,
            (None, Some(shipment)) => shipment.commits.clone(),
            (None, None) => Vec::new(),
        };
        let groups = plan_groups(session, inspection, pipeline);
        let mut notes = session.notes_on(inspection);
        let mut steps = groups.iter().flatten();
        let rewrites = push_rewrites(&session.loaded.policy, session.trigger);
        if steps.any(|step| step.runs && service_of(&step.kind) == Some(Service::Remote))
            && !rewrites
        {
            notes.extend(
                shipment
                    .zip(session.repo())
                    .and_then(|(shipment, repo)| diverged(repo, shipment)),
            );
        }
        Self {
            schema: Self::SCHEMA,
            pipeline: pipeline.name().to_owned(),
            trigger: session.trigger.to_string(),
            repo: inspection.report(&session.known),
            commits: commits
                .iter()
                .map(|commit| short(commit, &session.known))
                .collect(),
            already_pushed,
            // A token may stand there as the user.
            push_url: shipment.map(|shipment| {
                let url = shipment.remote.url.to_string();
                session.known.hide(&url).into_owned()
            }),
            groups,
            notes,
        }
    }

    /// Returns the plan of a program that `SENDOFF=0` switched off.
    pub fn switched_off(pipeline: &str, trigger: Trigger) -> Self {
        Self {
            schema: Self::SCHEMA,
            pipeline: pipeline.to_owned(),
            trigger: trigger.to_string(),
            repo: None,
            commits: Vec::new(),
            already_pushed: false,
            push_url: None,
            groups: Vec::new(),
            notes: vec![super::watch::switched_off()],
        }
    }

    /// Returns the exit code: a policy that a run could not use is 78 here too, a task document 64. One that had no time to
    /// look at the branch has failed.
    pub fn exit(&self) -> Exit {
        let held = self
            .groups
            .iter()
            .flatten()
            .filter_map(|step| step.held.as_ref());
        let is_late = held.into_iter().any(|reason| reason.code == Code::Deadline);
        exit_of_notes(&self.notes).worst(if is_late { Exit::Failed } else { Exit::Done })
    }
}

/// The keys that say why a step does not run; each is null where it runs.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "its fields are for the schema")]
struct HeldKeys {
    /// A stable code.
    reason: Option<String>,
    /// The sentence.
    why: Option<String>,
    /// What to do about it.
    advice: Option<String>,
}

/// Writes why a step does not run beside its other keys: code, sentence, advice.
#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
fn why<S: Serializer>(held: &Option<Reason>, serializer: S) -> Result<S::Ok, S::Error> {
    let held = held.as_ref();
    let mut keys = serializer.serialize_map(Some(3))?;
    keys.serialize_entry("reason", &held.map(|reason| reason.code))?;
    keys.serialize_entry("why", &held.map(|reason| &reason.message))?;
    keys.serialize_entry("advice", &held.and_then(|reason| reason.advice.as_ref()))?;
    keys.end()
}

/// Plans group after group: a step that needs one that does not run does not run either.
fn plan_groups(
    session: &Session,
    inspection: &Inspection,
    pipeline: &Pipeline,
) -> Vec<Vec<PlanStep>> {
    let mut verdicts = BTreeMap::new();
    let mut groups = Vec::new();
    for group in pipeline.groups() {
        let holds = group.iter().map(|step| {
            let hold = step.hold().or_else(|| step.unmet(&verdicts));
            hold.or_else(|| own_hold(session, inspection, step))
        });
        let planned: Vec<(&PlannedStep, Option<Hold>)> = group.iter().zip(holds).collect();
        for (step, hold) in &planned {
            let verdict = match hold {
                None => Verdict::Done,
                Some(hold) if hold.is_broken => Verdict::Failed,
                Some(_) => Verdict::Skipped,
            };
            if !step.is_disabled() {
                verdicts.insert(step.name.clone(), verdict);
            }
        }
        let planned = planned.into_iter();
        groups.push(
            planned
                .map(|(step, hold)| plan_step(session, inspection, step, hold))
                .collect(),
        );
    }
    groups
}

/// Returns why the step would not run, as far as that is known without a request.
fn own_hold(session: &Session, inspection: &Inspection, step: &PlannedStep) -> Option<Hold> {
    match (step.service()?, &inspection.shipment) {
        (Service::Platform, _) => {
            let platform = session.platform();
            platform.is_err().then(platform_client::no_platform)
        }
        (Service::Remote | Service::Forge, Err(hold)) => Some(hold.clone()),
        (Service::Forge, Ok(shipment)) => ForgeConnector::of(session, shipment).hold(),
        (Service::Remote, Ok(_)) => None,
    }
}

fn plan_step(
    session: &Session,
    inspection: &Inspection,
    step: &PlannedStep,
    hold: Option<Hold>,
) -> PlanStep {
    let facts = session.facts(inspection);
    let view = PlanView {
        trigger: session.trigger,
        policy: &session.loaded.policy,
        repo: session.repo(),
        shipment: inspection.shipment.as_ref().ok(),
        facts: &facts,
        task: &session.task,
        secrets: &session.known,
    };
    let runs = hold.is_none();
    let (mut details, expects) = if runs {
        (step.details(&view), step.expected(&view))
    } else {
        (Vec::new(), Outputs::new())
    };
    if runs && step.service() == Some(Service::Forge) {
        details.extend(inspection.shipment.as_ref().ok().and_then(into_another));
    }
    PlanStep {
        name: step.name.clone(),
        kind: step.kind.to_owned(),
        runs,
        held: hold.map(|hold| hold.reason),
        details: details
            .iter()
            .map(|line| clean_line(&session.known.hide(line)))
            .collect(),
        expects,
        when: step.when().map(ToOwned::to_owned),
        needs: step.needs().to_vec(),
        timeout: step.timeout().map(show),
    }
}

/// Describes the repository of the pull request, if it is another one than the one pushed to.
fn into_another(shipment: &Shipment) -> Option<String> {
    let base = shipment.base_repository()?;
    Some(format!(
        "opens it in {}, the repository of the remote {}, from the branch in {}",
        base.name, base.remote.name, shipment.repository
    ))
}

/// Describes the result of a push to a branch with commits that are not in the clone. Only the remote knows whether it
/// still has them.
fn diverged(repo: &Repo, shipment: &Shipment) -> Option<Reason> {
    let (there, count) = lacking(repo, shipment)?;
    let (branch, remote) = (&shipment.branch, &shipment.remote.name);
    let commits = if count == 1 { "commit" } else { "commits" };
    let ours = repo.ahead(shipment.head, &[there], 0).ok()?.total;
    let divergence = if ours == 0 {
        Divergence::Behind
    } else if repo.branch_was_at(branch, there) {
        Divergence::Rewritten
    } else {
        Divergence::Fetched
    };
    let message = format!(
        "{branch} on {remote} has {count} {commits} that {branch} here has not, as far as the last push or \
         fetch tells: the push would fail as diverged"
    );
    let advice = divergence.advice(branch.as_str(), remote.as_str(), &there);
    Some(Reason::new(Code::Diverged, message).advise(advice))
}

/// Puts a commit on one line.
fn short(commit: &Commit, known: &KnownSecrets) -> String {
    let subject = clean_line(&known.hide(&commit.subject));
    format!("{} {subject}", commit.id.to_hex_with_len(8))
}

fn show(timeout: Duration) -> String {
    format!("{} s", timeout.as_secs_f64())
}
