//! Keys that the system's policy locks.

use sendoff::names::BranchName;
use sendoff::policy::LayerKind;
use sendoff_testing::supervise;

use super::{PrCreate, load};

#[test]
fn p20_a_locked_key_is_the_systems_and_each_attempt_is_told() {
    supervise!();
    let system = "lock = [\"steps.pr-create\", \"limits.commits\"]\n[limits]\ncommits = 7\n[steps.pr-create]\ndraft = \"always\"\n";
    let other = "[limits]\ncommits = 5\ndeadline = \"9s\"\n[steps.pr-create]\ndraft = \"never\"\n";
    let layers = [
        LayerKind::User,
        LayerKind::PolicyBase,
        LayerKind::Repository,
        LayerKind::PolicyFile,
    ];
    let mut texts = vec![(LayerKind::System, system)];
    texts.extend(layers.map(|layer| (layer, other)));
    let loaded = load(&texts);
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
    let policy = &loaded.policy;
    assert_eq!(policy.branch_limits().commits.get(), 7);
    let draft = policy.step("pr-create").read::<PrCreate>().unwrap().draft;
    assert_eq!(draft, sendoff::policy::Draft::Always);
    // What is not locked counts.
    assert_eq!(policy.limits().deadline.duration().as_secs(), 9);
    let told: Vec<_> = loaded
        .locked
        .iter()
        .map(|key| (key.layer, key.key.as_str()))
        .collect();
    let expected: Vec<_> = layers
        .into_iter()
        .flat_map(|layer| [(layer, "steps.pr-create"), (layer, "limits.commits")])
        .collect();
    assert_eq!(told, expected);
    // The control: without the lock the last one counts.
    let unlocked = system.split_once('\n').unwrap().1;
    let loaded = load(&[(LayerKind::System, unlocked), (LayerKind::User, other)]);
    assert_eq!(loaded.policy.limits().commits.get(), 5);
    assert!(loaded.locked.is_empty());
}

#[test]
fn a_lock_does_not_keep_branches_from_being_protected() {
    supervise!();
    for lock in ["branches", "branches.protected"] {
        let system = format!("lock = [\"{lock}\"]\n");
        let user = "[branches]\nprotected = [\"x\"]\nbase = \"next\"\n";
        let loaded = load(&[(LayerKind::System, &system), (LayerKind::User, user)]);
        let x = BranchName::new("x").unwrap();
        loaded.policy.permit_push(&x).unwrap_err();
        let is_locked = loaded.policy.branches().base.branch().is_none();
        assert_eq!(is_locked, lock == "branches");
    }
}

#[test]
fn only_the_system_locks_and_only_what_there_is() {
    supervise!();
    for layer in [
        LayerKind::User,
        LayerKind::Repository,
        LayerKind::PolicyBase,
    ] {
        let told = load(&[(layer, "lock = [\"limits\"]\n")]).problems[0]
            .error
            .to_string();
        assert_eq!(told, "`lock` can only be set in the system's policy");
    }
    let loaded = load(&[(LayerKind::System, "lock = [\"limit\"]\n")]);
    assert_eq!(
        loaded.problems[0].error.to_string(),
        "`lock`: the policy has no key `limit`"
    );
    assert!(loaded.fail_closed);
}
