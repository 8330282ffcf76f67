//! `sendoff schedule` as people meet it.

use insta::assert_snapshot;
use serde_json::Value;

use super::Machine;

#[test]
fn a_schedule_is_added_listed_shown_and_removed() {
    let machine = Machine::new("");
    assert_eq!(
        machine.said(&["list"]),
        "exit 0",
        "nothing is there, and nothing is made"
    );
    assert!(
        !machine
            .sandbox
            .path("home/.local/state/sendoff/store.db")
            .exists()
    );
    let added = machine.schedule(&[
        "add",
        "nightly",
        "--cron",
        "0 3 * * *",
        "--timezone",
        "Europe/Berlin",
        "--workspace",
        "ws-1",
        "--prompt",
        "Look for work.",
        "--tag",
        "night",
        "--on-busy",
        "queue",
        "--no-catch-up",
        "--timeout",
        "2m",
    ]);
    assert!(added.status.success());
    machine.add_prompt("weekly", "Sum up.", &["--cron", "@weekly"]);
    let list = machine.schedule(&["list", "--json"]).stdout;
    let lines: Vec<Value> = serde_json::Deserializer::from_slice(&list)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let names: Vec<&Value> = lines.iter().map(|line| &line["name"]).collect();
    assert_eq!(names, ["nightly", "weekly"]);
    assert_eq!(lines[0]["run_count"], 0);
    assert_eq!(lines[0]["last_status"], Value::Null);
    let next = lines[0]["next_run_at"].as_str().unwrap();
    assert!(
        next.ends_with(":00:00Z"),
        "three o'clock in Berlin is a full hour in UTC: {next}"
    );
    let shown: Value =
        serde_json::from_slice(&machine.schedule(&["show", "nightly", "--json"]).stdout).unwrap();
    assert_eq!(shown["definition"]["on-busy"], "queue");
    assert_eq!(shown["definition"]["catch-up"], false);
    assert_eq!(shown["definition"]["tags"][0], "night");
    assert_eq!(shown["source"], "command");
    assert_eq!(machine.said(&["disable", "nightly"]), "exit 0");
    let list = machine.said(&["list"]);
    assert!(list.contains("nightly  disabled"), "{list}");
    assert_eq!(machine.said(&["enable", "nightly"]), "exit 0");
    let list = machine.said(&["list"]);
    assert!(!list.contains("disabled"), "{list}");
    assert_eq!(machine.said(&["remove", "nightly"]), "exit 0");
    assert!(!machine.said(&["list"]).contains("nightly"));
}

#[test]
fn what_cannot_be_added_is_told_with_what_to_do() {
    let machine = Machine::new("");
    machine.add_prompt("nightly", "Look for work.", &[]);
    let add = |more: &[&str]| {
        let mut arguments = vec!["add", "new", "--cron", "@daily"];
        arguments.extend(more);
        machine.said(&arguments)
    };
    let said = [
        machine.said(&["add", "nightly", "--cron", "@daily", "--step", "notify"]),
        add(&[]),
        add(&["--workspace", "ws-1", "--prompt", "x {{ event"]),
        machine.said(&["add", "new", "--cron", "0 25 * * *", "--step", "notify"]),
        machine.said(&[
            "add",
            "new",
            "--cron",
            "@daily",
            "--timezone",
            "Mars",
            "--step",
            "x",
        ]),
        machine.said(&["add", " new", "--cron", "@daily", "--step", "notify"]),
    ];
    assert_snapshot!(said.join("\n\n"));
    // The advice on a name that is taken.
    assert_eq!(machine.said(&["remove", "nightly"]), "exit 0");
    let again = machine.schedule(&["add", "nightly", "--cron", "@daily", "--step", "notify"]);
    assert!(again.status.success());
}

#[test]
fn a_name_that_nothing_has_is_told_by_every_command() {
    let machine = Machine::new("");
    let commands = ["show", "enable", "disable", "remove", "run", "history"];
    for command in commands {
        let said = machine.said(&[command, "nightly"]);
        let expected =
            "there is no schedule `nightly`; `sendoff schedule list` shows their names\nexit 64";
        assert_eq!(said, expected, "{command}");
    }
}

#[test]
fn a_firing_by_hand_is_told_and_its_next_time_stays() {
    let machine = Machine::new("");
    machine.add_prompt("nightly", "Look for work.", &[]);
    let before = machine.row("nightly").next_run_at;
    assert_eq!(machine.said(&["run", "nightly"]), "ok: Done.\nexit 0");
    let after = machine.row("nightly");
    assert_eq!(after.next_run_at, before);
    assert_eq!(after.run_count, 1);
    let history = machine.schedule(&["history", "nightly", "--json"]).stdout;
    let firing: Value = serde_json::from_slice(&history).unwrap();
    assert_eq!(firing["cause"], "command");
    assert_eq!(firing["status"], "ok");
    assert_eq!(
        machine.platform.messages()[0]["params"]["message"]["messageId"],
        firing["messageId"]
    );
    machine.platform.set_active_tasks(2);
    let busy = machine.said(&["run", "nightly"]);
    assert_eq!(busy, "skipped: the workspace works on 2 tasks\nexit 1");
}

#[test]
fn without_a_platform_a_prompt_says_what_to_set() {
    let machine = Machine::new("");
    machine.add_prompt("nightly", "Look for work.", &[]);
    machine
        .sandbox
        .write("home/.config/sendoff/policy.toml", "");
    assert_snapshot!(machine.said(&["run", "nightly"]), @r"
    error: no platform is configured; set PLATFORM_URL, or `platform.url` in the user's policy
    exit 1
    ");
}
