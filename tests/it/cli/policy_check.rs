//! `sendoff policy check`: it says what a run would say; and what a run does where a pipeline is wrong.

use serde_json::Value;

use crate::published_schema::assert_fits;
use crate::world::{World, step};

/// A user's policy with one mistake of each kind that only a run met before.
const MISTAKES: &str = r#"
[limits]
deadline = "soon"
comits = 3

[pipelines]
post-task = ["memory-commit", "heartbeat-clear", "push", "tell", "call", "nothing", "pr-create"]
later = ["late", "pr-create"]

[steps.tell]
uses = "exec"

[steps.call]
uses = "http"
url = "https://hooks.example/run"
body = { text = ["{{ task.inptu }}"] }

[steps.nothing]
uses = "exec"
command = ["true"]
needs = ["psuh"]
timeout = "1 day"
"#;

/// Mistakes that show only when the layers are read together.
const TOGETHER: &str = r#"
[pipelines]
post-task = ["memory-commit", "heartbeat-clear", "push", "tell", "call", "nothing", "pr-create"]
later = ["late", "pr-create"]

[steps.tell]
uses = "exec"

[steps.call]
uses = "http"
url = "https://hooks.example/run"
body = { text = ["{{ task.inptu }}"] }

[steps.nothing]
uses = "exec"
command = ["true"]
input = "{{ task.input | shout }}"
needs = ["psuh"]

[steps.late]
uses = "exec"
command = ["true"]
when = "steps['pr-create'].verdict == 'done'"

[steps.dashed]
uses = "exec"
command = ["true"]
when = "steps.tel.verdict == 'done' and tsk.ok"

[steps.pr-create]
when = "steps.push.outputs.action is loud"
"#;

/// Returns `line:column message` of each mistake.
fn mistakes(check: &Value) -> String {
    let mistakes = check["mistakes"].as_array().unwrap().iter().map(|mistake| {
        let help = mistake["help"].as_str();
        format!(
            "{}:{} {}\n{}",
            mistake["line"],
            mistake["column"],
            mistake["message"].as_str().unwrap(),
            help.map_or_else(String::new, |help| format!("  {help}\n"))
        )
    });
    mistakes.collect()
}

#[test]
fn every_mistake_of_a_file_is_listed_with_its_place() {
    let world = World::new();
    let file = world.sandbox.write("mine.toml", MISTAKES);
    let said = world.run(&["policy", "check", file.to_str().unwrap(), "--json"]);
    assert_eq!(said.code, Some(78), "{}{}", said.stdout, said.stderr);
    let check = said.report();
    assert_eq!(check["schema"], "sendoff.policy-check/1");
    assert_eq!(check["valid"], false);
    insta::assert_snapshot!(mistakes(&check));
}

#[test]
fn a_mistake_in_one_key_hides_none_in_another_and_makes_none() {
    let world = World::new();
    // `lint` is named by a pipeline and by `push`; what is wrong with it is told once, and they are right.
    world.user_policy(
        "[limits]\ndeadline = \"soon\"\n[pipelines]\npost-task = [\"lint\", \"push\"]\n\
         [steps.lint]\nuses = \"exec\"\n[steps.push]\nneeds = [\"lint\"]\nwhen = \"((\"\n",
    );
    let said = world.run(&["policy", "check", "--json"]);
    insta::assert_snapshot!(mistakes(&said.report()), @r#"
    2:12 `limits.deadline`: got `soon`, wanted a duration such as "10s", "2m" or "1h30m"
    5:8 the step `lint`: there is no `command` to run
      set `command` to a program and its arguments
    9:8 the condition of `push` is wrong: line 1: syntax error: unexpected end of input, expected expression
      an example: when = "steps['push'].outputs.action == 'created'"
    "#);
    // A policy for a newer version has mistakes that this one cannot know of.
    world.user_policy("requires = \">=99\"\nnew = 1\n[steps.push]\nwhen = \"((\"\n");
    let said = world.run(&["policy", "check", "--json"]);
    insta::assert_snapshot!(mistakes(&said.report()), @"
    1:12 the policy needs sendoff >=99; this is 0.1.0
      install a newer sendoff, or correct `requires`
    ");
}

#[test]
fn what_a_run_would_meet_is_found_without_a_run() {
    let world = World::new();
    let file = world.sandbox.write("mine.toml", TOGETHER);
    let said = world.run(&["policy", "check", file.to_str().unwrap(), "--json"]);
    assert_eq!(said.code, Some(78), "{}{}", said.stdout, said.stderr);
    insta::assert_snapshot!(mistakes(&said.report()));
    let said = world.run(&["policy", "check", file.to_str().unwrap()]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(78), ""));
    assert!(said.stderr.ends_with("mistakes\n"), "{}", said.stderr);
}

#[test]
fn the_document_is_that_of_its_schema() {
    let world = World::new();
    let file = world.sandbox.write("mine.toml", TOGETHER);
    for arguments in [
        ["policy", "check", "--json"].as_slice(),
        &["policy", "check", "--json", file.to_str().unwrap()],
        &["policy", "check", "--json", "nowhere.toml"],
    ] {
        assert_fits("policy-check", &world.run(arguments).report());
    }
}

#[test]
fn each_file_is_checked_as_the_layer_that_it_is() {
    let world = World::new();
    let unprotects = "[branches]\nunprotect = [\"main\"]\n";
    let file = world.sandbox.write("any-name.toml", unprotects);
    let said = world.run(&["policy", "check", file.to_str().unwrap()]);
    assert_eq!(said.code, Some(0), "a valid user's policy: {}", said.stderr);
    world.user_policy(unprotects);
    let said = world.run(&["policy", "check", world.home_policy().to_str().unwrap()]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    world.sandbox.write("clone/.sendoff.toml", unprotects);
    let said = world.run(&["policy", "check", ".sendoff.toml", "--json"]);
    assert_eq!(said.code, Some(78), "a repository may not");
    assert_eq!(said.report()["mistakes"][0]["layer"], "repository");
    let said = world.run(&["policy", "check", "nowhere.toml"]);
    assert_eq!(said.code, Some(78));
    assert!(said.stderr.contains("nowhere.toml"), "{}", said.stderr);
}

#[test]
fn the_presets_have_no_mistakes() {
    for preset in ["default", "solo", "agents", "molecule"] {
        let world = World::new();
        let path = format!("{}/policies/{preset}.toml", env!("CARGO_MANIFEST_DIR"));
        let said = world.run(&["policy", "check", &path]);
        assert_eq!(said.code, Some(0), "{preset}: {}", said.stderr);
    }
}

/// A pipeline whose last step refers to one that runs later.
const WRONG: &str = "[pipelines]\npost-task = [\"memory-commit\", \"heartbeat-clear\", \"late\", \"push\"]\n\
    [steps.late]\nuses = \"exec\"\ncommand = [\"true\"]\nwhen = \"steps.push.verdict == 'done'\"\n";

#[test]
fn a_wrong_pipeline_of_the_user_holds_what_ships_and_keeps_the_memory() {
    let world = World::new();
    world.user_policy(WRONG);
    let said = world.run_task("paint it blue");
    assert_eq!(said.code, Some(78), "{}{}", said.stdout, said.stderr);
    let report = said.report();
    assert_eq!(
        step(&report, "memory-commit")["verdict"],
        "queued",
        "{report}"
    );
    assert_eq!(
        step(&report, "heartbeat-clear")["verdict"],
        "done",
        "{report}"
    );
    assert_eq!(step(&report, "push")["verdict"], "skipped", "{report}");
    assert_eq!(step(&report, "push")["reason"], "policy-error");
    let note = report["notes"][0]["message"].as_str().unwrap();
    insta::assert_snapshot!(
        world.normalise(note),
        @"the user policy is left out: [ROOT]/home/.config/sendoff/policy.toml:6:8: `when` of `late` names `push`, which does not run before it"
    );
    assert_eq!(world.tip("feature/x"), "", "nothing is pushed");
    assert!(world.platform.memories().is_empty());
    assert_eq!(world.platform.heartbeats().len(), 1);

    // Corrected, as the note says, the memory goes out.
    let said = world.run(&["policy", "check"]);
    assert_eq!(said.code, Some(78), "{}", said.stderr);
    world.user_policy("");
    assert_eq!(world.run(&["policy", "check"]).code, Some(0));
    let said = world.run(&["flush"]);
    assert_eq!(said.code, Some(0), "{}{}", said.stdout, said.stderr);
    assert_eq!(world.platform.memories().len(), 1);
}

#[test]
fn a_wrong_pipeline_of_the_command_line_does_nothing() {
    let world = World::new();
    let file = world.sandbox.write("mine.toml", WRONG);
    let said = world.run(&["run", "--policy", file.to_str().unwrap()]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(78), ""));
    assert!(
        said.stderr.contains("does not run before it"),
        "{}",
        said.stderr
    );
    assert!(world.platform.heartbeats().is_empty());
    assert_eq!(world.tip("feature/x"), "");
}

#[test]
fn a_pipeline_that_no_policy_has_is_a_slip_of_the_command_line() {
    let world = World::new();
    for command in ["run", "plan"] {
        let said = world.run(&[command, "post-tsk"]);
        assert_eq!((said.code, said.stdout.as_str()), (Some(64), ""));
        insta::allow_duplicates! {
            insta::assert_snapshot!(said.stderr, @r"
              × no pipeline is called `post-tsk`
              help: did you mean `post-task`? the pipelines are: on-failure, post-commit, post-task, pre-task
            ");
        }
    }
}

/// What the check says of a repository's layer is what a run does with it: it is left out, and the branch ships.
#[test]
fn a_mistake_of_the_repository_is_listed_and_a_run_leaves_its_layer_out() {
    let world = World::new();
    for (text, message) in [
        ("[limits]\ncomits = 3\n", "has no key `comits`"),
        (
            "[branches]\nunprotect = [\"main\"]\n",
            "`branches.unprotect`",
        ),
    ] {
        world.sandbox.write("clone/.sendoff.toml", text);
        let said = world.run(&["policy", "check", "--json"]);
        assert_eq!(said.code, Some(78), "{}", said.stdout);
        let check = said.report();
        assert_eq!(check["mistakes"].as_array().unwrap().len(), 1, "{check}");
        assert_eq!(check["mistakes"][0]["layer"], "repository");
        let told = check["mistakes"][0]["message"].as_str().unwrap();
        assert!(told.contains(message), "{told}");
        let report = world.report(&["run"]);
        assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
        let notes = report["notes"].as_array().unwrap();
        let dropped = notes.iter().find(|note| note["code"] == "policy-dropped");
        let dropped = dropped.unwrap_or_else(|| panic!("{report}"));
        assert!(dropped["message"].as_str().unwrap().contains(message));
    }
}
