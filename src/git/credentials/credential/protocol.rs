//! The attributes as lines of the protocol of credential helpers: what they read, and what they answer.

use secrecy::{ExposeSecret, SecretString};

use crate::byte_text::{from_bytes, percent_decoded, to_bytes};

use super::{Capability, Credential, Verb};

/// Why an answer or a question cannot be in the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::git::credentials) enum Malformed {
    /// A line has no `=`.
    Line,
    /// A value holds a line break or NUL, which would change what is said.
    Value,
    /// The answer is for another protocol or host.
    OtherHost,
}

impl Credential {
    /// Writes what a helper reads.
    pub(in crate::git::credentials) fn write(&self, verb: Verb) -> Result<Vec<u8>, Malformed> {
        let known = |capability: Capability| verb == Verb::Get || capability.answered;
        let mut lines = Lines::default();
        if known(self.knows_authtype) {
            lines.add("capability[]", Some("authtype"))?;
        }
        if known(self.knows_state) {
            lines.add("capability[]", Some("state"))?;
        }
        if known(self.knows_authtype) {
            lines.add("authtype", self.authtype.as_deref())?;
            lines.secret("credential", self.encoded.as_ref())?;
            lines.add("ephemeral", self.ephemeral.then_some("1"))?;
        }
        lines.add("protocol", Some(&self.protocol))?;
        lines.add("host", Some(&self.host))?;
        lines.add("path", self.path.as_deref())?;
        lines.add("username", self.username.as_deref())?;
        lines.secret("password", self.password.as_ref())?;
        lines.secret("oauth_refresh_token", self.oauth_refresh_token.as_ref())?;
        let expiry = self.expiry.map(|until| until.to_string());
        lines.add("password_expiry_utc", expiry.as_deref())?;
        for header in &self.offered {
            lines.add("wwwauth[]", Some(header))?;
        }
        if known(self.knows_state) {
            lines.add("continue", self.multistage.then_some("1"))?;
            for state in &self.state {
                lines.add("state[]", Some(state))?;
            }
        }
        lines.0.push(b'\n');
        Ok(lines.0)
    }

    /// Adds the attributes of a helper's answer, up to its blank line. An answer for another host is an
    /// error; a host without its port is the same host.
    pub(in crate::git::credentials) fn read(&mut self, answer: &[u8]) -> Result<(), Malformed> {
        for line in answer.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                break;
            }
            let line = from_bytes(line);
            let Some((key, value)) = line.split_once('=') else {
                // Git reads no further, and uses what it has.
                return if self.is_complete() {
                    Ok(())
                } else {
                    Err(Malformed::Line)
                };
            };
            if value.contains('\0') {
                return Err(Malformed::Value);
            }
            let secret = || Some(SecretString::from(value));
            match key {
                "username" => self.username = Some(value.to_owned()),
                "password" => self.password = secret(),
                "credential" => self.encoded = secret(),
                "authtype" => self.authtype = Some(value.to_owned()),
                "oauth_refresh_token" => self.oauth_refresh_token = secret(),
                "password_expiry_utc" => self.expiry = value.parse().ok().filter(|at| *at != 0),
                "ephemeral" => self.ephemeral = is_true(value),
                "continue" => self.multistage = is_true(value),
                "quit" => self.quit = is_true(value),
                "state[]" => self.new_state.push(value.to_owned()),
                "wwwauth[]" => self.offered.push(value.to_owned()),
                "capability[]" if value == "authtype" => self.knows_authtype.answered = true,
                "capability[]" if value == "state" => self.knows_state.answered = true,
                "protocol" if !value.eq_ignore_ascii_case(&self.protocol) => {
                    return Err(Malformed::OtherHost);
                }
                "host" if !self.is_host(value) => return Err(Malformed::OtherHost),
                // A helper that sees no path gets none back.
                "path" if self.path.is_some() => self.path = Some(value.to_owned()),
                "url" => self.read_url(value)?,
                // Attributes of later versions of git.
                _ => {}
            }
        }
        Ok(())
    }

    /// Reads a URL in place of the attributes that it consists of.
    fn read_url(&mut self, text: &str) -> Result<(), Malformed> {
        let url = url::Url::parse(text).map_err(|_| Malformed::Value)?;
        let port = url.port().map(|port| format!(":{port}"));
        let host = format!(
            "{}{}",
            url.host_str().unwrap_or_default(),
            port.unwrap_or_default()
        );
        if url.scheme() != self.protocol || !self.is_host(&host) {
            return Err(Malformed::OtherHost);
        }
        let user = percent_decoded(url.username());
        self.username = Some(user).filter(|user| !user.is_empty());
        self.password = url
            .password()
            .map(|password| SecretString::from(percent_decoded(password)));
        Ok(())
    }

    fn is_host(&self, host: &str) -> bool {
        let bare = |text: &str| match text.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name.to_owned(),
            _ => text.to_owned(),
        };
        host.eq_ignore_ascii_case(&self.host) || host.eq_ignore_ascii_case(&bare(&self.host))
    }
}

/// The lines of a question.
#[derive(Default)]
struct Lines(Vec<u8>);

impl Lines {
    fn add(&mut self, key: &str, value: Option<&str>) -> Result<(), Malformed> {
        let Some(value) = value else { return Ok(()) };
        // A carriage return is cut off by some helpers, and then it is another host.
        if value.contains(['\n', '\r', '\0']) {
            return Err(Malformed::Value);
        }
        self.0.extend_from_slice(key.as_bytes());
        self.0.push(b'=');
        self.0.extend(to_bytes(value));
        self.0.push(b'\n');
        Ok(())
    }

    fn secret(&mut self, key: &str, value: Option<&SecretString>) -> Result<(), Malformed> {
        self.add(key, value.map(ExposeSecret::expose_secret))
    }
}

fn is_true(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    ["true", "yes", "on"].contains(&value.as_str())
        || value.parse::<i64>().is_ok_and(|number| number != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> Credential {
        let url = url::Url::parse("https://git.example:8443/o/r").unwrap();
        Credential::about(
            &url,
            "git.example",
            None,
            Some("me"),
            &["Basic realm=\"x\"".to_owned()],
        )
    }

    fn written(credential: &Credential, verb: Verb) -> String {
        String::from_utf8(credential.write(verb).unwrap()).unwrap()
    }

    #[test]
    fn a_question_says_what_we_understand_and_what_the_server_offered() {
        assert_eq!(
            written(&asked(), Verb::Get),
            "capability[]=authtype\ncapability[]=state\nprotocol=https\nhost=git.example:8443\nusername=me\n\
             wwwauth[]=Basic realm=\"x\"\n\n"
        );
    }

    #[test]
    fn every_attribute_of_an_answer_goes_back() {
        let mut credential = asked();
        let answer = "capability[]=authtype\ncapability[]=state\nauthtype=Bearer\ncredential=t\nephemeral=1\n\
             password_expiry_utc=9999999999\noauth_refresh_token=r\ncontinue=yes\nstate[]=x.y=1\nhost=git.example\n\
             unknown=1\n\nusername=after-the-blank-line\n";
        credential.read(answer.as_bytes()).unwrap();
        credential.next_state();
        assert_eq!(
            written(&credential, Verb::Store),
            "capability[]=authtype\ncapability[]=state\nauthtype=Bearer\ncredential=t\nephemeral=1\n\
             protocol=https\nhost=git.example:8443\nusername=me\noauth_refresh_token=r\n\
             password_expiry_utc=9999999999\nwwwauth[]=Basic realm=\"x\"\ncontinue=1\nstate[]=x.y=1\n\n"
        );
    }

    #[test]
    fn what_a_helper_did_not_say_to_understand_is_kept_from_it() {
        let mut credential = asked();
        credential
            .read(b"password=pw\r\nstate[]=x\r\nephemeral=1\r\n")
            .unwrap();
        credential.next_state();
        let told = written(&credential, Verb::Erase);
        assert!(told.contains("password=pw\n"), "{told}");
        assert!(
            !told.contains("state") && !told.contains("ephemeral"),
            "{told}"
        );
    }

    #[test]
    fn answers_for_other_hosts_and_lines_that_are_none_are_refused() {
        let read = |answer: &str| asked().read(answer.as_bytes());
        assert_eq!(read("host=evil.example\n"), Err(Malformed::OtherHost));
        assert_eq!(read("host=git.example:1\n"), Err(Malformed::OtherHost));
        assert_eq!(read("protocol=http\n"), Err(Malformed::OtherHost));
        assert_eq!(read("what is this\n"), Err(Malformed::Line));
        assert_eq!(
            read("url=https://u:p@evil.example\n"),
            Err(Malformed::OtherHost)
        );
        assert_eq!(read("url=nothing\n"), Err(Malformed::Value));
        assert_eq!(read("password=pw\nwhat is this\nhost=evil\n"), Ok(()));
        assert_eq!(read("host=git.example\nprotocol=https\n"), Ok(()));
        assert_eq!(read("host=GIT.example\nprotocol=HTTPS\n"), Ok(()));
        let mut odd = asked();
        odd.username = Some("a\nhost=evil".to_owned());
        assert_eq!(odd.write(Verb::Get), Err(Malformed::Value));
    }

    #[test]
    fn what_is_expired_or_empty_is_none() {
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        for (answer, complete) in [
            ("password=pw\n", true),
            ("password=\n", false),
            ("password=pw\npassword_expiry_utc=1000000000\n", false),
            ("password=pw\npassword_expiry_utc=9000000000\n", true),
            ("authtype=Bearer\ncredential=t\n", true),
        ] {
            let mut credential = asked();
            credential.read(answer.as_bytes()).unwrap();
            credential.drop_what_is_useless(now);
            assert_eq!(credential.is_complete(), complete, "{answer:?}");
        }
    }
}
