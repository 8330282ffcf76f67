//! `url.<base>.insteadOf` and `pushInsteadOf`: whose rewrite URLs, and what the caller's environment may say.

use sendoff_testing::supervise;

use super::open::append;
use super::remote::ORIGIN;
use super::{files, open};
use crate::sandbox::Sandbox;

#[test]
fn urls_are_rewritten_by_the_users_configuration_alone() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    sandbox.git(
        &work,
        &["config", "remote.origin.url", "https://github.com/o/r.git"],
    );
    for key in ["insteadOf", "pushInsteadOf"] {
        let key = format!("url.https://evil.test/.{key}");
        sandbox.git(&work, &["config", &key, "https://github.com/"]);
    }
    let host = |sandbox: &Sandbox| {
        let remote = open(sandbox, &work).remote(None, None).unwrap();
        format!("{} {}", remote.url, remote.fetch_url)
    };
    let plain = "https://github.com/o/r.git https://github.com/o/r.git";
    assert_eq!(host(&sandbox), plain);
    append(
        &sandbox.home().join(".gitconfig"),
        "[url \"https://short.test/\"]\n\tinsteadOf = https://\n\
         [url \"ssh://git@github.com/\"]\n\tpushInsteadOf = https://github.com/\n\
         [url \"https://long.test/\"]\n\tinsteadOf = https://github.com/\n",
    );
    let rewritten = "ssh://git@github.com/o/r.git https://long.test/o/r.git";
    assert_eq!(host(&sandbox), rewritten);
    // The same as git, once its own evil is taken away.
    sandbox.git(
        &work,
        &["config", "--remove-section", "url.https://evil.test/"],
    );
    let asked = sandbox.git(&work, &["remote", "get-url", "--push", "origin"]);
    assert_eq!(asked, "ssh://git@github.com/o/r.git");
    assert_eq!(
        sandbox.git(&work, &["remote", "get-url", "origin"]),
        "https://long.test/o/r.git"
    );
    // An explicit push URL is rewritten by `insteadOf` only.
    sandbox.git(
        &work,
        &["config", "remote.origin.pushurl", "https://github.com/p/r"],
    );
    assert_eq!(
        host(&sandbox),
        "https://long.test/p/r https://long.test/o/r.git"
    );
    let asked = sandbox.git(&work, &["remote", "get-url", "--push", "origin"]);
    assert_eq!(asked, "https://long.test/p/r");
}

/// Guards against a prefix of every URL; git refuses the line.
#[test]
fn a_rewrite_without_a_value_rewrites_nothing() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    sandbox.git(&work, &["config", ORIGIN.0, ORIGIN.1]);
    let global = sandbox.home().join(".gitconfig");
    append(&global, "[url \"https://x.test/\"]\n\tinsteadOf\n");
    let remote = open(&sandbox, &work).remote(None, None).unwrap();
    assert_eq!(remote.url.to_string(), ORIGIN.1);
}

#[test]
fn a_base_may_name_no_more_than_the_user_of_ssh() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    let url = |of: &str| {
        sandbox.git(&work, &["config", "remote.origin.url", of]);
        let ours = open(&sandbox, &work).remote(None, None);
        let gits = sandbox.git(&work, &["remote", "get-url", "origin"]);
        (ours.map(|remote| remote.url.to_string()), gits)
    };
    append(
        &sandbox.home().join(".gitconfig"),
        "[url \"ssh://git@\"]\n\tinsteadOf = git://\n\
         [url \"https://CANARY@\"]\n\tinsteadOf = http://\n",
    );
    let (ours, gits) = url("git://h.test/o/r.git");
    assert_eq!(gits, "ssh://git@h.test/o/r.git");
    assert_eq!(ours.unwrap(), gits);
    // The host that the repository names gets nothing that may be a token, and chooses no user.
    assert!(url("http://h.test/o/r.git").0.is_err());
    assert!(url("git://me@h.test/o/r.git").0.is_err());
}

#[test]
fn the_environment_rewrites_nothing() {
    supervise!();
    // The test's own process has a clean environment, so this asks a child that has a hostile one.
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    let other = sandbox.repository("other");
    sandbox.git(&work, &["checkout", "-q", "-b", "mine"]);
    sandbox.git(
        &work,
        &["config", "remote.origin.url", "https://github.com/o/r.git"],
    );
    let git_dir = other.join(".git");
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "--exact",
            "git::remote_rewrites::a_hostile_environment_is_the_childs",
            "--nocapture",
        ])
        .env("SENDOFF_TEST_HOSTILE", &work)
        .env("GIT_DIR", &git_dir)
        .env("GIT_WORK_TREE", &other)
        .env("GIT_INDEX_FILE", git_dir.join("index"))
        .env("GIT_OBJECT_DIRECTORY", git_dir.join("objects"))
        .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", git_dir.join("objects"))
        .env("GIT_COMMON_DIR", &git_dir)
        .env("GIT_NAMESPACE", "evil")
        .env("GIT_SHALLOW_FILE", "/dev/zero")
        .env("GIT_CEILING_DIRECTORIES", work.parent().unwrap())
        .env("GIT_CONFIG_COUNT", "2")
        .env("GIT_CONFIG_KEY_0", "url.https://evil.test/.insteadOf")
        .env("GIT_CONFIG_VALUE_0", "https://github.com/")
        .env("GIT_CONFIG_KEY_1", "core.sshCommand")
        .env("GIT_CONFIG_VALUE_1", "evil")
        .env(
            "GIT_CONFIG_GLOBAL",
            sandbox.write("evil", "[core]\n\tsshCommand = evil\n"),
        )
        .env("GIT_CONFIG_PARAMETERS", "'core.askpass'='evil'");
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("the child looked"), "{text}");
}

#[test]
fn a_hostile_environment_is_the_childs() {
    supervise!();
    let Some(work) = std::env::var_os("SENDOFF_TEST_HOSTILE") else {
        return; // Only as the child of the test above.
    };
    let sandbox = Sandbox::new();
    let work = std::path::PathBuf::from(work);
    let repo = sendoff::git::Repo::discover(
        &work,
        sendoff::git::LocalConfigTrust::Ignore,
        &files(&sandbox),
    )
    .unwrap()
    .unwrap();
    let top = work.canonicalize().unwrap();
    assert_eq!(repo.work_tree(), Some(top.as_path()));
    let head = repo.head().unwrap();
    assert_eq!(head.branch().unwrap().as_str(), "mine");
    assert!(head.id().is_some());
    let inner = repo.thread_local().unwrap();
    assert_eq!(inner.workdir(), Some(top.as_path()));
    assert!(inner.objects.store_ref().path().starts_with(&top));
    assert_eq!(
        repo.remote(None, None).unwrap().url.to_string(),
        "https://github.com/o/r.git"
    );
    assert_eq!(repo.config().string("core.sshCommand"), None);
    assert_eq!(repo.config().string("core.askPass"), None);
    println!("the child looked");
}
