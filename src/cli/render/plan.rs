//! Renders a plan for people.

use serde_json::Value;

use crate::secrets::clean_line;
use crate::session::{Plan, PlanStep};

use super::human::{Detail, is_quiet_reason};

/// Renders a plan. Steps that are not set up are left out, as in a run's report, unless all are asked for.
pub(in crate::cli) fn plan(plan: &Plan, detail: Detail) -> String {
    let mut text = String::new();
    line(
        &mut text,
        format_args!("plan: {} (trigger: {})", plan.pipeline, plan.trigger),
    );
    if let Some(repo) = &plan.repo {
        line(
            &mut text,
            format_args!("in       {}", clean_line(&repo.path)),
        );
        if let Some(branch) = &repo.branch {
            let base = repo.base.as_deref().map_or_else(
                || "the base is asked for at run time".to_owned(),
                |base| format!("base {base}"),
            );
            line(&mut text, format_args!("branch   {branch}, {base}"));
        }
    }
    if let Some(url) = &plan.push_url {
        line(&mut text, format_args!("push to  {url}"));
    }
    if plan.already_pushed {
        line(
            &mut text,
            format_args!(
                "         the remote has the branch already, as of the last push or fetch"
            ),
        );
    }
    for commit in &plan.commits {
        line(&mut text, format_args!("         {commit}"));
    }
    for (index, group) in plan.groups.iter().enumerate() {
        let is_shown = |step: &&PlanStep| {
            let held = step.held.as_ref();
            detail != Detail::Normal || !held.is_some_and(|held| is_quiet_reason(held.code))
        };
        for step in group.iter().filter(is_shown) {
            let verb = if step.runs { "run " } else { "skip" };
            let kind = if step.kind == step.name {
                String::new()
            } else {
                format!(" ({})", step.kind)
            };
            let held = step.held.as_ref();
            let reason = held.map(|reason| format!(" ({})", reason.code));
            let reason = reason.unwrap_or_default();
            line(
                &mut text,
                format_args!("{:>3}. {verb} {}{kind}{reason}", index + 1, step.name),
            );
            if let Some(reason) = held {
                line(&mut text, format_args!("          {}", reason.message));
            }
            if let Some(advice) = held.and_then(|reason| reason.advice.as_ref()) {
                line(&mut text, format_args!("          -> {advice}"));
            }
            for (key, value) in &step.expects {
                let value = match value {
                    Value::Bool(is_so) => if *is_so { "yes" } else { "no" }.to_owned(),
                    Value::Null => "asked for at run time".to_owned(),
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                line(&mut text, format_args!("          {key}: {value}"));
            }
            for detail in &step.details {
                line(&mut text, format_args!("          {detail}"));
            }
            if let Some(when) = &step.when {
                line(&mut text, format_args!("          when {when}"));
            }
        }
    }
    for note in &plan.notes {
        line(&mut text, format_args!("note     {}", note.message));
        if let Some(advice) = &note.advice {
            line(&mut text, format_args!("         -> {advice}"));
        }
    }
    text
}

fn line(text: &mut String, words: std::fmt::Arguments<'_>) {
    // Paths and hooks have names that the author of the repository chose.
    text.push_str(&clean_line(&words.to_string()));
    text.push('\n');
}
