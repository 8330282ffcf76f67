//! Servers whose certificate has many authorities above it, beside git.

use sendoff::demo::git_server::GitServerOptions;
use sendoff_testing::supervise;

use super::authority::Authority;
use super::front::Front;
use super::proxy::configured;
use super::real_servers::{both, set};
use super::rig::{push_head, rendered};
use super::served::Served;

/// A git server behind TLS, so many authorities below the trusted one.
fn below(number: usize) -> (Front, Served) {
    let served = Served::start(GitServerOptions::default());
    let root = Authority::new(&served.sandbox);
    let mut authorities: Vec<Authority> = Vec::new();
    for level in 0..number {
        let above = authorities.last().unwrap_or(&root);
        let next = above.below(&format!("authority {level}"));
        authorities.push(next);
    }
    let issued = authorities
        .last()
        .unwrap_or(&root)
        .issue(&["127.0.0.1"], |_| {});
    served.sandbox.write("server.pem", &issued.pem);
    authorities.reverse();
    let server = issued.shown_with(&authorities).server(None);
    let front = Front::with_tls(&served.server.url(), server);
    set(&served, "http.sslCAInfo", root.path.to_str().unwrap());
    (front, served)
}

#[test]
fn six_authorities_below_the_root_are_followed() {
    supervise!();
    let (front, served) = below(6);
    both(&served, &front.url(), true);
}

#[test]
fn seven_authorities_are_named_and_the_advice_trusts_the_certificate() {
    supervise!();
    let (front, served) = below(7);
    let url = front.url();
    let (sandbox, work) = (&served.sandbox, &served.work);
    let failed = push_head(sandbox, work, &url, &configured(sandbox, work, &url));
    let said = rendered(sandbox, &failed.unwrap_err());
    let told = "more than 6 authorities stand between the server's certificate and its root, which is not supported";
    assert!(said.contains(told), "{said}");
    assert!(
        said.contains("if the server is yours, or its certificate is what its administrator says, add its certificate to the file of authorities that `http.sslCAInfo` names: openssl s_client"),
        "{said}"
    );
    // The advice, without the program that may be missing.
    let pem = |name: &str| std::fs::read_to_string(sandbox.path(name)).unwrap();
    sandbox.write("ca.pem", pem("ca.pem") + &pem("server.pem"));
    both(&served, &url, true);
}
