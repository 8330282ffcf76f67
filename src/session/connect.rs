//! The settings for connections to servers and remotes. Opens no connection.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::environment::Environment;
use crate::git::credentials::{Answers, Asking, LoginSource, asking_program, may_ask};
use crate::git::push::{
    AllowFile, AllowGit, AuthCache, HeadRecord, PushOptions, RedirectPlaces, ServiceCommands,
};
use crate::git::{GitNetwork, NetworkRules, Remote, Repo, is_false};
use crate::http::{Client, ClientOptions};
use crate::net::{LoopbackProxy, Network, PlainHttp};
use crate::policy::{Limits, Policy, Trigger};
use crate::process::Inheritance;
use crate::secrets::KnownSecrets;

use super::Session;
use super::logins::{login, netrc, token_variables};
use super::redirect_guard::RedirectGuard;

/// Makes the HTTP client of forge and platform.
pub(super) fn client(
    policy: &Policy,
    limits: &Limits,
    known: &KnownSecrets,
    network: Arc<dyn Network>,
) -> Client {
    let timeout = limits.http_timeout.duration();
    Client::new(ClientOptions {
        known: known.clone(),
        network,
        plain_http: plain_http(policy),
        ..ClientOptions::new(timeout)
    })
}

/// Makes the same client, for a server that may take `patience` for a request that makes it work.
pub(super) fn patient_client(
    policy: &Policy,
    known: &KnownSecrets,
    network: Arc<dyn Network>,
    patience: Duration,
) -> Client {
    Client::new(ClientOptions {
        known: known.clone(),
        network,
        plain_http: plain_http(policy),
        slow_timeout: patience,
        ..ClientOptions::new(policy.limits().http_timeout.duration())
    })
}

/// Returns the hosts to which the policy allows plain http.
pub(super) fn plain_http(policy: &Policy) -> PlainHttp {
    PlainHttp::to(policy.network().allow_http.clone())
}

/// Returns where the proxy and TLS settings of forge and platform come from.
pub(super) fn network(
    environment: &Environment,
    inheritance: &Inheritance,
    policy: &Policy,
    known: &KnownSecrets,
    repo: Option<&Repo>,
    answers: &Answers,
    trigger: Option<Trigger>,
) -> GitNetwork {
    let rules = policy.network();
    let asker = Asker {
        environment,
        limit: policy.limits().helper_timeout.duration(),
        is_attended: trigger.is_some_and(|trigger| is_attended(environment, trigger)),
    };
    GitNetwork {
        asking: asker.asking(repo, inheritance.clone()),
        answers: answers.clone(),
        attended: asker.is_attended,
        helper_timeout: Some(asker.limit),
        config: repo.map(Repo::shared_config),
        rules: NetworkRules {
            proxy: rules.proxy.clone(),
            no_proxy: rules.no_proxy.clone(),
            ca_file: rules.ca_file.clone(),
        },
        ..GitNetwork::new(environment.clone(), inheritance.clone(), known.clone())
    }
}

/// Returns the source of these settings for pushes. They use git's proxies, also for hosts on this machine.
fn push_network(session: &Session, remote: &Remote) -> GitNetwork {
    let (environment, policy) = (&session.environment, &session.loaded.policy);
    GitNetwork {
        remote: Some(remote.name.clone()),
        loopback: LoopbackProxy::AsConfigured,
        ..network(
            environment,
            &session.inheritance,
            policy,
            &session.known,
            session.repo(),
            &session.answers,
            Some(session.trigger),
        )
    }
}

/// Says how the remote may be reached. Nothing in it comes from the repository.
pub(super) fn push_options(session: &Session, target: &Remote) -> PushOptions {
    let remote = &target.url;
    let policy = &session.loaded.policy;
    let environment = &session.environment;
    let inheritance = session.inheritance.clone();
    let asker = Asker {
        environment,
        limit: policy.limits().helper_timeout.duration(),
        is_attended: is_attended(environment, session.trigger),
    };
    let login = login(session, remote);
    let login_source = login.as_ref().map(|(_, source)| source.clone());
    // A server can echo the login that it received.
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
        login: login.map(|(login, _)| login),
        login_source: login_source.unwrap_or(LoginSource::Caller),
        token_variables: token_variables(policy.forge(), remote),
        netrc: netrc(environment, session.repo()),
        asking: asker
            .asking(session.repo(), inheritance.clone())
            .sharing(&session.asked),
        answers: session.answers.clone(),
        helper_timeout: Some(asker.limit),
        attended: asker.is_attended,
        redirect_places: RedirectPlaces::by(RedirectGuard::of(session, remote)),
        auth_cache: AuthCache::new(session.remote_records().login(remote, session.clock.now())),
        head: HeadRecord::new(session.remote_records().head(remote, session.clock.now())),
        ssh_command: environment.text("GIT_SSH_COMMAND").map(str::to_owned),
        ssh_program: environment.text("GIT_SSH").map(PathBuf::from),
        // Set to nothing it counts, as to git.
        ssh_variant: environment
            .raw("GIT_SSH_VARIANT")
            .map(|value| String::from_utf8_lossy(value).into_owned()),
        inheritance,
        network: Arc::new(push_network(session, target)),
        known: session.known.clone(),
        ..PushOptions::default()
    };
    with_config(options, session, target)
}

/// Adds what git's configuration says of the remote.
fn with_config(options: PushOptions, session: &Session, target: &Remote) -> PushOptions {
    let config = session.repo().map(Repo::config);
    let options = options.with_git_rules(&session.environment, config, &target.url);
    match config {
        Some(config) => PushOptions {
            services: ServiceCommands::of_remote(config, &target.name),
            ..options.with_config(config, &target.url)
        },
        None => options,
    }
}

/// Says whether a person started the run and can answer questions on its terminal.
fn is_attended(environment: &Environment, trigger: Trigger) -> bool {
    trigger == Trigger::Manual && environment.is_terminal()
}

/// What decides which program or terminal is asked for a login that no other source has.
struct Asker<'a> {
    environment: &'a Environment,
    limit: Duration,
    is_attended: bool,
}

impl Asker<'_> {
    /// Returns who is prompted: the program that git would run and, in a run by hand, the terminal.
    fn asking(&self, repo: Option<&Repo>, inheritance: Inheritance) -> Asking {
        let environment = self.environment;
        let config = repo.map(Repo::config);
        let program = asking_program(environment, config);
        let asking = Asking::new(inheritance, self.limit).by_program(program);
        let prompt = environment.text("GIT_TERMINAL_PROMPT");
        let refused = prompt.is_some_and(is_false);
        if self.is_attended && !refused && may_ask(config) {
            asking.at_terminal()
        } else {
            asking
        }
    }
}
