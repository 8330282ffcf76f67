//! `ProxyLogin`: how requests to a proxy of HTTP carry the login, once the proxy has said what it wants.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use hyper::header::{HeaderMap, HeaderValue, PROXY_AUTHENTICATE};
use hyper::{Method, StatusCode};
use secrecy::SecretString;

use crate::byte_text::to_bytes;
use crate::threads::lock;

use super::basic::basic_authorization;
use super::challenge::{Challenges, FORM_OF_DIGEST};
use super::digest::Digest;
use super::proxy::ProxyUrl;

/// How often one request is sent before its login counts as refused: each nonce may be stale, but not for ever.
const MAX_ATTEMPTS: u32 = 4;

/// In which schemes a login may be sent to the proxy: `http.proxyAuthMethod`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ProxyAuthMethod {
    /// In the strongest that it offers.
    #[default]
    Any,
    /// As Basic, with the first request.
    Basic,
    /// As Digest.
    Digest,
}

/// What proxies have said about the login that they want, by host and port. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct ProxyChallenges(Arc<Mutex<HashMap<String, Arc<Scheme>>>>);

/// How a login is sent.
#[derive(Debug)]
enum Scheme {
    Basic,
    Digest(Digest),
}

/// Why a proxy hands nothing on: what it does, as the end of a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProxyLoginRefused {
    /// It refused the login, or there is none.
    #[error("refuses the request without a valid login")]
    Login,
    /// The same request can succeed with the same login: what the proxy wants is known only now.
    #[error("refuses the request without a valid login")]
    Repeatable,
    /// It offers these schemes, none of which is spoken.
    #[error("wants a login by {0}, which sendoff does not speak")]
    Unspoken(String),
    /// It offers these schemes, none of which the user allows.
    #[error("wants a login by {0}, which `http.proxyAuthMethod` does not allow")]
    RuledOut(String),
    /// It answered with this status, and would do so again.
    #[error("opens no connection to the server: {0}")]
    Closed(StatusCode),
}

/// The login of one proxy.
pub(super) struct ProxyLogin {
    proxy: String,
    login: Option<(String, SecretString)>,
    method: ProxyAuthMethod,
    challenges: ProxyChallenges,
}

impl fmt::Debug for ProxyLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProxyLogin({})", self.proxy)
    }
}

/// One request, and how it carries the login.
#[derive(Debug)]
pub(super) struct Attempt {
    /// The value of `Proxy-Authorization`; none where the proxy has not asked for it.
    pub(super) header: Option<HeaderValue>,
    scheme: Option<Arc<Scheme>>,
    number: u32,
}

/// What to do after a 407.
#[derive(Debug)]
pub(super) enum Retry {
    /// The request was sent otherwise than the proxy wants it.
    Worthwhile,
    Refused(ProxyLoginRefused),
}

impl ProxyLogin {
    pub(super) fn new(
        proxy: &ProxyUrl,
        method: ProxyAuthMethod,
        challenges: ProxyChallenges,
    ) -> Self {
        let (user, password) = (proxy.user(), proxy.password());
        let is_given = user.is_some() || password.is_some();
        Self {
            proxy: proxy.host_and_port(),
            login: is_given.then(|| (user.unwrap_or_default(), password.unwrap_or_default())),
            method,
            challenges,
        }
    }

    /// Returns how a request carries the login; `target` is what is requested, as the request line has it. `number` counts how
    /// often it was sent, from 1.
    pub(super) fn attempt(&self, method: &Method, target: &str, number: u32) -> Attempt {
        let known = lock(&self.challenges.0).get(&self.proxy).cloned();
        let known = known.filter(|scheme| self.allows(scheme));
        let at_once = || (self.method == ProxyAuthMethod::Basic).then(|| Arc::new(Scheme::Basic));
        let scheme = known.or_else(at_once).filter(|_| self.login.is_some());
        let header = self.login.as_ref().zip(scheme.as_deref());
        let header = header.and_then(|((user, password), scheme)| match scheme {
            Scheme::Basic => basic_authorization(user, password),
            Scheme::Digest(digest) => {
                let answer = digest.answer(user, password, method.as_str(), target);
                let mut value = HeaderValue::from_bytes(&to_bytes(&answer)).ok()?;
                value.set_sensitive(true);
                Some(value)
            }
        });
        Attempt {
            // A login that no header can hold was not sent.
            scheme: scheme.filter(|_| header.is_some()),
            header,
            number,
        }
    }

    /// Says whether the user allows a scheme.
    fn allows(&self, scheme: &Scheme) -> bool {
        matches!(
            (self.method, scheme),
            (ProxyAuthMethod::Any, _)
                | (ProxyAuthMethod::Basic, Scheme::Basic)
                | (ProxyAuthMethod::Digest, Scheme::Digest(_))
        )
    }

    /// The proxy answered 407: notes what it wants, and says whether the request is worth another try.
    pub(super) fn challenged(&self, headers: &HeaderMap, attempt: &Attempt) -> Retry {
        let offered = Challenges::of(headers, &PROXY_AUTHENTICATE);
        if self.login.is_none() {
            return Retry::Refused(ProxyLoginRefused::Login);
        }
        let Some(scheme) = choose(self.method, &offered) else {
            if offered.are_absent() {
                return Retry::Refused(ProxyLoginRefused::Login);
            }
            let names = offered.names();
            return Retry::Refused(match choose(ProxyAuthMethod::Any, &offered) {
                Some(_) => ProxyLoginRefused::RuledOut(names.replace(FORM_OF_DIGEST, "Digest")),
                None => ProxyLoginRefused::Unspoken(names),
            });
        };
        let is_refused = match (attempt.scheme.as_deref(), &scheme) {
            (None, _) | (Some(Scheme::Basic), Scheme::Digest(_)) => false,
            (Some(Scheme::Digest(_)), Scheme::Digest(digest)) => !digest.is_stale(),
            (Some(_), Scheme::Basic) => true,
        };
        if is_refused || attempt.number >= MAX_ATTEMPTS {
            return Retry::Refused(ProxyLoginRefused::Login);
        }
        lock(&self.challenges.0).insert(self.proxy.clone(), Arc::new(scheme));
        Retry::Worthwhile
    }
}

/// Returns how the login is to be sent. A proxy that does not say what it wants is taken to want what all do.
fn choose(method: ProxyAuthMethod, offered: &Challenges) -> Option<Scheme> {
    let digest = || Digest::of(offered).map(Scheme::Digest);
    let is_basic = offered.get("Basic").is_some() || offered.are_absent();
    let basic = || is_basic.then_some(Scheme::Basic);
    match method {
        ProxyAuthMethod::Any => digest().or_else(basic),
        ProxyAuthMethod::Basic => basic(),
        ProxyAuthMethod::Digest => digest(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "Digest realm=\"p\", nonce=\"1\", qop=\"auth\"";

    fn login(url: &str, method: ProxyAuthMethod) -> ProxyLogin {
        let proxy = ProxyUrl::parse(url, "`http.proxy`").unwrap().unwrap();
        ProxyLogin::new(&proxy, method, ProxyChallenges::default())
    }

    /// Sends a request to a proxy that answers each with 407 and these challenges; returns the schemes in which the login was
    /// sent, and how it ended.
    fn talk(login: &ProxyLogin, offered: &[&'static str]) -> (Vec<String>, ProxyLoginRefused) {
        let mut headers = HeaderMap::new();
        for text in offered {
            headers.append(PROXY_AUTHENTICATE, HeaderValue::from_static(text));
        }
        let mut sent = Vec::new();
        for number in 1.. {
            let attempt = login.attempt(&Method::CONNECT, "git.test:443", number);
            let scheme = |value: &HeaderValue| {
                let value = value.to_str().unwrap();
                value.split(' ').next().unwrap().to_owned()
            };
            sent.push(attempt.header.as_ref().map_or("none".into(), scheme));
            if let Retry::Refused(refused) = login.challenged(&headers, &attempt) {
                return (sent, refused);
            }
        }
        unreachable!()
    }

    #[test]
    fn the_login_is_sent_as_the_proxy_wants_it_and_no_sooner() {
        use ProxyLoginRefused as Refused;
        let stale = "Digest realm=\"p\", nonce=\"1\", stale=true";
        let of = |url, method, offered: &[&'static str]| talk(&login(url, method), offered);
        let any = |offered: &[&'static str]| of("http://u:p@h:1", ProxyAuthMethod::Any, offered);
        let told = |sent: &[&str], refused| {
            let sent = sent.iter().map(|scheme| (*scheme).to_owned()).collect();
            (sent, refused)
        };
        let basic = "Basic realm=\"p\"";
        assert_eq!(any(&[basic]), told(&["none", "Basic"], Refused::Login));
        assert_eq!(any(&[]), told(&["none", "Basic"], Refused::Login));
        assert_eq!(
            any(&[basic, DIGEST]),
            told(&["none", "Digest"], Refused::Login)
        );
        let for_ever = ["none", "Digest", "Digest", "Digest"];
        assert_eq!(any(&[stale]), told(&for_ever, Refused::Login));
        let unspoken = Refused::Unspoken("NTLM, Negotiate".to_owned());
        assert_eq!(any(&["NTLM", "Negotiate"]), told(&["none"], unspoken));
        let without = of("http://h:1", ProxyAuthMethod::Any, &[basic]);
        assert_eq!(without, told(&["none"], Refused::Login));

        let url = "http://u:p@h:1";
        let nothing_said = of(url, ProxyAuthMethod::Digest, &[]);
        assert_eq!(nothing_said, told(&["none"], Refused::Login));
        let ruled_out = |names: &str| Refused::RuledOut(names.to_owned());
        let digest_only = of(url, ProxyAuthMethod::Digest, &[basic]);
        assert_eq!(digest_only, told(&["none"], ruled_out("Basic")));
        let basic_only = of(url, ProxyAuthMethod::Basic, &[DIGEST]);
        assert_eq!(basic_only, told(&["Basic"], ruled_out("Digest")));
        let at_once = of(url, ProxyAuthMethod::Basic, &[basic]);
        assert_eq!(at_once, told(&["Basic"], Refused::Login));
    }

    #[test]
    fn what_a_proxy_wants_is_known_to_the_next_client() {
        let proxy = ProxyUrl::parse("http://u:p@h:1", "x").unwrap().unwrap();
        let challenges = ProxyChallenges::default();
        let one = ProxyLogin::new(&proxy, ProxyAuthMethod::Any, challenges.clone());
        let mut headers = HeaderMap::new();
        headers.insert(PROXY_AUTHENTICATE, HeaderValue::from_static(DIGEST));
        let asked = one.attempt(&Method::GET, "http://git.test/", 1);
        assert!(asked.header.is_none());
        assert!(matches!(
            one.challenged(&headers, &asked),
            Retry::Worthwhile
        ));
        let basic = ProxyLogin::new(&proxy, ProxyAuthMethod::Basic, challenges.clone());
        let at_once = basic.attempt(&Method::GET, "http://git.test/", 1);
        let value = at_once.header.unwrap();
        assert!(value.to_str().unwrap().starts_with("Basic "));
        let other = ProxyLogin::new(&proxy, ProxyAuthMethod::Any, challenges);
        let first = other.attempt(&Method::GET, "http://git.test/", 1);
        let value = first.header.unwrap();
        let value = value.to_str().unwrap();
        assert!(
            value.contains("uri=\"http://git.test/\"") && value.contains("nc=00000001"),
            "{value}"
        );
    }
}
