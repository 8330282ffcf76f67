//! The keys and variables of git for http that are set and do not count, for the report.

use crate::environment::Environment;
use crate::git::config::{Config, Matching};
use crate::git::credentials::leads_into_work_tree;
use crate::names::{RemoteUrl, Scheme};

/// For which values a key does not count.
enum CountsNot {
    /// For these texts.
    For(fn(&str) -> bool),
    /// For this boolean; such a key has no variable.
    When(bool),
}

/// A key below `http`, its variable, for which values it does not count, and what happens instead.
struct Unheeded {
    key: &'static str,
    variable: &'static str,
    counts_not: CountsNot,
    instead: &'static str,
}

/// Keys that change nothing of a push in git either, such as `http.noEPSV` and `http.maxRequests`, are not here.
const UNHEEDED: &[Unheeded] = &[
    Unheeded {
        key: "sslVerify",
        variable: "",
        counts_not: CountsNot::When(false),
        instead: "certificates are checked (http.sslCAInfo names an authority of your own)",
    },
    Unheeded {
        key: "delegation",
        variable: "",
        counts_not: CountsNot::For(|value| !matches!(value, "" | "none")),
        instead: "Negotiate is not spoken",
    },
    Unheeded {
        key: "emptyAuth",
        variable: "",
        counts_not: CountsNot::When(true),
        instead: "neither Negotiate nor NTLM is spoken",
    },
    Unheeded {
        key: "proxyAuthMethod",
        variable: "GIT_HTTP_PROXY_AUTHMETHOD",
        counts_not: CountsNot::For(|value| matches!(value, "negotiate" | "ntlm")),
        instead: "only Basic and Digest are spoken with proxies, and no login was sent",
    },
    Unheeded {
        key: "saveCookies",
        variable: "",
        counts_not: CountsNot::When(true),
        instead: "the file of cookies is read and not written",
    },
    Unheeded {
        key: "sslBackend",
        variable: "",
        counts_not: CountsNot::For(is_set),
        instead: "TLS is spoken by rustls",
    },
    Unheeded {
        key: "sslCertType",
        variable: "GIT_SSL_CERT_TYPE",
        counts_not: CountsNot::For(is_other_than_pem),
        instead: "certificates are read in PEM form",
    },
    Unheeded {
        key: "sslKeyType",
        variable: "GIT_SSL_KEY_TYPE",
        counts_not: CountsNot::For(is_other_than_pem),
        instead: "keys are read in PEM form",
    },
    Unheeded {
        key: "sslCipherList",
        variable: "GIT_SSL_CIPHER_LIST",
        counts_not: CountsNot::For(is_set),
        instead: "the ciphers are those of TLS 1.3, and AES-GCM and ChaCha20 of TLS 1.2",
    },
    Unheeded {
        key: "sslVersion",
        variable: "GIT_SSL_VERSION",
        counts_not: CountsNot::For(|value| !matches!(value, "" | "tlsv1.2" | "tlsv1.3")),
        instead: "TLS 1.2 and 1.3 are spoken",
    },
];

/// Returns a sentence for each key or variable of git for http that is set and does not count for `url`.
pub fn unheeded(config: &Config, environment: &Environment, url: &RemoteUrl) -> Vec<String> {
    let mut others = others(config, url);
    if !matches!(url.scheme(), Scheme::Http | Scheme::Https) {
        return others;
    }
    let found = UNHEEDED
        .iter()
        .filter_map(|unheeded| sentence(unheeded, config, environment, url));
    let mut lines: Vec<String> = found.collect();
    // Git looks at whether it is there, and not at what it says.
    if url.scheme() == Scheme::Https && environment.raw("GIT_SSL_NO_VERIFY").is_some() {
        lines.push(
            "GIT_SSL_NO_VERIFY in the environment is ignored: certificates are checked (GIT_SSL_CAINFO names an authority of your own)"
                .to_owned(),
        );
    }
    let helpers = config.scoped("credential", "helper", url, Matching::All);
    if !config.trusts_repository() && helpers.iter().any(|helper| leads_into_work_tree(helper)) {
        lines.push(
            "credential.helper in the git configuration is ignored where it leads into the work tree: name the file by its absolute path"
                .to_owned(),
        );
    }
    others.append(&mut lines);
    others
}

/// Returns the sentence for a key, where it is set and does not count.
fn sentence(
    unheeded: &Unheeded,
    config: &Config,
    environment: &Environment,
    url: &RemoteUrl,
) -> Option<String> {
    let Unheeded {
        key,
        variable,
        counts_not,
        instead,
    } = unheeded;
    let (is_ignored, place) = match counts_not {
        CountsNot::When(truth) => {
            let set = config.scoped_truth("http", key, url, Matching::Best)?;
            let shown = if *truth { "" } else { " = false" };
            (
                set == *truth,
                format!("http.{key}{shown} in the git configuration"),
            )
        }
        CountsNot::For(texts) => match environment.text(variable) {
            Some(value) => (texts(value), format!("{variable} in the environment")),
            None => (
                texts(&config.scoped("http", key, url, Matching::Best).pop()?),
                format!("http.{key} in the git configuration"),
            ),
        },
    };
    is_ignored.then(|| format!("{place} is ignored: {instead}"))
}

/// Returns the same for keys of other sections.
fn others(config: &Config, url: &RemoteUrl) -> Vec<String> {
    let mut lines = Vec::new();
    let signs = config.string("push.gpgSign");
    let is_asked = signs.is_some_and(|value| value.eq_ignore_ascii_case("if-asked"));
    if is_asked || config.bool("push.gpgSign") == Some(true) {
        lines.push(
            "push.gpgSign in the git configuration is ignored: the push is not signed".to_owned(),
        );
    }
    if url.password().is_some()
        && config.string("transfer.credentialsInUrl").as_deref() == Some("warn")
    {
        lines.push(
            "the remote's URL holds a password (transfer.credentialsInUrl = warn in the git configuration)"
                .to_owned(),
        );
    }
    lines
}

fn is_set(value: &str) -> bool {
    !value.is_empty()
}

fn is_other_than_pem(value: &str) -> bool {
    is_set(value) && !value.eq_ignore_ascii_case("PEM")
}
