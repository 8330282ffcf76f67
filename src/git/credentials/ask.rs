//! `Asking`: how a login is asked for that no other source has: by a program of the user's, or at the terminal.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use percent_encoding::{AsciiSet, CONTROLS, percent_encode};
use secrecy::SecretString;
use tracing::debug;

use crate::byte_text::{from_bytes, percent_decoded, to_bytes};
use crate::environment::Environment;
use crate::git::config::Config;
use crate::process::{Inheritance, Program};
use crate::threads::lock;

use super::terminal::{self, Echo};
use super::{Login, LoginSource};

/// The longest answer, in bytes.
const ANSWER_CAP: usize = 16 * 1024;
/// What git encodes of the path of a URL in a question, and of the user.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'<')
    .add(b'>')
    .add(b'"')
    .add(b'%')
    .add(b'{')
    .add(b'}')
    .add(b'|')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b':')
    .add(b'?')
    .add(b'#')
    .add(b'[')
    .add(b']')
    .add(b'@')
    .add(b'!')
    .add(b'$')
    .add(b'&')
    .add(b'\'')
    .add(b'(')
    .add(b')')
    .add(b'*')
    .add(b'+')
    .add(b',')
    .add(b';')
    .add(b'=');
const USER: &AsciiSet = &PATH.add(b'/');

/// Says whether the user lets anybody be asked: not so where `credential.interactive` is false, or `never`.
pub fn may_ask(config: Option<&Config>) -> bool {
    let Some(config) = config else { return true };
    let key = "credential.interactive";
    config.bool(key) != Some(false) && config.string(key).as_deref() != Some("never")
}

/// Returns the program that git would ask for a login: of `GIT_ASKPASS`, `core.askPass` and `SSH_ASKPASS` the first.
pub fn asking_program(environment: &Environment, config: Option<&Config>) -> Option<String> {
    if !may_ask(config) {
        return None;
    }
    let variable = |name| {
        let named = environment.text(name)?.to_owned();
        Some(config.map_or_else(|| named.clone(), |config| config.program(&named)))
    };
    let configured = || {
        let config = config?;
        // Git takes it as it is written, without a home directory for `~`.
        let named = config
            .string("core.askPass")
            .filter(|named| !named.is_empty())?;
        Some(config.program(&named))
    };
    variable("GIT_ASKPASS")
        .or_else(configured)
        .or_else(|| variable("SSH_ASKPASS"))
}

/// What was answered in this run: connections that are opened beside each other ask for the same login once.
#[derive(Debug, Clone, Default)]
pub struct Asked(Arc<Mutex<BTreeMap<String, Option<Said>>>>);

/// One answer.
#[derive(Debug, Clone)]
struct Said {
    login: Login,
    source: LoginSource,
    /// Whether the helpers were told that it works.
    is_kept: bool,
}

impl Asked {
    fn answers(&self) -> MutexGuard<'_, BTreeMap<String, Option<Said>>> {
        lock(&self.0)
    }
}

/// How a login is asked for that no other source has; by default it is not.
#[derive(Debug, Clone, Default)]
pub struct Asking {
    program: Option<String>,
    terminal: bool,
    inheritance: Inheritance,
    limit: Duration,
    asked: Asked,
}

impl Asking {
    /// Asks by no program and no terminal yet; a program may take `limit` for an answer.
    pub fn new(inheritance: Inheritance, limit: Duration) -> Self {
        Self {
            inheritance,
            limit,
            ..Self::default()
        }
    }

    /// Names the program that asks, as `GIT_ASKPASS` does.
    #[must_use]
    pub fn by_program(mut self, program: Option<String>) -> Self {
        self.program = program;
        self
    }

    /// Shares the answers with others that ask for the same login.
    #[must_use]
    pub fn sharing(mut self, asked: &Asked) -> Self {
        self.asked = asked.clone();
        self
    }

    /// Lets the person at the terminal be asked, where no program answers.
    #[must_use]
    pub const fn at_terminal(mut self) -> Self {
        self.terminal = true;
        self
    }

    /// Returns what is answered, the same question asked once.
    pub(super) fn login(&self, url: &url::Url, user: Option<&str>) -> Option<(Login, LoginSource)> {
        // Another thread that asks for the same login meanwhile waits for the answer.
        let mut answers = self.asked.answers();
        let said = answers
            .entry(key(url, user.unwrap_or_default()))
            .or_insert_with(|| {
                let (login, source) = self.ask(url, user)?;
                Some(Said {
                    login,
                    source,
                    is_kept: false,
                })
            });
        let said = said.as_ref()?;
        Some((said.login.clone(), said.source.clone()))
    }

    /// Returns what is answered when the password of a user is asked for, the same question asked once.
    pub(in crate::git) fn password(&self, url: &url::Url, user: &str) -> Option<Login> {
        Some(self.login(url, Some(user))?.0)
    }

    /// Says whether the helpers have yet to be told that the answer works; the caller tells them.
    pub(in crate::git) fn is_to_be_kept(&self, url: &url::Url, user: &str) -> bool {
        let mut answers = self.asked.answers();
        match answers.get_mut(&key(url, user)) {
            Some(Some(said)) => !std::mem::replace(&mut said.is_kept, true),
            _ => true,
        }
    }

    /// Asks for the user name, unless it is known, and the password.
    fn ask(&self, url: &url::Url, user: Option<&str>) -> Option<(Login, LoginSource)> {
        let port = url
            .port()
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        let scheme = url.scheme();
        let place = format!(
            "{}{port}{}",
            url.host_str().unwrap_or_default(),
            shown_path(url)
        );
        let is_typed = user.is_none();
        let ask_user = || {
            let prompt = format!("Username for '{scheme}://{place}': ");
            Some(self.word(&prompt, Echo::On).filter(is_some_text)?.0)
        };
        let user = user.map(str::to_owned).or_else(ask_user)?;
        let user_bytes = to_bytes(&user);
        let shown = percent_encode(&user_bytes, USER);
        let prompt = format!("Password for '{scheme}://{shown}@{place}': ");
        let said = self.word(&prompt, Echo::Off);
        // A token may stand in the place of the user. That of a URL alone was tried before.
        let (password, source) = said.filter(|said| is_typed || is_some_text(said))?;
        let login = Login {
            user,
            password: SecretString::from(password),
        };
        Some((login, source))
    }

    /// Asks for the password of a client certificate's key, with git's prompt.
    pub(super) fn certificate_password(&self, certificate: &Path) -> Option<SecretString> {
        let prompt = format!("Password for 'cert:///{}': ", certificate.display());
        let (password, _) = self.word(&prompt, Echo::Off).filter(is_some_text)?;
        Some(SecretString::from(password))
    }

    /// Asks for one line, which may be empty.
    fn word(&self, prompt: &str, echo: Echo) -> Option<(String, LoginSource)> {
        let said = self.program.as_ref().and_then(|program| {
            let said = self.run(program, prompt)?;
            Some((said, LoginSource::Program(program.clone())))
        });
        said.or_else(|| {
            let said = self.terminal.then(|| terminal::ask(prompt, echo))??;
            Some((said, LoginSource::Terminal))
        })
    }

    /// Runs the program with the prompt; its first line is the answer.
    fn run(&self, program: &str, prompt: &str) -> Option<String> {
        let path = PathBuf::from(program);
        let path = if program.contains('/') {
            path
        } else {
            self.inheritance.find(program).ok()?
        };
        let ran = Program::new(path)
            .arg(prompt)
            .inherit(&self.inheritance)
            .cap(ANSWER_CAP)
            .deadline(self.limit)
            .run();
        match ran {
            Ok(output) if output.ended.is_success() => {
                let text = from_bytes(&output.stdout.bytes);
                let line = text.split(['\r', '\n']).next();
                line.map(str::to_owned)
            }
            Ok(_) => None,
            Err(error) => {
                debug!(%error, "the program that asks for logins did not answer");
                None
            }
        }
    }
}

/// Says whether an answer is not empty.
fn is_some_text((word, _): &(String, LoginSource)) -> bool {
    !word.is_empty()
}

/// Returns the path as git shows it in a question, encoded once more; nothing where there is none.
fn shown_path(url: &url::Url) -> String {
    let path = percent_decoded(url.path().trim_matches('/'));
    let shown = percent_encode(&to_bytes(&path), PATH).to_string();
    if shown.is_empty() {
        shown
    } else {
        format!("/{shown}")
    }
}

/// Returns what makes two questions the same.
fn key(url: &url::Url, user: &str) -> String {
    format!(
        "{}{} {user}",
        url.origin().ascii_serialization(),
        url.path()
    )
}
