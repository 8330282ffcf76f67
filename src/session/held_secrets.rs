//! The secrets that a process knows from its start: those in the environment, and those that the policy keeps.

use std::path::Path;

use crate::environment::Environment;
use crate::files::{Links, read};
use crate::git::{ConfigFiles, Repo};
use crate::policy::{DatabaseUrl, Policy};
use crate::secrets::KnownSecrets;

/// The largest file of a secret that is read, in bytes.
const MAX_FILE_SIZE: u64 = 64 * 1024;

/// Makes the tokens of the environment known, what other programs have there as secrets, and the logins of its URLs and
/// proxies, whichever of them are used.
pub fn tell_secrets(environment: &Environment, known: &KnownSecrets) {
    environment.tokens().for_each(|token| known.add(&token));
    environment
        .secrets_by_name()
        .for_each(|secret| known.add(&secret));
    environment.proxies().for_each(|proxy| known.add_url(proxy));
    environment
        .urls_with_login()
        .for_each(|url| known.add_url(url));
}

/// Makes known what git's configuration has of secrets, also where no repository can be used, and what the policy keeps. A
/// memory goes out all the same.
pub(super) fn tell_configured_secrets(
    repo: Option<&Repo>,
    policy: &Policy,
    environment: &Environment,
    known: &KnownSecrets,
) {
    if let Some(repo) = repo {
        repo.config().tell_secrets(known);
    } else if let Ok(files) = ConfigFiles::of_environment(environment) {
        files.tell_secrets(known);
    }
    tell_kept_secrets(policy, environment, known);
}

/// Makes known what the policy keeps in files and addresses: the platform's token, that of the environment's directory too,
/// the secrets of webhooks, and the password of the platform's database. A text can hold one that the run does not use.
fn tell_kept_secrets(policy: &Policy, environment: &Environment, known: &KnownSecrets) {
    let events = policy.events();
    let of_hooks = [
        &events.github_secret_file,
        &events.gitlab_secret_file,
        &events.gitea_secret_file,
    ];
    let files = of_hooks.into_iter().flatten().flatten();
    let files = files.chain(&policy.platform().token_file);
    files.for_each(|file| tell_file(&environment.cwd().join(file), known));
    tell_file(&environment.configs_directory().join(".auth_token"), known);
    let database = policy.store().platform_schedules.as_ref();
    if let Some(password) = database.and_then(DatabaseUrl::password) {
        known.add(password);
    }
}

/// Makes the line of a file known. One that cannot be read is told by the code that needs it.
fn tell_file(path: &Path, known: &KnownSecrets) {
    if let Ok(Some(bytes)) = read(path, MAX_FILE_SIZE, Links::Followed)
        && let Ok(text) = String::from_utf8(bytes)
    {
        known.add(&text.trim().into());
    }
}
