//! `Plan`: what a run would do, and why; made without a request and without writing anything.

use std::time::Duration;

use serde::Serialize;

use crate::exit::Exit;
use crate::pipeline::{Pipeline, PlannedStep};
use crate::report::{Note, RepoReport};
use crate::secrets::{clean_line, redact};

use super::Session;
use super::guards::Survey;

/// What a run would do.
#[derive(Debug, Serialize)]
pub struct Plan {
    /// The version of this document: `sendoff.plan/1`.
    pub schema: &'static str,
    /// The pipeline.
    pub pipeline: String,
    /// Who asks.
    pub trigger: String,
    /// The repository, where there is one.
    pub repo: Option<RepoReport>,
    /// The commits that would leave, oldest first: short id and subject.
    pub commits: Vec<String>,
    /// Where the branch would be pushed to.
    pub push_url: Option<String>,
    /// The steps, group by group.
    pub groups: Vec<Vec<PlanStep>>,
    /// What the user should know.
    pub notes: Vec<Note>,
}

/// What one step would do.
#[derive(Debug, Serialize)]
pub struct PlanStep {
    /// The step's name.
    pub name: String,
    /// The kind of code.
    pub kind: String,
    /// Whether it would run, as far as can be known here.
    pub runs: bool,
    /// Why not, or on what it depends.
    pub why: Option<String>,
    /// What to do about it.
    pub advice: Option<String>,
    /// Its condition.
    pub when: Option<String>,
    /// What has to be done before it.
    pub needs: Vec<String>,
    /// How long it may take.
    pub timeout: Option<String>,
}

impl Plan {
    pub(super) fn of(session: &Session, pipeline: &Pipeline, survey: &Survey) -> Self {
        let shipment = survey.shipment.as_ref().ok();
        let commits = shipment.map(|shipment| {
            let line = |commit: &crate::git::Commit| {
                let subject = clean_line(&redact(&commit.subject));
                format!("{} {subject}", commit.id.to_hex_with_len(8))
            };
            shipment.commits.iter().map(line).collect()
        });
        let groups = pipeline.groups().map(|group| {
            group
                .iter()
                .map(|step| plan_step(session, survey, step))
                .collect()
        });
        Self {
            schema: "sendoff.plan/1",
            pipeline: pipeline.name().to_owned(),
            trigger: session.trigger.to_string(),
            repo: survey.report(),
            commits: commits.unwrap_or_default(),
            push_url: shipment.map(|shipment| shipment.remote.url.to_string()),
            groups: groups.collect(),
            notes: session.notes.clone(),
        }
    }

    /// Returns the exit code: a policy that a run could not use is 78 here too.
    pub fn exit(&self) -> Exit {
        let broken = self.notes.iter().any(|note| note.code == "policy-error");
        if broken { Exit::Policy } else { Exit::Done }
    }
}

/// Kinds that a broken policy stops, and that need no branch to ship.
const RUNS_ANYWHERE: &[&str] = &["exec", "http"];

fn plan_step(session: &Session, survey: &Survey, step: &PlannedStep) -> PlanStep {
    let held = match &survey.shipment {
        Err(hold) if step.ships() && !RUNS_ANYWHERE.contains(&step.kind) => {
            Some((hold.sentence.clone(), hold.advice.clone()))
        }
        _ if !step.is_enabled() => {
            Some(("the policy leaves it out (`enabled = false`)".into(), None))
        }
        _ => None,
    };
    let no_platform = || {
        let needs_platform = [
            "memory-commit",
            "memory-recall",
            "heartbeat-set",
            "heartbeat-clear",
        ];
        let hold = super::connect::platform(&session.environment, &session.loaded.policy).err()?;
        needs_platform
            .contains(&step.kind)
            .then_some((hold.sentence, hold.advice))
    };
    let held = held.or_else(no_platform);
    let (why, advice) = held.clone().unzip();
    PlanStep {
        name: step.name.clone(),
        kind: step.kind.to_owned(),
        runs: held.is_none(),
        why,
        advice: advice.flatten(),
        when: step.when().map(ToOwned::to_owned),
        needs: step.needs().to_vec(),
        timeout: step.timeout().map(show),
    }
}

fn show(timeout: Duration) -> String {
    format!("{} s", timeout.as_secs_f64())
}
