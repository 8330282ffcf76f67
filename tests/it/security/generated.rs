//! Branch names, policies and git configurations in every combination, against a repository whose `update` hook notes each
//! ref that a push touches: no protected one is touched, whoever named it how.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use sendoff_testing::supervise;

use crate::program::run;
use crate::sandbox::Sandbox;

/// What the built-in policy protects and the server has.
const BUILT_IN: &[&str] = &[
    "main",
    "master",
    "staging",
    "develop",
    "production",
    "release/1.0",
    "gh-pages",
];
/// What the user's policy protects, as `keep/**`.
const OF_USER: &[&str] = &["keep/it"];
/// What only the server's HEAD protects.
const HEAD_OF_SERVER: &str = "trunk";
/// What nobody protects.
const FREE: &[&str] = &[
    "feature/x",
    "maintain",
    "fix-main",
    "main2",
    "released/1.0",
    "agent/ü",
];

/// How many cases one test tries; ten times as many in the long mode.
fn cases() -> u64 {
    match std::env::var("SENDOFF_TEST_LONG") {
        Ok(_) => 2500,
        Err(_) => 250,
    }
}

/// A generator of numbers that are the same in every run of a seed (xorshift64*).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let mixed = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d);
        usize::try_from(mixed >> 33).unwrap() % end
    }

    fn one_of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }
}

/// Another way to write a name that reads, or normalises, as the same.
fn disguised(random: &mut Random, name: &str) -> String {
    let fullwidth = |c: char| match c {
        'a'..='z' => char::from_u32(u32::from(c) - 0x61 + 0xff41).unwrap(),
        other => other,
    };
    match random.below(6) {
        0 => name.to_owned(),
        1 => name.to_uppercase(),
        2 => name[..1].to_uppercase() + &name[1..],
        3 => name.chars().map(fullwidth).collect(),
        // A soft hyphen, and a zero-width space.
        4 => format!("{}\u{ad}{}", &name[..2], &name[2..]),
        _ => format!("{}\u{200b}{}", &name[..1], &name[1..]),
    }
}

/// A branch to be pushed, and whether it may be.
fn branch(random: &mut Random) -> (String, bool) {
    match random.below(10) {
        0..=3 => {
            let all = [BUILT_IN, OF_USER, &[HEAD_OF_SERVER]].concat();
            let name = random.one_of(&all);
            if name == HEAD_OF_SERVER {
                // The server compares HEAD as it is written; what differs from it is another branch there.
                return (name.to_owned(), false);
            }
            (disguised(random, name), false)
        }
        // What reads like a full ref, or an option.
        4 => {
            let name = random.one_of(BUILT_IN);
            let form = random.one_of(&["refs/heads/", "heads/", "refs/", "remotes/origin/"]);
            (format!("{form}{name}"), form == "remotes/origin/")
        }
        _ => {
            let name = random.one_of(FREE);
            (format!("{name}-{}", random.below(1000)), true)
        }
    }
}

/// A repository's own policy. None may free a branch.
fn policy(random: &mut Random) -> &'static str {
    random.one_of(&[
        "",
        "[branches]\nprotected = []\n",
        "[branches]\nunprotect = [\"main\", \"master\"]\n",
        "[branches]\nbase = \"feature/x\"\n",
        "[branches]\npolicy-base = \"feature/x\"\n",
        "[remotes]\nallow-file = true\n[guard]\npaths = \"allow\"\n",
        "[steps.push]\nremote = \"evil\"\noptions = [\"force\"]\nrewrite = \"lease\"\n",
        "not toml",
    ])
}

/// Keys of the repository's own git configuration, each of which moves a push of git's.
fn config(random: &mut Random, bare: &str) -> String {
    let target = random.one_of(BUILT_IN);
    let mut text = String::new();
    for _ in 0..random.below(4) {
        match random.below(9) {
            0 => write!(
                text,
                "[remote \"origin\"]\n\tpush = HEAD:refs/heads/{target}\n"
            ),
            1 => write!(
                text,
                "[remote \"origin\"]\n\tpush = +refs/heads/*:refs/heads/*\n\tmirror = true\n"
            ),
            2 => write!(text, "[push]\n\tdefault = upstream\n\tfollowTags = true\n"),
            3 => write!(text, "[push]\n\tdefault = matching\n"),
            4 => write!(
                text,
                "[branch \"feature/x\"]\n\tremote = origin\n\tmerge = refs/heads/{target}\n"
            ),
            5 => write!(
                text,
                "[url \"{bare}\"]\n\tpushInsteadOf = {bare}\n\tinsteadOf = {bare}\n"
            ),
            6 => write!(
                text,
                "[core]\n\tbare = false\n\tlogAllRefUpdates = always\n"
            ),
            7 => write!(
                text,
                "[alias]\n\tpush = push --force origin HEAD:{target}\n"
            ),
            _ => write!(
                text,
                "[remote]\n\tpushDefault = origin\n[branch]\n\tautoSetupMerge = simple\n"
            ),
        }
        .unwrap();
    }
    text
}

/// A bare repository that notes what is pushed to it, and a clone.
struct Target {
    sandbox: Sandbox,
}

impl Target {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        sandbox.add(
            "git init -q -b main clone && cd clone
             git commit -q --allow-empty -m start
             git clone -q --bare . ../bare.git",
        );
        let target = Self { sandbox };
        let bare = target.sandbox.path("bare.git").display().to_string();
        let remote = ["remote", "add", "origin", &bare];
        target.git("clone", &remote).unwrap();
        let all = [BUILT_IN, OF_USER, &[HEAD_OF_SERVER]].concat();
        for name in all {
            target
                .git("bare.git", &["branch", "-f", name, "main"])
                .unwrap_or_default();
        }
        let head = format!("refs/heads/{HEAD_OF_SERVER}");
        target
            .git("bare.git", &["symbolic-ref", "HEAD", &head])
            .unwrap();
        target.git("clone", &["fetch", "-q", "origin"]).unwrap();
        let base = ["remote", "set-head", "origin", HEAD_OF_SERVER];
        target.git("clone", &base).unwrap();
        let hook = format!("echo \"$1\" >>'{}'", target.noted().display());
        let path = target.sandbox.path("bare.git/hooks/update");
        crate::push::rig::script(&target.sandbox, "bare.git/hooks/update", &hook);
        assert!(path.exists());
        let policy = "[remotes]\nallow-file = true\n[branches]\nprotected = [\"keep/**\"]\n\
                      [steps.pr-create]\nenabled = false\n";
        target
            .sandbox
            .write("home/.config/sendoff/policy.toml", policy);
        target
    }

    fn noted(&self) -> PathBuf {
        self.sandbox.path("noted")
    }

    /// Runs git; nothing where it refuses, as it does for a branch that is checked out.
    fn git(&self, directory: &str, arguments: &[&str]) -> Option<String> {
        let mut command = self.sandbox.command("git");
        let output = command
            .args(arguments)
            .current_dir(self.sandbox.path(directory))
            .output();
        let output = output.unwrap();
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Returns the refs that pushes tried to update since the last call.
    fn touched(&self) -> Vec<String> {
        let noted = fs::read_to_string(self.noted()).unwrap_or_default();
        drop(fs::remove_file(self.noted()));
        noted.lines().map(str::to_owned).collect()
    }

    /// Puts HEAD on a branch of that name, without git's own checks of names.
    fn put_on(&self, name: &str, tip: &str) {
        let git = self.sandbox.path("clone/.git");
        drop(fs::remove_dir_all(git.join("refs/heads")));
        let path = git.join("refs/heads").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("{tip}\n")).unwrap();
        fs::write(git.join("HEAD"), format!("ref: refs/heads/{name}\n")).unwrap();
    }
}

/// Tries the cases of a seed.
fn try_cases(seed: u64) {
    let target = Target::new();
    let bare = target.sandbox.path("bare.git").display().to_string();
    let plain = fs::read_to_string(target.sandbox.path("clone/.git/config")).unwrap();
    target
        .git("clone", &["commit", "-q", "--allow-empty", "-m", "more"])
        .unwrap();
    let tip = target.git("clone", &["rev-parse", "HEAD"]).unwrap();
    let protected = || {
        let all = [BUILT_IN, OF_USER, &[HEAD_OF_SERVER]].concat();
        let full = all.iter().map(|name| format!("refs/heads/{name}"));
        let refs: Vec<String> = full.collect();
        let mut arguments = vec!["for-each-ref", "--format=%(refname) %(objectname)"];
        arguments.extend(refs.iter().map(String::as_str));
        target.git("bare.git", &arguments).unwrap()
    };
    let before = protected();
    assert_eq!(before.lines().count(), BUILT_IN.len() + OF_USER.len() + 1);
    let mut random = Random(seed);
    let mut pushed = 0;
    for case in 0..cases() {
        let (name, may_be_pushed) = branch(&mut random);
        let policy = policy(&mut random);
        let config = config(&mut random, &bare);
        target.put_on(&name, &tip);
        fs::write(
            target.sandbox.path("clone/.git/config"),
            format!("{plain}{config}"),
        )
        .unwrap();
        target.sandbox.write("clone/.sendoff.toml", policy);
        let said = run(
            &target.sandbox,
            &target.sandbox.path("clone"),
            &["step", "push"],
            &[],
            b"",
        );
        let touched = target.touched();
        let told = format!(
            "seed {seed}, case {case}: {name:?}, {policy:?}, {config:?}\n{}",
            said.stdout
        );
        if may_be_pushed {
            pushed += touched.len();
            let own = format!("refs/heads/{name}");
            assert!(
                touched.iter().all(|touched| *touched == own),
                "{touched:?}; {told}"
            );
        } else {
            assert!(touched.is_empty(), "{touched:?}; {told}");
        }
    }
    assert_eq!(protected(), before);
    // The control: the honest names arrived.
    assert!(pushed > 50, "{pushed}");
}

#[test]
fn g01_generated_cases_touch_no_protected_branch_1() {
    supervise!();
    try_cases(1);
}

#[test]
fn g01_generated_cases_touch_no_protected_branch_2() {
    supervise!();
    try_cases(2);
}

#[test]
fn g01_generated_cases_touch_no_protected_branch_3() {
    supervise!();
    try_cases(3);
}

#[test]
fn g01_generated_cases_touch_no_protected_branch_4() {
    supervise!();
    try_cases(4);
}

/// What the cases look for is found when it happens.
#[test]
fn a_planted_forced_push_is_found() {
    supervise!();
    let target = Target::new();
    target
        .git(
            "clone",
            &["commit", "-q", "--amend", "--allow-empty", "-m", "other"],
        )
        .unwrap();
    target
        .git("clone", &["push", "-q", "--force", "origin", "HEAD:main"])
        .unwrap();
    assert_eq!(target.touched(), ["refs/heads/main"]);
}
