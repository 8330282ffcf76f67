//! `Demonstration`: the servers, the repository and the runs of `sendoff demo`.

use std::fmt::Write;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use secrecy::SecretString;
use tempfile::TempDir;

use crate::environment::Environment;
use crate::exit::Exit;
use crate::pipeline::{SharedProgress, TaskDocument, TaskFacts};
use crate::policy::{PolicyError, Trigger};
use crate::process::Inheritance;
use crate::report::Report;
use crate::secrets::KnownSecrets;
use crate::session::{Request, Session, Watch};
use crate::store::StoreError;
use crate::worker::flush_messages;

use super::forge_server::{Branches, ForgeServer, Repository};
use super::git_server::{GitServer, GitServerOptions};
use super::platform_server::PlatformServer;
use super::repository::Git;

/// The token of the git server, the forge and the platform.
const TOKEN: &str = "demo-token";
/// The id of the workspace at the platform.
const WORKSPACE: &str = "demo";

/// The servers and the repository. Dropping it stops the servers and removes the directory.
#[derive(Debug)]
pub struct Demonstration {
    root: TempDir,
    git: Git,
    git_server: GitServer,
    forge: ForgeServer,
    platform: PlatformServer,
    search_path: String,
}

/// A task of the demonstration.
#[derive(Debug)]
pub struct DemoTask {
    id: &'static str,
    input: &'static str,
}

/// The tasks, one after the other.
pub const TASKS: [DemoTask; 2] = [
    DemoTask {
        id: "task-1",
        input: "Count down before launch; the key is password=hunter2hunter2hunter2",
    },
    DemoTask {
        id: "task-2",
        input: "Say how far the countdown is",
    },
];

impl Demonstration {
    /// Starts the servers and makes the repository.
    pub fn set_up(environment: &Environment) -> io::Result<Self> {
        let root = tempfile::Builder::new().prefix("sendoff-demo").tempdir()?;
        let home = root.path().join("home");
        std::fs::create_dir_all(root.path().join("configs"))?;
        std::fs::create_dir_all(&home)?;
        std::fs::write(root.path().join("configs/.auth_token"), TOKEN)?;
        std::fs::write(
            home.join(".gitconfig"),
            "[user]\n\tname = Demo\n\temail = demo@example.invalid\n[commit]\n\tgpgsign = false\n",
        )?;
        let inheritance = Inheritance::new(environment.search_path(), environment.for_children());
        let git = Git::find(&inheritance, &home)?;
        let options = GitServerOptions {
            login: Some(("x-access-token".into(), SecretString::from(TOKEN))),
            ..GitServerOptions::default()
        };
        let served = root.path().join("server");
        std::fs::create_dir_all(served.join("acme"))?;
        let git_server = GitServer::start(&served, &inheritance, options)?;
        let url = format!("{}/acme/rocket.git", git_server.url());
        git.make(
            &root.path().join("rocket"),
            &served.join("acme/rocket.git"),
            &url,
        )?;
        let mut rocket = Repository::new("acme", "rocket");
        rocket.branches = Branches::Bare(served.join("acme/rocket.git"));
        let forge = ForgeServer::start(Some(TOKEN), [rocket])?;
        let platform = PlatformServer::start(WORKSPACE, Some(TOKEN))?;
        let search_path = environment.text("PATH").unwrap_or_default().to_owned();
        let demonstration = Self {
            root,
            git,
            git_server,
            forge,
            platform,
            search_path,
        };
        demonstration.write_policy()?;
        Ok(demonstration)
    }

    /// Writes the user's policy: a repository's policy cannot name a forge.
    fn write_policy(&self) -> io::Result<()> {
        let directory = self.root.path().join("home/.config/sendoff");
        std::fs::create_dir_all(&directory)?;
        let policy = format!(
            "[forge]\nkind = \"github\"\napi-url = \"{}\"\ngit-origins = [\"{}\"]\n",
            self.forge.url(),
            self.git_server.url(),
        );
        std::fs::write(directory.join("policy.toml"), policy)
    }

    /// Returns the directory of the clone.
    fn work(&self) -> PathBuf {
        self.root.path().join("rocket")
    }

    /// Describes what was set up.
    pub fn introduction(&self) -> String {
        format!(
            "git server   {}/acme/rocket.git (asks for a password)\n\
             forge        {}\n\
             platform     {}\n\
             repository   {}, on feature/countdown, two commits ahead of main\n",
            self.git_server.url(),
            self.forge.url(),
            self.platform.url(),
            self.work().display(),
        )
    }

    /// Makes the platform fail the requests of the next run.
    pub fn take_platform_down(&self) {
        self.platform.fail_with(&[503; 2]);
    }

    /// Sends the queued messages, as `sendoff flush` does.
    pub fn flush(&self) -> Result<Exit, Arc<StoreError>> {
        let known = KnownSecrets::default();
        flush_messages(&self.environment(), &known, &[])
    }

    fn environment(&self) -> Environment {
        let path = |relative: &str| self.root.path().join(relative).display().to_string();
        let pairs = [
            ("HOME", path("home")),
            ("CONFIGS_DIR", path("configs")),
            ("PATH", self.search_path.clone()),
            ("PLATFORM_URL", self.platform.url().to_string()),
            ("WORKSPACE_ID", WORKSPACE.into()),
            ("SENDOFF_TOKEN", TOKEN.into()),
        ];
        let given = pairs.iter().map(|(name, value)| (*name, value.as_str()));
        Environment::from_pairs(self.work(), given)
    }

    /// Runs the pipeline `post-task` for one of [`TASKS`], as an executor would.
    pub fn run(&self, task: &DemoTask) -> Result<Report, Box<PolicyError>> {
        let environment = self.environment();
        let task = TaskFacts {
            id: Some(task.id.into()),
            input: Some(task.input.into()),
            ok: Some(true),
            ..TaskFacts::default()
        };
        let request = Request {
            trigger: Trigger::Executor,
            task: TaskDocument {
                task,
                ..TaskDocument::default()
            },
            ..Request::default()
        };
        // No deadline of its own: the servers are ours and answer.
        let watch = Watch::without_thread(&request, "post-task");
        let session = Session::open(request, environment, watch)?;
        let pipeline = session.pipeline("post-task")?;
        Ok(session.run(&pipeline, &SharedProgress::default()))
    }

    /// Describes what each server received.
    pub fn received(&self) -> io::Result<String> {
        let bare = self.root.path().join("server/acme/rocket.git");
        let log = self
            .git
            .run(&bare, &["log", "--format=%h %s", "main..feature/countdown"])?;
        let mut text = String::from("What arrived:\n");
        for line in log.lines() {
            row(&mut text, "git server", line);
        }
        for pull in self.forge.pulls() {
            let draft = if pull.draft { ", a draft" } else { "" };
            let what = format!(
                "#{} {}: {} into {}{draft}",
                pull.number, pull.title, pull.head, pull.base
            );
            row(&mut text, "forge", &what);
        }
        for memory in self.platform.memories() {
            row(
                &mut text,
                "platform",
                &format!("memory {}", memory["content"]),
            );
        }
        let beats = self.platform.heartbeats().len();
        row(&mut text, "platform", &format!("heartbeats: {beats}"));
        Ok(text)
    }
}

fn row(text: &mut String, server: &str, what: &str) {
    // Writing to a `String` cannot fail.
    let _infallible = writeln!(text, "  {server:<11} {what}");
}
