//! The address of a remote over ssh, by git's own grammar: `ssh://` URLs and the scp-like form.

use std::net::Ipv6Addr;

use sendoff_push::sanitize::is_invisible;

use super::error::RemoteUrlError;

/// An address, taken apart. Host and user are as written: `ssh_config` matches them with their case.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SshAddress {
    pub(super) user: Option<String>,
    pub(super) host: String,
    pub(super) port: Option<u16>,
    pub(super) path: String,
}

/// Says whether git reads `text`, which has no scheme, as an scp-like address and not as a path: a
/// colon comes before the first slash.
pub(super) fn is_scp_like(text: &str) -> bool {
    match (text.find(':'), text.find('/')) {
        (Some(colon), Some(slash)) => colon < slash,
        (colon, _) => colon.is_some(),
    }
}

impl SshAddress {
    /// Reads what follows `ssh://`, percent-decoded.
    pub(super) fn of_url(rest: &str) -> Result<Self, RemoteUrlError> {
        let slash = rest
            .get(bracket_end(rest)..)
            .and_then(|after| after.find('/'))
            .ok_or(RemoteUrlError::Malformed)?;
        let (authority, path) = rest.split_at(bracket_end(rest) + slash);
        Self::new(authority, path)
    }

    /// Reads the scp-like form: `[user@]host:path`, where `host` may stand in brackets, with its port
    /// or with the user.
    pub(super) fn of_scp(text: &str) -> Result<Self, RemoteUrlError> {
        let colon = text
            .get(bracket_end(text)..)
            .and_then(|after| after.find(':'))
            .ok_or(RemoteUrlError::Malformed)?;
        let (authority, path) = text.split_at(bracket_end(text) + colon);
        Self::new(authority, path.strip_prefix(':').unwrap_or(path))
    }

    fn new(authority: &str, path: &str) -> Result<Self, RemoteUrlError> {
        let end = bracket_end(authority);
        let (place, port) = if end == 0 {
            split_port(authority)
        } else {
            let (inside, after) = authority.split_at(end);
            let place = inside.replacen('[', "", 1);
            match after.strip_prefix(']').unwrap_or(after) {
                // The port may stand in the brackets: `[host:22]:path`.
                "" => split_port(&place),
                after => {
                    let port = after.strip_prefix(':').ok_or(RemoteUrlError::Malformed)?;
                    let port = (!port.is_empty()).then(|| port.parse());
                    let port = port.transpose().map_err(|_| RemoteUrlError::Malformed)?;
                    (place, port)
                }
            }
        };
        let (user, host) = match place.rsplit_once('@') {
            Some((user, host)) => (Some(user.to_owned()), host.to_owned()),
            None => (None, place),
        };
        let address = Self {
            user,
            host,
            port,
            path: path.to_owned(),
        };
        address.check()?;
        Ok(address)
    }

    /// Refuses what ssh or a shell would take for something else.
    fn check(&self) -> Result<(), RemoteUrlError> {
        if !is_host(&self.host) {
            return Err(RemoteUrlError::Charset { part: "host" });
        }
        if self.user.as_deref().is_some_and(|user| !is_user(user)) {
            return Err(RemoteUrlError::Charset { part: "user" });
        }
        if self.path.is_empty() {
            return Err(RemoteUrlError::Malformed);
        }
        if self.path.trim_start_matches('/').starts_with('-') {
            return Err(RemoteUrlError::Charset { part: "path" });
        }
        Ok(())
    }
}

/// Returns where the bracket of `[host]` or `user@[host]` closes; 0 when there is none.
fn bracket_end(text: &str) -> usize {
    let start = match text.find("@[") {
        Some(at) => at + 1,
        None => 0,
    };
    let inside = text.get(start..).filter(|rest| rest.starts_with('['));
    let close = inside.and_then(|rest| rest.find(']'));
    close.map_or(0, |close| start + close)
}

/// Splits `host:22`. As for git, an address such as `::1` has no port, nor has `host:`.
fn split_port(place: &str) -> (String, Option<u16>) {
    match place.split_once(':') {
        Some((host, "")) => (host.to_owned(), None),
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            match port.parse() {
                Ok(port) => (host.to_owned(), Some(port)),
                Err(_) => (place.to_owned(), None),
            }
        }
        _ => (place.to_owned(), None),
    }
}

/// Says whether ssh takes `text` for a host: a name, or an address of IPv6 with its zone. Letters beyond ASCII are ssh's to
/// look up, and may be an alias of its configuration, as may those with signs that a shell takes as they are.
fn is_host(text: &str) -> bool {
    let address = text.split_once('%').map_or(text, |(address, _)| address);
    let beyond =
        |c: char| !c.is_ascii() && !c.is_control() && !c.is_whitespace() && !is_invisible(c);
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-%+=,~#".contains(c) || beyond(c);
    let named = text.chars().all(plain) || address.parse::<Ipv6Addr>().is_ok();
    !text.is_empty()
        && !text.starts_with(['-', '~', '#'])
        && named
        && text.chars().all(|c| plain(c) || c == ':')
}

/// Says whether ssh takes `text` for a user: no character that a shell interprets, no leading dash. Inside of a word `#` and
/// `~` are plain, and so is a `$` at its end, as in the accounts of machines.
fn is_user(text: &str) -> bool {
    let refused =
        |c: char| c.is_control() || c.is_whitespace() || "'`\";&<>|(){}$!*?[]".contains(c);
    let text = text.strip_suffix('$').unwrap_or(text);
    !text.is_empty()
        && !text.starts_with(['-', '#', '~'])
        && !text.ends_with('\\')
        && !text.chars().any(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        let address = match text.strip_prefix("ssh://") {
            Some(rest) => SshAddress::of_url(rest),
            None => SshAddress::of_scp(text),
        };
        match address {
            Ok(SshAddress {
                user,
                host,
                port,
                path,
            }) => {
                let port = port.map_or_else(|| "-".to_owned(), |port| port.to_string());
                format!("{} {host} {port} {path}", user.as_deref().unwrap_or("-"))
            }
            Err(error) => format!("{error:?}"),
        }
    }

    #[test]
    fn addresses_are_read_by_gits_grammar() {
        assert_eq!(read("git@GitHub-Work:o/r.git"), "git GitHub-Work - o/r.git");
        assert_eq!(read("[git@host.test:2222]:o/r"), "git host.test 2222 o/r");
        assert_eq!(read("[host.test:2222]:/o/r"), "- host.test 2222 /o/r");
        assert_eq!(read("git@[::1]:o/r"), "git ::1 - o/r");
        assert_eq!(read("[::1]:o/r"), "- ::1 - o/r");
        assert_eq!(read("git@[fe80::1%eth0]:/o"), "git fe80::1%eth0 - /o");
        assert_eq!(read("h:~u/r"), "- h - ~u/r");
        assert_eq!(read("h:a:b"), "- h - a:b");
        assert_eq!(read("ssh://Host:22/~user/x"), "- Host 22 /~user/x");
        assert_eq!(read("ssh://git@[::1]:22/r"), "git ::1 22 /r");
        assert_eq!(read("ssh://[::1]/r"), "- ::1 - /r");
        assert_eq!(read("ssh://h:/r"), "- h - /r");
        assert_eq!(read("first.last+x@dom@h:r"), "first.last+x@dom h - r");
        assert_eq!(
            read("ssh://first.last@corp.test@h:29418/r"),
            "first.last@corp.test h 29418 /r"
        );
        assert_eq!(read("DOM\\user@h:r"), "DOM\\user h - r");
        assert_eq!(read("a#b~1@h:r"), "a#b~1 h - r");
        assert_eq!(read("host$@h:r"), "host$ h - r");
        assert_eq!(read("work+gh,a=b~1#2:r"), "- work+gh,a=b~1#2 - r");
        assert_eq!(read("git@b\u{fc}ro:r"), "git b\u{fc}ro - r");
        assert_eq!(read("ssh://b\u{fc}ro/r"), "- b\u{fc}ro - /r");
    }

    #[test]
    fn what_ssh_or_a_shell_would_misread_is_refused() {
        for text in [
            "ssh://-oProxyCommand=x/y",
            "-x@h:r",
            "a;b@h:r",
            "a$(id)@h:r",
            "$a@h:r",
            "~a@h:r",
            "$@h:r",
            "h;id:r",
            "#h:r",
            "~h:r",
            "h:-x",
            "h:",
            "ssh://h",
            "ssh://h:port/r",
            "[::1]x:r",
            ":r",
            "a\u{202e}b:r",
            "a\u{200b}b:r",
            "a\u{3000}b:r",
        ] {
            let shown = read(text);
            assert!(
                shown.contains("Charset") || shown.contains("Malformed"),
                "{text}: {shown}"
            );
        }
    }

    #[test]
    fn a_colon_before_the_first_slash_makes_an_address() {
        for text in ["h:r", "h:/r", "[::1]:r", "git@[::1]:/r"] {
            assert!(is_scp_like(text), "{text}");
        }
        for text in ["/srv/a:b", "./a:b", "a/b:c", "r"] {
            assert!(!is_scp_like(text), "{text}");
        }
    }
}
