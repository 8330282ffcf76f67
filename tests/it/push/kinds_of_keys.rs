//! Kinds of keys and signatures in servers' certificates, beside git: those that are verified, and what is said of others.

use std::path::PathBuf;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use sendoff::demo::git_server::GitServerOptions;
use sendoff_testing::{succeed, supervise, tool};

use super::proxy::configured;
use super::real_servers::{Running, both, nginx, set};
use super::rig::{push_head, rendered};
use super::served::Served;

/// A git server behind nginx, with certificates that openssl makes.
struct Host {
    nginx: PathBuf,
    openssl: PathBuf,
    served: Served,
}

impl Host {
    /// Starts one; `None` where the machine lacks nginx or openssl.
    fn start() -> Option<Self> {
        Some(Self {
            nginx: tool("nginx")?,
            openssl: tool("openssl")?,
            served: Served::start(GitServerOptions::default()),
        })
    }

    /// Makes an authority (`ca.pem`), which the user trusts, and a server's certificate that it signs (`server.pem`).
    fn make(&self, authority: &str, hash: &str, server: &str) {
        let key = |kind: &str| match kind.split_once(':') {
            Some((algorithm, bits)) => {
                format!("-algorithm {algorithm} -pkeyopt rsa_keygen_bits:{bits}")
            }
            None => format!("-algorithm EC -pkeyopt ec_paramgen_curve:{kind}"),
        };
        let commands = format!(
            "OPENSSL genpkey {} -out ca.key; OPENSSL genpkey {} -out server.key\n\
             OPENSSL req -x509 -{hash} -key ca.key -subj /CN=authority -days 30 -out ca.pem\n\
             OPENSSL req -new -key server.key -subj /CN=localhost -out server.csr\n\
             echo subjectAltName=DNS:localhost > names\n\
             OPENSSL x509 -req -{hash} -in server.csr -CA ca.pem -CAkey ca.key -set_serial 7 -days 2 -extfile names -out server.pem",
            key(authority),
            key(server)
        );
        let openssl = self.openssl.to_str().unwrap();
        let sandbox = &self.served.sandbox;
        let mut shell = sandbox.command("sh");
        let commands = commands.replace("OPENSSL", openssl);
        succeed(shell.arg("-ec").arg(commands).current_dir(sandbox.path("")));
        let path = sandbox.path("ca.pem");
        set(&self.served, "http.sslCAInfo", path.to_str().unwrap());
    }

    /// Starts nginx with `server.pem`, and returns the remote's URL.
    fn serve(&self, more: &str) -> (Running, String) {
        let path = |name: &str| self.served.sandbox.path(name).display().to_string();
        let server = format!(
            "LISTEN ssl; ssl_certificate {}; ssl_certificate_key {}; {more}",
            path("server.pem"),
            path("server.key")
        );
        let running = nginx(&self.served, &self.nginx, &server);
        let url = format!("https://localhost:{}/r.git", running.port);
        (running, url)
    }

    /// Pushes, and returns what is said.
    fn said(&self, url: &str) -> String {
        let served = &self.served;
        let options = configured(&served.sandbox, &served.work, url);
        let pushed = push_head(&served.sandbox, &served.work, url, &options);
        rendered(&served.sandbox, &pushed.unwrap_err())
    }
}

#[test]
fn keys_of_p_521_and_signatures_over_sha_512_are_verified_as_by_git() {
    supervise!();
    let Some(host) = Host::start() else { return };
    let (old, new) = ("ssl_protocols TLSv1.2;", "ssl_protocols TLSv1.3;");
    let curve = "ssl_protocols TLSv1.3; ssl_ecdh_curve secp521r1;";
    for (authority, hash, server, more) in [
        ("secp521r1", "sha256", "secp521r1", old),
        ("secp521r1", "sha384", "secp384r1", curve),
        ("secp521r1", "sha512", "secp521r1", new),
        ("secp384r1", "sha512", "prime256v1", old),
        ("prime256v1", "sha512", "secp384r1", new),
    ] {
        host.make(authority, hash, server);
        let (_nginx, url) = host.serve(more);
        both(&host.served, &url, true);
        // Another key of the same name has not signed it.
        let shown = ["server.pem", "server.key"].map(|name| {
            let path = host.served.sandbox.path(name);
            (path.clone(), std::fs::read(path).unwrap())
        });
        host.make(authority, hash, server);
        for (path, content) in shown {
            std::fs::write(path, content).unwrap();
        }
        let said = both(&host.served, &url, false);
        assert!(said.contains("an authority that is not trusted"), "{said}");
    }
}

/// Guards what git's library may still take, and ours does not: the kind is named, and the advice helps.
#[test]
fn a_kind_of_key_or_signature_that_is_not_supported_is_named() {
    supervise!();
    let Some(host) = Host::start() else { return };
    let weak = "ssl_ciphers DEFAULT:@SECLEVEL=0;";
    for (authority, hash, server, named) in [
        (
            "RSA:2048",
            "sha256",
            "RSA:1024",
            "the server's certificate has a key of a kind that is not supported: RSA with 1024 bits",
        ),
        (
            "RSA:1024",
            "sha256",
            "RSA:2048",
            "the authority that issued the server's certificate has a key of a kind that is not supported: RSA with 1024 bits",
        ),
        (
            "secp224r1",
            "sha256",
            "prime256v1",
            "the authority that issued the server's certificate has a key of a kind that is not supported: secp224r1",
        ),
        (
            "RSA:2048",
            "sha224",
            "RSA:2048",
            "the server's certificate is signed in a way that is not supported: sha224WithRSAEncryption",
        ),
    ] {
        host.make(authority, hash, server);
        let (_nginx, url) = host.serve(weak);
        let said = host.said(&url);
        assert!(said.contains(named), "{said}");
        assert!(
            said.contains("let the server's administrator have a certificate made"),
            "{said}"
        );
    }
    // Obeyed: both advices at once.
    host.make("RSA:2048", "sha256", "RSA:2048");
    let (_nginx, url) = host.serve(weak);
    both(&host.served, &url, true);
}

/// Guards whose time has passed: that of the authority between the server and the trusted one.
#[test]
fn an_authority_that_has_expired_is_told_from_a_server_that_has() {
    supervise!();
    let Some(host) = Host::start() else { return };
    let sandbox = &host.served.sandbox;
    let named = |name: &str, is_ca: bool| {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        if is_ca {
            params.subject_alt_names.clear();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        params
    };
    let key = || KeyPair::generate().unwrap();
    let root = CertifiedIssuer::self_signed(named("root", true), key()).unwrap();
    let trusted = sandbox.write("root.pem", root.as_ref().pem());
    set(&host.served, "http.sslCAInfo", trusted.to_str().unwrap());
    let periods = [
        (
            2020,
            2021,
            "authority that issued the server's certificate has expired",
        ),
        (
            2090,
            2091,
            "authority that issued the server's certificate is not valid yet",
        ),
        (2020, 2090, ""),
    ];
    for (from, to, sentence) in periods {
        let mut params = named("between", true);
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(to, 1, 1);
        let between = CertifiedIssuer::signed_by(params, key(), &root).unwrap();
        let server_key = key();
        let server = named("server", false)
            .signed_by(&server_key, &between)
            .unwrap();
        sandbox.write("server.pem", server.pem() + &between.as_ref().pem());
        sandbox.write("server.key", server_key.serialize_pem());
        let (_nginx, url) = host.serve("");
        let said = both(&host.served, &url, sentence.is_empty());
        assert!(said.contains(sentence), "{said}");
    }
}
