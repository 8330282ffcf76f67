//! `Netrc`: logins by host in `~/.netrc`, or in the file that `NETRC` names, as libcurl reads it for git.

use std::fs;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::Login;

/// The longest file that is read, in bytes.
const LIMIT: u64 = 1 << 20;

/// A file of logins by host. Read when it is asked.
#[derive(Debug, Clone)]
pub struct Netrc(PathBuf);

impl Netrc {
    /// Names the file.
    pub const fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Returns the file's path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Returns the login for `host`, which is without its port; with `user` only that one's.
    pub(super) fn login(&self, host: &str, user: Option<&str>) -> Option<Login> {
        let metadata = fs::metadata(&self.0).ok()?;
        if !metadata.is_file() || metadata.len() > LIMIT {
            return None;
        }
        let text = fs::read(&self.0).ok()?;
        find(&String::from_utf8_lossy(&text), host, user)
    }
}

/// One host's login, while it is read.
#[derive(Default)]
struct Entry {
    matches: bool,
    login: Option<String>,
    password: Option<String>,
}

impl Entry {
    fn finish(self, user: Option<&str>) -> Option<Login> {
        let name = self.login.or_else(|| user.map(str::to_owned));
        let wanted = user.is_none() || user == name.as_deref();
        (self.matches && wanted).then_some(())?;
        Some(Login {
            user: name.unwrap_or_default(),
            password: SecretString::from(self.password.filter(|word| !word.is_empty())?),
        })
    }
}

fn find(text: &str, host: &str, user: Option<&str>) -> Option<Login> {
    let mut words = words(text).into_iter();
    let mut entry = Entry::default();
    while let Some(word) = words.next() {
        // Libcurl compares them without their case.
        match word.to_ascii_lowercase().as_str() {
            keyword @ ("machine" | "default") => {
                if let Some(login) = std::mem::take(&mut entry).finish(user) {
                    return Some(login);
                }
                let mut named = || {
                    words
                        .next()
                        .is_some_and(|name| name.eq_ignore_ascii_case(host))
                };
                entry.matches = keyword == "default" || named();
            }
            "login" => entry.login = words.next(),
            "password" => entry.password = words.next(),
            "account" => drop(words.next()),
            _ => {}
        }
    }
    entry.finish(user)
}

/// Splits the file at blanks. A word may be quoted; a macro ends at a blank line.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut in_macro = false;
    for line in text.lines() {
        if in_macro {
            in_macro = !line.trim().is_empty();
            continue;
        }
        let mut rest = line.trim_start();
        while !rest.is_empty() && !rest.starts_with('#') {
            let (word, after) = if let Some(quoted) = rest.strip_prefix('"') {
                unquote(quoted)
            } else {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                let (word, after) = rest.split_at(end);
                (word.to_owned(), after)
            };
            if word.eq_ignore_ascii_case("macdef") {
                in_macro = true;
                break;
            }
            words.push(word);
            rest = after.trim_start();
        }
    }
    words
}

/// Reads up to the closing quote.
fn unquote(text: &str) -> (String, &str) {
    let mut word = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (word, text.get(at + 1..).unwrap_or_default()),
            '\\' => match letters.next() {
                Some((_, 'n')) => word.push('\n'),
                Some((_, 'r')) => word.push('\r'),
                Some((_, 't')) => word.push('\t'),
                Some((_, other)) => word.push(other),
                None => {}
            },
            other => word.push(other),
        }
    }
    (word, "")
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn login(text: &str, host: &str, user: Option<&str>) -> Option<String> {
        let found = find(text, host, user)?;
        Some(format!("{}:{}", found.user, found.password.expose_secret()))
    }

    const FILE: &str = "# a comment\nmachine a.test login me password pw\n\
        machine b.test\n\tlogin one\n\tpassword 1 # said once\nmachine b.test login two password \"a \\\"b\\\" #\"\n\
        macdef init\nmachine a.test login evil password evil\n\n\
        machine c.test login noone account x\nmachine d.test password only\ndefault login any password any\n";

    #[test]
    fn the_login_of_a_host_is_found() {
        assert_eq!(login(FILE, "A.test", None).as_deref(), Some("me:pw"));
        assert_eq!(login(FILE, "b.test", None).as_deref(), Some("one:1"));
        assert_eq!(
            login(FILE, "b.test", Some("two")).as_deref(),
            Some("two:a \"b\" #")
        );
        assert_eq!(login(FILE, "d.test", Some("u")).as_deref(), Some("u:only"));
        assert_eq!(login(FILE, "z.test", None).as_deref(), Some("any:any"));
        assert_eq!(login(FILE, "z.test", Some("me")), None);
        assert_eq!(login("machine a.test login x", "a.test", None), None);
        assert_eq!(login("", "a.test", None), None);
        let loud = "MacDef x\nmachine a.test login evil password evil\n\nMACHINE a.test Login Me PASSWORD Pw";
        assert_eq!(login(loud, "a.test", None).as_deref(), Some("Me:Pw"));
    }
}
