//! Keys of git's configuration that change nothing here: a push with all of them set arrives as git's does.

use std::path::Path;

use crate::world::{World, step};

/// Values that are no truth, for keys whose value git reads as something else.
const VALUES: &[(&str, &str)] = &[
    ("branch.<name>.rebase", "merges"),
    ("branch.autoSetupMerge", "always"),
    ("branch.autoSetupRebase", "always"),
    ("branch.sort", "-committerdate"),
    ("core.abbrev", "8"),
    ("core.alternateRefsCommand", "false"),
    ("core.alternateRefsPrefixes", "refs/none"),
    ("core.attributesFile", "/nonexistent"),
    ("core.autocrlf", "input"),
    ("core.bigFileThreshold", "1m"),
    ("core.checkRoundtripEncoding", "UTF-16"),
    ("core.checkStat", "minimal"),
    ("core.commentChar", "#"),
    ("core.commentString", "#"),
    ("core.compression", "1"),
    ("core.createObject", "link"),
    ("core.deltaBaseCacheLimit", "1m"),
    ("core.editor", "false"),
    ("core.eol", "lf"),
    ("core.excludesFile", "/nonexistent"),
    ("core.filesRefLockTimeout", "100"),
    ("core.fsmonitor", "false"),
    ("core.fsmonitorHookVersion", "2"),
    ("core.fsync", "all"),
    ("core.fsyncMethod", "fsync"),
    ("core.hideDotFiles", "false"),
    ("core.logAllRefUpdates", "always"),
    ("core.looseCompression", "1"),
    ("core.maxTreeDepth", "100"),
    ("core.notesRef", "refs/notes/x"),
    ("core.packedGitLimit", "1m"),
    ("core.packedGitWindowSize", "1m"),
    ("core.packedRefsTimeout", "100"),
    ("core.pager", "false"),
    ("core.preferSymlinkRefs", "false"),
    ("core.sharedRepository", "group"),
    ("core.splitIndex", "false"),
    ("core.unsetenvvars", "X"),
    ("core.untrackedCache", "keep"),
    ("core.whitespace", "cr-at-eol"),
    ("pack.compression", "1"),
    ("pack.deltaCacheLimit", "10"),
    ("pack.deltaCacheSize", "1m"),
    ("pack.depth", "5"),
    ("pack.indexVersion", "2"),
    ("pack.island", "refs/heads"),
    ("pack.islandCore", "main"),
    ("pack.packSizeLimit", "1m"),
    ("pack.preferBitmapTips", "refs/heads"),
    ("pack.threads", "1"),
    ("pack.window", "5"),
    ("pack.windowMemory", "10m"),
    ("push.default", "upstream"),
    ("push.gpgSign", "if-asked"),
    ("remote.<name>.mirror", "false"),
    ("remote.<name>.push", "refs/heads/none:refs/heads/other"),
    ("remote.<name>.tagOpt", "--no-tags"),
    ("safe.bareRepository", "explicit"),
    ("transfer.bundleURI", "false"),
    ("transfer.hideRefs", "refs/none"),
    ("transfer.unpackLimit", "1"),
];

/// Returns the keys whose row names this file.
fn keys() -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/compatibility.md");
    let text = std::fs::read_to_string(page).unwrap();
    let rows = text
        .lines()
        .filter(|line| line.contains("| no |") && line.ends_with("| `cli/keys` |"));
    rows.map(|line| line.split('`').nth(1).unwrap().to_owned())
        .collect()
}

/// Guards that every key which the table says is not honoured leaves the push as it is: what arrives is what git pushes.
#[test]
fn keys_that_are_not_honoured_change_nothing_of_what_arrives() {
    let world = World::new();
    let keys = keys();
    assert!(keys.len() > 60, "{keys:?}");
    let work = world.work();

    for key in keys {
        let value = VALUES.iter().find(|(name, _)| *name == key);
        let value = match key.as_str() {
            "core.worktree" => work.to_str().unwrap(),
            _ => value.map_or("true", |(_, value)| *value),
        };
        let name = match key.split('.').next().unwrap() {
            "branch" => key.replace("<name>", "feature/x"),
            _ => key.replace("<name>", "origin"),
        };
        world
            .sandbox
            .git(&work, &["config", "--global", &name, value]);
    }
    world.sandbox.git(&work, &["tag", "-a", "-m", "v1", "v1"]);
    let report = world.report(&["run"]);
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    let url = format!("{}/acme/rocket.git", world.url_with_login());
    world.sandbox.git(
        &work,
        &["push", "-q", "--no-follow-tags", &url, "HEAD:by-git"],
    );
    let bare = ["config", "--global", "--unset", "safe.bareRepository"];
    world.sandbox.git(&work, &bare);
    assert_eq!(world.tip("feature/x"), world.tip("by-git"));
    let tags = world.sandbox.git(world.bare(), &["tag", "--list"]);
    assert_eq!(tags, "", "no tag is pushed");
    world.sandbox.git(world.bare(), &["fsck", "--strict"]);
    // The one that somebody relies on is named.
    let warnings = step(&report, "push")["outputs"]["warnings"].to_string();
    let sentence = "push.gpgSign in the git configuration is ignored: the push is not signed";
    assert!(warnings.contains(sentence), "{report}");
}

/// Guards `transfer.credentialsInUrl`: `die` holds the run as it ends git's push, and the advice works; `warn` is told.
#[test]
fn a_password_in_the_url_is_forbidden_or_told_as_by_git() {
    let world = World::new();
    let work = world.work();
    let set = |value: &str| {
        let arguments = ["config", "--global", "transfer.credentialsInUrl", value];
        world.sandbox.git(&work, &arguments);
    };
    world.point_to(&format!("{}/acme/rocket.git", world.url_with_login()));
    set("die");
    let mut git = world.sandbox.command("git");
    let by_git = git
        .current_dir(&work)
        .args(["push", "-q", "origin", "HEAD:by-git"])
        .output()
        .unwrap();
    assert!(!by_git.status.success());
    let report = world.report(&["run"]);
    let held = step(&report, "push");
    assert_eq!(held["reason"], "remote-not-allowed", "{report}");
    assert!(
        held["summary"]
            .to_string()
            .contains("transfer.credentialsInUrl = die"),
        "{report}"
    );
    let advice = held["advice"].as_str().unwrap();
    assert!(
        advice.ends_with("git config remote.origin.url URL"),
        "{advice}"
    );
    assert_eq!(world.tip("feature/x"), "");

    set("warn");
    let report = world.report(&["run"]);
    let pushed = step(&report, "push");
    assert_eq!(pushed["verdict"], "done", "{report}");
    assert!(
        pushed
            .to_string()
            .contains("transfer.credentialsInUrl = warn"),
        "{report}"
    );

    // The advice.
    set("die");
    world.commit("b.txt", "b\n", "Add b");
    let url = format!("{}/acme/rocket.git", world.git.url());
    world
        .sandbox
        .git(&work, &["config", "remote.origin.url", &url]);
    let report = world.report(&["run"]);
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
}
