//! `TlsFault`: why a TLS handshake failed, and what to do about it.

use std::error::Error;
use std::io;
use std::sync::Arc;

use rustls::{AlertDescription, CertificateError, OtherError};

use super::shown::MAX_INTERMEDIATES;

/// Why a TLS handshake failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsFault {
    /// The certificate's issuer is not trusted.
    #[error("the server's certificate was issued by an authority that is not trusted here")]
    UnknownIssuer,
    /// It is self-signed, and not listed.
    #[error("the server's certificate is self-signed, and is not trusted here")]
    SelfSigned,
    /// It has expired.
    #[error("the server's certificate has expired")]
    Expired,
    /// It is not valid yet.
    #[error("the server's certificate is not valid yet")]
    NotValidYet,
    /// The certificate of an authority between it and the trusted one has expired.
    #[error("the certificate of the authority that issued the server's certificate has expired")]
    AuthorityExpired,
    /// The same, and it is not valid yet.
    #[error(
        "the certificate of the authority that issued the server's certificate is not valid yet"
    )]
    AuthorityNotValidYet,
    /// Its key is of a kind that no signature can be verified with.
    #[error("the server's certificate has a key of a kind that is not supported: {0}")]
    Key(String),
    /// The same for an authority's key.
    #[error(
        "the authority that issued the server's certificate has a key of a kind that is not supported: {0}"
    )]
    AuthoritysKey(String),
    /// It is signed in a way that cannot be verified.
    #[error("the server's certificate is signed in a way that is not supported: {0}")]
    Signature(String),
    /// The same for an authority's certificate.
    #[error(
        "the certificate of the authority that issued the server's certificate is signed in a way that is not supported: {0}"
    )]
    AuthoritysSignature(String),
    /// Too many authorities stand between it and a trusted one.
    #[error(
        "more than {} authorities stand between the server's certificate and its root, which is not supported",
        MAX_INTERMEDIATES
    )]
    LongChain,
    /// It is not valid for the name of the host.
    #[error("the server's certificate is not for the host in the URL, but for {0}")]
    WrongName(String),
    /// It is of a version of X.509 before 3.
    #[error("the server's certificate is of X.509 version 1, which is not supported")]
    Version1,
    /// It is a CA certificate, or for another purpose than servers.
    #[error("the server's certificate says that it is not for servers")]
    NoServers,
    /// It was revoked.
    #[error("the server's certificate was revoked")]
    Revoked,
    /// Its public key is not the pinned one.
    #[error("the server's public key is not the one that `http.pinnedPubkey` names")]
    OtherKey,
    /// It is invalid for another reason.
    #[error("the server's certificate cannot be used")]
    BadCertificate,
    /// The peer does not speak TLS.
    #[error("the server does not speak TLS at this port")]
    NotTls,
    /// Client and server have no protocol version or cipher suite in common.
    #[error(
        "the server refused the handshake: it has no version of TLS, cipher, curve or kind of key in common with sendoff, which speaks TLS 1.3, and TLS 1.2 with AES-GCM or ChaCha20, over X25519, P-256, P-384 and P-521"
    )]
    NothingInCommon,
    /// The server requires a client certificate, and none is configured.
    #[error("the server wants a client certificate, and none is configured")]
    ClientCertificateWanted,
    /// The server rejected the client certificate.
    #[error("the server refused the client certificate")]
    ClientCertificateRefused,
    /// The server ended the handshake.
    #[error("the server ended the TLS handshake with alert {0}")]
    Alert(u8),
    /// One side violated the protocol.
    #[error("the TLS handshake failed")]
    Handshake,
    /// What comes over an established connection is not what was sent.
    #[error("the encrypted connection to the server broke: what came over it is no TLS")]
    Broken,
    /// It failed with the proxy, before the server was reached.
    #[error("{}", .0.to_string().replace("the server", "the proxy"))]
    OfProxy(Box<Self>),
}

impl TlsFault {
    /// Returns the fault at the bottom of an error of a library that uses TLS, if there is one.
    pub fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        Some(Self::of_tls(inner::<rustls::Error>(error)?))
    }

    fn of_tls(error: &rustls::Error) -> Self {
        use rustls::Error as Tls;
        match error {
            Tls::InvalidCertificate(error) => Self::of_certificate(error),
            Tls::AlertReceived(alert) => Self::of_alert(*alert),
            Tls::InvalidMessage(_) => Self::NotTls,
            Tls::PeerIncompatible(_) => Self::NothingInCommon,
            _ => Self::Handshake,
        }
    }

    fn of_certificate(error: &CertificateError) -> Self {
        use CertificateError as Bad;
        match error {
            Bad::UnknownIssuer | Bad::BadSignature => Self::UnknownIssuer,
            Bad::Expired | Bad::ExpiredContext { .. } => Self::Expired,
            Bad::NotValidYet | Bad::NotValidYetContext { .. } => Self::NotValidYet,
            Bad::NotValidForName => Self::WrongName("others".to_owned()),
            Bad::NotValidForNameContext { presented, .. } => Self::WrongName(names(presented)),
            Bad::InvalidPurpose | Bad::InvalidPurposeContext { .. } => Self::NoServers,
            Bad::Revoked => Self::Revoked,
            Bad::Other(OtherError(inner)) => {
                let own = inner.downcast_ref::<Self>();
                own.cloned().unwrap_or(Self::BadCertificate)
            }
            _ => Self::BadCertificate,
        }
    }

    const fn of_alert(alert: AlertDescription) -> Self {
        use AlertDescription as Alert;
        match alert {
            Alert::HandshakeFailure | Alert::ProtocolVersion | Alert::InsufficientSecurity => {
                Self::NothingInCommon
            }
            Alert::CertificateRequired => Self::ClientCertificateWanted,
            Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied
            | Alert::DecryptError => Self::ClientCertificateRefused,
            other => Self::Alert(number(other)),
        }
    }

    /// Returns the fault of a connection whose handshake had succeeded.
    #[must_use]
    pub(super) fn in_use(self) -> Self {
        match self {
            Self::NotTls | Self::Handshake => Self::Broken,
            fault => fault,
        }
    }

    /// Says whether a server that gets no certificate of the client may end the handshake so.
    pub const fn may_be_for_a_certificate(&self) -> bool {
        matches!(
            self,
            Self::Handshake
                | Self::Alert(_)
                | Self::NothingInCommon
                | Self::ClientCertificateRefused
        )
    }

    /// Wraps a fault that the verification finds itself.
    pub(super) fn into_error(self) -> rustls::Error {
        CertificateError::Other(OtherError(Arc::new(self))).into()
    }

    /// Says whether an error is a fault that the verification found itself.
    pub(super) fn is_own(error: &rustls::Error) -> bool {
        let rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(inner))) = error
        else {
            return false;
        };
        inner.is::<Self>()
    }
}

/// Returns the number of an alert.
const fn number(alert: AlertDescription) -> u8 {
    match alert {
        AlertDescription::CloseNotify => 0,
        AlertDescription::UnexpectedMessage => 10,
        AlertDescription::BadRecordMac => 20,
        AlertDescription::RecordOverflow => 22,
        AlertDescription::IllegalParameter => 47,
        AlertDescription::DecodeError => 50,
        AlertDescription::InternalError => 80,
        AlertDescription::UserCanceled => 90,
        AlertDescription::MissingExtension => 109,
        AlertDescription::UnsupportedExtension => 110,
        AlertDescription::UnrecognisedName => 112,
        AlertDescription::NoApplicationProtocol => 120,
        AlertDescription::Unknown(number) => number,
        _ => 255,
    }
}

/// Returns the names of a certificate as its owner would write them: a few.
fn names(presented: &[String]) -> String {
    let clean = |name: &String| {
        let inner = name.strip_suffix(')').and_then(|name| name.split_once('('));
        let bare = inner
            .map_or(name.as_str(), |(_, inner)| inner)
            .trim_matches('"');
        bare.chars().filter(|c| !c.is_control()).take(100).collect()
    };
    let shown: Vec<String> = presented.iter().map(clean).take(5).collect();
    match (shown.as_slice(), presented.len()) {
        ([], _) => "no host".to_owned(),
        (shown, all) if all > shown.len() => format!("{} and others", shown.join(", ")),
        (shown, _) => shown.join(", "),
    }
}

/// Returns the first error of a kind among the causes of an error. `io::Error` hides what it wraps from `source`, so it is
/// opened.
pub(super) fn inner<'e, E: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e E> {
    let mut next = error.source();
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = match error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards that names are shown as people know them, and not as the library prints them.
    #[test]
    fn the_names_of_a_certificate_are_shown_bare() {
        let presented =
            |all: &[&str]| names(&all.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>());
        assert_eq!(presented(&[]), "no host");
        assert_eq!(
            presented(&["DnsName(\"git.test\")", "IpAddress(127.0.0.2)"]),
            "git.test, 127.0.0.2"
        );
        assert_eq!(
            presented(&["a", "b", "c", "d", "e", "f"]),
            "a, b, c, d, e and others"
        );
    }
}
