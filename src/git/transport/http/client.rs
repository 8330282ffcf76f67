//! The HTTP client of a connection, and the login of its proxy.

use reqwest::{Client, Method, RequestBuilder, Url};

use crate::git::transport::{Target, TransportError};
use crate::net::{ConnectorSettings, Network, ProxyUrl, client_builder};

/// The client of a connection, made from the settings for its origin.
#[derive(Debug)]
pub(super) struct HttpClient<'a> {
    client: Client,
    settings: ConnectorSettings,
    network: &'a dyn Network,
    proxy_accepted: bool,
}

impl<'a> HttpClient<'a> {
    /// Makes the client. Nothing is sent yet.
    pub(super) fn new(target: Target<'a>, base: &Url) -> Result<Self, TransportError> {
        let network = target.options.network.as_ref();
        let settings = network.settings(base).map_err(TransportError::Setup)?;
        let settings = ConnectorSettings {
            connect_timeout: target.options.connect_timeout,
            ..settings
        };
        Ok(Self {
            client: build(base, &settings)?,
            settings,
            network,
            proxy_accepted: false,
        })
    }

    pub(super) fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.client.request(method, url)
    }

    /// Returns the error of a proxy that refuses the request.
    pub(super) fn proxy_error(&self) -> TransportError {
        let proxy = self.settings.proxy.proxy.as_ref();
        let proxy = proxy.map(ProxyUrl::host_and_port);
        TransportError::ProxyLogin {
            proxy: proxy.unwrap_or_default(),
        }
    }

    /// The proxy refused the request: goes on with another login, or fails.
    pub(super) fn proxy_refused(&mut self, base: &Url) -> Result<(), TransportError> {
        let settings = self.network.after_proxy_refusal(&self.settings);
        let settings = settings.ok_or_else(|| self.proxy_error())?;
        self.client = build(base, &settings)?;
        self.settings = settings;
        Ok(())
    }

    /// The server answered, so the proxy let the request through.
    pub(super) fn proxy_accepted(&mut self) {
        if !self.proxy_accepted && self.settings.proxy.proxy.is_some() {
            self.proxy_accepted = true;
            self.network.proxy_accepted(&self.settings);
        }
    }
}

fn build(base: &Url, settings: &ConnectorSettings) -> Result<Client, TransportError> {
    client_builder(base, settings)
        .map_err(TransportError::Setup)?
        .build()
        .map_err(|error| TransportError::Client(error.into()))
}
