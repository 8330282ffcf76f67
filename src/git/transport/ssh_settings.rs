//! The settings of ssh that keep it silent, or git's protocol from the server.

/// The settings with which ssh would connect, as `ssh -G` writes them: a line each, in lower case.
#[derive(Debug, Default)]
pub(super) struct Settings(String);

/// A setting with which no push gets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// The server gives the service a terminal, which changes the bytes.
    Terminal,
    /// The service gets nothing of what is sent.
    NoInput,
    /// The server starts no service.
    NoSession,
    /// A command of this machine writes where git's protocol begins.
    LocalCommand,
}

impl Obstacle {
    /// Returns what is wrong.
    pub(super) const fn message(self) -> &'static str {
        match self {
            Self::Terminal => {
                "ssh asks the server for a terminal (`RequestTTY force`), which changes what git sends"
            }
            Self::NoInput => "ssh hands nothing on to the server (`StdinNull yes`)",
            Self::NoSession => "ssh starts nothing on the server (`SessionType none`)",
            Self::LocalCommand => {
                "the command that ssh runs on this machine (`LocalCommand`) writes into git's protocol"
            }
        }
    }

    /// Returns what to do, in one line.
    pub(super) const fn advice(self) -> &'static str {
        match self {
            Self::Terminal => {
                "take `RequestTTY` for this host out of ~/.ssh/config, or `-t` out of the ssh command"
            }
            Self::NoInput => {
                "take `StdinNull` for this host out of ~/.ssh/config, or `-n` out of the ssh command"
            }
            Self::NoSession => {
                "take `SessionType` for this host out of ~/.ssh/config, or `-N` out of the ssh command"
            }
            Self::LocalCommand => {
                "let `LocalCommand` for this host in ~/.ssh/config write to stderr: end it in `>&2`"
            }
        }
    }
}

impl Settings {
    /// Reads what ssh wrote.
    pub(super) fn read(written: &[u8]) -> Self {
        Self(String::from_utf8_lossy(written).to_ascii_lowercase())
    }

    fn has(&self, setting: &str) -> bool {
        self.0.lines().any(|line| line.trim_end() == setting)
    }

    /// Says whether ssh keeps errors to itself.
    pub(super) fn is_quiet(&self) -> bool {
        // Ssh calls `QUIET` so.
        ["silent", "quiet", "fatal"]
            .iter()
            .any(|level| self.has(&format!("loglevel {level}")))
    }

    /// Returns the setting by which something else writes before the service, if there is one.
    pub(super) fn talker(&self) -> Option<Obstacle> {
        let has_command = self.0.lines().any(|line| {
            let command = line.trim_end().strip_prefix("localcommand ");
            command.is_some_and(|command| command != "none" && !command.ends_with(">&2"))
        });
        let runs_one = has_command && self.has("permitlocalcommand yes");
        self.obstacle()
            .or_else(|| runs_one.then_some(Obstacle::LocalCommand))
    }

    /// Returns the setting with which no push gets through, if there is one.
    pub(super) fn obstacle(&self) -> Option<Obstacle> {
        if self.has("requesttty force") {
            Some(Obstacle::Terminal)
        } else if self.has("stdinnull yes") {
            Some(Obstacle::NoInput)
        } else if self.has("sessiontype none") {
            Some(Obstacle::NoSession)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_as_ssh_writes_them() {
        let of = |text: &str| Settings::read(text.as_bytes());
        assert!(of("user git\nloglevel SILENT\n").is_quiet());
        assert!(!of("loglevel INFO\nremotecommand loglevel silent\n").is_quiet());
        assert_eq!(of("requesttty auto\nstdinnull no\n").obstacle(), None);
        let forced = of("requesttty force\n").obstacle();
        assert_eq!(forced, Some(Obstacle::Terminal));
        let null = of("stdinnull yes\n").obstacle();
        assert_eq!(null, Some(Obstacle::NoInput));
        assert_eq!(of("sessiontype default\n").obstacle(), None);
        let none = of("sessiontype none\n").obstacle();
        assert_eq!(none, Some(Obstacle::NoSession));
    }
}
