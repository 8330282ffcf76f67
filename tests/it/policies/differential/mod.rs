//! Random layers against a second opinion on what they may do: the merged policy is never looser than one of them.

mod layers;
mod opinion;

use sendoff::names::BranchName;
use sendoff::policy::{LayerKind, Policy};
use sendoff_testing::supervise;

use LayerKind::{PolicyBase, Repository, System, User};

use self::layers::{Numbers, Tried, load, made_up};
use self::opinion::Opinion;

/// So many sets of layers are tried.
const SETS: u64 = 3000;

/// Returns in what a policy is looser than one of the layers that count.
fn looser(policy: &Policy, layers: &[&Tried]) -> Vec<String> {
    let compared = Opinion::of(layers).compare(policy).into_iter();
    compared
        .filter(|(_, holds)| !holds)
        .map(|(name, _)| name)
        .collect()
}

#[test]
fn the_merged_policy_is_never_looser_than_one_of_its_layers() {
    supervise!();
    let mut numbers = Numbers(0x5eed);
    let (mut kept, mut dropped, mut found, mut permitted) = (0, 0, 0, 0);
    for _ in 0..SETS {
        let kinds = [System, User, PolicyBase, Repository];
        let tried: Vec<Tried> = kinds
            .into_iter()
            .filter_map(|kind| {
                let is_there = !numbers.one_in(4);
                is_there.then(|| Tried {
                    kind,
                    said: made_up(&mut numbers, kind),
                })
            })
            .collect();
        let loaded = load(&tried);
        let counts = |layer: &&Tried| {
            !loaded
                .problems
                .iter()
                .any(|problem| problem.origin == layer.kind)
        };
        let layers: Vec<&Tried> = tried.iter().filter(counts).collect();
        let told = looser(&loaded.policy, &layers);
        let shown = || {
            let layers = tried.iter().map(|layer| layer.said.toml());
            layers.collect::<Vec<_>>().join("# next\n")
        };
        assert!(told.is_empty(), "{told:?} in\n{}", shown());
        // A layer of the repository that is left out asked for something that no repository may have.
        for layer in tried.iter().filter(|layer| !counts(layer)) {
            assert!(
                layer.kind.is_of_repository(),
                "{:?} in\n{}",
                loaded.problems,
                shown()
            );
            dropped += 1;
        }
        kept += layers.len();
        // The control: a branch that nobody protects gets its permit.
        let free = BranchName::new("feature/two").unwrap();
        permitted += usize::from(loaded.policy.permit_push(&free).is_ok());
        // The second opinion notices where a layer had no effect.
        for without in 0..layers.len() {
            let fewer: Vec<Tried> = layers
                .iter()
                .enumerate()
                .filter(|(number, _)| *number != without)
                .map(|(_, layer)| Tried {
                    kind: layer.kind,
                    said: layer.said.clone(),
                })
                .collect();
            found += usize::from(!looser(&load(&fewer).policy, &layers).is_empty());
        }
    }
    let sets = usize::try_from(SETS).unwrap();
    assert_eq!(permitted, sets);
    assert!(
        kept > sets * 2 && dropped > sets / 20,
        "{kept} kept, {dropped} left out"
    );
    assert!(
        found > sets,
        "only {found} layers without effect are noticed"
    );
}
