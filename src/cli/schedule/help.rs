//! Examples and variables of `sendoff schedule` and its subcommands.

/// Of the command as a whole.
pub(super) const HELP: &str = "\
Examples:
  sendoff schedule add tidy --cron @daily --step notify  send a request each night
  sendoff schedule list                                  list them, with when each runs next

Environment:
  PLATFORM_URL, CONFIGS_DIR  the agents' platform, and the directory with its token
  XDG_STATE_HOME, HOME       where the state directory is";

/// Of `add`.
pub(super) const ADD: &str = "\
Examples:
  sendoff schedule add ada --cron @daily --workspace ws-1 --prompt Go  send a prompt
  sendoff schedule add tidy --cron @hourly --step notify               send a request

Environment:
  PLATFORM_URL, CONFIGS_DIR  the agents' platform, and the directory with its token
  XDG_STATE_HOME, HOME       where the state directory is";

/// Of `list`.
pub(super) const LIST: &str = "\
Examples:
  sendoff schedule list         list them
  sendoff schedule list --json  the same as JSON, a line a schedule

Environment:
  XDG_STATE_HOME, HOME  where the state directory is";

/// Of `show`.
pub(super) const SHOW: &str = "\
Examples:
  sendoff schedule show nightly         show one with its prompt
  sendoff schedule show nightly --json  the same as JSON

Environment:
  XDG_STATE_HOME, HOME  where the state directory is";

/// Of `enable`.
pub(super) const ENABLE: &str = "\
Examples:
  sendoff schedule enable nightly    enable one
  sendoff schedule enable pr-review  enable another one

Environment:
  XDG_STATE_HOME, HOME  where the state directory is";

/// Of `disable`.
pub(super) const DISABLE: &str = "\
Examples:
  sendoff schedule disable nightly    disable one
  sendoff schedule disable pr-review  disable another one

Environment:
  XDG_STATE_HOME, HOME  where the state directory is";

/// Of `remove`.
pub(super) const REMOVE: &str = "\
Examples:
  sendoff schedule remove nightly    remove one
  sendoff schedule remove pr-review  remove another one

Environment:
  XDG_STATE_HOME, HOME  where the state directory is";

/// Of `run`.
pub(super) const RUN: &str = "\
Examples:
  sendoff schedule run nightly    fire one now
  sendoff schedule run pr-review  fire another one

Environment:
  PLATFORM_URL, CONFIGS_DIR  the agents' platform, and the directory with its token
  XDG_STATE_HOME, HOME       where the state directory is";

/// Of `history`.
pub(super) const HISTORY: &str = "\
Examples:
  sendoff schedule history nightly                   list its last twenty firings
  sendoff schedule history nightly --json --limit 1  the last one as JSON

Environment:
  XDG_STATE_HOME, HOME  where the state directory is";

/// Of `import`.
pub(super) const IMPORT: &str = "\
Examples:
  sendoff schedule import schedules.toml  add those of a file
  sendoff schedule import -               add those of standard input

Environment:
  XDG_STATE_HOME, HOME  where the state directory is";
