//! Set-ups that people have, each beside `git push`: both arrive.

use std::path::PathBuf;
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt;
use secrecy::SecretString;
use sendoff::demo::git_server::GitServerOptions;

use crate::sandbox::succeed;

use super::served::{Served, guarded};

/// A work tree, a server that wants a login, and how both are entered.
pub(super) struct Twin {
    pub(super) served: Served,
    pub(super) directory: PathBuf,
    pub(super) variables: Vec<(&'static str, String)>,
}

impl Twin {
    pub(super) fn new(options: GitServerOptions) -> Self {
        let served = Served::start(options);
        let url = served.url();
        let work = served.work.clone();
        let has_remote = served.sandbox.git(&work, &["remote"]).contains("origin");
        let verb = if has_remote { "set-url" } else { "add" };
        served.sandbox.git(&work, &["remote", verb, "origin", &url]);
        let tracked = ["update-ref", "refs/remotes/origin/main", "main"];
        served.sandbox.git(&work, &tracked);
        Self {
            directory: work,
            served,
            variables: Vec::new(),
        }
    }

    pub(super) fn configure(&self, key: &str, value: &str) -> &Self {
        let arguments = ["config", "--global", "--add", key, value];
        self.served.sandbox.git(&self.served.work, &arguments);
        self
    }

    pub(super) fn host(&self) -> String {
        self.served.server.url().replace("http://", "")
    }

    fn started(&self, mut command: Command, arguments: &[&str]) -> Command {
        command
            .env_clear()
            .envs(self.served.sandbox.variables())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .env("PWD", &self.directory)
            .current_dir(&self.directory)
            .args(arguments);
        command
    }

    /// Pushes with us, then with git to a branch of its own.
    pub(super) fn both_arrive(&self) {
        self.we_arrive();
        let git = Command::new("git");
        succeed(&mut self.started(git, &["push", "-q", "origin", "HEAD:by-git"]));
        self.arrived("by-git", "");
    }

    /// Pushes with us.
    pub(super) fn we_arrive(&self) {
        self.arrived("feature", &self.we_say());
    }

    /// Pushes with both, and expects neither to arrive, and us to say why.
    pub(super) fn neither_arrives(&self, why: &str) {
        self.we_refuse(why);
        let git = Command::new("git");
        let pushed = self.started(git, &["push", "-q", "origin", "HEAD:by-git"]);
        let pushed = { pushed }.output().unwrap();
        assert!(!pushed.status.success(), "{pushed:?}");
    }

    /// Pushes with us, and expects a refusal.
    pub(super) fn we_refuse(&self, why: &str) {
        let said = self.we_say();
        assert!(said.contains(why), "{said}");
    }

    /// Pushes with both, and expects neither to arrive; returns what `heard` says after each: ours, then git's.
    pub(super) fn both_fail<T>(&self, heard: impl Fn() -> T) -> (T, T) {
        self.we_say();
        let ours = heard();
        let git = Command::new("git");
        let pushed = self.started(git, &["push", "-q", "origin", "HEAD:by-git"]);
        assert!(!{ pushed }.output().unwrap().status.success());
        (ours, heard())
    }

    pub(super) fn we_say(&self) -> String {
        let ours = Command::cargo_bin("sendoff").unwrap();
        let said = self.started(ours, &["step", "push"]).output().unwrap();
        String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned()
    }

    fn arrived(&self, branch: &str, said: &str) {
        let sandbox = &self.served.sandbox;
        let full = format!("refs/heads/{branch}");
        let tip = ["for-each-ref", "--format=%(objectname)", &full];
        let tip = sandbox.git(&self.served.remote, &tip);
        assert_eq!(tip, sandbox.head(&self.served.work), "{branch}: {said}");
    }
}

const HELPER: &str = "!f() { echo username=me; echo password=pw; }; f";

#[test]
fn a_helper_reads_its_token_from_the_callers_environment() {
    let mut twin = Twin::new(guarded());
    twin.configure(
        "credential.helper",
        "!f() { echo username=me; echo \"password=$MY_FORGE_TOKEN\"; }; f",
    );
    twin.variables.push(("MY_FORGE_TOKEN", "pw".into()));
    twin.both_arrive();
}

#[test]
fn the_options_of_a_helper_go_through_a_shell() {
    let twin = Twin::new(guarded());
    twin.configure("credential.helper", "store --file ~/'my logins'");
    let line = format!("http://me:pw@{}\n", twin.host().replace(':', "%3a"));
    twin.served.sandbox.write("home/my logins", line);
    twin.both_arrive();
}

#[test]
fn a_helper_is_believed_whatever_its_exit_code_and_one_whose_answer_is_expired_is_passed_over() {
    let twin = Twin::new(guarded());
    let old =
        "!f() { echo username=me; echo password=old; echo password_expiry_utc=1000000000; }; f";
    twin.configure("credential.helper", old);
    twin.configure(
        "credential.helper",
        "!f() { echo username=me; echo password=pw; false; }; f",
    );
    twin.both_arrive();
}

#[test]
fn helpers_see_the_path_decoded_where_they_see_it() {
    let twin = Twin::new(guarded());
    let there = twin.served.sandbox.path("remotes/My Proj");
    std::fs::create_dir(&there).unwrap();
    std::os::unix::fs::symlink(&twin.served.remote, there.join("r.git")).unwrap();
    let url = format!("{}/My%20Proj/r.git", twin.served.server.url());
    twin.served
        .sandbox
        .git(&twin.served.work, &["remote", "set-url", "origin", &url]);
    twin.configure("credential.helper", "store");
    twin.configure("credential.useHttpPath", "true");
    let line = format!(
        "http://me:pw@{}/My%20Proj/r.git\n",
        twin.host().replace(':', "%3a")
    );
    twin.served.sandbox.write("home/.git-credentials", line);
    twin.both_arrive();
}

#[test]
fn a_percent_sign_in_a_path_stands_for_itself() {
    let twin = Twin::new(GitServerOptions::default());
    let there = twin.served.sandbox.path("remotes/100%");
    std::fs::create_dir(&there).unwrap();
    std::os::unix::fs::symlink(&twin.served.remote, there.join("r.git")).unwrap();
    let url = format!("{}/100%/r.git", twin.served.server.url());
    let set_url = ["remote", "set-url", "origin", &url];
    twin.served.sandbox.git(&twin.served.work, &set_url);
    twin.both_arrive();
}

#[test]
fn a_login_in_netrc_is_used() {
    let twin = Twin::new(guarded());
    twin.served
        .sandbox
        .write("home/.netrc", "machine 127.0.0.1 login me password pw\n");
    twin.both_arrive();
}

#[test]
fn a_token_as_user_name_is_used() {
    let twin = Twin::new(GitServerOptions {
        login: Some(("token123".into(), SecretString::from(""))),
        ..guarded()
    });
    let url = twin.served.url().replace("http://", "http://token123@");
    twin.served
        .sandbox
        .git(&twin.served.work, &["remote", "set-url", "origin", &url]);
    twin.both_arrive();
}

#[test]
fn a_program_that_asks_answers_without_a_terminal() {
    for variable in ["GIT_ASKPASS", "SSH_ASKPASS", "core.askPass"] {
        let mut twin = Twin::new(guarded());
        let script = "#!/bin/sh\ncase $1 in User*) echo me;; *) echo pw;; esac\n";
        let ask = twin.served.sandbox.executable("ask", script);
        let ask = ask.to_str().unwrap();
        if variable.contains('.') {
            twin.configure(variable, ask);
        } else {
            twin.variables.push((variable, ask.to_owned()));
        }
        twin.both_arrive();
    }
}

#[test]
fn a_helper_of_the_environments_configuration_is_asked() {
    let mut twin = Twin::new(guarded());
    twin.variables = vec![
        ("GIT_CONFIG_COUNT", "1".into()),
        ("GIT_CONFIG_KEY_0", "credential.helper".into()),
        ("GIT_CONFIG_VALUE_0", HELPER.into()),
    ];
    twin.both_arrive();
}

#[test]
fn a_helper_for_the_way_in_is_asked_where_that_is_a_link() {
    let mut twin = Twin::new(guarded());
    let sandbox = &twin.served.sandbox;
    sandbox.write(
        "home/work.inc",
        format!("[credential]\n\thelper = \"{HELPER}\"\n"),
    );
    let link = sandbox.path("home/entered");
    std::os::unix::fs::symlink(twin.served.work.parent().unwrap(), &link).unwrap();
    twin.configure("includeIf.gitdir:~/entered/.path", "work.inc");
    twin.directory = link.join(twin.served.work.file_name().unwrap());
    twin.both_arrive();
}

/// Guards paths that are percent-encoded: what a server tells apart is asked for as it is written.
#[test]
fn an_encoded_path_is_the_one_that_git_reads() {
    for (name, encoded) in [
        ("c++ (new)@x.git", "c%2B%2B%20%28new%29%40x.git"),
        ("caf\u{e9}+.git", "%63af%c3%a9+.git"),
    ] {
        let twin = Twin::new(GitServerOptions::default());
        let (sandbox, work) = (&twin.served.sandbox, &twin.served.work);
        let there = sandbox.path("remotes").join(name);
        std::os::unix::fs::symlink(&twin.served.remote, there).unwrap();
        let urls = [
            format!("{}/{encoded}", twin.served.server.url()),
            format!("file://{}/{encoded}", sandbox.path("remotes").display()),
        ];
        sandbox.write(
            "home/.config/sendoff/policy.toml",
            "[remotes]\nallow-file = true\n",
        );
        for url in urls {
            sandbox.git(work, &["remote", "set-url", "origin", &url]);
            twin.both_arrive();
            sandbox.git(work, &["commit", "-q", "--allow-empty", "-m", "more"]);
        }
    }
}

#[test]
fn a_push_option_of_the_users_goes_along() {
    let twin = Twin::new(GitServerOptions::default());
    let sandbox = &twin.served.sandbox;
    sandbox.git(
        &twin.served.remote,
        &["config", "receive.advertisePushOptions", "true"],
    );
    let seen = sandbox.path("seen");
    let hook = format!(
        "#!/bin/sh\necho \"$GIT_PUSH_OPTION_0\" >> {}\n",
        seen.display()
    );
    sandbox.executable(twin.served.remote.join("hooks/pre-receive"), hook);
    twin.configure("push.pushOption", "forgotten");
    twin.configure("push.pushOption", "");
    twin.configure("push.pushOption", "ci.skip");
    twin.both_arrive();
    assert_eq!(std::fs::read_to_string(seen).unwrap(), "ci.skip\nci.skip\n");
}

#[test]
fn a_branch_whose_remote_is_an_address_goes_there() {
    let twin = Twin::new(guarded());
    let url = twin.served.url().replace("http://", "http://me:pw@");
    let work = &twin.served.work;
    let nowhere = "http://127.0.0.1:9/nowhere.git";
    twin.served
        .sandbox
        .git(work, &["remote", "set-url", "origin", nowhere]);
    twin.served
        .sandbox
        .git(work, &["config", "branch.feature.remote", &url]);
    let ours = Command::cargo_bin("sendoff").unwrap();
    let said = twin.started(ours, &["step", "push"]).output().unwrap();
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let head = twin.served.sandbox.git(work, &["rev-parse", "HEAD"]);
    assert_eq!(twin.served.tip(), head, "{said}");
}

#[test]
fn submodules_are_let_be_where_the_users_configuration_says_so_and_the_policy_nothing() {
    let twin = Twin::new(GitServerOptions::default());
    let (sandbox, work) = (&twin.served.sandbox, &twin.served.work);
    sandbox.git(work, &["init", "-q", "lib"]);
    let library = work.join("lib");
    sandbox.commit(&library, "a.txt", "a\n", "Everywhere");
    sandbox.git(
        &library,
        &["update-ref", "refs/remotes/origin/main", "HEAD"],
    );
    let id = sandbox.commit(&library, "a.txt", "b\n", "Only here");
    let modules = "[submodule \"lib\"]\n\tpath = lib\n\turl = ../lib\n";
    std::fs::write(work.join(".gitmodules"), modules).unwrap();
    sandbox.git(work, &["add", ".gitmodules"]);
    let entry = format!("160000,{id},lib");
    sandbox.git(work, &["update-index", "--add", "--cacheinfo", &entry]);
    sandbox.git(work, &["commit", "-q", "-m", "Add the library"]);
    twin.configure("push.recurseSubmodules", "no");
    let policy = "home/.config/sendoff/policy.toml";
    let policy = sandbox.write(policy, "[steps.push]\nsubmodules = \"check\"\n");
    let ours = Command::cargo_bin("sendoff").unwrap();
    let said = twin.started(ours, &["step", "push"]).output().unwrap();
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.contains("the submodule `lib` is at"), "{said}");
    std::fs::remove_file(policy).unwrap();
    twin.both_arrive();
}
