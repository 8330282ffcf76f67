//! Renders, on one screen, why a branch did, or does, not ship.

use crate::clock::to_the_second;
use crate::secrets::clean_line;
use crate::session::{Decision, Why, WhyGuard, WhyOutcome, WhySetting};

use super::kept::short;

/// The longest text of a guard's values, in characters.
const MAX_VALUES: usize = 90;

/// Renders why a branch did, or does, not ship.
pub(in crate::cli) fn why(why: &Why) -> String {
    let mut text = String::new();
    let mut line = |words: String| {
        // Paths and branches have names that the author of the repository chose.
        text.push_str(clean_line(&words).trim_end());
        text.push('\n');
    };
    let branch = why.branch.as_deref().unwrap_or("no branch");
    let to = why.push_url.as_deref();
    let to = to.map(|url| format!(" -> {url}")).unwrap_or_default();
    line(format!("{branch}{to}"));
    line(match &why.last_run {
        Some(run) => format!(
            "last  {} by {} at {}, run {}",
            run.verdict,
            run.trigger,
            run.started_at
                .parse()
                .map_or_else(|_| run.started_at.clone(), to_the_second),
            short(&run.run_id)
        ),
        None => "last  no run of this branch is kept".to_owned(),
    });
    line(format!("next  {} by {}", why.pipeline, why.trigger));
    line(String::new());
    line(format!("{:<22} {:<8} {:<8} value", "guard", "last", "next"));
    for guard in &why.guards {
        let last = guard.last.map_or("", word);
        let next = word(guard.next);
        line(format!(
            "{:<22} {last:<8} {next:<8} {}",
            guard.name,
            values(guard)
        ));
    }
    line(String::new());
    line(format!("{:<22} {:<8} next", "step", "last"));
    for step in &why.steps {
        let verdict =
            |outcome: Option<&WhyOutcome>| outcome.map_or("", |it| it.verdict.as_str()).to_owned();
        line(format!(
            "{:<22} {:<8} {}",
            step.name,
            verdict(step.last.as_ref()),
            verdict(step.next.as_ref())
        ));
        for (when, outcome) in [("last", &step.last), ("next", &step.next)] {
            let Some(outcome) = outcome else { continue };
            if let Some(message) = &outcome.message {
                let code = outcome.reason.as_deref().unwrap_or_default();
                line(format!("  {when}  {message} ({code})"));
            }
            if let Some(advice) = &outcome.advice {
                line(format!("        -> {advice}"));
            }
        }
    }
    for note in &why.notes {
        line(format!("note  {}", note.message));
        if let Some(advice) = &note.advice {
            line(format!("      -> {advice}"));
        }
    }
    text
}

const fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Passes => "ok",
        Decision::Holds => "HOLDS",
        Decision::NotReached => "-",
        Decision::AtRunTime => "asks",
    }
}

/// Returns what a guard checks and the values that it reads, each with its layer, on one line that is cut where it is
/// long. Values that a layer sets come before the built-in ones.
fn values(guard: &WhyGuard) -> String {
    let (built_in, set): (Vec<&WhySetting>, Vec<&WhySetting>) =
        guard.settings.iter().partition(|setting| {
            setting
                .layer
                .as_deref()
                .is_none_or(|layer| layer == "built-in")
        });
    let settings = set.into_iter().chain(built_in).map(|setting| {
        let (key, value) = (&setting.key, &setting.value);
        match &setting.layer {
            Some(layer) => format!("{key} = {value} ({layer})"),
            None => format!("{key}: {value}"),
        }
    });
    let all: Vec<String> = guard.value.clone().into_iter().chain(settings).collect();
    let all = all.join("; ");
    if all.chars().count() <= MAX_VALUES {
        return all;
    }
    let cut: String = all.chars().take(MAX_VALUES).collect();
    format!("{cut}...")
}
