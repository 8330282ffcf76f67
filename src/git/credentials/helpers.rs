//! `Helpers`: the user's credential helpers for one URL, asked in order and once a run.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crate::byte_text::percent_decoded;
use crate::clock::Clock;
use crate::process::Inheritance;
use crate::secrets::KnownSecrets;
use crate::threads::lock;

use super::credential::Verb;
use super::helper::Start;
use super::{Credential, CredentialError, Login, helper};

/// Whether helpers get to see the path of a URL, or only its host.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UrlPath {
    /// Only the host: one login for everything there.
    #[default]
    Hidden,
    /// The path too (`credential.useHttpPath`).
    Shown,
}

/// What the helpers answered in this run, so that a person touches a key once, and a token that is good for one
/// use is used once.
#[derive(Debug, Clone, Default)]
pub struct Answers(Arc<Mutex<BTreeMap<Vec<u8>, Answer>>>);

/// The result of one question.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// A login, and whether the helpers were told that it works.
    Login(Box<Credential>, bool),
    /// No helper has one; perhaps one knows the user.
    None(Option<String>),
}

/// The helpers that the user's and the system's configuration name for one URL.
#[derive(Debug, Clone, Default)]
pub struct Helpers {
    pub(super) commands: Vec<String>,
    pub(super) username: Option<String>,
    pub(super) path: UrlPath,
    /// Where the host is not ASCII: the form that is looked up, and the form that git passes to helpers.
    pub(super) written_host: Option<(String, String)>,
    pub(super) start: Start,
    known: KnownSecrets,
    answers: Answers,
}

impl Helpers {
    /// Takes the helpers in the order of the configuration, where an empty text forgets those
    /// before it, and what they are started with.
    pub fn new(helpers: Vec<String>, inheritance: Inheritance) -> Self {
        let start = helpers.iter().rposition(String::is_empty);
        let start = start.map_or(0, |index| index + 1);
        Self {
            commands: helpers.into_iter().skip(start).collect(),
            start: Start {
                inheritance,
                ..Start::default()
            },
            ..Self::default()
        }
    }

    /// Tells `known` of every password that a helper answers.
    #[must_use]
    pub fn remembering(mut self, known: &KnownSecrets) -> Self {
        self.known = known.clone();
        self
    }

    /// Shares the answers with others that ask the same question.
    #[must_use]
    pub fn sharing(mut self, answers: &Answers) -> Self {
        self.answers = answers.clone();
        self
    }

    /// Sets how long one helper may take, where the policy says.
    #[must_use]
    pub const fn deadline_if(mut self, limit: Option<Duration>) -> Self {
        self.start.deadline = limit;
        self
    }

    /// Sets how long one helper may take; a minute otherwise.
    #[must_use]
    pub const fn deadline(mut self, limit: Duration) -> Self {
        self.start.deadline = Some(limit);
        self
    }

    /// Lets helpers ask a person: there is one.
    #[must_use]
    pub const fn attended(mut self) -> Self {
        self.start.attended = true;
        self
    }

    /// Says whether any helper is configured.
    pub const fn is_configured(&self) -> bool {
        !self.commands.is_empty()
    }

    /// Says whether helpers see the path of a URL.
    pub(super) fn see_paths(&self) -> bool {
        self.path == UrlPath::Shown
    }

    /// Returns the login for `url`; `None` when no helper has one. The same question is asked once.
    ///
    /// `user` is the name in the remote's URL, if there is one; `offered` what the server offered, a
    /// `WWW-Authenticate` header each.
    pub fn get(
        &self,
        url: &url::Url,
        user: Option<&str>,
        offered: &[String],
    ) -> Result<Option<Credential>, CredentialError> {
        let mut answers = self.answers();
        let key = self.key(url, user)?;
        match answers.get(&key) {
            Some(Answer::None(_)) => return Ok(None),
            Some(Answer::Login(login, _)) => return Ok(Some((**login).clone())),
            None => {}
        }
        let mut known = self.question(url, user, offered);
        let is_found = self.ask(&mut known)?;
        let answer = if is_found {
            Answer::Login(Box::new(known.clone()), false)
        } else {
            Answer::None(known.username().map(str::to_owned))
        };
        answers.insert(key, answer);
        Ok(is_found.then_some(known))
    }

    /// Returns the user whose password is asked for where no helper has it: the configured one, or the one that a helper
    /// named when it was asked.
    pub(super) fn user(&self, url: &url::Url) -> Option<String> {
        let key = self.key(url, None).ok()?;
        match self.answers().get(&key) {
            Some(Answer::None(Some(user))) => Some(user.clone()),
            _ => self.username.clone(),
        }
    }

    /// Learns what the helpers keep for `url`, so that it can be hidden in texts. No person is asked, and no helper
    /// that was asked in this run already.
    pub fn learn(&self, url: &url::Url, user: Option<&str>) -> Result<(), CredentialError> {
        let mut answers = self.answers();
        let key = self.key(url, user)?;
        if answers.contains_key(&key) {
            return Ok(());
        }
        let mut unattended = self.clone();
        unattended.start.attended = false;
        // An empty answer does not count for a caller that may ask a person.
        let mut known = unattended.question(url, user, &[]);
        if unattended.ask(&mut known)? {
            answers.insert(key, Answer::Login(Box::new(known), false));
        }
        Ok(())
    }

    /// Goes on with a login whose helper said that there is a next step.
    pub fn go_on(
        &self,
        mut credential: Credential,
        offered: &[String],
    ) -> Result<Option<Credential>, CredentialError> {
        credential.next_stage(offered);
        let is_found = self.ask(&mut credential)?;
        Ok(is_found.then_some(credential))
    }

    /// Tells every helper that a login works; once.
    pub fn approve(
        &self,
        url: &url::Url,
        user: Option<&str>,
        credential: &Credential,
    ) -> Result<(), CredentialError> {
        if credential.is_expired(Clock::System.now()) {
            return Ok(());
        }
        if let Some(Answer::Login(_, told)) = self.answers().get_mut(&self.key(url, user)?) {
            if *told {
                return Ok(());
            }
            *told = true;
        }
        let mut credential = credential.clone();
        credential.set_offered(&[]);
        credential.next_state();
        self.tell(Verb::Store, &credential)
    }

    /// Tells every helper once that a login was refused, under a scheme that the server offered. A later call asks
    /// them again.
    pub fn reject(
        &self,
        url: &url::Url,
        user: Option<&str>,
        credential: &Credential,
        offered: &[String],
    ) -> Result<(), CredentialError> {
        // Another thread that had the same login refused has told them.
        if self.answers().remove(&self.key(url, user)?).is_none() {
            return Ok(());
        }
        let mut credential = credential.clone();
        credential.set_offered(offered);
        credential.next_state();
        self.tell(Verb::Erase, &credential)
    }

    /// Tells every helper of a login that a person typed, and that works.
    pub fn keep(&self, url: &url::Url, login: &Login) -> Result<(), CredentialError> {
        let credential = self.question(url, None, &[]).with_login(login);
        self.tell(Verb::Store, &credential)
    }

    /// Asks one helper after the other until the login is complete, and says whether it is.
    pub(super) fn ask(&self, known: &mut Credential) -> Result<bool, CredentialError> {
        let mut failure = None;
        for command in &self.commands {
            let asked = helper::ask(&self.start, command, known);
            for secret in known.secrets() {
                self.known.add_login(known.username(), Some(secret));
            }
            if let Err(error) = asked {
                // Nothing of a bad answer is used. The next helper may have a login; if none does, the first failure
                // is reported.
                known.forget_secrets();
                failure.get_or_insert(error);
                continue;
            }
            known.drop_what_is_useless(Clock::System.now());
            if known.is_complete() {
                known.set_offered(&[]);
                command.clone_into(&mut known.helper);
                return Ok(true);
            }
            if known.is_quit() {
                return Err(CredentialError::Quit {
                    helper: helper::name(command),
                });
            }
        }
        failure.map_or(Ok(false), Err)
    }

    pub(super) fn tell(&self, verb: Verb, credential: &Credential) -> Result<(), CredentialError> {
        let told: Vec<_> = self
            .commands
            .iter()
            .map(|command| helper::tell(&self.start, command, verb, credential))
            .collect();
        told.into_iter().collect()
    }

    fn question(&self, url: &url::Url, user: Option<&str>, offered: &[String]) -> Credential {
        let path = percent_decoded(url.path().trim_matches('/'));
        let path = (self.see_paths() && !path.is_empty()).then_some(path);
        let user = user.filter(|user| !user.is_empty());
        let host = url.host_str().unwrap_or_default();
        let host = match &self.written_host {
            Some((spelled, written)) if spelled == host => written,
            _ => host,
        };
        let user = user.or(self.username.as_deref());
        Credential::about(url, host, path, user, offered)
    }

    /// Returns what makes two questions the same.
    fn key(&self, url: &url::Url, user: Option<&str>) -> Result<Vec<u8>, CredentialError> {
        self.key_of(&self.question(url, user, &[]))
    }

    pub(super) fn key_of(&self, question: &Credential) -> Result<Vec<u8>, CredentialError> {
        let written = question.write(Verb::Get);
        let mut key = written.map_err(|_| CredentialError::Unsafe)?;
        key.extend(self.commands.join("\n").into_bytes());
        Ok(key)
    }

    pub(super) fn answers(&self) -> MutexGuard<'_, BTreeMap<Vec<u8>, Answer>> {
        lock(&self.answers.0)
    }

    pub(super) const fn known(&self) -> &KnownSecrets {
        &self.known
    }
}
