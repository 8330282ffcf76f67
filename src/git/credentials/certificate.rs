//! The password of a client certificate's key: asked once a run, of the helpers, then of a program or a person.

use std::path::Path;

use secrecy::SecretString;

use super::credential::Verb;
use super::helpers::Answer;
use super::{Asking, Credential, CredentialError, Helpers, Login};

impl Helpers {
    /// Returns the password of the key that belongs to a certificate; `None` when no source has it.
    pub fn certificate_password(
        &self,
        certificate: &Path,
        asking: &Asking,
    ) -> Result<Option<SecretString>, CredentialError> {
        let question = question(certificate)?;
        let mut answers = self.answers();
        let key = self.key_of(&question)?;
        match answers.get(&key) {
            Some(Answer::None(_)) => return Ok(None),
            Some(Answer::Login(known, _)) => return Ok(known.password().cloned()),
            None => {}
        }
        // A helper that fails is no reason not to ask the person.
        let mut known = question.clone();
        let (is_found, failure) = match self.ask(&mut known) {
            Ok(is_found) => (is_found, None),
            Err(error) => (false, Some(error)),
        };
        let found = is_found.then_some(known).or_else(|| {
            let password = asking.certificate_password(certificate)?;
            let typed = Login {
                user: String::new(),
                password,
            };
            Some(question.with_login(&typed))
        });
        let Some(found) = found else {
            answers.insert(key, Answer::None(None));
            return failure.map_or(Ok(None), Err);
        };
        for secret in found.secrets() {
            self.known().add_login(None, Some(secret));
        }
        let password = found.password().cloned();
        answers.insert(key, Answer::Login(Box::new(found), false));
        Ok(password)
    }

    /// Tells every helper that the password is right; once.
    pub fn approve_certificate(&self, certificate: &Path) -> Result<(), CredentialError> {
        let key = self.key_of(&question(certificate)?)?;
        let known = match self.answers().get_mut(&key) {
            Some(Answer::Login(known, told)) if !*told => {
                *told = true;
                known.clone()
            }
            _ => return Ok(()),
        };
        self.tell(Verb::Store, &known)
    }

    /// Tells every helper that the password is wrong. A later call asks again.
    pub fn reject_certificate(&self, certificate: &Path) -> Result<(), CredentialError> {
        let key = self.key_of(&question(certificate)?)?;
        let removed = self.answers().remove(&key);
        match removed {
            Some(Answer::Login(known, _)) => self.tell(Verb::Erase, &known),
            _ => Ok(()),
        }
    }
}

fn question(certificate: &Path) -> Result<Credential, CredentialError> {
    let path = certificate.to_str().ok_or(CredentialError::Unsafe)?;
    Ok(Credential::about_certificate(path))
}
