//! Tests of `git::remote`: which remote, and which URL.

use sendoff::git::Remote;
use sendoff::git::RemoteError;
use sendoff::names::BranchName;
use sendoff::names::RemoteName;
use sendoff_testing::supervise;

use super::open::append;
use super::{files, open};
use crate::sandbox::Sandbox;

/// Returns the remote that is chosen for `main` after the given `git config` settings.
fn chosen(settings: &[(&str, &str)]) -> Result<Remote, RemoteError> {
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    for (key, value) in settings {
        sandbox.git(&work, &["config", "--add", key, value]);
    }
    open(&sandbox, &work).remote(None, Some(&BranchName::new("main").unwrap()))
}

fn name(settings: &[(&str, &str)]) -> String {
    chosen(settings).unwrap().name.to_string()
}

const A: (&str, &str) = ("remote.a.url", "https://a.test/o/r.git");
const B: (&str, &str) = ("remote.b.url", "https://b.test/o/r.git");
const ORIGIN: (&str, &str) = ("remote.origin.url", "https://o.test/o/r.git");

#[test]
fn the_remote_is_chosen_in_the_order_of_git() {
    supervise!();
    let push_remote = ("branch.main.pushRemote", "a");
    let push_default = ("remote.pushDefault", "b");
    let of_branch = ("branch.main.remote", "a");
    assert_eq!(name(&[A, B, ORIGIN, push_remote, push_default]), "a");
    assert_eq!(name(&[A, B, ORIGIN, push_default, of_branch]), "b");
    assert_eq!(name(&[A, B, ORIGIN, of_branch]), "a");
    assert_eq!(name(&[A, B, ORIGIN]), "origin");
    assert_eq!(name(&[A]), "a");
}

#[test]
fn a_remote_that_cannot_be_told_is_an_error() {
    supervise!();
    assert_eq!(chosen(&[]).unwrap_err(), RemoteError::None);
    let error = chosen(&[A, B]).unwrap_err();
    assert_eq!(error, RemoteError::Ambiguous(vec!["a".into(), "b".into()]));
    let absent = chosen(&[A, ("branch.main.remote", "gone")]).unwrap_err();
    assert_eq!(absent.to_string(), "there is no remote called `gone`");
    let local = chosen(&[A, ("branch.main.remote", ".")]).unwrap_err();
    assert_eq!(local, RemoteError::ThisRepository);
    let url = chosen(&[A, ("branch.main.remote", "https://u:CANARY@h/x?y")]).unwrap_err();
    assert!(matches!(url, RemoteError::Address { .. }));
    assert!(!format!("{url:?} {url}").contains("CANARY"));
}

#[test]
fn an_address_in_place_of_a_remote_is_one_as_for_git() {
    supervise!();
    let address = "https://me:CANARY@fork.test/o/r.git";
    for key in [
        "branch.main.remote",
        "branch.main.pushRemote",
        "remote.pushDefault",
    ] {
        let remote = chosen(&[A, ORIGIN, (key, address)]).unwrap();
        assert_eq!(remote.url.host(), Some("fork.test"));
        assert!(remote.url.password().is_some());
        assert_eq!(remote.name.as_str(), "https://fork.test/o/r.git");
    }
    let remote = chosen(&[A, ("branch.main.remote", "git@fork.test:o/r.git")]).unwrap();
    assert_eq!(remote.name.as_str(), "fork.test:o/r.git");
    let remote = chosen(&[A, ("branch.main.remote", "../fork.git")]).unwrap();
    assert!(remote.url.file_path().unwrap().ends_with("fork.git"));
}

#[test]
fn a_choice_goes_before_the_configuration() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    for (key, value) in [A, B, ("remote.pushDefault", "b")] {
        sandbox.git(&work, &["config", key, value]);
    }
    let repo = open(&sandbox, &work);
    let choice = RemoteName::new("a").unwrap();
    assert_eq!(repo.remote(Some(&choice), None).unwrap().name, choice);
    let choice = RemoteName::new("none").unwrap();
    let error = repo.remote(Some(&choice), None).unwrap_err();
    assert_eq!(error, RemoteError::Absent(choice));
}

#[test]
fn a_name_that_stands_in_no_ref_is_a_remote_as_for_git() {
    supervise!();
    for odd in [
        "my fork", "fork~1", "a\\b", "x.lock", "foo*", "a?b", "fork@{0}",
    ] {
        let sandbox = Sandbox::new();
        let work = sandbox.repository("r");
        let key = |key: &str| format!("remote.{odd}.{key}");
        let remote = || open(&sandbox, &work).remote(None, None);
        sandbox.git(&work, &["config", &key("url"), "https://h.test/o/r"]);
        let fetch = "+refs/heads/*:refs/remotes/fork/*";
        sandbox.git(&work, &["config", &key("fetch"), fetch]);
        let by_git = sandbox.git(&work, &["remote", "get-url", "--push", odd]);
        let found = remote().unwrap();
        assert_eq!((found.name.as_str(), found.url.to_string()), (odd, by_git));
        assert_eq!(
            open(&sandbox, &work).remote_head_hint(&found).unwrap(),
            None
        );
        // Where the refspec follows the name, git refuses both.
        let fetch = format!("+refs/heads/*:refs/remotes/{odd}/*");
        sandbox.git(&work, &["config", &key("fetch"), &fetch]);
        let mut git = sandbox.command("git");
        let git = git.args(["push", "--dry-run", "--", odd, "main"]);
        let said = git.current_dir(&work).output().unwrap().stderr;
        let said = String::from_utf8(said).unwrap();
        assert!(
            said.contains(&format!("fatal: invalid refspec '{fetch}'")),
            "{said}"
        );
        let error = remote().unwrap_err();
        let shown = fetch.escape_debug();
        assert_eq!(
            error.to_string(),
            format!("`{shown}` is no refspec: the remote `{odd}` cannot be used")
        );
        // The advice works.
        let advice = error.advice().unwrap();
        assert!(advice.contains("git config --rename-section"), "{advice}");
        let section = format!("remote.{odd}");
        sandbox.git(
            &work,
            &["config", "--rename-section", &section, "remote.new"],
        );
        let fetch = "+refs/heads/*:refs/remotes/new/*";
        sandbox.git(&work, &["config", "remote.new.fetch", fetch]);
        assert_eq!(remote().unwrap().name.as_str(), "new");
    }
    // These would be an option, an address or no text.
    for odd in ["-fork", "fork:x", "..", "a\u{202e}b"] {
        let url = (format!("remote.{odd}.url"), "https://h.test/o/r");
        let error = chosen(&[(&url.0, url.1)]).unwrap_err();
        assert!(matches!(error, RemoteError::Name(_)), "{odd}: {error}");
    }
    let several = [("remote.my fork.url", "https://a.test/o/r"), B];
    let advice = chosen(&several).unwrap_err().advice().unwrap();
    assert_eq!(advice, "choose one with `git config remote.pushDefault b`");
    let several = [
        ("remote.my fork.url", "https://a.test/o/r"),
        ("remote.z.url", B.1),
    ];
    let advice = chosen(&several).unwrap_err().advice().unwrap();
    assert_eq!(
        advice,
        "choose one with `git config remote.pushDefault 'my fork'`"
    );
}

/// Guards against names in advice that a shell runs: the name of a remote comes with the repository.
#[test]
fn advice_with_an_odd_name_runs_nothing_but_git() {
    supervise!();
    for odd in [
        "a b$(touch made)",
        "x; touch made #",
        "x`touch made`y",
        "it's | touch made",
        "a \"b\" $HOME",
    ] {
        let sandbox = Sandbox::new();
        let work = sandbox.repository("r");
        sandbox.git(&work, &["config", "branch.main.remote", odd]);
        let remote = || open(&sandbox, &work).remote(None, Some(&BranchName::new("main").unwrap()));
        let paste = |advice: &str, command: &str| {
            let mut shell = sandbox.command("sh");
            let shell = shell.args(["-c", command]).current_dir(&work);
            let said = shell.output().unwrap();
            assert!(!work.join("made").exists(), "{advice}");
            said.status.success()
        };
        // Git refuses to add such a remote, but as one word.
        let advice = remote().unwrap_err().advice().unwrap();
        let command = advice.strip_prefix("add it with `").unwrap();
        let command = command.strip_suffix('`').unwrap();
        paste(&advice, &command.replace("URL", "https://h.test/o/r"));
        // What is renamed is the section that the repository has.
        let key = |key: &str| format!("remote.{odd}.{key}");
        sandbox.git(&work, &["config", &key("url"), "https://h.test/o/r"]);
        let fetch = format!("+refs/heads/*:refs/remotes/{odd} ..x/*");
        sandbox.git(&work, &["config", &key("fetch"), &fetch]);
        let advice = remote().unwrap_err().advice().unwrap();
        let command = advice.split_once(": ").unwrap().1;
        let command = command.rsplit_once(", and correct").unwrap().0;
        assert!(
            paste(&advice, &command.replace("remote.NAME", "remote.new")),
            "{advice}"
        );
        let url = sandbox.git(&work, &["config", "remote.new.url"]);
        assert_eq!(url.trim(), "https://h.test/o/r", "{odd}");
    }
}

#[test]
fn a_refspec_that_git_refuses_is_named() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    for (spec, is_refused) in [
        ("+refs/heads/*:refs/remotes/or..igin/*", true),
        ("+refs/heads/*/*:refs/remotes/o/*/*", true),
        ("+refs/heads/*:refs/remotes/origin", true),
        ("refs/heads/a:refs/remotes/origin/*", true),
        ("a:b:c", true),
        ("refs/heads/a:", false),
        (":refs/remotes/origin/a", false),
        ("main", false),
        ("^refs/heads/x", false),
        ("+refs/heads/a*b:refs/remotes/origin/c*", false),
        ("+refs/*:refs/*", false),
        ("main:kept", false),
        ("", false),
    ] {
        sandbox.git(&work, &["config", "remote.origin.url", "/none"]);
        sandbox.git(&work, &["config", "remote.origin.fetch", spec]);
        let mut git = sandbox.command("git");
        let git = git.args(["push", "--dry-run", "origin", "main"]);
        let said = git.current_dir(&work).output().unwrap().stderr;
        let by_git = String::from_utf8(said).unwrap().contains("invalid refspec");
        assert_eq!(by_git, is_refused, "{spec}");
        match open(&sandbox, &work).remote(None, None) {
            Ok(_) => assert!(!is_refused, "{spec}"),
            Err(error) => {
                let text = format!("`{spec}` is no refspec: the remote `origin` cannot be used");
                assert_eq!(error.to_string(), text);
                let advice = error.advice().unwrap();
                assert_eq!(advice, "correct `remote.origin.fetch`: git config --edit");
            }
        }
    }
}

#[test]
fn dangerous_urls_are_refused_and_no_password_is_shown() {
    supervise!();
    for url in [
        "ext::sh -c id",
        "ssh://-oProxyCommand=x/y",
        "https://h%0d%0ax/",
        "https://x:CANARY@evil?@github.com/",
    ] {
        let error = chosen(&[("remote.origin.url", url)]).unwrap_err();
        assert!(matches!(error, RemoteError::Url { .. }), "{url}");
        assert!(!format!("{error:?} {error}").contains("CANARY"));
    }
    let remote = chosen(&[("remote.origin.url", "https://x:CANARY@h.test/o/r")]).unwrap();
    assert!(!format!("{remote:?}").contains("CANARY"));
}

#[test]
fn push_urls_go_before_urls_and_the_others_are_known() {
    supervise!();
    let remote = chosen(&[
        ORIGIN,
        ("remote.origin.pushurl", "https://one.test/o/r"),
        ("remote.origin.pushurl", "https://two.test/o/r"),
    ])
    .unwrap();
    assert_eq!(remote.url.host(), Some("one.test"));
    assert_eq!(remote.fetch_url.host(), Some("o.test"));
    assert_eq!(remote.other_push_urls[0].host(), Some("two.test"));
    let remote = chosen(&[ORIGIN, ("remote.origin.url", "https://p.test/o/r")]).unwrap();
    assert_eq!(remote.url.host(), Some("o.test"));
    assert_eq!(remote.other_push_urls[0].host(), Some("p.test"));
}

#[test]
fn urls_of_the_user_and_of_the_repository_all_count_in_gits_order() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    sandbox.git(&work, &["config", ORIGIN.0, ORIGIN.1]);
    sandbox.git(
        &work,
        &["config", "--global", ORIGIN.0, "https://u.test/o/r"],
    );
    let by_git = sandbox.git(&work, &["remote", "get-url", "--push", "--all", "origin"]);
    let remote = open(&sandbox, &work).remote(None, None).unwrap();
    let all = [&[remote.url][..], &remote.other_push_urls].concat();
    let all: Vec<String> = all.iter().map(ToString::to_string).collect();
    assert_eq!(all.join("\n"), by_git);
    assert_eq!(all.len(), 2);
}

#[test]
fn a_relative_path_counts_from_the_top_of_the_work_tree() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    std::fs::create_dir(work.join("deep")).unwrap();
    sandbox.git(&work, &["config", "remote.origin.url", "../remote.git"]);
    let repo = open(&sandbox, &work.join("deep"));
    let path = repo.remote(None, None).unwrap().url.file_path().unwrap();
    let top = work.canonicalize().unwrap();
    assert_eq!(path, top.join("../remote.git"));
}

#[test]
fn a_directory_and_a_path_below_a_home_are_addresses_as_for_git() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    let at = |remote: &str| {
        sandbox.git(&work, &["config", "branch.main.remote", remote]);
        open(&sandbox, &work).remote(None, Some(&BranchName::new("main").unwrap()))
    };
    assert_eq!(
        at("other").unwrap_err().to_string(),
        "there is no remote called `other`"
    );
    std::fs::create_dir(work.join("other.git")).unwrap();
    let top = work.canonicalize().unwrap();
    let other = at("other").unwrap();
    assert_eq!(
        other.url.to_string(),
        top.join("other").display().to_string()
    );
    let home = sandbox.home().join("r.git");
    assert_eq!(
        at("~/r.git").unwrap().url.to_string(),
        home.display().to_string()
    );
    // A remote of that name goes before it.
    sandbox.git(
        &work,
        &["config", "remote.other.url", "https://o.test/o/r.git"],
    );
    assert_eq!(
        at("other").unwrap().url.to_string(),
        "https://o.test/o/r.git"
    );
}

#[test]
fn where_the_branch_is_merged_from_and_push_refspecs_do_not_count() {
    supervise!();
    let remote = chosen(&[
        ORIGIN,
        ("branch.main.merge", "refs/heads/other"),
        ("push.default", "upstream"),
        ("remote.origin.push", "+refs/heads/*:refs/heads/main"),
        ("remote.origin.mirror", "true"),
    ])
    .unwrap();
    assert_eq!(remote.url.host(), Some("o.test"));
}

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
            "git::remote::a_hostile_environment_is_the_childs",
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
