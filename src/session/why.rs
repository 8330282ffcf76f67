//! Explains why a branch was not, or would not be, shipped: every guard, in the last run and in the next one.

use crate::pipeline::{Pipeline, Service};
use crate::policy::Setting;
use crate::reason::{Code, Reason};
use crate::report::{Report, Verdict};
use crate::steps::service_of;
use crate::store::Slot;

use super::Session;
use super::guard_list::{Asked, GUARDS, GuardDef};
use super::plan::Plan;
use super::why_document::{Decision, LastRun, Why, WhyGuard, WhyOutcome, WhySetting, WhyStep};

impl Session {
    /// Says why the current branch does, or does not, ship. Writes nothing and asks no server.
    pub fn why(&self, pipeline: &Pipeline) -> Why {
        let inspection = self.first_inspection();
        let plan = Plan::of(self, pipeline, &inspection);
        let branch = plan.repo.as_ref().and_then(|repo| repo.branch.clone());
        let last = branch.as_deref().and_then(|branch| self.last_run(branch));
        let held = planned_holds(&plan);
        let told = last.as_ref().map(reported_holds);
        let settings = self.loaded.policy.flatten();
        let guards = GUARDS.iter().map(|guard| WhyGuard {
            name: guard.name.to_owned(),
            last: told
                .as_deref()
                .map(|holds| decision(guard, holds, Run::Last)),
            next: decision(guard, &held, Run::Next),
            value: looked_at(guard, &plan),
            settings: guard
                .keys
                .iter()
                .flat_map(|key| values(key, &settings))
                .collect(),
        });
        Why {
            schema: Why::SCHEMA.to_owned(),
            guards: guards.collect(),
            steps: steps(&plan, last.as_ref()),
            last_run: last.as_ref().map(|report| LastRun {
                run_id: report.run_id.clone(),
                started_at: report.started_at.to_string(),
                trigger: report.trigger.clone(),
                verdict: report.verdict.as_str().to_owned(),
            }),
            pipeline: plan.pipeline,
            trigger: plan.trigger,
            branch,
            push_url: plan.push_url,
            notes: plan.notes,
        }
    }

    /// Returns the report of the last run of a branch; `None` where the store cannot be read.
    fn last_run(&self, branch: &str) -> Option<Report> {
        let slot = Slot {
            repository: self.repo()?.common_dir().to_owned(),
            branch: branch.to_owned(),
        };
        let store = self.store.existing()?;
        Some(store.last_run(&slot).ok()??.report)
    }
}

/// Why steps that ship did not run, or do not: the codes, in the order of the steps, each with the step's service.
type Holds = Vec<(Service, Option<Code>)>;

fn planned_holds(plan: &Plan) -> Holds {
    let steps = plan.groups.iter().flatten();
    let shipping = steps.filter_map(|step| Some((shipping(&step.kind)?, step)));
    let code = |held: Option<&Reason>| held.map(|reason| reason.code);
    shipping
        .map(|(service, step)| (service, code(step.held.as_ref())))
        .collect()
}

fn reported_holds(report: &Report) -> Holds {
    let steps = report.steps.iter();
    let shipping = steps.filter_map(|step| Some((shipping(&step.kind)?, step)));
    shipping
        .map(|(service, step)| {
            let code = step.reason.filter(|_| step.verdict != Verdict::Done);
            (service, code)
        })
        .collect()
}

fn shipping(kind: &str) -> Option<Service> {
    service_of(kind).filter(|service| *service != Service::Platform)
}

/// The run that a decision is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Run {
    Last,
    Next,
}

/// Returns what a guard decided, by the code of the step that it guards. The guards before the one that refused let
/// the branch through; those after it were not asked.
fn decision(guard: &GuardDef, holds: &[(Service, Option<Code>)], run: Run) -> Decision {
    let of = |service| holds.iter().find(|(found, _)| *found == service);
    let Some((_, push)) = of(Service::Remote).or_else(|| of(Service::Forge)) else {
        return Decision::NotReached;
    };
    let step = match (guard.asked, of(Service::Forge)) {
        (Asked::BeforePullRequest, Some((_, code))) if push.is_none() => *code,
        (Asked::BeforePullRequest, _) => return Decision::NotReached,
        (Asked::Here | Asked::DuringPush, _) => *push,
    };
    let Some(code) = step else {
        return match (guard.asked, run) {
            (Asked::Here, _) | (_, Run::Last) => Decision::Passes,
            (_, Run::Next) => Decision::AtRunTime,
        };
    };
    if guard.codes.contains(&code) {
        return Decision::Holds;
    }
    let place = |guard: &GuardDef| GUARDS.iter().position(|other| other.name == guard.name);
    let holding = GUARDS.iter().find(|guard| guard.codes.contains(&code));
    match holding {
        Some(holding) if place(guard) > place(holding) => Decision::NotReached,
        Some(_) => Decision::Passes,
        // No guard has this code: the step failed after the guards that are asked here.
        None if guard.asked == Asked::Here => Decision::Passes,
        None => Decision::NotReached,
    }
}

/// Returns what a guard looks at beside the policy.
fn looked_at(guard: &GuardDef, plan: &Plan) -> Option<String> {
    let repo = plan.repo.as_ref()?;
    match guard.name {
        "repository" => Some(repo.path.clone()),
        "branch" | "name" | "protected" => repo.branch.clone(),
        "remote" | "remote-allowed" | "remote-known" => {
            plan.push_url.clone().or_else(|| repo.remote.clone())
        }
        "base" => repo.base.clone(),
        "commits" => plan
            .push_url
            .as_ref()
            .map(|_| format!("{} to push", plan.commits.len())),
        _ => None,
    }
}

/// Returns the values of a key, one for each layer where several add to it; a default where no layer sets it.
fn values(key: &str, settings: &[Setting]) -> Vec<WhySetting> {
    let mut found: Vec<WhySetting> = settings
        .iter()
        .filter(|setting| setting.key == key)
        .map(|setting| WhySetting {
            key: setting.key.clone(),
            value: setting.value.clone(),
            layer: Some(setting.origin.to_string()),
        })
        .collect();
    if found.is_empty() {
        found.push(WhySetting {
            key: key.to_owned(),
            value: "not set".to_owned(),
            layer: None,
        });
    }
    found
}

/// Returns the steps of the next run, then those that only the last one had.
fn steps(plan: &Plan, last: Option<&Report>) -> Vec<WhyStep> {
    let reported = last
        .map(|report| report.steps.as_slice())
        .unwrap_or_default();
    let outcome_of = |name: &str| {
        let step = reported.iter().find(|step| step.name == name)?;
        let is_done = step.verdict == Verdict::Done;
        Some(WhyOutcome {
            verdict: step.verdict.as_str().to_owned(),
            reason: step.reason.map(|code| code.to_string()),
            message: (!is_done).then(|| step.summary.clone()),
            advice: step.advice.clone(),
        })
    };
    let planned: Vec<WhyStep> = plan
        .groups
        .iter()
        .flatten()
        .map(|step| {
            let held = step.held.as_ref();
            WhyStep {
                name: step.name.clone(),
                last: outcome_of(&step.name),
                next: Some(WhyOutcome {
                    verdict: if step.runs { "runs" } else { "skipped" }.to_owned(),
                    reason: held.map(|reason| reason.code.to_string()),
                    message: held.map(|reason| reason.message.clone()),
                    advice: held.and_then(|reason| reason.advice.clone()),
                }),
            }
        })
        .collect();
    let is_planned = |name: &str| planned.iter().any(|step| step.name == name);
    let gone: Vec<WhyStep> = reported
        .iter()
        .filter(|step| !is_planned(&step.name))
        .map(|step| WhyStep {
            name: step.name.clone(),
            last: outcome_of(&step.name),
            next: None,
        })
        .collect();
    planned.into_iter().chain(gone).collect()
}
