//! `Asking`: who is asked for a login that nobody keeps: a program of the user's, or the person at the terminal.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use tracing::debug;

use crate::process::{Inheritance, Program};

use super::terminal::{self, Echo};
use super::{Login, LoginSource};

/// The longest answer, in bytes.
const ANSWER_CAP: usize = 16 * 1024;

/// Who is asked for a login that nobody keeps; nobody, unless said otherwise.
#[derive(Debug, Clone, Default)]
pub struct Asking {
    program: Option<String>,
    terminal: bool,
    inheritance: Inheritance,
    limit: Duration,
}

impl Asking {
    /// Names the program that asks, as `GIT_ASKPASS` does; it may take `limit` for an answer.
    pub const fn of_program(
        program: Option<String>,
        inheritance: Inheritance,
        limit: Duration,
    ) -> Self {
        Self {
            program,
            terminal: false,
            inheritance,
            limit,
        }
    }

    /// Lets the person at the terminal be asked, where no program answers.
    #[must_use]
    pub const fn at_terminal(mut self) -> Self {
        self.terminal = true;
        self
    }

    /// Asks for the user name, unless it is known, and the password.
    pub(super) fn login(
        &self,
        url: &reqwest::Url,
        user: Option<&str>,
    ) -> Option<(Login, LoginSource)> {
        let port = url
            .port()
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        let host = format!("{}{port}", url.host_str().unwrap_or_default());
        let scheme = url.scheme();
        let user = match user {
            Some(user) => user.to_owned(),
            None => {
                self.word(&format!("Username for '{scheme}://{host}': "), Echo::On)?
                    .0
            }
        };
        let prompt = format!("Password for '{scheme}://{user}@{host}': ");
        let (password, source) = self.word(&prompt, Echo::Off)?;
        let login = Login {
            user,
            password: SecretString::from(password),
        };
        Some((login, source))
    }

    /// Asks for one word; an empty one is none.
    fn word(&self, prompt: &str, echo: Echo) -> Option<(String, LoginSource)> {
        let said = self.program.as_ref().and_then(|program| {
            let said = self.run(program, prompt)?;
            Some((said, LoginSource::Program(program.clone())))
        });
        let said = said.or_else(|| {
            let said = self.terminal.then(|| terminal::ask(prompt, echo))??;
            Some((said, LoginSource::Terminal))
        });
        said.filter(|(word, _)| !word.is_empty())
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
                let text = String::from_utf8(output.stdout.bytes).ok()?;
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
