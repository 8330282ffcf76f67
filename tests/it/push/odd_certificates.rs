//! Certificates as private authorities of long ago made them, beside git: without alternative names, an authority's own,
//! of version 1.

use std::path::PathBuf;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    SanType,
};
use sendoff::demo::git_server::GitServerOptions;
use sendoff_testing::{succeed, supervise, tool};

use super::authority::Authority;
use super::front::Front;
use super::proxy::configured;
use super::real_servers::{Running, both, nginx_with_clients, set};
use super::rig::{push_head, rendered};
use super::served::Served;

/// A git server behind TLS whose certificate is changed, with an authority that is trusted.
fn behind(
    names: &[&str],
    change: impl FnOnce(&mut CertificateParams),
) -> (Front, Authority, Served) {
    let served = Served::start(GitServerOptions::default());
    let authority = Authority::new(&served.sandbox);
    let issued = authority.issue(names, change);
    served.sandbox.write("server.pem", &issued.pem);
    let front = Front::with_tls(&served.server.url(), issued.server(None));
    set(&served, "http.sslCAInfo", authority.path.to_str().unwrap());
    (front, authority, served)
}

/// A server that asks clients for a certificate of its authority.
struct HostOfClients {
    _nginx: Running,
    url: String,
    openssl: PathBuf,
    served: Served,
}

impl HostOfClients {
    /// Starts one, whose authority's key is in `ca.key`; `None` where the machine lacks nginx or openssl.
    fn start() -> Option<Self> {
        let (program, openssl) = (tool("nginx")?, tool("openssl")?);
        let served = Served::start(GitServerOptions::default());
        let authority = Authority::new(&served.sandbox);
        served.sandbox.write("ca.key", authority.key_pem());
        let (nginx, url) = nginx_with_clients(&served, &program, &authority);
        Some(Self {
            _nginx: nginx,
            url,
            openssl,
            served,
        })
    }

    /// Runs the commands of a shell in the sandbox, with the path of openssl in place of `OPENSSL`.
    fn make(&self, commands: &str) {
        let commands = commands.replace("OPENSSL", self.openssl.to_str().unwrap());
        let sandbox = &self.served.sandbox;
        let mut shell = sandbox.command("sh");
        succeed(shell.arg("-ec").arg(commands).current_dir(sandbox.path("")));
    }
}

fn called(common: &str) -> impl FnOnce(&mut CertificateParams) {
    move |params| {
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, common);
    }
}

#[test]
fn a_common_name_counts_where_there_is_no_other_name() {
    supervise!();
    for (common, host, arrives) in [
        ("localhost", "localhost", true),
        ("other.test", "localhost", false),
        ("*.corp.test", "git.corp.test", true),
        ("*.corp.test", "a.git.corp.test", false),
        ("*.localhost", "git.localhost", false),
    ] {
        let (front, _authority, served) = behind(&[], called(common));
        let url = front.url().replace("127.0.0.1", host);
        let (_, port) = url.rsplit_once(':').unwrap();
        let port = port.split('/').next().unwrap();
        let known = format!("{host}:{port}:127.0.0.1");
        set(&served, "http.curloptResolve", &known);
        let said = both(&served, &url, arrives);
        assert_eq!(said.contains("not for the host"), !arrives, "{said}");
    }
    // A mailbox is no name of a host.
    let (front, _authority, served) = behind(&[], |params| {
        called("localhost")(params);
        let mailbox = "admin@test".to_owned().try_into().unwrap();
        params.subject_alt_names = vec![SanType::Rfc822Name(mailbox)];
    });
    both(
        &served,
        &front.url().replace("127.0.0.1", "localhost"),
        true,
    );
    // Beside other names it is no name.
    let (front, _authority, served) = behind(&["other.test"], called("localhost"));
    both(
        &served,
        &front.url().replace("127.0.0.1", "localhost"),
        false,
    );
}

/// Git takes both; here the certificate itself has to be listed, and the advice says how.
#[test]
fn a_certificate_that_is_for_something_else_is_taken_when_it_is_listed() {
    supervise!();
    let is_authority = |params: &mut CertificateParams| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    };
    let is_for_all = |params: &mut CertificateParams| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any];
    };
    let changes: [&dyn Fn(&mut CertificateParams); 2] = [&is_authority, &is_for_all];
    for change in changes {
        let (front, _authority, served) = behind(&["127.0.0.1"], change);
        let url = front.url();
        let options = configured(&served.sandbox, &served.work, &url);
        let pushed = push_head(&served.sandbox, &served.work, &url, &options);
        let said = rendered(&served.sandbox, &pushed.unwrap_err());
        assert!(
            said.contains("the server's certificate says that it is not for servers"),
            "{said}"
        );
        let listed = served.sandbox.path("home/127.0.0.1.pem");
        let (_, commands) = said.split_once("trust it: ").unwrap();
        let commands = commands.replace("~/127.0.0.1.pem", listed.to_str().unwrap());
        let mut obey = served.sandbox.command("sh");
        succeed(obey.arg("-c").arg(commands).current_dir(&served.work));
        both(&served, &url, true);
    }
}

/// Guards what `openssl x509 -req` makes without a file of extensions: the client's certificate is for the server to judge.
#[test]
fn a_client_certificate_of_version_1_is_shown_as_by_git() {
    supervise!();
    let Some(host) = HostOfClients::start() else {
        return;
    };
    let (served, url) = (&host.served, &host.url);
    let sandbox = &served.sandbox;
    let make = "OPENSSL req -new -newkey rsa:2048 -nodes -keyout client.key -subj /CN=me -out client.csr 2>/dev/null\n\
         OPENSSL x509 -req -in client.csr -CA ca.pem -CAkey ca.key -set_serial 7 -days 2 -out client.pem 2>/dev/null\n\
         OPENSSL genrsa -out other.key 2048 2>/dev/null\n";
    host.make(make);
    let path = |name: &str| sandbox.path(name).to_str().unwrap().to_owned();
    set(served, "http.sslCert", &path("client.pem"));
    set(served, "http.sslKey", &path("other.key"));
    let said = both(served, url, false);
    assert!(
        said.contains("client.pem` cannot be used: the key is another certificate's"),
        "{said}"
    );
    // Obeyed: the key that belongs to it.
    assert!(said.contains("belong together"), "{said}");
    set(served, "http.sslKey", &path("client.key"));
    both(served, url, true);
    // A file that is not there is named, with why.
    set(served, "http.sslCert", "/nonexistent/client.pem");
    let said = both(served, url, false);
    assert!(
        said.contains(
            "cannot read the certificates in `/nonexistent/client.pem`: there is no such file"
        ),
        "{said}"
    );
}

/// Guards the forms of PEM that OpenSSL takes: a byte order mark, blanks around lines, the label of long ago.
#[test]
fn a_file_of_authorities_may_be_written_as_openssl_reads_it() {
    supervise!();
    let (front, authority, served) = behind(&["localhost"], |_| {});
    let url = front.url().replace("127.0.0.1", "localhost");
    let pem = std::fs::read_to_string(&authority.path).unwrap();
    for written in [
        format!("\u{feff}{pem}"),
        pem.replace("CERTIFICATE", "X509 CERTIFICATE"),
        pem.replace('\n', " \r\n\t"),
    ] {
        std::fs::write(&authority.path, &written).unwrap();
        both(&served, &url, true);
    }
}

/// Guards the advice on a key of P-224, obeyed with one of P-521.
#[test]
fn a_clients_key_of_a_kind_that_is_not_supported_is_replaced() {
    supervise!();
    let Some(host) = HostOfClients::start() else {
        return;
    };
    let (served, url) = (&host.served, &host.url);
    let sandbox = &served.sandbox;
    let make = "OPENSSL ecparam -name CURVE -genkey -noout -out CURVE.key\n\
         OPENSSL req -new -key CURVE.key -subj /CN=me -out CURVE.csr\n\
         OPENSSL x509 -req -in CURVE.csr -CA ca.pem -CAkey ca.key -set_serial 8 -days 2 -out CURVE.pem 2>/dev/null\n";
    let said = ["secp224r1", "secp521r1"].map(|curve| {
        host.make(&make.replace("CURVE", curve));
        for (key, end) in [("http.sslCert", "pem"), ("http.sslKey", "key")] {
            let path = sandbox.path(&format!("{curve}.{end}"));
            set(served, key, path.to_str().unwrap());
        }
        let pushed = push_head(
            sandbox,
            &served.work,
            url,
            &configured(sandbox, &served.work, url),
        );
        pushed.map_err(|error| rendered(sandbox, &error)).err()
    });
    let refused = said[0].as_ref().unwrap();
    assert!(refused.contains("secp224r1.key` is of a kind"), "{refused}");
    assert!(
        refused.contains("for a key of RSA, P-256, P-384, P-521 or Ed25519"),
        "{refused}"
    );
    assert_eq!(said[1], None);
}
