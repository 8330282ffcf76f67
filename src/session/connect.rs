//! The platform's client, and how a remote may be reached. Opens no connection.

use secrecy::SecretString;

use crate::environment::Environment;
use crate::forge::FORGES;
use crate::git::credentials::Login;
use crate::git::push::{AllowFile, AllowGit, AuthCache, HeadRecord, PushOptions};
use crate::http::{Client, ClientOptions};
use crate::names::{self, RemoteUrl, Scheme};
use crate::net::PlainHttp;
use crate::pipeline::Hold;
use crate::platform::{Platform, TokenSource};
use crate::policy::{Limits, Origin, Policy, Trigger};
use crate::process::Inheritance;
use crate::reason::{Code, Reason};
use crate::secrets::KnownSecrets;

use super::Session;

/// The user name that forges take with a token as password.
const TOKEN_USER: &str = "x-access-token";

/// Makes the platform's client, or says why there is none.
pub(super) fn platform(
    environment: &Environment,
    policy: &Policy,
    known: &KnownSecrets,
) -> Result<Platform, Hold> {
    let settings = policy.platform();
    let named = environment.text("PLATFORM_URL").map(reqwest::Url::parse);
    let url = match (&settings.url, named) {
        (Some(url), _) => url.as_url().clone(),
        (None, Some(Ok(url))) => url,
        (None, Some(Err(error))) => {
            return Err(Hold::new(
                Code::BadPlatformUrl,
                format!("PLATFORM_URL is no URL: {error}"),
            )
            .advise("set it to an address such as https://platform.example"));
        }
        (None, None) => return Err(no_platform()),
    };
    let workspace = settings
        .workspace_id
        .as_deref()
        .or_else(|| environment.text("WORKSPACE_ID"));
    let workspace = workspace.ok_or_else(no_platform)?;
    let token = if token_is_bound(policy) {
        let named = settings.token_file.clone();
        let own = || environment.configs_directory().join(".auth_token");
        TokenSource::File(named.unwrap_or_else(own))
    } else {
        TokenSource::None
    };
    let client = client(policy.limits(), known);
    Platform::new(client, url, workspace, token)
        .map_err(|error| Hold::new(error.code(), error.to_string()).advise(error.advice()))
}

/// Says whether the platform's token belongs to the platform's address: one that a layer of the policy
/// names goes only to an address that the same layer names, or one that is trusted more.
fn token_is_bound(policy: &Policy) -> bool {
    let rank = |origin: Origin| match origin {
        // A key of the command line and a file that it names are the same person's word.
        Origin::PolicyFile => Origin::Set,
        origin => origin,
    };
    let token = policy.origin_of("platform.token-file").map(rank);
    let url = policy.origin_of("platform.url").map(rank);
    match (token, url) {
        // The environment's own token goes where the environment or the policy says.
        (None, _) => true,
        (Some(token), Some(url)) => url <= token,
        (Some(_), None) => false,
    }
}

/// Says that the token of the policy is not sent, where that is so.
pub(super) fn unbound_token(policy: &Policy) -> Option<Reason> {
    let origin = policy.origin_of("platform.token-file")?;
    let message = format!(
        "the token that platform.token-file ({origin}) names is not sent: the platform's address comes from a place \
         that is trusted less"
    );
    (!token_is_bound(policy)).then(|| {
        Reason::new(Code::PlatformTokenUnbound, message)
            .advise("set `platform.url` beside `platform.token-file`")
    })
}

/// Says that no platform is configured, as the steps do that would talk to it.
pub(super) fn no_platform() -> Hold {
    Hold::new(Code::NoPlatform, "no platform is configured").advise(
        "set PLATFORM_URL and WORKSPACE_ID, or `platform.url` and `platform.workspace-id` in the user's policy",
    )
}

/// Makes the HTTP client of forge and platform.
pub(super) fn client(limits: &Limits, known: &KnownSecrets) -> Client {
    let timeout = limits.http_timeout.duration();
    Client::new(ClientOptions {
        known: known.clone(),
        ..ClientOptions::new(timeout)
    })
}

/// Says how the remote may be reached. Nothing in it comes from the repository.
pub(super) fn push_options(session: &Session, remote: &RemoteUrl) -> PushOptions {
    let policy = &session.loaded.policy;
    let environment = &session.environment;
    let inheritance = Inheritance::new(environment.search_path(), environment.for_programs());
    // A server may echo the login that it got.
    session.known.add_login(remote.user(), remote.password());
    let options = PushOptions {
        push_timeout: policy.branch_limits().push_timeout.duration(),
        push_size: policy.branch_limits().push_size.bytes(),
        commits: policy.branch_limits().commits.get(),
        allow_file: if policy.remotes().allow_file {
            AllowFile::Yes
        } else {
            AllowFile::No
        },
        // The guard lets git:// through only when the policy lists it.
        allow_git: if policy.remotes().lists(remote) {
            AllowGit::Yes
        } else {
            AllowGit::No
        },
        // The guard has checked an unencrypted remote against the list, by its whole URL.
        plain_http: PlainHttp::to(remote.host().map(str::to_owned)),
        login: login(session, remote),
        auth_cache: AuthCache::new(session.remote_records().login(remote, session.clock.now())),
        head: HeadRecord::new(session.remote_records().head(remote, session.clock.now())),
        ssh_command: ssh_command(session),
        inheritance,
        known: session.known.clone(),
        ..PushOptions::default()
    };
    match session.repo() {
        Some(repo) => options.with_config(repo.config(), remote),
        None => options,
    }
}

/// Returns the ssh command of the environment. Under a hook or an agent it is somebody else's.
fn ssh_command(session: &Session) -> Option<String> {
    let from_person = session.trigger == Trigger::Manual;
    let command = session
        .environment
        .text("GIT_SSH_COMMAND")
        .filter(|_| from_person)?;
    Some(command.to_owned())
}

/// Returns the login to fall back on: the forge's token, when the remote is on the host that the
/// token is for. The helpers that the user configured are asked first.
pub(super) fn login(session: &Session, remote: &RemoteUrl) -> Option<Login> {
    if !matches!(remote.scheme(), Scheme::Https | Scheme::Http) || remote.password().is_some() {
        return None;
    }
    let origin = remote.origin()?;
    let forge = session.loaded.policy.forge();
    let token = if forge.api_url.is_some() {
        let token = session.environment.secret("SENDOFF_TOKEN");
        token.filter(|_| forge.is_git_server(&origin))
    } else {
        token_for(session, |host| names::Origin::https(host) == origin)
    };
    Some(Login {
        user: TOKEN_USER.into(),
        password: token?,
    })
}

/// Returns the token of a variable for the API of the remote's forge, when the remote is one of that forge's.
pub(super) fn api_token(session: &Session, remote: &RemoteUrl) -> Option<SecretString> {
    let host = remote.host()?;
    let forge = session.loaded.policy.forge();
    if forge.api_url.is_some() {
        let token = session.environment.secret("SENDOFF_TOKEN");
        return token.filter(|_| forge.has_remotes_at(host));
    }
    let host = host.strip_prefix("ssh.").unwrap_or(host);
    token_for(session, |its_host| {
        names::Origin::https(its_host).is_host(host)
    })
}

/// Returns the token of the first variable that is set, of those whose host is wanted.
fn token_for(session: &Session, is_wanted: impl Fn(&str) -> bool) -> Option<SecretString> {
    let variables = FORGES.iter().flat_map(|def| def.token_variables);
    variables
        .filter(|(_, host)| is_wanted(host))
        .find_map(|(variable, _)| session.environment.secret(variable))
}
