//! Schedules of the policy: taken into the store, changed and removed with it.

use insta::assert_snapshot;
use sendoff::store::ScheduleSource;

use super::Machine;

fn schedule(name: &str, cron: &str) -> String {
    format!(
        "[[schedules]]\nname = \"{name}\"\ncron = \"{cron}\"\nworkspace = \"ws-1\"\nprompt = \"Look.\"\n"
    )
}

#[test]
fn what_the_policy_says_is_taken_in_changed_and_removed() {
    let machine =
        Machine::new(&(schedule("nightly", "0 3 * * *") + &schedule("weekly", "@weekly")));
    assert_eq!(machine.said(&["list"]).lines().count(), 3);
    assert!(machine.schedule(&["run", "nightly"]).status.success());
    assert_eq!(machine.said(&["disable", "nightly"]), "exit 0");
    let before = machine.row("nightly");
    assert_eq!(before.source, ScheduleSource::Policy);
    machine.said(&["list"]);
    assert_eq!(
        machine.row("nightly"),
        before,
        "what did not change stays, disabled too"
    );
    machine.set_policy(&schedule("nightly", "0 4 * * *"));
    let list = machine.said(&["list"]);
    assert!(
        list.contains("0 4 * * *") && !list.contains("weekly"),
        "{list}"
    );
    let after = machine.row("nightly");
    assert!(after.enabled, "a change counts");
    assert_ne!(after.next_run_at, before.next_run_at);
    assert_eq!(
        (after.run_count, &after.uid),
        (1, &before.uid),
        "its history stays"
    );
}

#[test]
fn what_stands_in_the_policy_is_removed_there() {
    let machine = Machine::new(&schedule("nightly", "0 3 * * *"));
    assert_snapshot!(machine.said(&["remove", "nightly"]), @r#"
    the schedule `nightly` is defined in a policy; take it out of `[[schedules]]` there, or switch it off with `sendoff schedule disable "nightly"`
    exit 64
    "#);
    // The advice, either way.
    assert_eq!(machine.said(&["disable", "nightly"]), "exit 0");
    machine.set_policy("");
    assert_eq!(machine.said(&["list"]), "exit 0");
}

#[test]
fn a_name_that_a_command_took_is_left_out_of_the_policy_and_told() {
    let machine = Machine::new("");
    machine.add_prompt("nightly", "By hand.", &[]);
    machine.set_policy(&schedule("nightly", "0 3 * * *"));
    assert_snapshot!(machine.said(&["show", "nightly"]).lines().last().unwrap(), @"exit 0");
    let output = machine.schedule(&["list"]);
    assert_snapshot!(String::from_utf8(output.stderr).unwrap(), @r#"the schedule `nightly` of the policy is left out: `sendoff schedule add` made one of this name; remove it with `sendoff schedule remove "nightly"`, or rename the other"#);
    assert_eq!(machine.row("nightly").source, ScheduleSource::Command);
    // The advice.
    machine.said(&["remove", "nightly"]);
    machine.said(&["list"]);
    assert_eq!(machine.row("nightly").source, ScheduleSource::Policy);
}

#[test]
fn a_policy_that_cannot_be_read_any_more_changes_nothing() {
    let machine = Machine::new(&schedule("nightly", "0 3 * * *"));
    machine.said(&["list"]);
    let before = machine.row("nightly");
    machine.set_policy(&schedule("nightly", "0 25 * * *"));
    let output = machine.schedule(&["list"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("`schedules.cron`: got `0 25 * * *`, wanted five fields"),
        "{said}"
    );
    assert_eq!(machine.row("nightly"), before);
}
