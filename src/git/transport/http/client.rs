//! The HTTP client of a connection, and the login of its proxy.

use std::time::Duration;

use tokio::runtime::Runtime;
use url::Url;

use crate::git::transport::classify::from_http;
use crate::git::transport::kept_client::Kept;
use crate::git::transport::{Target, TransportError};
use crate::net::{
    Client, ConnectError, ConnectorSettings, ExchangeError, Network, ProxyLoginRefused, ProxyUrl,
    Repeats, Request, Response, TlsFault, TlsPlace, opens_later,
};

/// The client of a connection, made from the settings for its origin.
#[derive(Debug)]
pub(super) struct HttpClient<'a> {
    client: Client,
    /// What it was made for.
    place: Url,
    settings: ConnectorSettings,
    network: &'a dyn Network,
    accepted: bool,
    /// How often a request is still sent again because a proxy has only now said what it wants.
    repeats_left: u32,
}

/// How long a connection through a proxy may take to be established, where the push may take longer.
const ESTABLISH_LIMIT: Duration = Duration::from_secs(30);

/// How often that is at most: a proxy could say so for ever.
const MAX_REPEATS: u32 = 4;

impl<'a> HttpClient<'a> {
    /// Makes the client. Nothing is sent yet.
    pub(super) fn new(target: Target<'a>, base: &Url) -> Result<Self, TransportError> {
        let network = target.options.network.as_ref();
        let connect_timeout = target.options.connect_timeout;
        let through_proxy = ESTABLISH_LIMIT.min(target.options.push_timeout / 2);
        let settings = network.settings(base).map_err(TransportError::Setup)?;
        let settings = ConnectorSettings {
            connect_timeout,
            // A proxy looks names up and connects itself, which can take long; git waits for minutes.
            establish_timeout: Some(through_proxy.max(connect_timeout)),
            ..settings
        };
        let client = build(base, &settings).inspect_err(|error| {
            if let TransportError::Setup(error) = error
                && let Some(key) = error.key_of_wrong_password()
            {
                network.key_password_refused(&settings, key);
            }
        })?;
        Ok(Self {
            client,
            place: base.clone(),
            settings,
            network,
            accepted: false,
            repeats_left: MAX_REPEATS,
        })
    }

    /// Goes on with a client that a connection to the same URL left, and with its runtime.
    pub(super) fn of_kept(target: Target<'a>, mut kept: Kept) -> Option<(Self, Runtime)> {
        let client = Self {
            client: kept.client.clone(),
            place: kept.base.clone(),
            settings: kept.settings.clone(),
            network: target.options.network.as_ref(),
            accepted: true,
            repeats_left: MAX_REPEATS,
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

    /// Sends a request, and returns the response's head.
    pub(super) async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let sent = self.client.send(request).await;
        sent.map_err(|error| self.classify(error))
    }

    /// Forgets the connections that were kept. Where no other client can be made, this one is kept, and they with it.
    pub(super) fn reconnect(&mut self, base: &Url) {
        if let Ok(client) = build(base, &self.settings) {
            self.client = client;
        }
    }

    /// Returns the error of a proxy that refuses the request.
    pub(super) fn proxy_error(&self, refusal: ProxyLoginRefused) -> TransportError {
        let proxy = self.settings.proxy.proxy.as_ref();
        let scheme = proxy.map(|proxy| proxy.url().scheme().to_owned());
        TransportError::ProxyLogin {
            scheme: scheme.unwrap_or_default(),
            proxy: proxy.map(ProxyUrl::host_and_port).unwrap_or_default(),
            refusal,
        }
    }

    /// The proxy refused the request: tries another login, or fails.
    pub(super) fn proxy_refused(
        &mut self,
        base: &Url,
        refusal: ProxyLoginRefused,
    ) -> Result<(), TransportError> {
        match refusal {
            ProxyLoginRefused::Repeatable if self.repeats_left > 0 => {
                self.repeats_left -= 1;
                return Ok(());
            }
            ProxyLoginRefused::Login => {}
            ProxyLoginRefused::Repeatable
            | ProxyLoginRefused::Unspoken(_)
            | ProxyLoginRefused::RuledOut(_)
            | ProxyLoginRefused::Closed(_) => return Err(self.proxy_error(refusal)),
        }
        let settings = self.network.after_proxy_refusal(&self.settings);
        let settings = settings.ok_or_else(|| self.proxy_error(refusal))?;
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
        self.settings.tls.lacks_client_certificate()
    }

    /// Classifies an error of the HTTP library. A server that gets no certificate of the client may do no more than close
    /// the connection.
    pub(super) fn classify(&self, error: ExchangeError) -> TransportError {
        if let ExchangeError::ProxyLogin(refusal) = error {
            return self.proxy_error(refusal);
        }
        if let Some(proxy) = &self.settings.proxy.proxy
            && let ExchangeError::Connect(failed) = &error
            && let ConnectError::Tunnel(status) = &**failed
        {
            let refusal = ProxyLoginRefused::Closed(*status);
            if !opens_later(*status) {
                return self.proxy_error(refusal);
            }
            return TransportError::Network {
                said: format!("the proxy {} {refusal}", proxy.host_and_port()),
                source: None,
            };
        }
        let tls = &self.settings.tls;
        let wanted = TlsFault::ClientCertificateWanted;
        let proxy = self.settings.proxy.proxy_for(&self.place);
        let is_forwarding = self.place.scheme() == "http";
        let forwarding = proxy.filter(|_| is_forwarding);
        match from_http(error, &self.place, forwarding) {
            TransportError::Tls {
                fault: TlsFault::OfProxy(fault),
                place,
            } if fault.may_be_for_a_certificate() && tls.lacks_proxy_certificate() => {
                let fault = TlsFault::OfProxy(Box::new(wanted));
                TransportError::Tls { fault, place }
            }
            TransportError::Tls { fault, place }
                if fault.may_be_for_a_certificate() && tls.lacks_client_certificate() =>
            {
                let fault = wanted;
                TransportError::Tls { fault, place }
            }
            TransportError::Network { .. } if tls.lacks_client_certificate() => {
                let place = TlsPlace::of(&self.place);
                let fault = wanted;
                TransportError::Tls { fault, place }
            }
            error => error,
        }
    }
}

fn build(base: &Url, settings: &ConnectorSettings) -> Result<Client, TransportError> {
    Client::new(base, settings, Repeats::IfNotBegun).map_err(TransportError::Setup)
}
