//! `--set KEY=VALUE`.

use sendoff::policy::{LayerKind, Layers, Loaded, Places, PolicyError};
use sendoff_testing::supervise;

use super::{KINDS, PrCreate, rendered};

fn set(arguments: &[&str]) -> Result<Loaded, PolicyError> {
    let places = Places {
        set: arguments
            .iter()
            .map(|argument| (*argument).to_owned())
            .collect(),
        ..Places::default()
    };
    Layers::load(&places, KINDS)
}

#[test]
fn a_key_of_type_string_takes_the_text_as_it_is() {
    supervise!();
    let policy = set(&[
        "steps.pr-create.title=5",
        "steps.\"pr-create\".body=a = \"b\"",
        "limits.deadline=10s",
        "branches.base=next",
    ])
    .unwrap()
    .policy;
    let settings: PrCreate = policy.step("pr-create").read().unwrap();
    let settings = serde_json::to_value(settings).unwrap();
    assert_eq!(settings["title"], "5");
    assert_eq!(settings["body"], "a = \"b\"");
    assert_eq!(policy.limits().deadline.to_string(), "10s");
    assert_eq!(policy.origin_of("limits.deadline"), Some(LayerKind::Set));
    assert_eq!(policy.branches().base.to_string(), "next");
}

#[test]
fn other_keys_take_toml() {
    supervise!();
    let policy = set(&[
        "limits.commits=5",
        "steps.push.enabled=false",
        "steps.pr-create.labels=[\"a\", \"b\"]",
        "branches.protected=[\"next\"]",
        "limits.http-timeout=\"3s\"",
        "pipelines.mine=[[\"push\"], \"pr-create\"]",
    ])
    .unwrap()
    .policy;
    assert_eq!(policy.limits().commits.get(), 5);
    assert!(!policy.step("push").settings.enabled);
    assert_eq!(
        policy.step("pr-create").read::<PrCreate>().unwrap().labels,
        ["a", "b"]
    );
    assert_eq!(policy.limits().http_timeout.to_string(), "3s");
    assert_eq!(policy.pipeline("mine").unwrap().groups.len(), 2);
    // Added, not replaced.
    for name in ["main", "next"] {
        let branch = sendoff::names::BranchName::new(name).unwrap();
        assert!(policy.permit_push(&branch).is_err(), "{name}");
    }
}

#[test]
fn the_last_of_several_wins() {
    supervise!();
    let policy = set(&["limits.commits=5", "limits.commits=6"])
        .unwrap()
        .policy;
    assert_eq!(policy.limits().commits.get(), 6);
}

#[test]
fn a_bad_argument_is_named() {
    supervise!();
    let shown: Vec<String> = [
        "limits.commits",
        "=5",
        "limits..commits=5",
        "limits.commits=many",
        "limits.commits=[5]",
        "limits.deadline=5",
        "limits.dedline=5s",
        "branches.protected=main",
        "branches.unprotect=[\"main\"]",
        "steps.psuh.enabled=false",
        "steps.push.enabled=maybe",
        "limits.commits=99999999999999999999",
        "pipelines.mine=[\"psuh\"]",
        "a\nb=5",
        "",
    ]
    .iter()
    .map(|argument| rendered(&set(&[argument]).unwrap_err()))
    .collect();
    insta::assert_snapshot!(shown.join("\n"));
}
