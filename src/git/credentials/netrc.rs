//! `Netrc`: logins by host in `~/.netrc`, or in the file that `NETRC` names, as libcurl reads it for git.

use std::fs;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::byte_text::from_bytes;
use crate::secrets::KnownSecrets;

use super::Login;

/// The longest file that is read, in bytes.
const MAX_FILE_SIZE: u64 = 1 << 20;

/// Names whose password is none: by custom it is the user's address.
const PUBLIC: &[&str] = &["anonymous", "ftp"];

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
        find(&self.text()?, host, user)
    }

    /// Makes the passwords of the whole file known: what it holds for other hosts is a secret as well.
    pub(super) fn tell_secrets(&self, known: &KnownSecrets) {
        let text = self.text().unwrap_or_default();
        for Entry {
            login, password, ..
        } in entries(&text)
        {
            let is_public = login.as_deref().is_some_and(|name| PUBLIC.contains(&name));
            if let Some(password) = password.filter(|_| !is_public) {
                known.add_login(login.as_deref(), Some(&password.into()));
            }
        }
    }

    fn text(&self) -> Option<String> {
        let metadata = fs::metadata(&self.0).ok()?;
        if !metadata.is_file() || metadata.len() > MAX_FILE_SIZE {
            return None;
        }
        let text = fs::read(&self.0).ok()?;
        Some(from_bytes(&text))
    }
}

/// The hosts that an entry is for.
#[derive(Debug, PartialEq, Eq)]
enum Machine {
    /// This host.
    Named(String),
    /// Every host.
    Default,
    /// None: it stands before the first host.
    None,
}

/// One entry, as it stands in the file.
struct Entry {
    machine: Machine,
    login: Option<String>,
    password: Option<String>,
}

impl Entry {
    const fn of(machine: Machine) -> Self {
        Self {
            machine,
            login: None,
            password: None,
        }
    }

    fn login_for(self, host: &str, user: Option<&str>) -> Option<Login> {
        let is_for_host = match &self.machine {
            Machine::Named(name) => name.eq_ignore_ascii_case(host),
            Machine::Default => true,
            Machine::None => false,
        };
        let name = self.login.or_else(|| user.map(str::to_owned));
        let is_wanted = user.is_none() || user == name.as_deref();
        (is_for_host && is_wanted).then_some(())?;
        Some(Login {
            user: name.unwrap_or_default(),
            password: SecretString::from(self.password.filter(|word| !word.is_empty())?),
        })
    }
}

fn find(text: &str, host: &str, user: Option<&str>) -> Option<Login> {
    let mut entries = entries(text).into_iter();
    entries.find_map(|entry| entry.login_for(host, user))
}

fn entries(text: &str) -> Vec<Entry> {
    let mut words = words(text).into_iter();
    let mut entries = Vec::new();
    let mut entry = Entry::of(Machine::None);
    while let Some(word) = words.next() {
        // Libcurl compares them without their case.
        match word.to_ascii_lowercase().as_str() {
            "machine" => {
                let machine = words.next().map_or(Machine::None, Machine::Named);
                entries.push(std::mem::replace(&mut entry, Entry::of(machine)));
            }
            "default" => {
                entries.push(std::mem::replace(&mut entry, Entry::of(Machine::Default)));
            }
            "login" => entry.login = words.next(),
            "password" => entry.password = words.next(),
            "account" => drop(words.next()),
            _ => {}
        }
    }
    entries.push(entry);
    entries
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

    #[test]
    fn what_is_for_other_hosts_is_known_and_what_is_public_is_not() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = "machine a.test login me password plain-words\n\
            machine ftp.test login anonymous password me@example.test\n\
            default password other-words\n";
        fs::write(file.path(), text).unwrap();
        let known = KnownSecrets::default();
        Netrc::new(file.path().to_owned()).tell_secrets(&known);
        let hidden = known.hide("plain-words, other-words, me@example.test");
        assert_eq!(hidden, "[REDACTED], [REDACTED], me@example.test");
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
