//! Tests of `git::config`: whose word counts.

use sendoff::git::LocalConfigTrust;
use sendoff::git::Matching;
use sendoff::git::OpenError;
use sendoff::git::Repo;
use sendoff::names::RemoteUrl;
use sendoff_testing::supervise;

use super::open::append;
use super::{files, open};
use crate::sandbox::Sandbox;

#[test]
fn the_users_files_count_with_their_includes() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    let top = work.canonicalize().unwrap();
    sandbox.write("home/more", "[core]\n\tsshCommand = from-include\n");
    sandbox.write("home/included", "[http]\n\tproxy = from-include-if\n");
    sandbox.write("home/branch", "[core]\n\taskPass = on-main\n");
    sandbox.write(
        "home/.config/git/config",
        "[core]\n\tpager = xdg\n\teditor = xdg\n",
    );
    append(
        &sandbox.home().join(".gitconfig"),
        &format!(
            "[include]\n\tpath = more\n[includeIf \"gitdir:{}/\"]\n\tpath = ~/included\n\
             [includeIf \"gitdir:/elsewhere/\"]\n\tpath = ~/none\n\
             [includeIf \"onbranch:main\"]\n\tpath = branch\n[core]\n\teditor = home\n[fetch]\n\tprune\n",
            top.display()
        ),
    );
    let repo = open(&sandbox, &work);
    let config = repo.config();
    assert_eq!(
        config.string("core.sshCommand").as_deref(),
        Some("from-include")
    );
    assert_eq!(
        config.string("http.proxy").as_deref(),
        Some("from-include-if")
    );
    assert_eq!(config.string("core.askPass").as_deref(), Some("on-main"));
    assert_eq!(config.string("core.pager").as_deref(), Some("xdg"));
    assert_eq!(config.strings("core.editor"), ["xdg", "home"]);
    assert_eq!(config.bool("fetch.prune"), Some(true));
    assert_eq!(config.bool("fetch.none"), None);
}

#[test]
fn what_the_repository_says_has_no_power_and_is_named() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    let settings = [
        ("core.sshCommand", "evil"),
        ("core.askPass", "evil"),
        ("core.fsmonitor", "evil"),
        ("core.gitProxy", "evil"),
        ("core.hooksPath", "evil"),
        ("credential.helper", "!evil"),
        ("credential.https://u:CANARY@h.test.helper", "!evil"),
        ("http.proxy", "http://evil.test"),
        ("http.sslVerify", "false"),
        ("http.sslCAInfo", "evil"),
        ("url.https://evil.test/.insteadOf", "https://github.com/"),
        ("include.path", "/dev/zero"),
        ("gpg.program", "evil"),
        ("filter.x.process", "evil"),
        ("remote.origin.receivepack", "evil"),
        ("remote.origin.vcs", "evil"),
        ("remote.origin.url", "https://github.com/o/r"),
        ("protocol.ext.allow", "always"),
    ];
    for (key, value) in settings {
        // Git itself would follow the include, so it is written by hand.
        let (section, name) = key.rsplit_once('.').unwrap();
        let header = match section.split_once('.') {
            Some((section, rest)) => format!("[{section} \"{rest}\"]"),
            None => format!("[{section}]"),
        };
        append(
            &work.join(".git/config"),
            &format!("{header}\n\t{name} = {value}\n"),
        );
    }
    let repo = open(&sandbox, &work);
    for key in [
        "core.sshCommand",
        "core.askPass",
        "http.proxy",
        "http.sslVerify",
    ] {
        assert_eq!(repo.config().string(key), None, "{key}");
        let inner = repo.thread_local().unwrap();
        assert!(!matches!(
            inner.config_snapshot().trusted_program(key),
            Ok(Some(_))
        ));
    }
    let ignored = repo.config().ignored_local_keys();
    assert_eq!(
        ignored,
        [
            "core.askpass",
            "core.fsmonitor",
            "core.gitproxy",
            "core.sshcommand",
            "credential.helper",
            "credential.https://***@h.test.helper",
            "filter.x.process",
            "gpg.program",
            "http.proxy",
            "http.sslcainfo",
            "http.sslverify",
            "include.path",
            "protocol.ext.allow",
            "remote.origin.receivepack",
            "remote.origin.vcs",
            "url.https://evil.test/.insteadof",
        ]
    );
    assert!(repo.remote(None, None).is_ok());
}

#[test]
fn a_trusted_repository_counts_as_it_does_for_git() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    sandbox.write("r/.git/more", "[core]\n\taskPass = mine\n");
    sandbox.git(&work, &["config", "core.sshCommand", "mine"]);
    sandbox.git(&work, &["config", "include.path", "more"]);
    let repo = Repo::discover(&work, LocalConfigTrust::Trust, &files(&sandbox))
        .unwrap()
        .unwrap();
    assert_eq!(
        repo.config().string("core.sshCommand").as_deref(),
        Some("mine")
    );
    assert_eq!(
        repo.config().string("core.askPass").as_deref(),
        Some("mine")
    );
    assert!(repo.config().ignored_local_keys().is_empty());
}

#[test]
fn values_for_a_url_follow_the_rules_of_git() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    append(
        &sandbox.home().join(".gitconfig"),
        "[http]\n\tproxy = general\n\
         [http \"https://*.example.com\"]\n\tproxy = wildcard\n\
         [http \"https://git.example.com/team/\"]\n\tproxy = team\n\
         [http \"https://git.example.com\"]\n\tproxy = host\n\
         [credential]\n\thelper = one\n\
         [credential \"https://git.example.com\"]\n\thelper = two\n\
         [credential \"https://other.test\"]\n\thelper = three\n",
    );
    let repo = open(&sandbox, &work);
    for (url, proxy) in [
        ("https://git.example.com/team/app", "team"),
        ("https://git.example.com/other/app", "host"),
        ("https://x.example.com/o/r", "wildcard"),
        ("https://example.com/o/r", "general"),
        ("http://git.example.com/team/app", "general"),
    ] {
        let asked = sandbox.git(&work, &["config", "--get-urlmatch", "http.proxy", url]);
        assert_eq!(asked, proxy, "git, {url}");
        let remote = RemoteUrl::parse(url).unwrap();
        let ours = repo
            .config()
            .scoped("http", "proxy", &remote, Matching::Best);
        assert_eq!(ours.last().map(String::as_str), Some(proxy), "{url}");
    }
    let url = RemoteUrl::parse("https://git.example.com/o/r").unwrap();
    let helpers = repo
        .config()
        .scoped("credential", "helper", &url, Matching::All);
    assert_eq!(helpers, ["one", "two"]);
}

#[test]
fn a_broken_or_endless_configuration_is_an_error() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    let path = work.join(".git/config");
    for content in ["[core\n", "\0\0", &"x".repeat(5 * 1024 * 1024)] {
        std::fs::write(&path, content).unwrap();
        let opened = Repo::discover(&work, LocalConfigTrust::Ignore, &files(&sandbox));
        assert!(matches!(opened, Err(OpenError::Config { .. })));
    }
}

#[test]
fn the_configuration_of_a_worktree_is_read_where_it_is_switched_on() {
    supervise!();
    let sandbox = Sandbox::new();
    let work = sandbox.repository("r");
    sandbox.git(&work, &["config", "extensions.worktreeConfig", "true"]);
    sandbox.git(&work, &["worktree", "add", "-q", "../linked"]);
    let linked = sandbox.path("linked");
    let url = "https://linked.test/o/r";
    sandbox.git(&linked, &["config", "--worktree", "remote.origin.url", url]);
    assert!(open(&sandbox, &work).remote(None, None).is_err());
    let remote = open(&sandbox, &linked).remote(None, None).unwrap();
    assert_eq!(remote.url.to_string(), url);
}
