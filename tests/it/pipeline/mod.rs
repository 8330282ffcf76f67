//! The engine, with steps made for the test.

mod failures;
mod kinds;
mod limits;
mod order;
mod plan;

use std::sync::Arc;
use std::time::Duration;

use sendoff::clock::Clock;
use sendoff::environment::Environment;
use sendoff::names::RunId;
use sendoff::net::{FixedNetwork, Network};
use sendoff::pipeline::{
    AdvertisedBranches, Context, Deadline, DefaultBranch, Facts, ForgeSource, Hold,
    ListedPullRequests, Logins, PartialReport, Pipeline, PolicyBase, Receipts, RunFacts, RunInfo,
    SharedProgress, TaskDocument, TaskFacts, TaskKept,
};
use sendoff::policy::{LayerKind, Layers, Policy, Trigger};
use sendoff::reason::Code;
use sendoff::report::{Report, StepReport, Verdict};
use sendoff::secrets::KnownSecrets;
use sendoff::store::LazyStore;

use kinds::KINDS;

/// Reads a policy that is given over the built-in one.
fn policy(text: &str) -> Policy {
    Layers::from_texts(&[(LayerKind::PolicyFile, text)], KINDS)
        .map_err(|error| error.one_line())
        .unwrap()
        .policy
}

/// Returns an empty report for a test.
fn partial_report() -> PartialReport {
    let info = RunInfo {
        version: "0.1.0".into(),
        pipeline: "p".into(),
        trigger: "manual".into(),
        run_id: RunId::new(Clock::System.now()),
        repo: None,
        notes: Vec::new(),
    };
    PartialReport::new(info, &Clock::System)
}

/// Runs a pipeline on a runtime like the program's.
fn run_pipeline(
    policy: &Policy,
    pipeline: &Pipeline,
    deadline: &Deadline,
    partial_report: &PartialReport,
) -> Report {
    let facts = Facts {
        repo: None,
        task: TaskFacts {
            input: Some("{{ trigger }}".into()),
            ..TaskFacts::default()
        },
        trigger: "manual".into(),
        run: RunFacts { id: "r".into() },
        steps: std::collections::BTreeMap::new(),
    };
    let hold = Hold::new(Code::NotARepository, "there is no repository");
    let missing = hold.clone();
    let task = TaskDocument::default();
    let forge = ForgeSource::new(move || {
        let missing = missing.clone();
        async move { Err(missing) }
    });
    let network: Arc<dyn Network> = Arc::new(FixedNetwork::default());
    let cx = Context {
        network: &network,
        trigger: Trigger::Manual,
        run_id: RunId::new(Clock::System.now()),
        message_run: RunId::new(Clock::System.now()),
        policy,
        repo: None,
        shipment: Err(&hold),
        forge: &forge,
        pull_requests: &ListedPullRequests::new(),
        default_branch: &DefaultBranch::new(),
        platform: None,
        task: &task,
        task_kept: TaskKept::Nowhere,
        facts: &facts,
        advertised: &AdvertisedBranches::default(),
        policy_base: &PolicyBase::default(),
        logins: &Logins::default(),
        secrets: &KnownSecrets::default(),
        environment: &Environment::from_pairs("/", []),
        receipts: &Receipts::default(),
        step: "",
        store: &LazyStore::below(None, Clock::System),
        clock: &Clock::System,
        deadline,
        progress: &SharedProgress::default(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    pipeline.announce(partial_report);
    let report = runtime.block_on(pipeline.run(cx, partial_report));
    runtime.shutdown_timeout(Duration::from_millis(50));
    report
}

/// Plans and runs the pipeline `p` of a policy.
fn run(text: &str) -> Report {
    let policy = policy(text);
    let pipeline = Pipeline::plan(&policy, "p", KINDS)
        .map_err(|error| error.one_line())
        .unwrap();
    let deadline = Deadline::new(policy.limits().deadline.duration());
    run_pipeline(&policy, &pipeline, &deadline, &partial_report())
}

fn step<'a>(report: &'a Report, name: &str) -> &'a StepReport {
    report.steps.iter().find(|step| step.name == name).unwrap()
}

/// Returns verdict and reason of a step.
fn verdict<'a>(report: &'a Report, name: &str) -> (Verdict, Option<&'a str>) {
    let step = step(report, name);
    (step.verdict, step.reason.map(Code::as_str))
}
