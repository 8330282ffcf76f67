//! Everything that a whole run needs: a git server, a forge, a platform, and a clone with work to ship.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::Command;

use secrecy::SecretString;
use sendoff::demo::forge_server::{Branches, ForgeServer, Repository};
use sendoff::demo::git_server::{FaultKind, GitServer, GitServerOptions, RequestFault};
use sendoff::demo::platform_server::PlatformServer;
use sendoff::forge::{FoundBlock, find_block};
use sendoff::process::Inheritance;
use serde_json::Value;

use crate::program::{Said, program, run};
use crate::sandbox::{Sandbox, environment};

/// The token that every server of the world asks for.
pub(crate) const TOKEN: &str = "world-token-0123456789";

/// The clone, which has yet to learn its remote's URL, and the bare repository.
const REPOSITORIES: &str = "
    git init -q -b main clone && cd clone
    echo hello > README && git add --all && git commit -q -m start
    git clone -q --bare . ../served/acme/rocket.git
    git -C ../served/acme/rocket.git config http.receivepack true
    git update-ref refs/remotes/origin/main main
    git switch -q -c feature/x
    echo one > a.txt && git add --all && git commit -q -m 'Add the first file'
    echo two >> a.txt && git add --all && git commit -q -m 'Add a line to it'
";

/// A sandbox with servers on loopback and a clone of `acme/rocket` on a feature branch.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) git: GitServer,
    pub(crate) forge: ForgeServer,
    pub(crate) platform: PlatformServer,
}

/// Returns what a report says of a step.
pub(crate) fn step<'a>(report: &'a Value, name: &str) -> &'a Value {
    let steps = report["steps"].as_array().unwrap();
    let found = steps.iter().find(|step| step["name"] == name);
    found.unwrap_or_else(|| panic!("no {name}: {report}"))
}

/// Returns what stands in the block of a pull request's body.
pub(crate) fn block(body: &str) -> &str {
    match find_block(body) {
        FoundBlock::Whole(block) => block.text,
        other => panic!("{other:?}: {body}"),
    }
}

impl World {
    /// Makes the servers and the clone: `main` is on the server, `feature/x` has two commits more.
    pub(crate) fn new() -> Self {
        let sandbox = Sandbox::new();
        sandbox.add(REPOSITORIES);
        let (work, bare) = (
            sandbox.path("clone"),
            sandbox.path("served/acme/rocket.git"),
        );
        let git = git_server(&sandbox, &work, Vec::new());
        let mut rocket = Repository::new("acme", "rocket");
        rocket.branches = Branches::Bare(bare);
        let forge = ForgeServer::start(Some(TOKEN), [rocket]).unwrap();
        let platform = PlatformServer::start("ws-1", Some(TOKEN)).unwrap();
        sandbox.write("configs/.auth_token", TOKEN);
        let url = format!("{}/acme/rocket.git", git.url());
        sandbox.git(&work, &["remote", "add", "origin", &url]);
        let world = Self {
            sandbox,
            git,
            forge,
            platform,
        };
        world.user_policy("");
        world
    }

    /// Starts another server of the same repositories, which has a fault at each reference discovery, and lets the clone
    /// and the user's policy point to it.
    pub(crate) fn git_server_with(&self, kind: FaultKind) -> GitServer {
        let fault = RequestFault {
            path_end: "/info/refs",
            after: 0,
            times: usize::MAX,
            kind,
        };
        let server = git_server(&self.sandbox, &self.work(), vec![fault]);
        self.point_to(&format!("{}/acme/rocket.git", server.url()));
        self.user_policy_with_git_at(&server.url(), "");
        server
    }

    /// Returns the clone.
    pub(crate) fn work(&self) -> PathBuf {
        self.sandbox.path("clone")
    }

    /// Makes a linked work tree of the clone, on a branch of its own from `main`.
    pub(crate) fn linked(&self, name: &str, branch: &str) -> PathBuf {
        let path = self.sandbox.path(name);
        let at = path.to_str().unwrap();
        self.sandbox.git(
            self.work(),
            &["worktree", "add", "-q", "-b", branch, at, "main"],
        );
        path
    }

    /// Returns the repository on the server.
    pub(crate) fn bare(&self) -> PathBuf {
        self.sandbox.path("served/acme/rocket.git")
    }

    /// Writes the user's policy: the forge, and what the test adds.
    pub(crate) fn user_policy(&self, more: &str) {
        self.user_policy_with_git_at(&self.git.url(), more);
    }

    /// Writes the user's policy for a git server that is not the world's own.
    pub(crate) fn user_policy_with_git_at(&self, git_origin: &str, more: &str) {
        self.write_policy(self.forge.url(), git_origin, more);
    }

    /// Writes the user's policy for a forge that is not the world's own.
    pub(crate) fn user_policy_with_forge_at(&self, api_url: impl Display, more: &str) {
        self.write_policy(api_url, &self.git.url(), more);
    }

    fn write_policy(&self, api_url: impl Display, git_origin: &str, more: &str) {
        let policy = format!(
            "{more}\n[forge]\nkind = \"github\"\napi-url = \"{api_url}\"\ngit-origins = [\"{git_origin}\"]\n"
        );
        self.sandbox
            .write("home/.config/sendoff/policy.toml", policy);
    }

    /// Returns the user's policy file.
    pub(crate) fn home_policy(&self) -> PathBuf {
        self.sandbox.path("home/.config/sendoff/policy.toml")
    }

    /// Gives the clone's remote another URL.
    pub(crate) fn point_to(&self, url: &str) {
        let arguments = ["remote", "set-url", "origin", url];
        self.sandbox.git(self.work(), &arguments);
    }

    /// Returns the git server's URL with the login in it.
    pub(crate) fn url_with_login(&self) -> String {
        let login = format!("http://x-access-token:{TOKEN}@");
        self.git.url().replace("http://", &login)
    }

    /// Commits one file in the clone.
    pub(crate) fn commit(&self, file: &str, content: &str, message: &str) -> String {
        self.sandbox.commit(&self.work(), file, content, message)
    }

    /// Runs the program in the clone, with the platform and the forge's token in the environment.
    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        self.run_in(&self.work(), arguments, &self.variables())
    }

    /// Runs the program in the clone and reads its report.
    pub(crate) fn report(&self, arguments: &[&str]) -> Value {
        let mut all = arguments.to_vec();
        all.push("--json");
        self.run(&all).report()
    }

    /// Runs the program for a task that was asked `input`, with the report on stdout.
    pub(crate) fn run_task(&self, input: &str) -> Said {
        let task = serde_json::json!({ "task": { "input": input } });
        let arguments = ["run", "--input", "-", "--json"];
        self.run_with_input(&arguments, task.to_string().as_bytes())
    }

    /// Returns the program as [`run`](Self::run) starts it.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        program(&self.sandbox, &self.work(), arguments, &self.variables())
    }

    /// Runs the program somewhere with some variables.
    pub(crate) fn run_in(
        &self,
        directory: &Path,
        arguments: &[&str],
        variables: &[(&str, String)],
    ) -> Said {
        run(&self.sandbox, directory, arguments, variables, b"")
    }

    /// Runs the program in the clone with something on standard input.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Said {
        run(
            &self.sandbox,
            &self.work(),
            arguments,
            &self.variables(),
            input,
        )
    }

    /// Returns what the world adds to the sandbox's variables.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("PLATFORM_URL", self.platform.url().to_string()),
            ("WORKSPACE_ID", "ws-1".into()),
            ("SENDOFF_TOKEN", TOKEN.into()),
        ]
    }

    /// Returns the tip of a branch on the server; empty when it is not there.
    pub(crate) fn tip(&self, branch: &str) -> String {
        let full = format!("refs/heads/{branch}");
        self.sandbox.git(
            self.bare(),
            &["for-each-ref", "--format=%(objectname)", &full],
        )
    }

    /// Replaces what differs from run to run: ports, the sandbox's path, ids, times.
    pub(crate) fn normalise(&self, text: &str) -> String {
        let root = self.sandbox.path("");
        let root = root.to_str().unwrap().trim_end_matches('/');
        let mut text = text.replace(root, "[ROOT]");
        for (url, name) in [
            (self.git.url(), "[GIT]"),
            (
                self.forge.url().as_str().trim_end_matches('/').to_owned(),
                "[FORGE]",
            ),
            (
                self.platform
                    .url()
                    .as_str()
                    .trim_end_matches('/')
                    .to_owned(),
                "[PLATFORM]",
            ),
        ] {
            text = text.replace(&url, name);
        }
        text
    }
}

fn git_server(sandbox: &Sandbox, work: &Path, faults: Vec<RequestFault>) -> GitServer {
    let environment = environment(sandbox, work);
    let inheritance = Inheritance::new(environment.search_path(), environment.for_children());
    let options = GitServerOptions {
        login: Some(("x-access-token".into(), SecretString::from(TOKEN))),
        faults,
        ..GitServerOptions::default()
    };
    GitServer::start(&sandbox.path("served"), &inheritance, options).unwrap()
}
