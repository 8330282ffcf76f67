//! `Plan`: what a run would do, and why; made without a request and without writing anything.

use std::time::Duration;

use serde::Serialize;

use crate::exit::Exit;
use crate::pipeline::{Pipeline, PlannedStep};
use crate::policy::Trigger;
use crate::report::{BAD_INPUT, Note, RepoReport};
use crate::secrets::{clean_line, redact};

use super::Session;
use super::guards::Survey;

/// The value of [`Plan::schema`].
const SCHEMA: &str = "sendoff.plan/1";

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
    /// What it would do beside its name says, one line each.
    pub details: Vec<String>,
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
            schema: SCHEMA,
            pipeline: pipeline.name().to_owned(),
            trigger: session.trigger.to_string(),
            repo: survey.report(),
            commits: commits.unwrap_or_default(),
            push_url: shipment.map(|shipment| shipment.remote.url.to_string()),
            groups: groups.collect(),
            notes: session.notes.clone(),
        }
    }

    /// Returns the plan of a program that `SENDOFF=0` switched off.
    pub fn switched_off(pipeline: &str, trigger: Trigger) -> Self {
        Self {
            schema: SCHEMA,
            pipeline: pipeline.to_owned(),
            trigger: trigger.to_string(),
            repo: None,
            commits: Vec::new(),
            push_url: None,
            groups: Vec::new(),
            notes: vec![super::watch::switched_off()],
        }
    }

    /// Returns the exit code: a policy that a run could not use is 78 here too, a task document 64.
    pub fn exit(&self) -> Exit {
        let noted = |code: &str| self.notes.iter().any(|note| note.code == code);
        if noted("policy-error") {
            Exit::Policy
        } else if noted(BAD_INPUT) {
            Exit::Usage
        } else {
            Exit::Done
        }
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
        let hold =
            super::connect::platform(&session.environment, &session.loaded.policy, &session.known)
                .err()?;
        needs_platform
            .contains(&step.kind)
            .then_some((hold.sentence, hold.advice))
    };
    let held = held.or_else(no_platform);
    let details = match session.repo() {
        Some(repo) if held.is_none() => step.details(repo, &session.loaded.policy, session.trigger),
        _ => Vec::new(),
    };
    let (why, advice) = held.clone().unzip();
    PlanStep {
        name: step.name.clone(),
        kind: step.kind.to_owned(),
        runs: held.is_none(),
        why,
        advice: advice.flatten(),
        details: details
            .iter()
            .map(|line| clean_line(&redact(line)))
            .collect(),
        when: step.when().map(ToOwned::to_owned),
        needs: step.needs().to_vec(),
        timeout: step.timeout().map(show),
    }
}

fn show(timeout: Duration) -> String {
    format!("{} s", timeout.as_secs_f64())
}
