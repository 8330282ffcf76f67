//! What counts of a repository's policy: by the class of each key, and by the copy that it stands in.

use sendoff::names::BranchName;
use sendoff::policy::{Finding, LayerKind, PrivateCommits, Until};
use sendoff_testing::supervise;

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
    supervise!();
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
    supervise!();
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
    supervise!();
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
    supervise!();
    let text = "[branches]\nbase = \"next\"\nprotected = [\"env/*\"]\n[limits]\ncommits = 5\n";
    let loaded = load(&[(LayerKind::Repository, text)]);
    assert_eq!(loaded.policy.branches().base.branch(), None);
    assert_eq!(loaded.policy.branch_limits().commits.get(), 5);
    let branch = |name: &str| BranchName::new(name).unwrap();
    loaded.policy.permit_push(&branch("env/a")).unwrap_err();
    // A base that does not count protects nothing either.
    loaded.policy.permit_push(&branch("next")).unwrap();
    assert_eq!(loaded.left_out[0].key, "branches.base");
}

#[test]
fn the_policy_base_is_named_by_the_user_or_the_system_and_protected() {
    supervise!();
    let text = "[branches]\npolicy-base = \"rules\"\n";
    let rules = BranchName::new("rules").unwrap();
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

#[test]
fn a_repository_tightens_each_key_of_the_guard_and_loosens_none() {
    supervise!();
    let user = "[guard]\npaths = \"hold\"\nfiles = 20\nbranch = \"feature/*\"\nforeign-authors = \"note\"\n";
    for copy in [LayerKind::PolicyBase, LayerKind::Repository] {
        let tighter = "[guard]\nfiles = 5\nbranch = \"*/a*\"\nforeign-authors = \"hold\"\nprivate = \"hold\"\n";
        let loaded = load(&[(LayerKind::User, user), (copy, tighter)]);
        assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
        let guard = loaded.policy.guard();
        assert_eq!(guard.files.unwrap().get(), 5);
        assert_eq!(guard.paths, Finding::Hold);
        assert_eq!(guard.foreign_authors, Finding::Hold);
        assert_eq!(guard.private, PrivateCommits::Hold);
        let lets_out = |name: &str| {
            let mut patterns = guard.branch.iter().flatten();
            patterns.all(|pattern| pattern.matches(name))
        };
        assert!(lets_out("feature/a1"));
        assert!(!lets_out("feature/b") && !lets_out("other/a1"));
        let shown = loaded.policy.flatten();
        let patterns = shown.iter().filter(|value| value.key == "guard.branch");
        let patterns: Vec<_> = patterns
            .map(|value| (value.value.as_str(), value.origin))
            .collect();
        let expected = [("[\"feature/*\"]", LayerKind::User), ("[\"*/a*\"]", copy)];
        assert_eq!(patterns, expected);
    }
}

#[test]
fn what_a_lower_layer_outdoes_costs_nothing_else_of_the_file() {
    supervise!();
    let user = "[limits]\ncommits = 100\n[guard]\npaths = \"hold\"\nfiles = 20\n";
    let repository = "[branches]\nprotected = [\"trunk\"]\n[limits]\ncommits = 500\n[guard]\npaths = \"note\"\nfiles = 50\n";
    let loaded = load(&[(LayerKind::User, user), (LayerKind::PolicyBase, repository)]);
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
    let trunk = BranchName::new("trunk").unwrap();
    assert!(loaded.policy.permit_push(&trunk).is_err());
    assert_eq!(loaded.policy.branch_limits().commits.get(), 100);
    assert_eq!(loaded.policy.guard().paths, Finding::Hold);
    assert_eq!(loaded.policy.guard().files.unwrap().get(), 20);
    let keys = loaded.outdone.iter();
    let keys: Vec<_> = keys
        .map(|key| (key.key.as_str(), key.value.as_str()))
        .collect();
    let expected = [
        ("limits.commits", "500"),
        ("guard.paths", "\"note\""),
        ("guard.files", "50"),
    ];
    assert_eq!(keys, expected);
}

#[test]
fn what_is_looser_than_the_built_in_policy_is_a_mistake_of_the_repository() {
    supervise!();
    for (text, expected) in [
        (
            "[guard]\npaths = \"allow\"\n",
            "a repository may only tighten `guard.paths`: got allow, it is note",
        ),
        (
            "[limits]\ncommits = 1001\n",
            "a repository may only lower `limits.commits`: got 1001, it is 1000",
        ),
    ] {
        let loaded = load(&[(LayerKind::PolicyBase, text)]);
        assert_eq!(loaded.problems[0].error.message(), expected);
    }
}
