//! `Connectors`: one connector for each origin, made at its first use.

use std::collections::HashMap;
use std::io;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use tokio::sync::OnceCell;
use tracing::debug;
use url::Url;

use crate::names::Origin;
use crate::net::{
    Client, ConnectorSettings, HttpVersion, NetError, Network, PlainHttp, ProxyLoginRefused,
    Repeats,
};
use crate::threads::{lock, on_own_thread};

use super::error::{HttpError, Sent, proxy_login};
use super::response::host;

/// The connectors that were made, and how others are made.
#[derive(Debug)]
pub(super) struct Connectors {
    network: Arc<dyn Network>,
    plain_http: PlainHttp,
    connect_timeout: Duration,
    made: Mutex<HashMap<Origin, Arc<OnceCell<Connector>>>>,
}

/// The connector for one origin, and the settings that it was made of.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    pub(super) client: Client,
    settings: ConnectorSettings,
    /// The network knows that a server answered.
    is_accepted: Arc<AtomicBool>,
}

impl Connectors {
    /// Makes none yet.
    pub(super) fn new(
        network: Arc<dyn Network>,
        plain_http: PlainHttp,
        connect_timeout: Duration,
    ) -> Self {
        Self {
            network,
            plain_http,
            connect_timeout,
            made: Mutex::new(HashMap::new()),
        }
    }

    /// Returns the connector for `url`, made at its first use.
    pub(super) async fn get(&self, url: &Url) -> Result<Connector, HttpError> {
        let Some(origin) = Origin::of(url) else {
            let reason = format!("`{}` is not an http or https URL", url.scheme());
            return Err(HttpError::Unusable(reason));
        };
        if !self.plain_http.allows(&origin) {
            return Err(HttpError::PlainHttpRefused(origin.to_string()));
        }
        // Requests that begin side by side wait for one connector: a credential helper is asked once.
        let made = self.made().entry(origin).or_default().clone();
        made.get_or_try_init(|| self.make(url)).await.cloned()
    }

    async fn make(&self, url: &Url) -> Result<Connector, HttpError> {
        let (network, connect_timeout) = (self.network.clone(), self.connect_timeout);
        let base = url.clone();
        // Files are read, and a credential helper may be asked for the proxy's login.
        let made = on_own_thread(move || {
            let settings = ConnectorSettings {
                connect_timeout,
                version: HttpVersion::Http1,
                user_agent: None,
                ..network.settings(&base)?
            };
            Connector::new(&base, settings.clone()).inspect_err(|error| {
                if let Some(key) = error.key_of_wrong_password() {
                    network.key_password_refused(&settings, key);
                }
            })
        });
        finished(made.await, url)
    }

    /// Returns the connector with another login for the proxy, which refused the last one.
    pub(super) async fn with_other_proxy_login(
        &self,
        refused: Connector,
        refusal: ProxyLoginRefused,
        url: &Url,
    ) -> Result<Connector, HttpError> {
        if refusal != ProxyLoginRefused::Login {
            return Err(proxy_login(&refusal, &host(url)));
        }
        let network = self.network.clone();
        let base = url.clone();
        let made = on_own_thread(move || {
            let settings = network.after_proxy_refusal(&refused.settings);
            settings
                .map(|settings| Connector::new(&base, settings))
                .transpose()
        });
        let connector =
            finished(made.await, url)?.ok_or_else(|| proxy_login(&refusal, &host(url)))?;
        if let Some(origin) = Origin::of(url) {
            let made = OnceCell::new_with(Some(connector.clone()));
            self.made().insert(origin, Arc::new(made));
        }
        Ok(connector)
    }

    /// The server answered: where a helper gave the login of the proxy or the password of the client's key, it is told.
    pub(super) async fn accepted(&self, connector: &Connector) {
        let settings = &connector.settings;
        let asked = settings.proxy.proxy.is_some() || settings.tls.client_certificate.is_some();
        if !asked || connector.is_accepted.swap(true, Ordering::Relaxed) {
            return;
        }
        let (network, settings) = (self.network.clone(), settings.clone());
        let told = on_own_thread(move || network.accepted(&settings)).await;
        if let Err(error) = told {
            debug!(%error, "the credential helpers were not told");
        }
    }

    fn made(&self) -> MutexGuard<'_, HashMap<Origin, Arc<OnceCell<Connector>>>> {
        lock(&self.made)
    }
}

impl Connector {
    /// Makes the connector: every request is sent once.
    fn new(url: &Url, settings: ConnectorSettings) -> Result<Self, NetError> {
        let client = Client::new(url, &settings, Repeats::Never)?;
        Ok(Self {
            client,
            settings,
            is_accepted: Arc::default(),
        })
    }
}

/// Returns what a task made whose errors are those of settings.
fn finished<T>(
    made: io::Result<thread::Result<Result<T, NetError>>>,
    url: &Url,
) -> Result<T, HttpError> {
    match made {
        Ok(Ok(made)) => made.map_err(|error| HttpError::from_setup(&error, &host(url))),
        Ok(Err(panic)) => resume_unwind(panic),
        Err(error) => Err(HttpError::Network {
            host: host(url),
            detail: format!("the machine refuses another thread: {error}"),
            sent: Sent::No,
        }),
    }
}
