//! `Plan`: what a run would do, and why; made without a request and without writing anything.

use schemars::JsonSchema;
use sendoff_push::Divergence;
use serde::Serialize;

use crate::exit::Exit;
use crate::git::{Commit, Repo};
use crate::pipeline::{Pipeline, Service, Shipment};
use crate::policy::Trigger;
use crate::reason::{Code, Reason};
use crate::report::{RepoReport, exit_of_notes};
use crate::secrets::{KnownSecrets, clean_line};
use crate::steps::{push_rewrites, service_of};

use super::Session;
use super::guards::Inspection;
use super::plan_step::{PlanStep, plan_groups};
use super::range::{lacking, unpushed};

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

/// Describes the result of a push to a branch with commits that are not in the clone. Only the remote knows whether it
/// still has them.
fn diverged(repo: &Repo, shipment: &Shipment) -> Option<Reason> {
    let (there, count) = lacking(repo, shipment)?;
    let (branch, remote) = (&shipment.branch, &shipment.remote.name);
    let commits = if count == 1 { "commit" } else { "commits" };
    let ours = repo.ahead(shipment.head, &[there], 0).ok()?.total;
    let mut divergence = if ours == 0 {
        Divergence::Behind
    } else {
        Divergence::Fetched
    };
    if repo.branch_was_at(branch, there) {
        divergence = divergence.of_own_commit();
    }
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
