//! HTTP/2 over TLS, beside git: which version is spoken, logins, bodies larger than every window.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use hyper::Version;
use sendoff::demo::git_server::GitServerOptions;
use sendoff::git::push::PushOptions;
use sendoff_push::Action;

use crate::sandbox::Sandbox;

use super::certificate::Certificate;
use super::front::{Front, Manner};
use super::proxy::configured;
use super::rig::{helpers, noise, push_head};
use super::served::{Served, guarded};

/// What servers of HTTP/2 offer.
const BOTH: &[&str] = &["h2", "http/1.1"];

/// A git server behind a front with TLS.
struct Secured {
    front: Front,
    certificate: Certificate,
    served: Served,
}

impl Secured {
    fn start(options: GitServerOptions, protocols: &[&str]) -> Self {
        Self::with_window(options, protocols, None)
    }

    fn with_window(options: GitServerOptions, protocols: &[&str], window: Option<u32>) -> Self {
        let served = Served::start(options);
        let certificate = Certificate::new(&served.sandbox);
        let manner = Manner {
            tls: Some(certificate.server(protocols)),
            window,
            ..Manner::default()
        };
        Self {
            front: Front::start(&served.server.url(), manner),
            certificate,
            served,
        }
    }

    fn options(&self) -> PushOptions {
        self.certificate.trusted(&self.served.sandbox)
    }

    fn push(&self, options: &PushOptions) -> sendoff_push::Pushed {
        let served = &self.served;
        push_head(&served.sandbox, &served.work, &self.front.url(), options).unwrap()
    }

    /// Pushes with git what we would push.
    fn git_push(&self, more: &[&str]) {
        let trust = format!("http.sslCAInfo={}", self.certificate.path.display());
        let url = self.front.url();
        let first = ["-c", &trust];
        let last = ["push", "-q", &url, "feature"];
        let all = [&first[..], more, &last[..]].concat();
        self.served.sandbox.git(&self.served.work, &all);
    }

    fn sandbox(&self) -> &Sandbox {
        &self.served.sandbox
    }

    fn refs(&self) -> String {
        self.sandbox().git(&self.served.remote, &["for-each-ref"])
    }

    /// Puts the remote's branch back to where it was.
    fn rewind(&self) {
        let old = self
            .sandbox()
            .git(&self.served.work, &["rev-parse", "HEAD~1"]);
        self.sandbox().git(
            &self.served.remote,
            &["update-ref", "refs/heads/feature", &old],
        );
    }

    fn versions(&self) -> Vec<Version> {
        self.front.seen().iter().map(|seen| seen.version).collect()
    }

    fn fsck(&self) {
        fsck(self.sandbox(), &self.served.remote);
    }
}

fn fsck(sandbox: &Sandbox, remote: &Path) {
    assert_eq!(sandbox.git(remote, &["fsck", "--full", "--strict"]), "");
}

#[test]
fn a_push_over_tls_speaks_http_2_and_leaves_what_gits_push_leaves() {
    let secured = Secured::start(GitServerOptions::default(), BOTH);
    let pushed = secured.push(&secured.options());
    assert_eq!(pushed.action, Action::Updated);
    let expected = [
        "HTTP/2.0 GET refs 200",
        "HTTP/2.0 POST git-receive-pack 200",
    ];
    assert_eq!(secured.front.talk(), expected);
    secured.fsck();
    let ours = secured.refs();
    secured.rewind();
    assert_ne!(secured.refs(), ours);
    secured.git_push(&[]);
    assert_eq!(secured.refs(), ours);
}

#[test]
fn a_login_over_http_2_is_asked_of_the_helper_and_kept() {
    let secured = Secured::start(guarded(), BOTH);
    let heard = secured.sandbox().path("heard");
    let line = format!(
        "!f() {{ echo $1 >> {}; test $1 = get && echo username=me && echo password=pw; true; }}; f",
        heard.display()
    );
    let mut options = secured.options();
    options.helpers = helpers(secured.sandbox(), &[&line]);
    secured.push(&options);
    let expected = [
        "HTTP/2.0 GET refs 401",
        "HTTP/2.0 GET refs 200 login",
        "HTTP/2.0 POST git-receive-pack 200 login",
    ];
    assert_eq!(secured.front.talk(), expected);
    assert_eq!(std::fs::read_to_string(heard).unwrap(), "get\nstore\n");
}

#[test]
fn a_pack_larger_than_every_window_is_streamed_over_http_2() {
    for window in [None, Some(1 << 16)] {
        let secured = Secured::with_window(GitServerOptions::default(), BOTH, window);
        let work = &secured.served.work;
        secured
            .sandbox()
            .commit(work, "noise.txt", &noise(1_200_000), "noise");
        let pushed = secured.push(&secured.options());
        assert!(pushed.bytes > 4 << 20, "{}", pushed.bytes);
        let seen = secured.front.seen();
        assert!(
            seen.iter().all(|seen| seen.version == Version::HTTP_2),
            "{seen:?}"
        );
        assert_eq!(seen.last().unwrap().length, None);
        secured.fsck();
        assert_eq!(secured.served.tip(), pushed.new.to_string());
    }
}

#[test]
fn the_version_that_the_user_names_is_spoken_as_git_speaks_it() {
    for (version, spoken) in [
        ("HTTP/1.1", Version::HTTP_11),
        ("HTTP/2", Version::HTTP_2),
        ("HTTP/9", Version::HTTP_2),
    ] {
        let secured = Secured::start(GitServerOptions::default(), BOTH);
        let (served, url) = (&secured.served, secured.front.url());
        let key = format!("http.https://{}/.version", secured.front.address);
        let git = |arguments: &[&str]| secured.sandbox().git(&served.work, arguments);
        git(&["config", "--global", &key, version]);
        let authority = secured.certificate.path.to_str().unwrap();
        git(&["config", "--global", "http.sslCAInfo", authority]);
        let options = configured(secured.sandbox(), &served.work, &url);
        secured.push(&options);
        assert_eq!(secured.versions(), [spoken; 2], "{version}");
        secured.rewind();
        secured.git_push(&[]);
        assert!(secured.versions().len() >= 4);
        if version == "HTTP/1.1" {
            assert!(secured.versions().iter().all(|seen| *seen == spoken));
        }
    }
}

#[test]
fn the_version_in_the_repositorys_own_configuration_does_not_count() {
    let secured = Secured::start(GitServerOptions::default(), BOTH);
    let (served, url) = (&secured.served, secured.front.url());
    secured
        .sandbox()
        .git(&served.work, &["config", "http.version", "HTTP/1.1"]);
    let authority = secured.certificate.path.to_str().unwrap();
    let set = ["config", "--global", "http.sslCAInfo", authority];
    secured.sandbox().git(&served.work, &set);
    let options = configured(secured.sandbox(), &served.work, &url);
    secured.push(&options);
    assert_eq!(secured.versions(), [Version::HTTP_2; 2]);
}

#[test]
fn a_server_without_http_2_is_spoken_to_as_before() {
    for protocols in [&["http/1.1"][..], &[]] {
        let secured = Secured::start(GitServerOptions::default(), protocols);
        secured.push(&secured.options());
        assert_eq!(secured.versions(), [Version::HTTP_11; 2], "{protocols:?}");
        secured.fsck();
    }
}

/// A proxy that makes tunnels, and notes to where.
fn tunnels() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let place = listener.local_addr().unwrap().to_string();
    let seen = Arc::<Mutex<Vec<String>>>::default();
    let notes = Arc::clone(&seen);
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let mut first = String::new();
            let mut reader = BufReader::new(client.try_clone().unwrap());
            reader.read_line(&mut first).unwrap();
            while reader.read_line(&mut String::new()).unwrap() > 2 {}
            let to = first.split(' ').nth(1).unwrap().to_owned();
            let server = TcpStream::connect(&to).unwrap();
            notes.lock().unwrap().push(to);
            (&client).write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            let (mut up, mut down) = (server.try_clone().unwrap(), client);
            std::thread::spawn(move || std::io::copy(&mut reader, &mut up));
            std::thread::spawn(move || std::io::copy(&mut &server, &mut down));
        }
    });
    (place, seen)
}

#[test]
fn http_2_is_spoken_through_a_proxy_too() {
    let secured = Secured::start(GitServerOptions::default(), BOTH);
    let (place, seen) = tunnels();
    let options = PushOptions {
        network: secured
            .certificate
            .network_through(&format!("http://{place}")),
        ..secured.options()
    };
    secured.push(&options);
    assert_eq!(secured.versions(), [Version::HTTP_2; 2]);
    assert_eq!(*seen.lock().unwrap(), [secured.front.address.to_string()]);
}
