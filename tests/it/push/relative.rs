//! Relative paths in variables, from a directory below the top of the work tree: git goes to the top first.

use std::path::PathBuf;
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt;

use super::authority::{Authority, Clients};
use super::front::Front;
use super::sshd::Ssh;
use crate::sandbox::{Sandbox, succeed};
use crate::world::World;

/// A repository whose remote is reached with what lies at the top of its work tree.
struct Nested {
    sandbox: Sandbox,
    top: PathBuf,
    bare: PathBuf,
}

impl Nested {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let top = sandbox.repository("r");
        sandbox.commit(&top, "sub/a.txt", "a\n", "Add a");
        let bare = sandbox.path("bare.git");
        sandbox.git(
            &top,
            &["clone", "-q", "--bare", ".", bare.to_str().unwrap()],
        );
        sandbox.git(&top, &["switch", "-q", "-c", "feature"]);
        sandbox.commit(&top, "sub/b.txt", "b\n", "Add b");
        Self { sandbox, top, bare }
    }

    /// Pushes from the directory below with git and with us, and says what the remote has of ours.
    fn both(&self, url: &str, variables: &[(&str, &str)]) {
        let sub = self.top.join("sub");
        let command = |mut command: Command| {
            command
                .env_clear()
                .envs(self.sandbox.variables())
                .envs(variables.iter().copied())
                .current_dir(&sub);
            command
        };
        self.sandbox
            .git(&self.top, &["config", "remote.origin.url", url]);
        succeed(command(Command::new("git")).args(["push", "-q", url, "HEAD:by-git"]));
        let mut ours = command(Command::cargo_bin("sendoff").unwrap());
        let said = ours.args(["step", "push"]).output().unwrap();
        let said = String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned();
        let tips = self
            .sandbox
            .git(&self.bare, &["for-each-ref", "--format=%(refname:short)"]);
        assert!(tips.contains("by-git"), "{tips}");
        assert!(
            tips.lines().any(|tip| tip == "feature"),
            "{variables:?}: {said}"
        );
        for branch in ["feature", "by-git"] {
            let branch = format!("refs/heads/{branch}");
            self.sandbox.git(&self.bare, &["update-ref", "-d", &branch]);
        }
        let tracked = ["for-each-ref", "--format=delete %(refname)", "refs/remotes"];
        let tracked = self.sandbox.git(&self.top, &tracked);
        for line in tracked.lines() {
            let name = line.trim_start_matches("delete ");
            self.sandbox.git(&self.top, &["update-ref", "-d", name]);
        }
    }
}

#[test]
fn an_ssh_program_is_found_from_the_top_of_the_work_tree() {
    let nested = Nested::new();
    let ssh = Ssh::start(&nested.sandbox);
    let script = format!("#!/bin/sh\nexec {} \"$@\"\n", ssh.command);
    nested.sandbox.executable("r/tool", script);
    let url = format!("{}{}", ssh.place, nested.bare.display());
    nested.both(&url, &[("GIT_SSH", "./tool")]);
    nested.both(&url, &[("GIT_SSH_COMMAND", "sh ./tool")]);
}

#[test]
fn an_authority_and_a_program_that_asks_are_found_from_the_top_of_the_work_tree() {
    let world = World::new();
    let authority = Authority::new(&world.sandbox);
    let front = Front::with_tls(&world.git.url(), authority.server(Clients::Any));
    let work = world.work();
    std::fs::copy(&authority.path, work.join("ca.pem")).unwrap();
    let ask = format!(
        "#!/bin/sh\ncase $1 in User*) echo x-access-token;; *) echo {};; esac\n",
        crate::world::TOKEN
    );
    world.sandbox.executable("clone/ask", ask);
    let sub = work.join("sub");
    std::fs::create_dir(&sub).unwrap();
    let url = format!("https://{}/acme/rocket.git", front.address);
    let variables = [
        ("GIT_SSL_CAINFO", "ca.pem".to_owned()),
        ("GIT_ASKPASS", "./ask".to_owned()),
    ];
    let mut git = world.sandbox.command("git");
    git.current_dir(&sub).envs(variables.clone());
    succeed(git.args(["push", "-q", &url, "HEAD:by-git"]));
    world.point_to(&url);
    let said = world.run_in(&sub, &["step", "push"], &variables);
    assert_eq!(
        world.tip("feature/x"),
        world.tip("by-git"),
        "{}{}",
        said.stdout,
        said.stderr
    );
}
