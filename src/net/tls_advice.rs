//! What to do about a TLS fault, and `TlsPlace`, the server or proxy that the advice names.

use std::fmt;

use url::Url;

use super::tls_fault::TlsFault;

impl TlsFault {
    /// Returns what to do about it, in one line. `place` is the server.
    pub fn advice(&self, place: &TlsPlace) -> String {
        let fixed = match self {
            Self::UnknownIssuer | Self::SelfSigned | Self::NoServers => {
                return place.trust_command(&format!("http.https://{place}/.sslCAInfo"));
            }
            Self::OfProxy(fault) => return fault.advice_for_proxy(place),
            Self::LongChain => return place.add_command("http.sslCAInfo"),
            Self::Expired | Self::Revoked | Self::Version1 | Self::BadCertificate => {
                "let the server's administrator renew its certificate"
            }
            Self::AuthorityExpired => {
                "let the server's administrator renew the certificates of its authority that the server sends"
            }
            Self::Key(_) | Self::AuthoritysKey(_) => {
                "let the server's administrator have a certificate made with keys of RSA (2048 bits or more), P-256, P-384, P-521 or Ed25519; or use an ssh URL"
            }
            Self::Signature(_) | Self::AuthoritysSignature(_) => {
                "let the server's administrator have a certificate made that is signed with SHA-256, SHA-384 or SHA-512; or use an ssh URL"
            }
            Self::NotValidYet | Self::AuthorityNotValidYet => {
                "set this machine's clock, or let the server's administrator do so"
            }
            Self::WrongName(_) => "use a name in the remote's URL that the certificate is for",
            Self::OtherKey => {
                "ask the server's administrator whether its key was changed; then set `http.pinnedPubkey` to the new one"
            }
            Self::NotTls => "use the server's port for https in the URL",
            Self::NothingInCommon => {
                "let the server's administrator allow TLS 1.3, or TLS 1.2 with AES-GCM, over P-256 and with a key of RSA, P-256, P-384 or P-521; or use an ssh URL"
            }
            Self::ClientCertificateWanted => {
                "name it in the global git configuration: git config --global http.sslCert FILE, and its key in http.sslKey"
            }
            Self::ClientCertificateRefused => {
                "check that the certificate in `http.sslCert` is the one for this server, and has not expired"
            }
            Self::Broken => {
                "run again; where it breaks each time, something at the server or on the way changes what is sent"
            }
            Self::Alert(_) | Self::Handshake => {
                "check the server's URL, and that nothing on the way intercepts TLS"
            }
        };
        fixed.to_owned()
    }

    /// Returns what to do about it where `place` is a proxy.
    fn advice_for_proxy(&self, place: &TlsPlace) -> String {
        let fixed = match self {
            Self::UnknownIssuer | Self::SelfSigned | Self::NoServers => {
                return of_proxy(&place.trust_command("http.proxySSLCAInfo"));
            }
            Self::LongChain => return of_proxy(&place.add_command("http.proxySSLCAInfo")),
            Self::WrongName(_) => "use a name in the proxy's URL that the certificate is for",
            Self::NotTls => "use `http` in the proxy's URL",
            Self::ClientCertificateWanted => {
                "name it in the global git configuration: git config --global http.proxySSLCert FILE, and its key in http.proxySSLKey"
            }
            Self::ClientCertificateRefused => {
                "check that the certificate in `http.proxySSLCert` is the one for this proxy, and has not expired"
            }
            other => return other.advice(place).replace("server", "proxy"),
        };
        fixed.to_owned()
    }
}

/// Returns the advice to trust a server as that for a proxy.
fn of_proxy(advice: &str) -> String {
    advice.replacen("the server is", "the proxy is", 1)
}

/// When a certificate may be trusted that nobody vouches for.
const CAUTION: &str = "if the server is yours, or its certificate is what its administrator says";

/// Which server a TLS connection was to be made with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsPlace {
    host: String,
    port: u16,
}

impl TlsPlace {
    /// Takes host and port of a URL.
    pub fn of(url: &Url) -> Self {
        Self {
            host: url.host_str().unwrap_or_default().to_owned(),
            port: url.port_or_known_default().unwrap_or(443),
        }
    }

    /// Returns the commands that trust the certificate which is shown there now; `key` is the one of git's that names it.
    fn trust_command(&self, key: &str) -> String {
        let (shown, bare) = (self.show_command(), self.bare_host());
        format!(
            "{CAUTION}, trust it: {shown} > ~/{bare}.pem && git config --global {key} ~/{bare}.pem"
        )
    }

    /// Returns the command that adds the certificate to those of a file that `key` names.
    fn add_command(&self, key: &str) -> String {
        let shown = self.show_command();
        format!(
            "{CAUTION}, add its certificate to the file of authorities that `{key}` names: {shown} >> FILE"
        )
    }

    /// Returns the command that writes the certificate which is shown there now.
    fn show_command(&self) -> String {
        let (Self { host, port }, bare) = (self, self.bare_host());
        format!(
            "openssl s_client -connect {host}:{port} -servername {bare} </dev/null 2>/dev/null | openssl x509"
        )
    }

    fn bare_host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }
}

impl fmt::Display for TlsPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}
