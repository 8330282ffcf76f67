//! The policies that are part of the program.

use pretty_assertions::assert_eq;
use sendoff::names::BranchName;
use sendoff::policy::{
    Branches, LayerKind, Layers, Limits, PRESETS, Policy, for_repository, preset,
};
use sendoff::steps::STEPS;
use sendoff_testing::supervise;

use super::{KINDS, load, rendered};

#[test]
fn every_preset_loads_as_the_users_policy() {
    supervise!();
    for preset in PRESETS {
        let texts = [(LayerKind::User, preset.text)];
        let loaded = Layers::from_texts(&texts, STEPS).unwrap();
        assert!(
            loaded.problems.is_empty(),
            "{}",
            rendered(&loaded.problems[0].error)
        );
    }
}

#[test]
fn every_file_of_policies_is_a_preset() {
    supervise!();
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/policies");
    let mut files: Vec<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|file| {
            file.unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    let mut presets: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
    // `default.toml` is the built-in layer; what `default` writes sets nothing.
    presets.push("start");
    files.sort();
    presets.sort_unstable();
    assert_eq!(files, presets);
    assert_eq!(preset("nope"), None);
}

#[test]
fn the_built_in_layer_says_what_the_types_do() {
    supervise!();
    let policy = Policy::default();
    assert_eq!(policy.limits(), &Limits::default());
    assert_eq!(policy.branches(), &Branches::default());
}

#[test]
fn no_preset_takes_protection_away() {
    supervise!();
    let main = BranchName::new("main").unwrap();
    for preset in PRESETS {
        let loaded = load(&[(LayerKind::User, preset.text)]);
        assert!(loaded.policy.permit_push(&main).is_err(), "{}", preset.name);
    }
}

#[test]
fn the_keys_that_a_repository_cannot_carry_are_listed() {
    supervise!();
    let keys = |name: &str| {
        for_repository(preset(name).unwrap(), KINDS)
            .unwrap()
            .left_out
    };
    assert_eq!(keys("molecule"), ["network.allow-http"]);
    assert_eq!(keys("agents"), ["remotes.allowed", "git.local-config"]);
    assert_eq!(keys("solo"), ["steps.push.rewrite",]);
}

#[test]
fn what_is_left_of_a_preset_loads_as_a_repositorys_policy() {
    supervise!();
    let rest = "[limits]\nstep-timeout = \"30s\"\n[steps.pr-create]\nbody = \"Auto-created by workspace agent\"\n";
    let loaded = load(&[(LayerKind::Repository, rest)]);
    assert!(loaded.problems.is_empty());
}
