//! The HTTP client of a connection, and the login of its proxy.

use std::sync::atomic::Ordering;

use reqwest::{Client, Method, RequestBuilder, Url};
use tokio::runtime::Runtime;

use crate::git::transport::classify::from_http;
use crate::git::transport::kept_client::Kept;
use crate::git::transport::{Target, TransportError};
use crate::net::{
    ConnectorSettings, NetError, Network, ProxyUrl, TlsFault, TlsPlace, client_builder,
    is_tunnel_refusal,
};

/// The client of a connection, made from the settings for its origin.
#[derive(Debug)]
pub(super) struct HttpClient<'a> {
    client: Client,
    settings: ConnectorSettings,
    network: &'a dyn Network,
    accepted: bool,
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
        let client = build(base, &settings).inspect_err(|error| {
            if let TransportError::Setup(NetError::KeyPasswordWrong(_)) = error {
                network.key_password_refused(&settings);
            }
        })?;
        Ok(Self {
            client,
            settings,
            network,
            accepted: false,
        })
    }

    /// Goes on with a client that a connection to the same URL left, and with its runtime.
    pub(super) fn of_kept(target: Target<'a>, mut kept: Kept) -> Option<(Self, Runtime)> {
        let client = Self {
            client: kept.client.clone(),
            settings: kept.settings.clone(),
            network: target.options.network.as_ref(),
            accepted: true,
        };
        Some((client, kept.runtime.take()?))
    }

    /// Returns what is kept of it.
    pub(super) fn kept(&self, base: Url, runtime: Runtime) -> Kept {
        Kept {
            base,
            client: self.client.clone(),
            settings: self.settings.clone(),
            runtime: Some(runtime),
        }
    }

    pub(super) fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.client.request(method, url)
    }

    /// Forgets the connections that were kept. Where no other client can be made, this one is kept, and they with it.
    pub(super) fn reconnect(&mut self, base: &Url) {
        if let Ok(client) = build(base, &self.settings) {
            self.client = client;
        }
    }

    /// Returns the error of a proxy that refuses the request.
    pub(super) fn proxy_error(&self) -> TransportError {
        let proxy = self.settings.proxy.proxy.as_ref();
        let scheme = proxy.map(|proxy| proxy.url().scheme().to_owned());
        TransportError::ProxyLogin {
            scheme: scheme.unwrap_or_default(),
            proxy: proxy.map(ProxyUrl::host_and_port).unwrap_or_default(),
        }
    }

    /// The proxy refused the request: tries another login, or fails.
    pub(super) fn proxy_refused(&mut self, base: &Url) -> Result<(), TransportError> {
        let settings = self.network.after_proxy_refusal(&self.settings);
        let settings = settings.ok_or_else(|| self.proxy_error())?;
        self.client = build(base, &settings)?;
        self.settings = settings;
        Ok(())
    }

    /// The server answered, so the proxy let the request through, and the client's key is good.
    pub(super) fn accepted(&mut self) {
        if !self.accepted {
            self.accepted = true;
            self.network.accepted(&self.settings);
        }
    }

    /// Says whether the server wants a certificate of the client, and there is none.
    pub(super) fn lacks_certificate(&self) -> bool {
        let tls = &self.settings.tls;
        tls.client_certificate.is_none() && tls.client_certificate_wanted.load(Ordering::Relaxed)
    }

    /// Classifies an error of the HTTP library. A server that gets no certificate of the client may do no more than close
    /// the connection.
    pub(super) fn classify(&self, error: reqwest::Error) -> TransportError {
        let place = error.url().map(TlsPlace::of);
        if let Some(proxy) = &self.settings.proxy.proxy
            && is_tunnel_refusal(&error)
        {
            return TransportError::Network {
                said: format!(
                    "the proxy {} opens no connection to the server",
                    proxy.host_and_port()
                ),
                source: None,
            };
        }
        let error = from_http(error);
        let is_tls = match &error {
            TransportError::Tls { fault, .. } => {
                matches!(
                    fault,
                    TlsFault::Handshake
                        | TlsFault::Alert(_)
                        | TlsFault::NothingInCommon
                        | TlsFault::ClientCertificateRefused
                )
            }
            error => matches!(error, TransportError::Network { .. }),
        };
        match place {
            Some(place) if is_tls && self.lacks_certificate() => TransportError::Tls {
                fault: TlsFault::ClientCertificateWanted,
                place,
            },
            _ => error,
        }
    }
}

fn build(base: &Url, settings: &ConnectorSettings) -> Result<Client, TransportError> {
    client_builder(base, settings)
        .map_err(TransportError::Setup)?
        .build()
        .map_err(|error| TransportError::Client(error.into()))
}
