//! What holds for all layers, whatever they say.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sendoff::names::BranchName;
use sendoff::policy::{LayerKind, Layers, Loaded, Policy};

use super::KINDS;

/// Names that patterns and branches are made of.
const BRANCHES: [&str; 8] = [
    "main",
    "develop",
    "trunk",
    "next",
    "release/1",
    "env/a",
    "staging",
    "x",
];

fn names() -> impl Strategy<Value = Vec<&'static str>> {
    proptest::collection::vec(proptest::sample::select(&BRANCHES[..]), 0..4)
}

/// A layer that is well formed; whether it may say this depends on where it stands.
fn layer() -> impl Strategy<Value = String> {
    (
        proptest::option::of(names()),
        proptest::option::of(proptest::sample::select(vec!["main", "develop", "staging"])),
        proptest::option::of(1..2000_u32),
        proptest::option::of(1..300_u32),
        proptest::option::of(proptest::sample::select(vec!["always", "never", "agent"])),
        proptest::option::of(any::<bool>()),
        proptest::option::of(proptest::sample::select(vec!["auto", "next"])),
        proptest::option::of(Just("[\"push\"]")),
        proptest::option::of(any::<bool>()),
    )
        .prop_map(
            |(protected, unprotect, commits, deadline, draft, enabled, base, pipeline, file)| {
                let mut text = String::new();
                let mut line = |key: &str, value: Option<String>| {
                    if let Some(value) = value {
                        text.extend([key, " = ", &value, "\n"]);
                    }
                };
                line(
                    "branches.protected",
                    protected.map(|names| format!("{names:?}")),
                );
                line(
                    "branches.unprotect",
                    unprotect.map(|name| format!("[{name:?}]")),
                );
                line("branches.base", base.map(|base| format!("{base:?}")));
                line("limits.commits", commits.map(|commits| commits.to_string()));
                line(
                    "limits.deadline",
                    deadline.map(|seconds| format!("\"{seconds}s\"")),
                );
                line(
                    "steps.pr-create.draft",
                    draft.map(|draft| format!("{draft:?}")),
                );
                line(
                    "steps.push.enabled",
                    enabled.map(|enabled| enabled.to_string()),
                );
                line("pipelines.post-commit", pipeline.map(str::to_owned));
                line("remotes.allow-file", file.map(|file| file.to_string()));
                text
            },
        )
}

fn load(texts: &[(LayerKind, &str)]) -> Loaded {
    Layers::from_texts(texts, KINDS).unwrap()
}

fn is_protected(policy: &Policy, name: &str) -> bool {
    policy.permit_push(&BranchName::new(name).unwrap()).is_err()
}

/// Returns the effective values without `branches.protected`.
fn values(policy: &Policy) -> BTreeMap<String, String> {
    let settings = policy.flatten().into_iter();
    let others = settings.filter(|setting| setting.key != "branches.protected");
    others.map(|setting| (setting.key, setting.value)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_layer_above_the_users_takes_a_branch_out(system in layer(), user in layer(), repository in layer(), given in layer()) {
        let below = load(&[(LayerKind::System, &system), (LayerKind::User, &user)]);
        let mut above = vec![load(&[(LayerKind::System, &system), (LayerKind::User, &user), (LayerKind::Repository, &repository)])];
        let texts = [(LayerKind::System, &*system), (LayerKind::User, &user), (LayerKind::PolicyFile, &given)];
        // A bad layer of the command line ends the run.
        above.extend(Layers::from_texts(&texts, KINDS).ok());
        for name in BRANCHES {
            for above in &above {
                let lost = below.policy.branches().protected.iter().find(|pattern| {
                    !above.policy.branches().protected.contains(pattern)
                });
                prop_assert!(lost.is_none(), "{lost:?}");
                let was = is_protected(&below.policy, name);
                prop_assert!(!was || is_protected(&above.policy, name));
            }
        }
    }

    #[test]
    fn only_the_built_in_list_is_ever_shortened(system in layer(), user in layer()) {
        let loaded = load(&[(LayerKind::System, &system), (LayerKind::User, &user)]);
        let alone = |origin, text: &str| {
            let without = text.lines().filter(|line| !line.starts_with("branches.unprotect"));
            let text: String = without.filter(|line| line.starts_with("branches.protected")).collect();
            let list: toml::Table = text.parse().unwrap();
            let names = list.get("branches").and_then(|table| table.get("protected").cloned());
            let names: Vec<String> = names.map(|names| names.try_into().unwrap()).unwrap_or_default();
            (origin, names)
        };
        for (_, names) in [alone(LayerKind::System, &system), alone(LayerKind::User, &user)] {
            for name in names {
                prop_assert!(is_protected(&loaded.policy, &name), "{name}");
            }
        }
    }

    #[test]
    fn a_repository_never_loosens(user in layer(), repository in layer()) {
        let below = load(&[(LayerKind::User, &user)]);
        let above = load(&[(LayerKind::User, &user), (LayerKind::Repository, &repository)]);
        let (lower, upper) = (below.policy.branch_limits(), above.policy.branch_limits());
        prop_assert!(upper.commits <= lower.commits);
        prop_assert!(upper.deadline <= lower.deadline);
        let changed: Vec<String> = {
            let before = values(&below.policy);
            let after = values(&above.policy);
            after.into_iter().filter(|(key, value)| before.get(key) != Some(value)).map(|(key, value)| format!("{key} = {value}")).collect()
        };
        for change in changed {
            let allowed = change.starts_with("limits.")
                || change == "steps.push.enabled = false"
                || change == "steps.pr-create.draft = \"always\"";
            prop_assert!(allowed, "{change}");
        }
    }

    #[test]
    fn merging_is_associative(one in layer(), two in layer(), three in layer()) {
        // Layers of one kind merge with each other as with the others: system, user, command line.
        let texts = [(LayerKind::System, &*one), (LayerKind::User, &*two), (LayerKind::PolicyFile, &*three)];
        let Ok(left) = Layers::from_texts(&texts, KINDS) else { return Ok(()) };
        // The upper two as one text: later lines of the same key win, lists of protected branches add up.
        let joined = join(&two, &three);
        let right = load(&[(LayerKind::System, &one), (LayerKind::User, &joined)]);
        prop_assert_eq!(values(&left.policy), values(&right.policy));
        let sorted = |policy: &Policy| {
            let mut patterns = policy.branches().protected.clone();
            patterns.sort();
            patterns
        };
        prop_assert_eq!(sorted(&left.policy), sorted(&right.policy));
    }

    #[test]
    fn no_text_makes_the_loader_panic(text in ".{0,200}", origin in proptest::sample::select(vec![LayerKind::User, LayerKind::Repository])) {
        prop_assert!(load(&[(origin, &text)]).policy.pipeline("post-task").is_some());
    }
}

/// Joins two layers of the generator into one text.
fn join(below: &str, above: &str) -> String {
    let mut lines: BTreeMap<&str, String> = BTreeMap::new();
    for line in below.lines().chain(above.lines()) {
        let (key, value) = line.split_once(" = ").unwrap();
        let joined = match lines.get(key) {
            Some(old) if key == "branches.protected" => {
                let inner = |list: &str| list.trim_matches(['[', ']']).to_owned();
                let parts = [inner(old), inner(value)];
                let parts: Vec<String> =
                    parts.into_iter().filter(|part| !part.is_empty()).collect();
                format!("[{}]", parts.join(", "))
            }
            _ => value.to_owned(),
        };
        lines.insert(key, joined);
    }
    let lines: Vec<String> = lines
        .iter()
        .map(|(key, value)| format!("{key} = {value}"))
        .collect();
    lines.join("\n")
}
