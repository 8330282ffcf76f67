//! What counts of a repository's policy: by the class of each key, and by the copy that it stands in.

use sendoff::policy::{LayerKind, Until};

use super::load;

/// Returns the keys that a copy is not given, with what has to happen first.
fn left_out(copy: LayerKind, text: &str) -> Vec<(String, Until)> {
    let loaded = load(&[(copy, text)]);
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
    let keys = loaded.left_out.into_iter();
    keys.map(|key| (key.key, key.until)).collect()
}

#[test]
fn what_others_see_counts_from_the_policy_base_only() {
    for (key, text) in [
        ("branches.base", "[branches]\nbase = \"next\"\n"),
        (
            "steps.pr-create.draft",
            "[steps.pr-create]\ndraft = \"never\"\n",
        ),
        ("steps.push.enabled", "[steps.push]\nenabled = true\n"),
        (
            "pipelines.post-commit",
            "[pipelines]\npost-commit = [\"push\"]\n",
        ),
        ("steps.push.when", "[steps.push]\nwhen = \"true\"\n"),
    ] {
        let expected = [(key.to_owned(), Until::Merged)];
        assert_eq!(left_out(LayerKind::Repository, text), expected, "{key}");
        assert_eq!(left_out(LayerKind::PolicyBase, text), [], "{key}");
    }
}

#[test]
fn what_runs_programs_counts_from_no_copy() {
    for copy in [LayerKind::Repository, LayerKind::PolicyBase] {
        let step = "[steps.notify]\nuses = \"push\"\nwhen = \"true\"\n";
        let expected = [("steps.notify".to_owned(), Until::Trusted)];
        assert_eq!(left_out(copy, step), expected);
        let with_pipeline = format!("[pipelines]\npost-commit = [\"notify\"]\n{step}");
        let mut keys = left_out(copy, &with_pipeline);
        keys.sort_by(|one, other| one.0.cmp(&other.0));
        assert_eq!(keys[0].0, "pipelines.post-commit");
        assert_eq!(keys[1].0, "steps.notify");
    }
}

#[test]
fn a_step_of_a_repository_sets_no_key_that_no_repository_sets() {
    let text = "[steps.mine]\nuses = \"push\"\nremote = \"elsewhere\"\n";
    for copy in [LayerKind::Repository, LayerKind::PolicyBase] {
        let loaded = load(&[(copy, text)]);
        let told = loaded.problems[0].error.to_string();
        assert!(
            told.contains("a repository may not set `steps.mine.remote`"),
            "{told}"
        );
        assert!(!loaded.policy.mentions("mine"));
    }
}

#[test]
fn what_is_left_out_leaves_the_rest_of_the_layer() {
    let text = "[branches]\nbase = \"next\"\nprotected = [\"env/*\"]\n[limits]\ncommits = 5\n";
    let loaded = load(&[(LayerKind::Repository, text)]);
    assert_eq!(loaded.policy.branches().base.branch(), None);
    assert_eq!(loaded.policy.branch_limits().commits.get(), 5);
    let branch = |name: &str| sendoff::names::BranchName::new(name).unwrap();
    loaded.policy.permit_push(&branch("env/a")).unwrap_err();
    // A base that does not count protects nothing either.
    loaded.policy.permit_push(&branch("next")).unwrap();
    assert_eq!(
        loaded.left_out[0].told.one_line(),
        "repository:2:1: `branches.base` does not count yet"
    );
}

#[test]
fn the_policy_base_is_named_by_the_user_or_the_system_and_protected() {
    let text = "[branches]\npolicy-base = \"rules\"\n";
    let rules = sendoff::names::BranchName::new("rules").unwrap();
    let loaded = load(&[(LayerKind::User, text)]);
    loaded.policy.permit_push(&rules).unwrap_err();
    for copy in [LayerKind::Repository, LayerKind::PolicyBase] {
        let told = load(&[(copy, text)]).problems[0].error.to_string();
        assert!(
            told.contains("a repository may not set `branches.policy-base`"),
            "{told}"
        );
    }
}
