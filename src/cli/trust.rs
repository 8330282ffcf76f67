//! `sendoff trust`: shows and records what the user allows in a repository.

use std::path::PathBuf;

use clap::Subcommand;

use crate::exit::Exit;
use crate::names::RemoteUrl;
use crate::secrets::clean_line;
use crate::session::{Session, Watch};

use super::confirm::is_typed;
use super::output::{eprint, print};
use super::render;
use super::start::Start;

/// Examples, variables and exit codes.
const HELP: &str = "\
Examples:
  sendoff trust --diff    show what the repository's policy asks for
  sendoff trust           let it count, once you have read it

Environment:
  XDG_STATE_HOME, HOME  where the state directory is, with the records

Exit codes: 0 done, 1 it failed, 64 command line, 78 refused: no terminal, an agent asks, or the word was not typed.";

/// Examples, variables and exit codes of `trust remote`.
const REMOTE_HELP: &str = "\
Examples:
  sendoff trust remote https://github.com/me/fork.git  let this repository be pushed there, too
  sendoff trust remote git@github.com:me/fork.git      the same

`sendoff trust --revoke URL` takes it back.

Environment:
  XDG_STATE_HOME, HOME  where the state directory is, with the records

Exit codes: 0 done, 1 it failed, 64 command line, 78 refused: no terminal, an agent asks, or the word was not typed.";

/// Examples, variables and exit codes of `trust git-config`.
const GIT_CONFIG_HELP: &str = "\
Examples:
  sendoff trust git-config              let it count, once you have read it
  sendoff trust git-config -C ../other  the same in another directory

`sendoff trust --revoke git-config` takes it back.

Environment:
  XDG_STATE_HOME, HOME  where the state directory is, with the records

Exit codes: 0 done, 1 it failed, 64 command line, 78 refused: no terminal, an agent asks, or the word was not typed.";

/// Examples, variables and exit codes of `trust git-dir`.
const GIT_DIR_HELP: &str = "\
Examples:
  sendoff trust git-dir              let it count, once you have read where it leads
  sendoff trust git-dir -C ../other  the same in another directory

`sendoff trust --revoke git-dir` takes it back.

Environment:
  XDG_STATE_HOME, HOME  where the state directory is, with the records

Exit codes: 0 done, 1 it failed, 64 command line, 78 refused: no terminal, an agent asks, or the word was not typed.";

/// What `--revoke` takes back when it names nothing.
const ALL: &str = "all";

/// The word that a person types.
const CONFIRMATION: &str = "trust";

/// Trust what a repository asks for: steps that run programs, remotes, its git configuration, where its git directory is
///
/// A repository's policy can only tighten limits and set texts; settings that other people see count from the policy base on
/// the remote. Keys that run programs count only after you have trusted them here. The record, in the state directory, has the
/// hash of each key with its value and of the files that it runs, and belongs to this git directory: keys and files that
/// change, or are copied elsewhere, are not trusted any more, and are reported.
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub(super) struct Args {
    /// List what is trusted here
    #[arg(long, conflicts_with_all = ["diff", "revoke"])]
    list: bool,
    /// Show what the repository's policy asks for and is not trusted, and what changed since it was
    #[arg(long, conflicts_with = "revoke")]
    diff: bool,
    /// Revoke trust in KEY, in a remote, in git-config, in git-dir, or in everything
    #[arg(long, value_name = "KEY", num_args = 0..=1, default_missing_value = ALL)]
    revoke: Option<String>,
    /// Work in this directory instead of the current one
    #[arg(short = 'C', value_name = "DIR", global = true)]
    directory: Option<PathBuf>,
    #[command(subcommand)]
    what: Option<What>,
}

/// What is trusted beside the repository's policy.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(super) enum What {
    /// Trust another remote, so that this repository can be pushed to it
    ///
    /// A repository is pushed only to the remotes that it was pushed to before; the first one is trusted as it is. A run that a
    /// person starts on a terminal adds another by itself.
    #[command(after_long_help = REMOTE_HELP)]
    Remote {
        /// The remote's URL; https and ssh of the same repository are the same
        url: String,
    },
    /// Trust the repository's own git configuration, as it is now
    ///
    /// Keys that run programs, or say where credentials and URLs go, are ignored in a repository's own configuration, because
    /// whoever works there can write it. What is shown here counts until one of the keys, a value, or a file that it includes
    /// changes.
    #[command(after_long_help = GIT_CONFIG_HELP)]
    GitConfig,
    /// Let the repository lead to directories elsewhere, as it does now
    ///
    /// A `.git` or `commondir` file is followed where the other side names this work tree, as git writes both, and no symbolic
    /// link is followed in the place of the git, object and pack directories. What is shown here is followed until it leads
    /// elsewhere.
    #[command(after_long_help = GIT_DIR_HELP)]
    GitDir,
}

impl Args {
    pub(super) fn run(self, start: &Start) -> Exit {
        let request = match start.request_in(self.directory.as_ref()) {
            Ok(request) => request,
            Err(exit) => return exit,
        };
        let watch = Watch::without_thread(&request, "trust");
        let session = match Session::open(request, start.environment.clone(), watch) {
            Ok(session) => session,
            Err(error) => return render::policy_error(&error),
        };
        match self.run_in(&session, start) {
            Ok(exit) => exit,
            Err(message) => {
                eprint(&message);
                Exit::Failed
            }
        }
    }

    fn run_in(self, session: &Session, start: &Start) -> Result<Exit, String> {
        if self.list {
            return Ok(print(&render::trusted(&session.trust_record()?)).exit());
        }
        if let Some(what) = &self.revoke {
            let what = Some(what.as_str()).filter(|what| *what != ALL);
            let count = session.revoke_trust(what)?;
            return Ok(print(&format!("{count} taken back")).exit());
        }
        if self.diff {
            return Ok(print(&render::asked(&session.trust_review()?)).exit());
        }
        match &self.what {
            None => trust_policy(session, start),
            Some(What::Remote { url }) => trust_remote(session, start, url),
            Some(What::GitConfig) => trust_git_config(session, start),
            Some(What::GitDir) => trust_git_dir(session, start),
        }
    }
}

fn trust_policy(session: &Session, start: &Start) -> Result<Exit, String> {
    let review = session.trust_review()?;
    if review.asked().next().is_none() {
        return Ok(print("the repository's policy asks for nothing that does not count").exit());
    }
    eprint(render::asked(&review).trim_end());
    if !is_allowed(start) {
        return Ok(Exit::Policy);
    }
    session.trust_keys(&review)?;
    Ok(print("it counts as long as none of it changes").exit())
}

fn trust_remote(session: &Session, start: &Start, url: &str) -> Result<Exit, String> {
    let url = match RemoteUrl::parse(url) {
        Ok(url) => url,
        Err(error) => {
            eprint(&format!("this is no URL of a remote: {error}"));
            return Ok(Exit::Usage);
        }
    };
    eprint(&format!(
        "this repository may be pushed to {}",
        url.without_login()
    ));
    if !is_allowed(start) {
        return Ok(Exit::Policy);
    }
    let id = session.trust_remote(&url)?;
    Ok(print(&format!("recorded: {}", clean_line(&id))).exit())
}

fn trust_git_config(session: &Session, start: &Start) -> Result<Exit, String> {
    let review = session.config_review()?;
    if review.lines.is_empty() {
        return Ok(print("the repository's git configuration has no key that is ignored").exit());
    }
    if review.is_trusted {
        return Ok(print("it is trusted already").exit());
    }
    for (key, value) in &review.lines {
        let shown = start.known.hide(value);
        eprint(&clean_line(&format!("{key} = {shown}")));
    }
    if !is_allowed(start) {
        return Ok(Exit::Policy);
    }
    session.trust_git_config(&review)?;
    Ok(print("it counts as long as none of it changes").exit())
}

fn trust_git_dir(session: &Session, start: &Start) -> Result<Exit, String> {
    let Some(leads) = session.lead_review()? else {
        return Ok(print("the repository leads nowhere that is not trusted").exit());
    };
    for lead in &leads.found {
        let (from, to) = (lead.from.display(), lead.to.display());
        eprint(&clean_line(&format!("{from} leads to {to}")));
    }
    if !is_allowed(start) {
        return Ok(Exit::Policy);
    }
    session.trust_leads(&leads)?;
    Ok(print("it is followed as long as it leads there").exit())
}

/// Asks for the word, where a person can be asked.
fn is_allowed(start: &Start) -> bool {
    if let Some(mark) = start.environment.agent_mark() {
        eprint(&format!(
            "nothing is recorded: {mark} is set, so an agent asks; run it yourself"
        ));
        return false;
    }
    is_typed(CONFIRMATION, start.environment.is_terminal())
}
