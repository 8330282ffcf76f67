//! One helper: how it is started, what it is asked, which answers are believed.

use std::path::PathBuf;

use gix::credentials::protocol::Context;
use secrecy::{ExposeSecret, SecretString};

use crate::process::Leftovers;
use crate::process::Output;
use crate::process::ProcessError;
use crate::process::Program;
use crate::process::find_program;

use super::{CredentialError, Helpers, Login, UrlPath};

/// More than any login needs.
const ANSWER_CAP: usize = 16 * 1024;

/// Where git keeps the helpers that come with it.
const GIT_DIRECTORIES: &[&str] = &[
    "/usr/lib/git-core",
    "/usr/libexec/git-core",
    "/usr/local/libexec/git-core",
    "/opt/homebrew/opt/git/libexec/git-core",
];

/// What a helper is told about a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Store,
    Erase,
}

/// Asks one helper after the other until user and password are known.
pub(super) fn get(
    helpers: &Helpers,
    url: &reqwest::Url,
    user: Option<&str>,
) -> Result<Option<Login>, CredentialError> {
    let mut known = question(helpers, url);
    known.username = user.or(helpers.username.as_deref()).map(str::to_owned);
    let mut failure = None;
    for helper in &helpers.commands {
        let answer = match answer(helpers, helper, &known) {
            Ok(Some(answer)) => answer,
            Ok(None) => continue,
            Err(error) => {
                // The next helper may know; if none does, the first failure is worth telling.
                failure.get_or_insert(error);
                continue;
            }
        };
        for secret in [&answer.password, &answer.oauth_refresh_token] {
            let secret = secret.as_deref().map(SecretString::from);
            helpers
                .known
                .add_login(answer.username.as_deref().or(user), secret.as_ref());
        }
        if answer.quit == Some(true) {
            return Ok(None);
        }
        known.username = answer.username.or(known.username);
        known.password = answer.password.or(known.password);
        if let (Some(user), Some(password)) = (&known.username, &known.password) {
            return Ok(Some(Login {
                user: user.clone(),
                password: SecretString::from(password.as_str()),
            }));
        }
    }
    failure.map_or(Ok(None), Err)
}

/// Tells every helper about a login; the first failure is returned after all were told.
pub(super) fn tell(
    helpers: &Helpers,
    url: &reqwest::Url,
    login: &Login,
    verb: Verb,
) -> Result<(), CredentialError> {
    let mut known = question(helpers, url);
    known.username = Some(login.user.clone());
    known.password = Some(login.password.expose_secret().to_owned());
    let action = match verb {
        Verb::Store => "store",
        Verb::Erase => "erase",
    };
    let told: Vec<_> = helpers
        .commands
        .iter()
        .map(|helper| run(helpers, helper, action, &known).map(|_| ()))
        .collect();
    told.into_iter().collect()
}

/// Returns what every helper is told about the URL.
fn question(helpers: &Helpers, url: &reqwest::Url) -> Context {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}"));
    let path = url.path().trim_start_matches('/');
    Context {
        protocol: Some(url.scheme().to_owned()),
        host: Some(format!("{host}{}", port.unwrap_or_default())),
        path: (helpers.path == UrlPath::Shown && !path.is_empty()).then(|| path.into()),
        ..Context::default()
    }
}

/// Asks one helper. Nothing when it does not know or did not end well.
fn answer(
    helpers: &Helpers,
    helper: &str,
    known: &Context,
) -> Result<Option<Context>, CredentialError> {
    let output = run(helpers, helper, "get", known)?;
    if !output.ended.is_success() {
        return Ok(None);
    }
    let malformed = || CredentialError::Malformed {
        helper: helper.to_owned(),
    };
    if output.stdout.is_cut() {
        return Err(malformed());
    }
    let answer =
        Context::from_bytes(&output.stdout.bytes, known.options).map_err(|_| malformed())?;
    let same = |given: &Option<String>, asked: &Option<String>| given.is_none() || given == asked;
    if same(&answer.protocol, &known.protocol) && same(&answer.host, &known.host) {
        Ok(Some(answer))
    } else {
        Err(CredentialError::OtherHost {
            helper: helper.to_owned(),
        })
    }
}

fn run(
    helpers: &Helpers,
    helper: &str,
    action: &str,
    known: &Context,
) -> Result<Output, CredentialError> {
    let mut input = Vec::new();
    known
        .write_to(&mut input)
        .map_err(|_| CredentialError::Unsafe)?;
    input.push(b'\n');
    let failed = |source| CredentialError::Helper {
        helper: helper.to_owned(),
        source,
    };
    // Neither git's own helpers nor the credential manager may ask a person: nobody is there.
    program(helpers, helper, action)
        .map_err(failed)?
        .inherit(&helpers.inheritance)
        .variable("GIT_TERMINAL_PROMPT", "0")
        .variable("GCM_INTERACTIVE", "never")
        .input(input)
        .cap(ANSWER_CAP)
        .deadline(helpers.time())
        .leftovers(Leftovers::Leave)
        .run()
        .map_err(failed)
}

/// Finds the program that a configured helper stands for, as git does.
fn program(helpers: &Helpers, helper: &str, action: &str) -> Result<Program, ProcessError> {
    let directories = helpers.inheritance.search_path();
    let shell = |script: String| Ok(Program::new("/bin/sh").arg("-c").arg(script).arg("helper"));
    if let Some(script) = helper.strip_prefix('!') {
        // Git appends the action to the text that the user wrote for the shell.
        return shell(format!("{script} {action}"));
    }
    if helper.starts_with(['/', '~']) {
        return shell(format!("{helper} {action}"));
    }
    let (name, rest) = helper.split_once(' ').unwrap_or((helper, ""));
    let own: Vec<PathBuf> = GIT_DIRECTORIES.iter().map(PathBuf::from).collect();
    let full = format!("git-credential-{name}");
    let found = find_program(&full, directories).or_else(|_| find_program(&full, &own));
    let program = match found {
        Ok(path) => Program::new(path),
        Err(missing) => match find_program("git", directories) {
            Ok(git) => Program::new(git).arg(format!("credential-{name}")),
            Err(_) => return Err(missing),
        },
    };
    Ok(program.args(words(rest)).arg(action))
}

/// Splits a helper's options at blanks, with quotes and backslashes as a shell has them.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = None::<String>;
    let mut quote = None;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => {
                word.get_or_insert_default().extend(letters.next());
            }
            (None, ' ' | '\t') => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn options_are_split_as_a_shell_would() {
        assert_eq!(
            words("--file /a/b --timeout=3"),
            ["--file", "/a/b", "--timeout=3"]
        );
        assert_eq!(
            words("--file '/a b' \"c \\\" d\" e\\ f"),
            ["--file", "/a b", "c \" d", "e f"]
        );
        assert_eq!(words("  ''  "), [""]);
        assert!(words("").is_empty());
    }
}
