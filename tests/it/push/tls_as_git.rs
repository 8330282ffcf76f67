//! What git's configuration says of TLS: a client's certificate and its password, directories of authorities, pinned keys,
//! given addresses; each beside git.

use std::path::PathBuf;

use sendoff::demo::git_server::GitServerOptions;
use sendoff::environment::Environment;
use sendoff::git::push::PushOptions;
use sendoff_push::ClassifiedError as _;
use sendoff_testing::{succeed, tool};

use super::authority::{Authority, Clients};
use super::front::Front;
use super::proxy::{configured, configured_in};
use super::rig::{push_head, rendered};
use super::served::Served;

/// A git server behind TLS, and the authority that vouches for it.
struct Guarded {
    front: Front,
    authority: Authority,
    served: Served,
}

impl Guarded {
    fn start(clients: Clients) -> Self {
        let served = Served::start(GitServerOptions::default());
        let authority = Authority::new(&served.sandbox);
        let front = Front::with_tls(&served.server.url(), authority.server(clients));
        Self {
            front,
            authority,
            served,
        }
    }

    fn git(&self, arguments: &[&str]) -> String {
        self.served.sandbox.git(&self.served.work, arguments)
    }

    fn set(&self, key: &str, value: &str) {
        self.git(&["config", "--global", key, value]);
    }

    fn trust(&self) {
        self.set("http.sslCAInfo", self.authority.path.to_str().unwrap());
    }

    /// Says whether git's push would arrive at `url`, with these variables.
    fn git_pushes(&self, url: &str, variables: &[(&str, &str)]) -> bool {
        let mut push = self.served.sandbox.command("git");
        push.current_dir(&self.served.work)
            .args(["push", "-q", "--dry-run", url, "feature"])
            .envs(variables.iter().copied());
        push.output().unwrap().status.success()
    }

    fn options(&self, variables: &[(&str, &str)]) -> PushOptions {
        let environment = Environment::from_pairs("/", variables.iter().copied());
        let served = &self.served;
        configured_in(
            &served.sandbox,
            &served.work,
            &self.front.url(),
            environment,
        )
    }

    /// Pushes with us and asks git; both arrive or neither does. Returns the error.
    fn both(&self, arrives: bool, variables: &[(&str, &str)]) -> Option<String> {
        let url = self.front.url();
        assert_eq!(self.git_pushes(&url, variables), arrives, "git");
        let served = &self.served;
        let pushed = push_head(
            &served.sandbox,
            &served.work,
            &url,
            &self.options(variables),
        );
        assert_eq!(pushed.is_ok(), arrives, "{pushed:?}");
        let error = pushed.err()?;
        assert_eq!(error.class(), "tls", "{error:?}");
        let text = rendered(&served.sandbox, &error);
        Some(text.replace(&self.front.address.port().to_string(), "PORT"))
    }

    /// Writes a client's certificate and its key; the key is encrypted with a password where one is given.
    fn client(&self, password: Option<&str>) -> (PathBuf, PathBuf) {
        let issued = self.authority.issue(&["client.test"], |_| {});
        let sandbox = &self.served.sandbox;
        let certificate = sandbox.write("client.pem", &issued.pem);
        let key = sandbox.write("client.key", &issued.key_pem);
        let Some(password) = password else {
            return (certificate, key);
        };
        let encrypted = sandbox.path("client.enc");
        let openssl = tool("openssl").unwrap();
        succeed(
            sandbox
                .command(openssl)
                .args(["pkcs8", "-topk8", "-v2", "aes-256-cbc", "-in"])
                .arg(&key)
                .arg("-out")
                .arg(&encrypted)
                .arg("-passout")
                .arg(format!("pass:{password}")),
        );
        (certificate, encrypted)
    }
}

/// Guards that a client's certificate is shown, from keys and from variables, and that a server which wants one says so.
#[test]
fn a_client_certificate_of_configuration_or_environment_is_shown_as_by_git() {
    let guarded = Guarded::start(Clients::Known);
    guarded.trust();
    let said = guarded.both(false, &[]).unwrap();
    assert!(
        said.contains("the server wants a client certificate, and none is configured"),
        "{said}"
    );
    let (certificate, key) = guarded.client(None);
    let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
    let named = [("GIT_SSL_CERT", certificate), ("GIT_SSL_KEY", key)];
    guarded.both(true, &named);
    guarded.git(&["commit", "-q", "--allow-empty", "-m", "more"]);
    guarded.set("http.sslCert", certificate);
    guarded.set("http.sslKey", key);
    guarded.both(true, &[]);
}

/// Guards that a certificate of a stranger is told as refused.
#[test]
fn a_client_certificate_that_the_server_does_not_know_is_told() {
    let guarded = Guarded::start(Clients::Known);
    guarded.trust();
    let stranger = Served::start(GitServerOptions::default());
    let issued = Authority::new(&stranger.sandbox).issue(&["client.test"], |_| {});
    let sandbox = &guarded.served.sandbox;
    let certificate = sandbox.write("client.pem", &issued.pem);
    let key = sandbox.write("client.key", &issued.key_pem);
    guarded.set("http.sslCert", certificate.to_str().unwrap());
    guarded.set("http.sslKey", key.to_str().unwrap());
    let said = guarded.both(false, &[]).unwrap();
    assert!(
        said.contains("the server refused the client certificate"),
        "{said}"
    );
}

/// Guards that the password of a key is asked of helpers in git's words, kept when it is right and erased when it is wrong.
#[test]
fn the_password_of_a_client_key_is_asked_of_helpers_as_git_asks() {
    if tool("openssl").is_none() {
        return;
    }
    let guarded = Guarded::start(Clients::Known);
    guarded.trust();
    let (certificate, key) = guarded.client(Some("right"));
    guarded.set("http.sslCert", certificate.to_str().unwrap());
    guarded.set("http.sslKey", key.to_str().unwrap());
    let log = guarded.served.sandbox.path("helper.log");
    let helper = |password: &str| {
        let log = log.display();
        format!(
            "!f() {{ echo \"$1\" >>'{log}'; cat >>'{log}'; [ \"$1\" != get ] || echo password={password}; }}; f"
        )
    };
    guarded.set("credential.helper", &helper("right"));
    let heard = || {
        let text = std::fs::read_to_string(&log).unwrap();
        std::fs::remove_file(&log).unwrap();
        // Git sends its blank lines and capabilities in its own order.
        let lines = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with("capability"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let url = guarded.front.url();
    let protected = [("GIT_SSL_CERT_PASSWORD_PROTECTED", "1")];
    assert!(guarded.git_pushes(&url, &protected));
    let gits = heard();
    let served = &guarded.served;
    let push = |variables: &[(&str, &str)]| {
        push_head(
            &served.sandbox,
            &served.work,
            &url,
            &guarded.options(variables),
        )
    };
    push(&protected).unwrap();
    assert_eq!(heard(), gits);
    assert!(gits.contains(&"protocol=cert".to_owned()), "{gits:?}");
    assert!(gits.contains(&"store".to_owned()), "{gits:?}");

    // The same by the key, with a wrong password.
    guarded.set("http.sslCertPasswordProtected", "true");
    guarded.set("credential.helper", &helper("wrong"));
    assert!(!guarded.git_pushes(&url, &[]));
    let gits = heard();
    let error = push(&[]).unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(
        cause.ends_with("client.enc` cannot be decrypted with its password"),
        "{cause}"
    );
    // With GnuTLS git does not learn that it was the password.
    let ours = heard();
    assert_eq!(ours[..gits.len()], gits[..]);
    assert!(ours.contains(&"erase".to_owned()), "{ours:?}");

    // Without a word of a password, the advice, obeyed.
    guarded.git(&[
        "config",
        "--global",
        "--unset",
        "http.sslCertPasswordProtected",
    ]);
    let error = push(&[]).unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(
        cause.ends_with("is encrypted, and there is no password for it"),
        "{cause}"
    );
    let advice = error.transport().unwrap().advice().unwrap();
    assert!(
        advice.contains("protocol `cert`") && advice.contains("sslCertPasswordProtected"),
        "{advice}"
    );
    guarded.set("http.sslCertPasswordProtected", "true");
    guarded.set("credential.helper", &helper("right"));
    served.sandbox.commit(&served.work, "b.txt", "b", "b");
    push(&[]).unwrap();
}

/// Guards that a program that asks is asked for the password in git's words, once.
#[test]
fn the_password_of_a_client_key_is_asked_of_the_askpass_program() {
    if tool("openssl").is_none() {
        return;
    }
    let guarded = Guarded::start(Clients::Known);
    guarded.trust();
    let (certificate, key) = guarded.client(Some("right"));
    guarded.set("http.sslCert", certificate.to_str().unwrap());
    guarded.set("http.sslKey", key.to_str().unwrap());
    guarded.set("http.sslCertPasswordProtected", "true");
    let sandbox = &guarded.served.sandbox;
    let log = sandbox.path("asked");
    let program = format!("#!/bin/sh\necho \"$1\" >>'{}'\necho right\n", log.display());
    let program = sandbox.executable("ask", program);
    let program = program.to_str().unwrap();
    let heard = || {
        let text = std::fs::read_to_string(&log).unwrap();
        std::fs::remove_file(&log).unwrap();
        text
    };
    let variables = [("GIT_ASKPASS", program)];
    assert!(guarded.git_pushes(&guarded.front.url(), &variables));
    let gits = heard();
    let served = &guarded.served;
    push_head(
        &served.sandbox,
        &served.work,
        &guarded.front.url(),
        &guarded.options(&variables),
    )
    .unwrap();
    assert_eq!(heard(), gits);
    assert_eq!(gits.lines().count(), 1, "{gits}");
}

/// Guards a directory of authorities, from the key and from the variable.
#[test]
fn a_directory_of_authorities_is_trusted_as_by_git() {
    let guarded = Guarded::start(Clients::Any);
    guarded.both(false, &[]);
    let directory = guarded.served.sandbox.path("authorities");
    std::fs::create_dir(&directory).unwrap();
    std::fs::copy(&guarded.authority.path, directory.join("ca.pem")).unwrap();
    std::fs::write(directory.join("README"), "no certificate").unwrap();
    if let Some(openssl) = tool("openssl") {
        succeed(
            guarded
                .served
                .sandbox
                .command(openssl)
                .arg("rehash")
                .arg(&directory),
        );
    }
    let directory = directory.to_str().unwrap();
    // GnuTLS adds the directory to the system's file.
    guarded.both(true, &[("GIT_SSL_CAPATH", directory)]);
    guarded.git(&["commit", "-q", "--allow-empty", "-m", "more"]);
    guarded.set("http.sslCAPath", directory);
    guarded.both(true, &[]);
}

/// Guards that a pinned key is enforced: by its hash, by its file, one of several; and that another one stops the push.
#[test]
fn a_pinned_key_is_enforced_as_by_git() {
    let Some(openssl) = tool("openssl") else {
        return;
    };
    let served = Served::start(GitServerOptions::default());
    let authority = Authority::new(&served.sandbox);
    let issued = authority.issue(&["127.0.0.1"], |_| {});
    let front = Front::with_tls(&served.server.url(), issued.server(None));
    let guarded = Guarded {
        front,
        authority,
        served,
    };
    guarded.trust();
    let sandbox = &guarded.served.sandbox;
    let server = sandbox.write("server.pem", &issued.pem);
    let shell = |script: &str| {
        let script = script.replace("openssl", openssl.to_str().unwrap());
        succeed(sandbox.command("sh").arg("-c").arg(script))
            .trim()
            .to_owned()
    };
    let key = format!("openssl x509 -in '{}' -noout -pubkey", server.display());
    let pem = sandbox.write("key.pem", shell(&key));
    let pem = pem.to_str().unwrap();
    let der = sandbox.path("key.der");
    shell(&format!(
        "openssl pkey -pubin -in '{pem}' -outform DER -out '{}'",
        der.display()
    ));
    let hash = shell(&format!(
        "openssl dgst -sha256 -binary '{}' | openssl base64",
        der.display()
    ));
    let other = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    for right in [
        format!("sha256//{hash}"),
        format!("{other};sha256//{hash}"),
        format!("sha256//short;sha256//{hash};sha256//"),
        pem.to_owned(),
        der.to_str().unwrap().to_owned(),
    ] {
        guarded.set("http.pinnedPubkey", &right);
        guarded.both(true, &[]);
        guarded.git(&["commit", "-q", "--allow-empty", "-m", "more"]);
    }
    for wrong in [
        format!("{other};sha256//{hash}="),
        format!("{other}; sha256//{hash}"),
    ] {
        guarded.set("http.pinnedPubkey", &wrong);
        guarded.both(false, &[]);
    }
    guarded.set("http.pinnedPubkey", other);
    let said = guarded.both(false, &[]).unwrap();
    insta::assert_snapshot!(said, @r#"
    tls: no encrypted connection to 127.0.0.1:PORT could be made
      because: the server's public key is not the one that `http.pinnedPubkey` names
      advice: ask the server's administrator whether its key was changed; then set `http.pinnedPubkey` to the new one
    "#);
    for bad in ["sha256//short", "/absent/key.pem"] {
        guarded.set("http.pinnedPubkey", bad);
        let said = guarded.both(false, &[]).unwrap();
        assert!(
            said.contains("`http.pinnedPubkey` names no public key"),
            "{said}"
        );
    }
}

/// Guards that hosts are found at the addresses that the user gives, and with the name that the certificate is for.
#[test]
fn a_host_is_reached_at_the_address_that_the_user_gives() {
    let guarded = Guarded::start(Clients::Any);
    guarded.trust();
    let port = guarded.front.address.port();
    let url = format!("https://git.test:{port}/r.git");
    let served = &guarded.served;
    let push = || {
        let options = configured(&served.sandbox, &served.work, &url);
        push_head(&served.sandbox, &served.work, &url, &options)
    };
    assert_eq!(push().unwrap_err().class(), "network");
    guarded.set("http.curloptResolve", &format!("git.test:{port}:127.0.0.1"));
    assert!(guarded.git_pushes(&url, &[]));
    push().unwrap();
    guarded.git(&[
        "config",
        "--global",
        "--add",
        "http.curloptResolve",
        &format!("-git.test:{port}"),
    ]);
    assert_eq!(push().unwrap_err().class(), "network");
}
