//! `PlanStep`: what one step of a plan would do, and why not.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::pipeline::{Hold, Outputs, Pipeline, PlanView, PlannedStep, Service, Shipment};
use crate::reason::Reason;
use crate::report::Verdict;
use crate::secrets::clean_line;

use super::forge_connector::ForgeConnector;
use super::guards::Inspection;
use super::{Session, platform_client};

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
pub(super) fn plan_groups(
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

fn show(timeout: Duration) -> String {
    format!("{} s", timeout.as_secs_f64())
}
