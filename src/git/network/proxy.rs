//! The proxy of a URL, and its login.

use std::str::Utf8Error;
use std::sync::MutexGuard;

use secrecy::{ExposeSecret, SecretString};
use tracing::debug;

use crate::git::credentials::{Credential, Helpers, Login};
use crate::net::{ConnectorSettings, NetError, NoProxy, ProxyAuthMethod, ProxyUrl};
use crate::threads::lock;

use super::{GitNetwork, View};

/// A login that was asked for, for a proxy.
#[derive(Debug, Clone)]
pub(super) enum ProxyLogin {
    /// Of a helper, and the user that it was asked for.
    OfHelper(Box<Credential>, Option<String>),
    /// Of the program that asks, or of a person.
    Asked(Login),
}

impl ProxyLogin {
    fn login(&self) -> Option<Login> {
        match self {
            Self::OfHelper(credential, _) => credential.login(),
            Self::Asked(login) => Some(login.clone()),
        }
    }
}

impl View<'_> {
    /// Finds the proxy as git does: `remote.<name>.proxy`, `http.proxy`, then the variables that libcurl
    /// reads for the scheme. An empty value means none.
    pub(super) fn proxy(&self) -> Result<Option<ProxyUrl>, NetError> {
        if let Some(proxy) = &self.network.rules.proxy {
            return ProxyUrl::parse(proxy, "`network.proxy`");
        }
        if let Some((key, proxy)) = self.of_remote("proxy") {
            return ProxyUrl::parse(&proxy, &format!("`{key}`"));
        }
        if let Some(proxy) = self.http("proxy") {
            return ProxyUrl::parse(&proxy, "`http.proxy`");
        }
        // `HTTP_PROXY` is not read: in a CGI program it is a header of the client's request.
        let names: &[&str] = match self.url.scheme().as_str() {
            "https" => &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
            _ => &["http_proxy", "all_proxy", "ALL_PROXY"],
        };
        // The first that is set counts, an empty one as well.
        let mut set = names.iter().filter_map(|name| self.set_variable(name));
        match set.next() {
            Some((name, Ok(value))) => ProxyUrl::parse(value, name),
            Some((name, Err(_))) => Err(NetError::Proxy {
                configured_in: name.to_owned(),
                reason: "it is not UTF-8",
            }),
            None => Ok(None),
        }
    }

    /// Returns a variable and its value, where it is set to more than blanks or to nothing at all.
    fn set_variable<'name>(
        &self,
        name: &'name str,
    ) -> Option<(&'name str, Result<&str, Utf8Error>)> {
        let value = std::str::from_utf8(self.network.environment.raw(name)?);
        let is_blank = value.is_ok_and(|value| !value.is_empty() && value.trim().is_empty());
        (!is_blank).then_some((name, value))
    }

    /// Returns a key of the remote, and its value.
    fn of_remote(&self, name: &str) -> Option<(String, String)> {
        let remote = self.network.remote.as_ref()?;
        let key = format!("remote.{remote}.{name}");
        let value = self.config.string(&key)?;
        Some((key, value))
    }

    /// Returns the hosts that are reached without the proxy.
    pub(super) fn no_proxy(&self) -> NoProxy {
        if let Some(hosts) = &self.network.rules.no_proxy {
            return NoProxy::parse(&hosts.join(","));
        }
        let configured = self.http("noProxy").map(|list| list.trim().to_owned());
        let configured = configured.filter(|list| !list.is_empty());
        let variable = |name| {
            let list = self.set_variable(name)?.1.unwrap_or_default();
            Some(list.trim_end_matches(['\r', '\n']).to_owned())
        };
        let list = configured
            .or_else(|| variable("no_proxy"))
            .or_else(|| variable("NO_PROXY"));
        NoProxy::parse(&list.unwrap_or_default())
    }

    /// Returns how a login is sent to the proxy, by `GIT_HTTP_PROXY_AUTHMETHOD` and the keys. As in git, an unknown
    /// value means any. Returns none for one that is not spoken.
    pub(super) fn proxy_auth_method(&self) -> Option<ProxyAuthMethod> {
        let named = self
            .network
            .environment
            .text("GIT_HTTP_PROXY_AUTHMETHOD")
            .map(str::to_owned);
        let named = named
            .or_else(|| Some(self.of_remote("proxyAuthMethod")?.1))
            .or_else(|| self.http("proxyAuthMethod"));
        match named.as_deref() {
            Some("basic") => Some(ProxyAuthMethod::Basic),
            Some("digest") => Some(ProxyAuthMethod::Digest),
            Some("negotiate" | "ntlm") => None,
            _ => Some(ProxyAuthMethod::Any),
        }
    }

    /// Returns the proxy with a login: the one in its URL, else the one that a helper keeps for it.
    pub(super) fn with_login(&self, proxy: ProxyUrl) -> ProxyUrl {
        let known = &self.network.known;
        known.add_login(proxy.user().as_deref(), proxy.password().as_ref());
        // The method is that of the header, which SOCKS has not.
        if self.proxy_auth_method().is_none() && !proxy.is_socks() {
            return proxy.bare();
        }
        // A user ID of SOCKS 4 has no password.
        let is_version4 = proxy.url().scheme().starts_with("socks4");
        if is_version4 || proxy.user().is_none() || proxy.password().is_some() {
            return proxy;
        }
        with_helper_login(self.network, &proxy)
            .or_else(|| self.with_asked_login(&proxy))
            .unwrap_or(proxy)
    }

    /// Asks for the password of the proxy's user, as git does where no helper has it.
    fn with_asked_login(&self, proxy: &ProxyUrl) -> Option<ProxyUrl> {
        let login = self
            .asking()
            .password(&proxy.without_login(), &proxy.user()?)?;
        let known = &self.network.known;
        known.add_login(Some(&login.user), Some(&login.password));
        let proxy = proxy.with_login(&login.user, &login.password);
        *last_login(self.network) = Some(ProxyLogin::Asked(login));
        Some(proxy)
    }
}

/// Asks the credential helpers for the proxy's login.
fn with_helper_login(network: &GitNetwork, proxy: &ProxyUrl) -> Option<ProxyUrl> {
    let helpers = helpers(network, proxy)?;
    let user = proxy.user();
    let found = helpers.get(&proxy.without_login(), user.as_deref(), &[]);
    let credential = found.ok()??;
    let login = credential.login()?;
    let proxy = proxy.with_login(&login.user, &login.password);
    *last_login(network) = Some(ProxyLogin::OfHelper(Box::new(credential), user));
    Some(proxy)
}

fn helpers(network: &GitNetwork, proxy: &ProxyUrl) -> Option<Helpers> {
    let config = network.config().ok()?;
    let helpers = Helpers::of_proxy(config, proxy, network.inheritance.clone());
    let helpers = network.prepared(helpers);
    helpers.is_configured().then_some(helpers)
}

fn last_login(network: &GitNetwork) -> MutexGuard<'_, Option<ProxyLogin>> {
    lock(&network.state.proxy_login)
}

/// Returns settings with another login for the proxy that refused these, if there is one.
///
/// Connections that run beside each other share what was asked for. Only a login that was sent is refused: one without a
/// login gets the one that another has found in between.
pub(super) fn after_refusal(
    network: &GitNetwork,
    refused: &ConnectorSettings,
) -> Option<ConnectorSettings> {
    let proxy = refused.proxy.proxy.as_ref()?;
    if proxy.is_bare_on_purpose() || proxy.url().scheme().starts_with("socks4") {
        return None;
    }
    if proxy.password().is_some() {
        forget(network, proxy);
        return None;
    }
    let found = last_login(network).clone().and_then(|login| login.login());
    let proxy = match found {
        Some(login) => proxy.with_login(&login.user, &login.password),
        None => with_helper_login(network, proxy)?,
    };
    let mut settings = refused.clone();
    settings.proxy.proxy = Some(proxy);
    Some(settings)
}

/// Tells the helpers that the proxy refused the login that it was asked with, once.
fn forget(network: &GitNetwork, proxy: &ProxyUrl) {
    let mut last = last_login(network);
    let Some(login) =
        last.take_if(|login| login.login().is_some_and(|login| carries(proxy, &login)))
    else {
        return;
    };
    drop(last);
    if let ProxyLogin::OfHelper(credential, user) = login
        && let Some(helpers) = helpers(network, proxy)
        && let Err(error) =
            helpers.reject(&proxy.without_login(), user.as_deref(), &credential, &[])
    {
        debug!(%error, "a helper did not erase the proxy's login");
    }
}

/// Says whether requests to the proxy carry this login.
fn carries(proxy: &ProxyUrl, login: &Login) -> bool {
    let is_password = |sent: SecretString| sent.expose_secret() == login.password.expose_secret();
    proxy.user().unwrap_or_default() == login.user && proxy.password().is_some_and(is_password)
}

/// Tells the helpers that the proxy accepted the login.
pub(super) fn accepted(network: &GitNetwork, settings: &ConnectorSettings) {
    let Some(proxy) = &settings.proxy.proxy else {
        return;
    };
    let login = last_login(network).clone();
    let (Some(login), Some(helpers)) = (login, helpers(network, proxy)) else {
        return;
    };
    let place = proxy.without_login();
    let told = match &login {
        ProxyLogin::OfHelper(credential, user) => {
            helpers.approve(&place, user.as_deref(), credential)
        }
        ProxyLogin::Asked(login) if network.asking.is_to_be_kept(&place, &login.user) => {
            helpers.keep(&place, login)
        }
        ProxyLogin::Asked(_) => Ok(()),
    };
    if let Err(error) = told {
        debug!(%error, "a helper did not store the proxy's login");
    }
}
