//! `PartialReport`: the report so far, for the watchdog to print when the run is stuck.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use jiff::Timestamp;
use serde_json::Map;

use crate::clock::Clock;
use crate::names::RunId;
use crate::reason::{Code, Reason};
use crate::report::{RepoReport, Report, SCHEMA, StepReport, Verdict};
use crate::secrets::KnownSecrets;
use crate::threads::lock;

use super::deadline::Deadline;
use super::facts::StepFacts;
use super::report_text::{redact_again, sanitize_note, set_end};
use super::step_end::{StepEnd, passed};

/// What the report says about a run besides its steps.
#[derive(Debug, Clone)]
pub struct RunInfo {
    /// The version of sendoff.
    pub version: String,
    /// The name of the pipeline, or of the one step.
    pub pipeline: String,
    /// Who asked for the run.
    pub trigger: String,
    /// The run's id.
    pub run_id: RunId,
    /// The repository, if there is one.
    pub repo: Option<RepoReport>,
    /// Messages to the user that belong to no step.
    pub notes: Vec<Reason>,
}

/// The report so far. Clones share it.
#[derive(Debug, Clone)]
pub struct PartialReport {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    report: Report,
    clock: Clock,
    began: Instant,
    /// The secrets to hide.
    secrets: KnownSecrets,
    /// The number of known secrets when the first step ended.
    hidden: Option<usize>,
    /// The progress of each step of the report.
    progress: Vec<Progress>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Waiting,
    Running(Instant),
    Ended,
}

impl PartialReport {
    /// Starts a report. Steps are added when the run begins.
    pub fn new(info: RunInfo, clock: &Clock) -> Self {
        let report = Report {
            schema: SCHEMA.into(),
            run_id: info.run_id.to_string(),
            version: info.version,
            pipeline: info.pipeline,
            trigger: info.trigger,
            repo: info.repo,
            started_at: clock.now(),
            duration_ms: 0,
            verdict: Verdict::Skipped,
            exit_code: 0,
            steps: Vec::new(),
            notes: info.notes,
        };
        Self {
            state: Arc::new(Mutex::new(State {
                report,
                clock: clock.clone(),
                began: Instant::now(),
                secrets: KnownSecrets::default(),
                hidden: None,
                progress: Vec::new(),
            })),
        }
    }

    /// Makes the report of a run that could not start, because the system refused a thread or a timer.
    pub fn not_started(&self, error: &std::io::Error) -> Report {
        let message = format!("the run could not start: {error}");
        let reason = Reason::new(Code::NotStarted, message)
            .advise("free memory or processes, then run again");
        self.note(reason);
        self.conclude()
    }

    /// Redacts these secrets, and those that are added to them later.
    #[must_use]
    pub fn hiding(self, secrets: &KnownSecrets) -> Self {
        self.lock().secrets = secrets.clone();
        self
    }

    /// Sets what became known about the run since the report was started.
    pub fn describe(&self, pipeline: &str, repo: Option<RepoReport>, notes: &[Reason]) {
        let mut state = self.lock();
        pipeline.clone_into(&mut state.report.pipeline);
        state.report.repo = repo;
        state.report.notes = notes.to_vec();
    }

    /// Returns an independent copy, for another attempt. No step of it has started.
    #[must_use]
    pub fn for_retry(&self) -> Self {
        let state = self.lock();
        let report = state.report.clone();
        Self {
            state: Arc::new(Mutex::new(State {
                report,
                clock: state.clock.clone(),
                began: state.began,
                secrets: state.secrets.clone(),
                hidden: None,
                progress: state.progress.clone(),
            })),
        }
    }

    /// Adds a message to the user.
    pub fn note(&self, note: Reason) {
        self.lock().report.notes.push(note);
    }

    /// Returns the report so far; steps that are still running failed by the deadline.
    pub fn cut_off(&self, deadline: &Deadline) -> Report {
        let summary = passed(deadline);
        let mut state = self.lock();
        if !state.cut_off(Code::Deadline, &summary) {
            // The deadline passed before the first step or after the last.
            let note = Reason::new(Code::Deadline, summary);
            state.report.notes.push(note);
        }
        state.conclude()
    }

    /// Returns the report so far; steps that are still running failed by a signal. `signal` is its code.
    pub fn interrupted(&self, signal: Code) -> Report {
        let summary = format!("{} ended the run", signal.as_str().to_ascii_uppercase());
        let mut state = self.lock();
        state.cut_off(Code::Interrupted, &summary);
        let note =
            Reason::new(signal, summary).advise("run sendoff again: it does what is left to do");
        state.report.notes.push(note);
        state.conclude()
    }

    /// Returns the report of a run whose steps have all ended.
    pub fn conclude(&self) -> Report {
        self.lock().conclude()
    }

    /// Adds a step that has not started.
    pub(super) fn add(&self, name: &str, kind: &str) {
        let mut state = self.lock();
        state.progress.push(Progress::Waiting);
        state.report.steps.push(waiting(name, kind));
    }

    /// Marks a step as started.
    pub(super) fn begin(&self, at: usize) {
        let mut state = self.lock();
        let now: Timestamp = state.clock.now();
        if let Some(progress) = state.progress.get_mut(at) {
            *progress = Progress::Running(Instant::now());
        }
        if let Some(step) = state.report.steps.get_mut(at) {
            step.started_at = Some(now);
        }
    }

    /// Marks a step as ended, and returns its facts for later steps.
    pub(super) fn end(&self, at: usize, step_end: StepEnd) -> Option<StepFacts> {
        let mut state = self.lock();
        state.end(at, step_end);
        let step = state.report.steps.get(at)?;
        Some(StepFacts::ended(step.verdict, &step.summary, &step.outputs))
    }

    /// Returns how a step ended, if it did: its verdict and its facts.
    pub(super) fn ended(&self, at: usize) -> Option<(Verdict, StepFacts)> {
        let state = self.lock();
        if state.progress.get(at) != Some(&Progress::Ended) {
            return None;
        }
        let step = state.report.steps.get(at)?;
        let facts = StepFacts::ended(step.verdict, &step.summary, &step.outputs);
        Some((step.verdict, facts))
    }

    /// Resets a step that ended, to run it again.
    pub fn begin_again(&self, at: usize) {
        let mut state = self.lock();
        if let Some(progress) = state.progress.get_mut(at) {
            *progress = Progress::Waiting;
        }
        if let Some(step) = state.report.steps.get_mut(at) {
            *step = waiting(&step.name, &step.kind);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl State {
    /// Ends every step that has not ended, and returns whether there was one.
    fn cut_off(&mut self, code: Code, summary: &str) -> bool {
        let mut cut = false;
        for at in 0..self.progress.len() {
            let summary = match self.progress.get(at) {
                Some(Progress::Running(_)) => summary.to_owned(),
                Some(Progress::Waiting) => format!("not started: {summary}"),
                _ => continue,
            };
            self.end(
                at,
                StepEnd::not_done(Verdict::Failed, Reason::new(code, summary)),
            );
            cut = true;
        }
        cut
    }

    fn end(&mut self, at: usize, step_end: StepEnd) {
        let began = self.progress.get(at).copied();
        if began == Some(Progress::Ended) {
            return;
        }
        let took = match began {
            Some(Progress::Running(began)) => self.clock.since(began),
            _ => std::time::Duration::ZERO,
        };
        if let Some(progress) = self.progress.get_mut(at) {
            *progress = Progress::Ended;
        }
        if let Some(step) = self.report.steps.get_mut(at) {
            set_end(step, step_end, &self.secrets);
            step.duration_ms = millis(took);
        }
        self.hidden.get_or_insert(self.secrets.count());
    }

    fn conclude(&self) -> Report {
        let mut report = self.report.clone();
        if self
            .hidden
            .is_some_and(|hidden| hidden != self.secrets.count())
        {
            // Earlier texts can contain a secret that became known since.
            for step in &mut report.steps {
                redact_again(step, &self.secrets);
            }
        }
        for note in &mut report.notes {
            sanitize_note(note, &self.secrets);
        }
        report.duration_ms = millis(self.clock.since(self.began));
        report.conclude();
        report
    }
}

/// Makes the report's entry of a step that has not started.
fn waiting(name: &str, kind: &str) -> StepReport {
    StepReport {
        name: name.into(),
        kind: kind.into(),
        verdict: Verdict::Skipped,
        summary: String::new(),
        reason: None,
        advice: None,
        outputs: Map::new(),
        started_at: None,
        duration_ms: 0,
    }
}

fn millis(took: std::time::Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}
