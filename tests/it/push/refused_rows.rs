//! Each key whose values are looked at, beside `git push`: with a bad value, with a good one, with both, and odd values.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use sendoff::git::{ConfigFiles, LocalConfigTrust, Repo, refused_values};
use sendoff::names::RemoteUrl;
use sendoff_testing::left_out;

use crate::sandbox::environment;
use crate::world::World;

use super::refused_values::lines;
use super::rig::script;

/// The rows themselves, as they are written.
const ROWS: &str = include_str!("../../../src/git/refused_values/rows.rs");

/// Values that git takes where the first one that fits the kind of key would change the push.
const GOOD: &[(&str, &str)] = &[
    ("core.whitespace", "cr-at-eol"),
    ("http.curloptresolve", "x.example:80:127.0.0.1"),
    ("http.extraheader", "A: b"),
    ("http.proxy", ""),
    ("push.default", "current"),
    ("push.pushoption", ""),
    ("push.recursesubmodules", "check"),
    ("remote.other.fetch", "refs/heads/x:refs/remotes/other/x"),
];

/// Returns each key of the rows with a bad value, of which there is none where the key stands alone, and a good one.
fn keys() -> Vec<(String, Option<&'static str>, &'static str)> {
    let mut keys = Vec::new();
    for line in ROWS.lines().map(str::trim) {
        let Some(rest) = line.strip_prefix("row(\"") else {
            continue;
        };
        let parts: Vec<&'static str> = rest.split('"').collect();
        let (section, names) = (parts[0], parts[parts.len() - 2]);
        let kind = parts[1].trim_matches([' ', ',']);
        let kind = kind.split(['(', ',']).next().unwrap();
        let words: Vec<&str> = parts[2].split(' ').collect();
        let (bad, good) = match kind {
            "Text" => (None, "x"),
            "Truth" => (Some("zzz"), "true"),
            "TruthOr" | "TruthOrExactly" | "NamedTruthOr" | "NotOrExactly" => {
                (Some("zzz"), words[words.len() - 1])
            }
            "OneOf" | "Exactly" => (Some("zzz"), words[0]),
            "Number" | "LargeNumber" => (Some("zz"), "2"),
            "Size" => (Some("-1"), "1g"),
            "Level" => (Some("99"), "1"),
            "Abbreviation" => (Some("zzz"), "auto"),
            "FetchRefspec" | "PushRefspec" => (Some("a:b..c"), "refs/heads/x"),
            other => panic!("{other}"),
        };
        for name in names.split(' ') {
            let key = match (section, name) {
                ("branch", "autosetupmerge" | "autosetuprebase") | ("remote", "pushdefault") => {
                    format!("{section}.{name}")
                }
                ("branch" | "remote", _) => format!("{section}.other.{name}"),
                ("url", _) => format!("url.https://a.example/.{name}"),
                _ => format!("{section}.{name}"),
            };
            let named = GOOD.iter().find(|(known, _)| *known == key);
            keys.push((key, bad, named.map_or(good, |(_, value)| value)));
        }
    }
    keys
}

/// A clone that is pushed from by git and looked at by us.
struct Compared {
    world: World,
    files: AtomicUsize,
}

impl Compared {
    /// `None` with another version than the rows were written by: git comes to know keys and values.
    fn with_known_git() -> Option<Self> {
        let world = World::new();
        let version = world.sandbox.git(world.work(), &["--version"]);
        if !version.starts_with("git version 2.47.") {
            left_out("git-2.47", &version);
            return None;
        }
        // What `git init` and `git clone` write there would be the last value.
        let unset = ["config", "--unset", "core.logAllRefUpdates"];
        world.sandbox.git(world.work(), &unset);
        Some(Self {
            world,
            files: AtomicUsize::new(0),
        })
    }

    fn http(&self) -> String {
        format!("{}/acme/rocket.git", self.world.url_with_login())
    }

    /// Says whether git pushes to `url` with `text` as the user's configuration, after checking that a note says the same.
    fn git_pushes(&self, text: &str, url: &str) -> bool {
        let (pushed, said) = self.push(text, url);
        let notes = self.notes(text, url);
        assert_eq!(notes.is_empty(), pushed, "{text}{notes:#?}\n{said}");
        pushed
    }

    /// Pushes by git with `text` as the user's configuration, and returns whether that worked, and what git says.
    fn push(&self, text: &str, url: &str) -> (bool, String) {
        let file = self.file(text);
        let name = file.file_name().unwrap().to_string_lossy();
        let branch = format!("HEAD:refs/heads/by-git-{name}");
        let mut git = self.world.sandbox.command("git");
        git.current_dir(self.world.work());
        git.env("GIT_CONFIG_GLOBAL", &file);
        let output = git.args(["push", "-q", url, &branch]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.success(), said)
    }

    /// Asserts that git pushes with each of `texts`: with all of them together, else with one half and with the other.
    fn assert_pushes_with_all(&self, texts: &[String], url: &str) {
        let text = texts.concat();
        let notes = self.notes(&text, url);
        assert!(notes.is_empty(), "{text}{notes:#?}");
        let (pushed, said) = self.push(&text, url);
        if !pushed {
            assert!(texts.len() > 1, "{text}{said}");
            let (one, other) = texts.split_at(texts.len() / 2);
            self.assert_pushes_with_all(one, url);
            self.assert_pushes_with_all(other, url);
        }
    }

    /// Writes a file of the user's configuration.
    fn file(&self, text: &str) -> PathBuf {
        let number = self.files.fetch_add(1, Ordering::Relaxed);
        let name = format!("configuration-{number}");
        self.world.sandbox.write(&name, text)
    }

    fn notes(&self, text: &str, url: &str) -> Vec<String> {
        let file = self.file(text);
        let sandbox = &self.world.sandbox;
        let mut files = ConfigFiles::of_user(Some(&sandbox.home()), None);
        (files.system, files.user) = (None, vec![file]);
        let work = self.world.work();
        let repo = Repo::discover(&work, LocalConfigTrust::Ignore, &files);
        let url = RemoteUrl::parse(url).unwrap();
        let environment = environment(sandbox, &work);
        refused_values(repo.unwrap().unwrap().config(), &environment, &url)
    }
}

/// What git takes is asked of it with many keys at once, and what it refuses with one: there it stops early.
#[test]
fn each_key_is_noted_where_git_stops_and_only_there() {
    let Some(compared) = Compared::with_known_git() else {
        return;
    };
    let keys = keys();
    assert!(keys.len() > 150, "{}", keys.len());
    let url = compared.http();
    let mut taken = Vec::new();
    let mut passed_over = Vec::new();
    let mut refused = Vec::new();
    for (key, bad, good) in &keys {
        if key == "core.sshcommand" {
            continue;
        }
        let (bad, good) = ((key.as_str(), *bad), (key.as_str(), Some(*good)));
        taken.push(lines([good].into_iter()));
        let alone = lines([bad].into_iter());
        assert!(!compared.notes(&alone, &url).is_empty(), "{alone}");
        let both = lines([bad, good].into_iter());
        if compared.notes(&both, &url).is_empty() {
            // Git reads the last line, or passes over the first.
            passed_over.push(both);
            refused.push(alone);
        } else {
            refused.push(both);
        }
    }
    // Git has keys of either kind.
    assert!(!passed_over.is_empty() && passed_over.len() < refused.len());
    compared.assert_pushes_with_all(&taken, &url);
    compared.assert_pushes_with_all(&passed_over, &url);
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(text) = refused.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (pushed, said) = compared.push(text, &url);
                    assert!(!pushed, "{text}{said}");
                }
            });
        }
    });
}

#[test]
fn odd_values_are_noted_where_git_stops_and_only_there() {
    let Some(compared) = Compared::with_known_git() else {
        return;
    };
    let url = compared.http();
    let place = url.rsplit_once("/acme").unwrap().0;
    let place = format!("http://{}", place.rsplit_once('@').unwrap().1);
    let one = [
        ("advice.noSuchAdvice", Some("zzz")),
        ("branch.autoSetupMerge", Some("ALWAYS")),
        ("branch.autoSetupRebase", Some("Always")),
        ("color.pager", Some("auto")),
        ("color.push", Some("AUTO")),
        ("color.transport", None),
        ("commitGraph.generationVersion", Some(" 5")),
        ("core.abbrev", Some("0")),
        ("core.abbrev", Some("NO")),
        ("core.abbrev", Some("")),
        ("core.abbrev", Some("yes")),
        ("core.abbrev", Some("9999999999")),
        ("core.autocrlf", Some("INPUT")),
        ("core.bare", Some(" 1")),
        ("core.bigFileThreshold", Some(" -1")),
        ("core.bigFileThreshold", Some("9000000000")),
        ("core.createObject", Some("LINK")),
        ("core.fileMode", Some("1 ")),
        ("core.fileMode", Some("3000000000")),
        ("core.logAllRefUpdates", None),
        ("core.sshCommand", None),
        ("http.emptyAuth", Some("AUTO")),
        ("http.followRedirects", Some("INITIAL")),
        ("http.lowSpeedTime", Some("9000000000")),
        ("http.postBuffer", Some("3g")),
        ("pack.deltaCacheSize", Some("3g")),
        ("pack.window", Some("0x10")),
        ("pack.window", Some("3000000000")),
        ("pack.window", Some("5 ")),
        ("push.default", Some("CURRENT")),
        ("push.recurseSubmodules", Some("CHECK")),
    ];
    for line in one {
        compared.git_pushes(&lines([line].into_iter()), &url);
    }
    let here = format!("http.{place}.sslVerify");
    let repository = format!("http.{place}/acme/rocket.git.sslVerify");
    let elsewhere = "http.http://elsewhere.example.sslVerify";
    let sentence = |key: &str| {
        if key == "http.sslVerify" {
            Some("zzz")
        } else {
            Some("true")
        }
    };
    for keys in [
        [here.as_str(), "http.sslVerify"],
        ["http.sslVerify", &here],
        [elsewhere, "http.sslVerify"],
    ] {
        let both = keys.map(|key| (key, sentence(key)));
        compared.git_pushes(&lines(both.into_iter()), &url);
    }
    let both = [(repository.as_str(), Some("true")), (&here, Some("zzz"))];
    assert!(compared.git_pushes(&lines(both.into_iter()), &url));
    // A key alone before another line of the same section.
    for text in [
        "[remote \"other\"]\n\turl\n\turl = /nowhere\n",
        "[core]\n\teditor\n\teditor = true\n\tbare = false\n",
        "[remote \"other\"]\n\turl =\n\turl = /nowhere # a word\n",
    ] {
        compared.git_pushes(text, &url);
    }
}

#[test]
fn an_ssh_command_is_looked_at_where_ssh_is_used() {
    let Some(compared) = Compared::with_known_git() else {
        return;
    };
    let sandbox = &compared.world.sandbox;
    let text = "while [ \"$1\" != host.test ]; do shift; done; shift; exec sh -c \"$*\"";
    let ssh = script(sandbox, "ssh", text);
    let url = format!("ssh://host.test{}", compared.world.bare().display());
    let bad = ("core.sshCommand", None);
    let good = ("core.sshCommand", ssh.to_str());
    for (order, pushes) in [
        (vec![bad], false),
        (vec![good], true),
        (vec![bad, good], true),
        (vec![good, bad], false),
    ] {
        let text = lines(order.into_iter());
        assert_eq!(compared.git_pushes(&text, &url), pushes, "{text}");
    }
}

/// Guards against notes on what the repository includes, which is not read: it may have the value that counts.
#[test]
fn what_an_included_file_may_set_right_is_not_noted() {
    let Some(compared) = Compared::with_known_git() else {
        return;
    };
    let work = compared.world.work();
    let config = work.join(".git/config");
    let before = fs::read_to_string(&config).unwrap();
    fs::write(
        work.join(".git/more"),
        "[core]\n\twarnAmbiguousRefs = true\n",
    )
    .unwrap();
    let more = "[core]\n\twarnAmbiguousRefs = zzz\n[include]\n\tpath = more\n";
    fs::write(&config, format!("{before}{more}")).unwrap();
    assert!(compared.git_pushes("", &compared.http()));
}

#[test]
fn a_line_is_named_once_however_often_it_stands_there() {
    let Some(compared) = Compared::with_known_git() else {
        return;
    };
    let text =
        "[core]\n\tquotePath = maybe\n\tcompression = 99\n".repeat(200) + "[core]\n\teditor\n";
    let notes = compared.notes(&text, &compared.http());
    assert_eq!(notes.len(), 3, "{notes:#?}");
}
