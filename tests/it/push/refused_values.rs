//! Values of keys at which `git push` stops, and which change nothing here: the push arrives, and the report names each.

use std::fmt::Write as _;
use std::fs;

use crate::world::{World, step};

/// Keys, each with a value that git refuses, none at all for the key alone, and one that it takes.
const KEYS: &[(&str, Option<&str>, &str)] = &[
    ("advice.pushFetchFirst", Some("zzz"), "false"),
    ("branch.autoSetupMerge", Some("zzz"), "simple"),
    ("branch.autoSetupRebase", Some("true"), "local"),
    ("branch.other.merge", None, "refs/heads/x"),
    ("color.transport", Some("zzz"), "auto"),
    ("core.abbrev", Some("zzz"), "auto"),
    ("core.autocrlf", Some("zzz"), "input"),
    ("core.bigFileThreshold", Some("-1"), "1g"),
    ("core.compression", Some("99"), "-1"),
    ("core.editor", None, ""),
    ("core.fileMode", Some("maybe"), "off"),
    ("core.packedGitLimit", Some("1x"), "1k"),
    ("http.lowSpeedLimit", Some(""), "0"),
    ("http.postBuffer", Some("x"), "2m"),
    ("http.sslVerify", Some("zzz"), "true"),
    ("http.userAgent", None, "agent/1"),
    ("pack.depth", Some("deep"), "5"),
    ("pack.packSizeLimit", Some("-1"), "0"),
    ("pack.useSparse", Some("zzz"), "true"),
    ("pack.window", Some("x"), "4"),
    ("protocol.version", Some("9"), "2"),
    ("push.default", Some("nonsense"), "current"),
    ("push.followTags", Some("zzz"), "false"),
    ("push.recurseSubmodules", Some("true"), "check"),
    ("remote.other.fetch", Some("^a:b"), "^refs/heads/a"),
    ("remote.other.push", Some("a..b"), "HEAD~1:refs/heads/a"),
    ("remote.other.url", None, "/nowhere"),
    ("remote.other.prune", Some("zzz"), "1"),
    ("url.https://a.example/.insteadOf", None, "b:"),
    ("user.name", None, "A"),
];

/// Says whether git pushes with a line of configuration more.
fn git_pushes(world: &World, key: &str, value: Option<&str>) -> bool {
    let line = value.map_or_else(|| key.to_owned(), |value| format!("{key}={value}"));
    let url = format!("{}/acme/rocket.git", world.url_with_login());
    let mut git = world.sandbox.command("git");
    git.current_dir(world.work());
    git.args(["-c", &line, "push", "-q", &url, "+HEAD:refs/heads/by-git"]);
    let pushed = git.output().unwrap().status.success();
    if pushed {
        let delete = ["update-ref", "-d", "refs/heads/by-git"];
        world.sandbox.git(world.bare(), &delete);
    }
    pushed
}

/// Returns the lines of a configuration file.
pub(super) fn lines<'t>(values: impl Iterator<Item = (&'t str, Option<&'t str>)>) -> String {
    let mut text = String::new();
    for (key, value) in values {
        let (section, rest) = key.split_once('.').unwrap();
        let (subsection, name) = rest.rsplit_once('.').unwrap_or(("", rest));
        let subsection = match subsection {
            "" => String::new(),
            name => format!(" \"{name}\""),
        };
        let value = value.map_or(String::new(), |value| format!(" = \"{value}\""));
        writeln!(text, "[{section}{subsection}]\n\t{name}{value}").unwrap();
    }
    text
}

/// Returns the notes of a push with these lines in the file at `path` of the sandbox. A file of the user's is named by a
/// variable: the server's git reads the usual one.
fn notes_with(world: &World, path: &str, more: &str) -> Vec<String> {
    let path = world.sandbox.path(path);
    let before = fs::read_to_string(&path).unwrap_or_default();
    fs::write(&path, format!("{before}\n{more}")).unwrap();
    let mut variables = world.variables();
    if path.starts_with(world.sandbox.home()) {
        variables.push(("GIT_CONFIG_GLOBAL", path.display().to_string()));
    }
    let arguments = ["run", "post-commit", "--json"];
    let said = world.run_in(&world.work(), &arguments, &variables);
    let report = said.report();
    fs::write(&path, before).unwrap();
    let push = step(&report, "push");
    assert_eq!(push["verdict"], "done", "{report}");
    let notes = push["outputs"]["warnings"].as_array().cloned();
    let notes = notes.unwrap_or_default().into_iter();
    let texts = notes.map(|note| note.as_str().unwrap().to_owned());
    texts
        .filter(|note| note.starts_with("`git push` stops at "))
        .collect()
}

#[test]
fn each_value_at_which_git_stops_is_named_and_the_push_arrives() {
    let world = World::new();
    for (key, refused, taken) in KEYS {
        assert!(git_pushes(&world, key, Some(taken)), "{key} = {taken}");
        assert!(!git_pushes(&world, key, *refused), "{key} = {refused:?}");
    }
    let refused = || KEYS.iter().map(|(key, refused, _)| (*key, *refused));
    let notes = notes_with(&world, "home/of-test", &lines(refused()));
    assert_eq!(notes.len(), KEYS.len(), "{notes:#?}");
    for (key, _, _) in KEYS {
        let lower = key.to_ascii_lowercase();
        let begin = format!("`git push` stops at {lower} in the git configuration: ");
        assert!(
            notes.iter().any(|note| note.starts_with(&begin)),
            "{key}: {notes:#?}"
        );
    }
    let taken = KEYS.iter().map(|(key, _, taken)| (*key, Some(*taken)));
    assert!(notes_with(&world, "home/of-test", &lines(taken)).is_empty());
}

/// Guards the words, that the repository's own file counts for git, and that a later value makes up only for some.
#[test]
fn what_git_has_against_a_value_is_said() {
    let world = World::new();
    let own = lines(
        [
            ("core.compression", Some("99")),
            ("core.editor", None),
            ("core.quotePath", Some("maybe")),
            ("pack.window", Some("x")),
            ("pack.windowMemory", Some("-1")),
            ("push.default", Some("nonsense")),
            ("core.abbrev", Some("3")),
            ("pack.useSparse", Some("zzz")),
            ("pack.useSparse", Some("true")),
            ("core.compression", Some("1")),
        ]
        .into_iter(),
    );
    let notes = notes_with(&world, "clone/.git/config", &own);
    insta::assert_snapshot!(notes.join("\n"), @r"
    `git push` stops at core.compression in the git configuration: it is no level from -1 to 9
    `git push` stops at core.editor in the git configuration: it has no value
    `git push` stops at core.quotepath in the git configuration: it is neither true nor false
    `git push` stops at pack.window in the git configuration: it is no number
    `git push` stops at pack.windowmemory in the git configuration: it is no size
    `git push` stops at push.default in the git configuration: git knows no such value
    `git push` stops at core.abbrev in the git configuration: it is no length of an id
    ");
}
