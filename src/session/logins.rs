//! The logins and tokens that the environment has for a server: which variable is for which host.

use secrecy::SecretString;

use crate::environment::Environment;
use crate::forge::FORGES;
use crate::git::Repo;
use crate::git::credentials::{Login, LoginSource, Netrc};
use crate::names::{self, RemoteUrl, Scheme};
use crate::policy::Forge;

use super::Session;

/// The user name that forges take with a token as password.
const TOKEN_USER: &str = "x-access-token";
/// The variable for the origin that the policy names.
pub(super) const OWN_TOKEN: &str = "SENDOFF_TOKEN";

/// Returns the login of a variable that is for the remote's host.
pub(super) fn login(session: &Session, remote: &RemoteUrl) -> Option<(Login, LoginSource)> {
    if !matches!(remote.scheme(), Scheme::Https | Scheme::Http) {
        return None;
    }
    let settings = session.loaded.policy.forge();
    let (password, variable) = token_of_variable(&session.environment, settings, remote)?;
    let login = Login {
        user: TOKEN_USER.into(),
        password,
    };
    Some((login, LoginSource::Variable(variable)))
}

/// Returns the token of a variable that goes to the remote as a login: the remote is at the origin that the variable
/// is for.
fn token_of_variable(
    environment: &Environment,
    settings: &Forge,
    remote: &RemoteUrl,
) -> Option<(SecretString, &'static str)> {
    let mut variables = token_variables(settings, remote).into_iter();
    variables.find_map(|variable| Some((environment.secret(variable)?, variable)))
}

/// Returns the variables whose token goes to the remote as a login.
pub(super) fn token_variables(settings: &Forge, remote: &RemoteUrl) -> Vec<&'static str> {
    let Some(origin) = remote.origin() else {
        return Vec::new();
    };
    if settings.is_git_server(&origin) {
        return vec![OWN_TOKEN];
    }
    let is_its = names::Origin::https(origin.host()) == origin;
    variables_at(origin.host()).filter(|_| is_its).collect()
}

/// Returns the token of a variable for the API of the remote's forge, where the policy names no API.
pub(super) fn api_token(
    environment: &Environment,
    remote: &RemoteUrl,
) -> Option<(SecretString, &'static str)> {
    variables_for(remote).find_map(|variable| Some((environment.secret(variable)?, variable)))
}

/// Returns the variables that are for the remote's host, whatever the scheme.
pub(super) fn variables_for(remote: &RemoteUrl) -> impl Iterator<Item = &'static str> + use<> {
    let host = remote.host().unwrap_or_default().to_ascii_lowercase();
    variables_at(host.strip_prefix("ssh.").unwrap_or(&host))
}

/// Returns the variables that are for a host.
fn variables_at(host: &str) -> impl Iterator<Item = &'static str> + use<> {
    let variables = FORGES.iter().flat_map(|def| def.token_variables);
    let host = host.to_owned();
    variables
        .filter(move |(_, its_host)| is_host(its_host, &host))
        .map(|(variable, _)| *variable)
}

/// Compares with a host, or with `*.host`, which stands for each one directly below.
fn is_host(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(above) => {
            let label = host
                .strip_suffix(above)
                .and_then(|label| label.strip_suffix('.'));
            label.is_some_and(|label| !label.is_empty() && !label.contains('.'))
        }
        None => host == pattern,
    }
}

/// Returns the file of logins by host: `NETRC` where it names a file, else `~/.netrc`. Versions of libcurl before 8.16
/// know the latter only.
pub(super) fn netrc(environment: &Environment, repo: Option<&Repo>) -> Option<Netrc> {
    let usual = || Some(environment.home()?.join(".netrc"));
    let named = environment.path_as_written("NETRC");
    named
        .map(|path| match repo {
            Some(repo) => repo.config().relative(&path),
            None => environment.cwd().join(path),
        })
        .filter(|path| path.is_file())
        .or_else(usual)
        .map(Netrc::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(api: Option<&str>, url: &str) -> Option<&'static str> {
        let pairs = [("GH_TOKEN", "g"), ("SENDOFF_TOKEN", "s")];
        let environment = Environment::from_pairs("/", pairs);
        let settings = Forge {
            api_url: api.map(|api| api.parse().unwrap()),
            ..Forge::default()
        };
        let remote = RemoteUrl::parse(url).unwrap();
        token_of_variable(&environment, &settings, &remote).map(|(_, variable)| variable)
    }

    #[test]
    fn each_variable_is_for_its_own_host() {
        let own = Some("https://ghe.example/api/v3");
        for (api, url, wanted) in [
            (None, "https://github.com/o/r", Some("GH_TOKEN")),
            (None, "https://acme.ghe.com/o/r", Some("GH_TOKEN")),
            (None, "https://a.b.ghe.com/o/r", None),
            (None, "https://evilghe.com/o/r", None),
            (None, "https://ghe.example/o/r", None),
            (None, "https://github.com:8443/o/r", None),
            (None, "http://github.com/o/r", None),
            (own, "https://ghe.example/o/r", Some("SENDOFF_TOKEN")),
            (own, "https://github.com/o/r", Some("GH_TOKEN")),
            (own, "https://other.example/o/r", None),
            (own, "https://ghe.example:8443/o/r", None),
        ] {
            assert_eq!(variable(api, url), wanted, "{api:?} {url}");
        }
    }
}
