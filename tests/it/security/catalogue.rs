//! Cases of the catalogue of attacks that belong to no other group, each beside the honest use.

use sendoff_testing::supervise;
use serde_json::{Value, json};

use crate::world::{World, step};

use super::policy_base::{labels_of_newest, notes, policy_note, policy_on_server};

/// A token of GitHub's shape, put together so that no scanner takes this file for a leak.
fn token() -> String {
    format!("ghp_{}", "a1B2".repeat(9))
}

/// Returns what the platform remembers, as text.
fn memories(world: &World) -> String {
    json!(world.platform.memories()).to_string()
}

#[test]
fn p22_a_repository_switches_no_redaction_off_and_lists_no_exception() {
    supervise!();
    let world = &World::new();
    for key in [
        "redact = false",
        "[secrets]\nblock = false",
        "[secrets]\nallow = [\".*\"]",
        "[steps.push]\nscan = false",
        "[steps.redact]\nenabled = false",
        "[steps.memory-commit]\ncontent = \"{{ task.input }}\"",
    ] {
        let text = format!("{key}\n");
        policy_on_server(world, &text);
        world.sandbox.write("clone/.sendoff.toml", &text);
        let report = world.run_task(&format!("use {}", token())).report();
        assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
        let told = memories(world);
        assert!(told.contains("[REDACTED]"), "{key}: {told}");
        assert!(!told.contains("a1B2a1B2"), "{key}: {told}");
    }
    // The control: what a repository may say counts, and a task without a secret is remembered as it is.
    let honest = "[steps.pr-create]\ndraft = \"always\"\n";
    world.sandbox.write("clone/.sendoff.toml", honest);
    world.forge.close(world.forge.pulls().pop().unwrap().number);
    world.user_policy("[steps.pr-create]\nwhen-merged = \"new-pr\"\n");
    world.commit("more.txt", "more", "Add more");
    world.run_task("use nothing");
    assert!(memories(world).contains("use nothing"));
    assert!(world.forge.pulls().pop().unwrap().draft);
}

#[test]
fn p25_the_repositorys_policy_has_one_place() {
    supervise!();
    let world = &World::new();
    let protecting = "[branches]\nprotected = [\"feature/*\"]\n";
    for other in [
        ".config/sendoff.toml",
        "sendoff.toml",
        ".sendoff/policy.toml",
    ] {
        let file = format!("clone/{other}");
        world.sandbox.write(&file, protecting);
    }
    let label = "[steps.pr-create]\nlabels = [\"merged\"]\n";
    policy_on_server(world, label);
    world.sandbox.write("clone/.sendoff.toml", label);
    let report = world.report(&["run"]);
    assert_eq!(report["verdict"], "done", "{report}");
    assert_eq!(labels_of_newest(world), ["merged"]);
    assert_eq!(notes(&report), [""; 0], "{report}");
    // The control: in its place it counts.
    world.sandbox.write("clone/.sendoff.toml", protecting);
    world.commit("more.txt", "more", "Add more");
    let report = world.report(&["run"]);
    assert_eq!(step(&report, "push")["reason"], "protected-branch");
}

/// Returns the newest pull request that the run opened for a commit with this subject.
fn pull_request_of(subject: &str) -> (sendoff::demo::forge_server::KeptPull, Value) {
    let world = World::new();
    world.user_policy("[steps.pr-create]\ntitle = \"{{ repo.commits[-1].subject }}\"\n");
    world.commit("more.txt", "more", subject);
    let said = world.run(&["run", "--json"]);
    let report = said.report();
    assert_eq!(step(&report, "pr-create")["verdict"], "done", "{report}");
    (world.forge.pulls().pop().unwrap(), report)
}

#[test]
fn d15_a_secret_in_a_subject_is_masked_and_the_pull_request_made() {
    supervise!();
    let (pull, report) = pull_request_of(&format!("Use {} here", token()));
    for text in [&pull.title, &pull.body, &report.to_string()] {
        assert!(!text.contains("a1B2a1B2"), "{text}");
    }
    assert_eq!(pull.title, "Use [REDACTED] here");
    // The control.
    assert_eq!(pull_request_of("Use it here").0.title, "Use it here");
}

#[test]
fn d17_a_title_is_one_short_line_whatever_the_subject() {
    supervise!();
    let family = "👨‍👩‍👧‍👦";
    for (subject, begins) in [
        ("x".repeat(10_000), "xxx"),
        (family.repeat(300), family),
        (
            format!("First {}\u{2028}second", "y".repeat(300)),
            "First y",
        ),
    ] {
        let title = pull_request_of(&subject).0.title;
        assert!(title.starts_with(begins), "{title}");
        assert!(title.chars().count() <= 256, "{title}");
        assert!(title.ends_with('…'), "{title}");
        // No grapheme is cut.
        let rest = title.trim_end_matches('…').replace(family, "");
        assert!(!rest.contains('\u{200d}'), "{title}");
        assert!(!title.contains(['\n', '\u{2028}']), "{title}");
    }
}

#[test]
fn d18_d21_controls_and_made_up_lines_of_a_subject_stay_in_one_line() {
    supervise!();
    let subject =
        "Fix \u{1b}[31mred\u{7} {\"verdict\":\"done\"}\r{\"level\":\"INFO\",\"forged\":1}";
    let (pull, report) = pull_request_of(subject);
    assert!(!pull.title.contains(char::is_control), "{:?}", pull.title);
    let shown = report.to_string();
    assert!(!shown.contains(['\u{1b}', '\u{7}']), "{shown}");
    assert_eq!(report["verdict"], "done");
}

#[test]
fn d20_what_reads_like_a_template_stays_as_it_is() {
    supervise!();
    let subject = "Add {{ repo.owner }} ${x} %s {0} {% if %}";
    assert_eq!(pull_request_of(subject).0.title, subject);
}

#[test]
fn d16_a_secret_in_a_branch_name_is_masked_and_not_pushed() {
    supervise!();
    let world = &World::new();
    let name = format!("feature/{}", token());
    world.sandbox.git(world.work(), &["switch", "-qc", &name]);
    world.commit("more.txt", "more", "Add more");
    let said = world.run(&["run", "--json"]);
    assert!(!said.stdout.contains("a1B2a1B2"), "{}", said.stdout);
    assert!(!said.stderr.contains("a1B2a1B2"), "{}", said.stderr);
    let report = said.report();
    let push = step(&report, "push");
    assert_eq!(push["reason"], "secret-in-branch-name", "{report}");
    assert_eq!(world.tip(&name), "");
    // The control, and the advice.
    world
        .sandbox
        .git(world.work(), &["branch", "-m", "feature/clean"]);
    assert_eq!(world.report(&["run"])["verdict"], "done");
    assert_ne!(world.tip("feature/clean"), "");
}

/// Guards the note that names what does not count: it holds no value.
#[test]
fn what_is_left_out_is_named_without_its_value() {
    supervise!();
    let world = &World::new();
    let text = format!("[steps.pr-create]\nlabels = [\"{}\"]\n", token());
    world.sandbox.write("clone/.sendoff.toml", text);
    let report = world.report(&["run"]);
    let note = policy_note(&report).to_string();
    assert!(note.contains("steps.pr-create.labels"), "{note}");
    assert!(!report.to_string().contains("a1B2a1B2"), "{report}");
}
