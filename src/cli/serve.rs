//! `sendoff serve`: takes webhooks and fires schedules.

use crate::exit::Exit;
use crate::serve::{ServeError, SettingsError, serve};

use super::output::{eprint, print};
use super::render;
use super::start::Start;

/// Examples and variables.
const HELP: &str = "\
Examples:
  sendoff serve                        listen on 127.0.0.1:8642, or where `serve.listen` says
  SENDOFF_LOG=warn sendoff serve       log no delivery that went well

Paths: POST /hooks/github, /hooks/gitlab, /hooks/gitea; GET /healthz, /readyz, /metrics.

Signals: SIGTERM lets end what has begun and ends; SIGHUP reads the policy and the secrets again.

Exit codes: 0 ended by a signal, 1 the address or the store cannot be used, 78 policy.

Environment:
  GITHUB_WEBHOOK_SECRET  the secret of GitHub's webhooks, where the policy names no file
  GITLAB_WEBHOOK_SECRET  that of GitLab's
  GITEA_WEBHOOK_SECRET   that of Gitea's and Forgejo's
  NOTIFY_SOCKET          where systemd is told that the server is ready
  XDG_STATE_HOME, HOME   where the state directory is";

/// Receive webhooks, and run schedules at their times or when an event fires them
///
/// Runs in the foreground until a signal ends it. The policy of the system or the user says which events fire which
/// schedules; a repository's cannot. The log goes to standard error.
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub(super) struct Args {}

impl Args {
    pub(super) fn run(start: &Start) -> Exit {
        if start.environment.is_off() {
            return Exit::Done;
        }
        let ended = serve(&start.environment, &start.known, |address| {
            // The reader of standard output can be gone; the server is useful all the same.
            let _written = print(&format!("listening on http://{address}"));
        });
        match ended {
            Ok(()) => Exit::Done,
            Err(ServeError::Settings(error)) => settings_error(&error),
            Err(error) => {
                eprint(&error.to_string());
                if let Some(advice) = error.advice() {
                    eprint(&format!("  -> {advice}"));
                }
                Exit::Failed
            }
        }
    }
}

/// Says why the policy cannot be served.
pub(super) fn settings_error(error: &SettingsError) -> Exit {
    if let SettingsError::Policy(error) = error {
        return render::policy_error(error);
    }
    eprint(&error.to_string());
    if let Some(advice) = error.advice() {
        eprint(&format!("  -> {advice}"));
    }
    Exit::Policy
}
