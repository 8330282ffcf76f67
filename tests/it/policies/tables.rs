//! What the merged policy answers: pipelines, steps, rules, where values come from.

use pretty_assertions::assert_eq;
use sendoff::names::BranchName;
use sendoff::policy::{
    Draft, Kind, LayerKind, OnError, Policy, SHARED_KEYS, StepSettings, StepTable,
};
use sendoff_testing::supervise;

use super::{KINDS, PrCreate, Push, load, rendered};

fn branch(name: &str) -> BranchName {
    BranchName::new(name).unwrap()
}

fn push() -> &'static impl Kind {
    KINDS.iter().find(|kind| kind.name == "push").unwrap()
}

#[test]
fn every_valid_file_loads_as_the_users_policy() {
    supervise!();
    insta::glob!("../../policies/valid", "*.toml", |path| {
        let text = std::fs::read_to_string(path).unwrap();
        let loaded = load(&[(LayerKind::User, &text)]);
        assert!(
            loaded.problems.is_empty(),
            "{}",
            rendered(&loaded.problems[0].error)
        );
    });
}

#[test]
fn pipelines_are_groups_in_order() {
    supervise!();
    let policy = Policy::default();
    let groups = |name: &str| -> Vec<Vec<String>> {
        let groups = &policy.pipeline(name).unwrap().groups;
        let names = groups
            .iter()
            .map(|group| group.iter().map(|step| step.name.clone()).collect());
        names.collect()
    };
    assert_eq!(
        groups("post-task"),
        [
            &["memory-commit", "heartbeat-clear", "push"][..],
            &["pr-create"]
        ]
    );
    assert_eq!(groups("post-commit"), [["push"], ["pr-create"]]);
    let pre_task = [
        "heartbeat-set",
        "memory-recall",
        "delegation-results",
        "system-prompt",
        "a2a-instructions",
    ];
    assert_eq!(groups("pre-task"), pre_task.map(|step| [step]));
    assert_eq!(
        policy.pipeline_names().collect::<Vec<_>>(),
        ["on-failure", "post-commit", "post-task", "pre-task"]
    );
    assert!(policy.pipeline("nope").is_none());
}

#[test]
fn a_step_has_its_shared_keys_and_its_own() {
    supervise!();
    let text = "[steps.mirror]\nuses = \"push\"\nremote = \"mirror\"\ntimeout = \"5s\"\non-error = \"stop\"\nneeds = [\"push\"]\nenabled = false\nwhen = \"true\"\n";
    let loaded = load(&[(LayerKind::User, text)]);
    let step = loaded.policy.step("mirror");
    assert_eq!(step.kind(), "push");
    assert_eq!(step.settings.timeout.unwrap().to_string(), "5s");
    assert_eq!(step.settings.on_error, OnError::Stop);
    assert_eq!(
        step.settings.needs.as_deref(),
        Some(&["push".to_owned()][..])
    );
    assert_eq!(step.settings.when.as_deref(), Some("true"));
    assert!(!step.settings.enabled);
    assert_eq!(step.read::<Push>().unwrap().remote, "mirror");
}

#[test]
fn a_step_that_no_layer_mentions_has_its_defaults() {
    supervise!();
    let step = Policy::default().step("pr-create");
    assert_eq!(step.settings, StepSettings::default());
    assert_eq!(step.read::<PrCreate>().unwrap().draft, Draft::Auto);
}

#[test]
fn the_shared_keys_are_those_of_the_type() {
    supervise!();
    let serde_json::Value::Object(keys) = serde_json::to_value(StepSettings::default()).unwrap()
    else {
        panic!("settings are a table");
    };
    assert_eq!(
        keys.keys().map(String::as_str).collect::<Vec<_>>(),
        SHARED_KEYS
    );
}

#[test]
fn an_error_about_a_steps_key_points_at_it_and_at_the_right_layer() {
    supervise!();
    let loaded = load(&[
        (LayerKind::System, "[steps.push]\nremote = \"a\""),
        (
            LayerKind::User,
            "# a line more\n[steps.push]\nneeds = [\"x\"]",
        ),
    ]);
    let step = loaded.policy.step("push");
    let error = step.error("needs", "`x` is not in an earlier group", "take it out");
    assert_eq!(error.one_line(), "user:3:9: `x` is not in an earlier group");
    let error = step.error("remote", "no such remote", "add it");
    assert_eq!(error.one_line(), "system:2:10: no such remote");
    let pipeline = loaded.policy.pipeline("post-commit").unwrap();
    let error = pipeline.error_at(&pipeline.groups[1][0], "not this one", "take it out");
    assert!(
        error.one_line().starts_with("built-in:"),
        "{}",
        error.one_line()
    );
    assert_eq!(error.origin(), Some(LayerKind::BuiltIn));
}

#[test]
fn a_setting_that_only_the_merged_policy_shows_to_be_wrong_is_an_error_of_its_layer() {
    supervise!();
    // The kind comes from the system, the key that it does not have from the user.
    let loaded = load(&[
        (LayerKind::System, "[steps.mirror]\nuses = \"push\""),
        (LayerKind::User, "[steps.mirror]\ntitle = \"x\""),
    ]);
    assert!(loaded.fail_closed);
    let error = &loaded.problems[0].error;
    assert_eq!(
        error.one_line(),
        "user:2:1: `steps.mirror` has no key `title`"
    );
    assert_eq!(loaded.policy.step("mirror").kind(), "push");
}

#[test]
fn with_sets_a_steps_own_keys() {
    supervise!();
    let policy = Policy::default();
    let with = |step: &StepTable, argument: &str| step.with(&[argument.to_owned()], push());
    let step = with(&policy.step("push"), "remote=upstream").unwrap();
    assert_eq!(step.read::<Push>().unwrap().remote, "upstream");
    let step = with(&step, "remote=2").unwrap();
    assert_eq!(step.read::<Push>().unwrap().remote, "2");
    let error = with(&step, "enabled=false").unwrap_err();
    assert_eq!(error.one_line(), "--with:1:1: --with cannot set `enabled`");
    let error = with(&step, "remot=x").unwrap_err();
    assert_eq!(
        error.one_line(),
        "--with:1:1: `steps.push` has no key `remot`"
    );
    assert_eq!(error.help(), Some("did you mean `remote`?"));
}

#[test]
fn the_first_matching_rule_wins() {
    supervise!();
    let text = "[branches]\nbase = \"trunk\"\n[[branches.rule]]\nmatch = \"hotfix/*\"\nbase = \"production\"\n[[branches.rule]]\nmatch = \"hotfix/1\"\ndraft = \"always\"\n[[branches.rule]]\nmatch = \"wip/**\"\ndraft = \"always\"\n";
    let loaded = load(&[(LayerKind::User, text)]);
    let branches = loaded.policy.branches();
    let base = |name: &str| branches.base_for(&branch(name)).unwrap().to_string();
    assert_eq!(base("hotfix/1"), "production");
    assert_eq!(branches.rule_for(&branch("hotfix/1")).unwrap().draft, None);
    assert_eq!(base("wip/a/b"), "trunk");
    assert_eq!(base("other"), "trunk");
    assert!(branches.rule_for(&branch("other")).is_none());
    assert!(
        Policy::default()
            .branches()
            .base_for(&branch("other"))
            .is_none()
    );
}

#[test]
fn a_base_that_the_policy_names_is_protected() {
    supervise!();
    let text = "[branches]\nbase = \"trunk\"\n[[branches.rule]]\nmatch = \"x\"\nbase = \"next\"";
    let loaded = load(&[(LayerKind::User, text)]);
    loaded.policy.permit_push(&branch("trunk")).unwrap_err();
    loaded.policy.permit_push(&branch("next")).unwrap_err();
    loaded.policy.permit_push(&branch("feature")).unwrap();
    let other = "[branches]\nbase = \"other\"";
    let loaded = load(&[(LayerKind::User, text), (LayerKind::PolicyFile, other)]);
    for name in ["trunk", "next", "other"] {
        loaded.policy.permit_push(&branch(name)).unwrap_err();
    }
}

#[test]
fn only_the_built_in_list_can_be_unprotected() {
    supervise!();
    let loaded = load(&[
        (LayerKind::System, "[branches]\nprotected = [\"develop\"]"),
        (
            LayerKind::User,
            "[branches]\nunprotect = [\"develop\", \"staging\"]",
        ),
        (LayerKind::Repository, "[branches]\nprotected = [\"next\"]"),
    ]);
    let protected = |name: &str| loaded.policy.permit_push(&branch(name)).is_err();
    assert!(!protected("staging"));
    assert!(
        protected("develop"),
        "an entry of the system was removed by the user"
    );
    assert!(protected("main"));
    assert!(protected("next"));
}

#[test]
fn a_repository_cannot_empty_the_protected_list() {
    supervise!();
    let loaded = load(&[(LayerKind::Repository, "[branches]\nprotected = []")]);
    let protected = loaded.policy.permit_push(&branch("main")).unwrap_err();
    assert_eq!(
        protected.to_string(),
        "branch main is protected (pattern `main`)"
    );
}

#[test]
fn each_value_is_shown_with_its_layer() {
    supervise!();
    let loaded = load(&[
        (
            LayerKind::System,
            "[limits]\ncommits = 9\ndeadline = \"1m\"",
        ),
        (
            LayerKind::User,
            "[limits]\ncommits = 8\n[branches]\nprotected = [\"a\\u001Bb\"]\n[steps.\"pr-create\"]\nlabels = [\"x\\\"y\"]",
        ),
    ]);
    assert!(loaded.fail_closed, "a control character in a pattern");
    let loaded = load(&[
        (
            LayerKind::System,
            "[limits]\ncommits = 9\ndeadline = \"1m\"",
        ),
        (
            LayerKind::User,
            "[limits]\ncommits = 8\n[branches]\nprotected = [\"trunk\"]\nunprotect = [\"master\"]\n[steps.\"pr-create\"]\nlabels = [\"x\\\"\\u001By\"]",
        ),
    ]);
    let policy = &loaded.policy;
    assert_eq!(policy.origin_of("limits.commits"), Some(LayerKind::User));
    assert_eq!(policy.origin_of("limits.deadline"), Some(LayerKind::System));
    assert_eq!(
        policy.origin_of("limits.http-timeout"),
        Some(LayerKind::BuiltIn)
    );
    assert_eq!(policy.origin_of("forge.kind"), None);
    let lines: Vec<String> = policy
        .flatten()
        .iter()
        .map(|setting| {
            format!(
                "{:<9} {} = {}",
                setting.origin.as_str(),
                setting.key,
                setting.value
            )
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn only_the_system_says_whose_word_the_environment_is() {
    use sendoff::policy::{EnvironmentTrust, LayerKind};
    supervise!();
    let text = "[environment]\ntrust = \"none\"";
    let loaded = load(&[(LayerKind::System, text)]);
    assert_eq!(loaded.policy.environment().trust, EnvironmentTrust::None);
    for origin in [LayerKind::User, LayerKind::Repository] {
        let loaded = load(&[(origin, text)]);
        assert_eq!(loaded.problems[0].origin, origin);
        assert_eq!(loaded.policy.environment().trust, EnvironmentTrust::Caller);
    }
}
