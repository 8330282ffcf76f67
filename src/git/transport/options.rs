//! `PushOptions`: how a remote may be reached, and the timeouts.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper::header::{HeaderName, HeaderValue};

use crate::git::credentials::{Answers, Asking, Helpers, Login, LoginSource, Netrc, Sources};
use crate::names::RemoteUrl;
use crate::net::{FixedNetwork, Network, PlainHttp};
use crate::process::Inheritance;
use crate::secrets::KnownSecrets;

use super::auth_cache::AuthCache;
use super::head_record::HeadRecord;
use super::kept_client::KeptClient;
use super::local_options::LocalOptions;
use super::redirect_places::RedirectPlaces;
use super::service::ServiceCommands;

/// The default of `http.postBuffer`, git's too: up to this size a request is buffered, in bytes.
const POST_BUFFER: u64 = 1 << 20;
/// Whether pushing to a repository on this machine is allowed: its hooks run here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AllowFile {
    /// It is not.
    #[default]
    No,
    /// The user, the system or the command line allowed it.
    Yes,
}

/// Whether `git://` is allowed: its traffic can be read and changed on the way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AllowGit {
    /// It is not.
    #[default]
    No,
    /// The user or the system listed the remote.
    Yes,
}

/// Whether a redirect of the first request is followed within the origin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Redirects {
    /// It is; later ones never are.
    #[default]
    Initial,
    /// None is.
    Never,
}

/// Whether a login is sent with the first request to a remote of which nothing is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ProactiveLogin {
    /// Only where it costs nothing to know one.
    #[default]
    No,
    /// Whatever source has it.
    Yes,
}

/// How a remote may be reached, and for how long. Nothing in it may come from a repository.
#[derive(Debug, Clone)]
pub struct PushOptions {
    /// How long a connection may take to be established.
    pub connect_timeout: Duration,
    /// The idle timeout: how long no byte may be transferred.
    pub push_timeout: Duration,
    /// The largest pack that is sent, in bytes.
    pub push_size: u64,
    /// The most commits that are sent.
    pub commits: usize,
    /// Whether `file` remotes are allowed.
    pub allow_file: AllowFile,
    /// Whether `git://` is allowed.
    pub allow_git: AllowGit,
    /// Where plain http is allowed.
    pub plain_http: PlainHttp,
    /// Where proxy and TLS settings come from.
    pub network: Arc<dyn Network>,
    /// Up to how many bytes a request over HTTP is collected and sent with its length. What is larger
    /// is sent in chunks.
    pub post_buffer: u64,
    /// Whether redirects are followed.
    pub redirects: Redirects,
    /// To which other repositories of the origin they lead.
    pub redirect_places: RedirectPlaces,
    /// Whether a login is sent with the first request in any case.
    pub proactive_login: ProactiveLogin,
    /// The key or variable of git's that does not allow the remote's scheme.
    pub forbidden_by: Option<String>,
    /// Headers that the user's git configuration adds to requests to this remote.
    pub extra_headers: Vec<(HeaderName, HeaderValue)>,
    /// The user's ssh command line, run by a shell; `ssh` otherwise.
    pub ssh_command: Option<String>,
    /// The ssh program, started without a shell (`GIT_SSH`); the command comes first.
    pub ssh_program: Option<PathBuf>,
    /// `ssh.variant`; derived from the program's name otherwise.
    pub ssh_variant: Option<String>,
    /// What the services are called at this remote.
    pub services: ServiceCommands,
    /// The program that connects to git's daemon; an empty text means none.
    pub git_proxy: Option<String>,
    /// The login for this remote's origin, when it is known.
    pub login: Option<Login>,
    /// Where that comes from.
    pub login_source: LoginSource,
    /// The variables of the environment that are for this remote's host, for the advice.
    pub token_variables: Vec<&'static str>,
    /// The file of logins by host.
    pub netrc: Option<Netrc>,
    /// How a login is asked for that no other source has.
    pub asking: Asking,
    /// What helpers answered in this run.
    pub answers: Answers,
    /// How long one helper may take; a minute otherwise.
    pub helper_timeout: Option<Duration>,
    /// Whether helpers may ask a person.
    pub attended: bool,
    /// The file of cookies that the user's git configuration names.
    pub cookie_file: Option<PathBuf>,
    /// Whether the remote required a login last time; updated by the push.
    pub auth_cache: AuthCache,
    /// Where a push over HTTP leaves its client for the question whether it was taken; nowhere if none will be asked.
    pub kept_client: Option<KeptClient>,
    /// What the remote's HEAD named within a day; updated by the push.
    pub head: HeadRecord,
    /// The credential helpers.
    pub helpers: Helpers,
    /// What child programs inherit.
    pub inheritance: Inheritance,
    /// What is done in the repository before anything is sent.
    pub local: LocalOptions,
    /// Gets every login that is used, for redaction.
    pub known: KnownSecrets,
}

impl Default for PushOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            push_timeout: Duration::from_mins(1),
            push_size: u64::MAX,
            commits: usize::MAX,
            allow_file: AllowFile::default(),
            allow_git: AllowGit::default(),
            plain_http: PlainHttp::default(),
            network: Arc::new(FixedNetwork::default()),
            post_buffer: POST_BUFFER,
            redirects: Redirects::default(),
            redirect_places: RedirectPlaces::default(),
            proactive_login: ProactiveLogin::default(),
            forbidden_by: None,
            extra_headers: Vec::new(),
            ssh_command: None,
            ssh_program: None,
            ssh_variant: None,
            services: ServiceCommands::default(),
            git_proxy: None,
            login: None,
            login_source: LoginSource::Caller,
            token_variables: Vec::new(),
            netrc: None,
            asking: Asking::default(),
            answers: Answers::default(),
            helper_timeout: None,
            attended: false,
            cookie_file: None,
            auth_cache: AuthCache::default(),
            kept_client: None,
            head: HeadRecord::default(),
            helpers: Helpers::default(),
            inheritance: Inheritance::default(),
            local: LocalOptions::default(),
            known: KnownSecrets::default(),
        }
    }
}

impl PushOptions {
    /// Returns the sources of a login for an http(s) remote, in the order in which they are asked.
    pub fn sources(&self, url: &RemoteUrl) -> Option<Sources> {
        let given = self.login.clone();
        let sources = Sources::new(url.http_url()?, url.user(), url.password())
            .given(given.map(|login| (login, self.login_source.clone())))
            .helpers(self.helpers.clone())
            .netrc(self.netrc.clone())
            .asking(self.asking.clone());
        Some(sources)
    }
}
