//! The login of a proxy where more than one connection needs it, and where only the pack does; variables that name none; a
//! proxy that opens no connection.

use std::sync::Arc;

use secrecy::ExposeSecret;
use sendoff::demo::git_server::GitServerOptions;
use sendoff::net::{ConnectorSettings, Network};

use crate::sandbox::Sandbox;

use super::as_git::Twin;
use super::gate::{Gate, OF_PROXY, Wanted};
use super::proxy::configured;
use super::rig::ahead;

/// Writes a helper that knows `u` and `p`, and writes down what it is called for.
fn helper(sandbox: &Sandbox) -> String {
    let told = sandbox.path("told");
    let text = format!(
        "#!/bin/sh\necho $1 >> '{}'\n[ $1 != get ] || printf 'username=u\\npassword=p\\n'\n",
        told.display()
    );
    sandbox
        .executable("helper", text)
        .to_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_connection_beside_gets_the_login_and_does_not_call_it_refused() {
    let sandbox = Sandbox::new();
    let (work, _) = ahead(&sandbox, "r");
    let set = |key: &str, value: &str| {
        sandbox.git(&work, &["config", "--global", key, value]);
    };
    set("http.proxy", "http://proxy.test:1");
    set("credential.helper", &helper(&sandbox));
    let told = || std::fs::read_to_string(sandbox.path("told")).unwrap_or_default();
    let url = "http://git.test/r.git";
    let network: Arc<dyn Network> = configured(&sandbox, &work, url).network;
    let url = url::Url::parse(url).unwrap();
    // Neither has a login when it begins.
    let begun = [
        network.settings(&url).unwrap(),
        network.settings(&url).unwrap(),
    ];
    let password = |settings: &ConnectorSettings| {
        let proxy = settings.proxy.proxy.as_ref().unwrap();
        proxy
            .password()
            .map(|password| password.expose_secret().to_owned())
    };
    let again = begun.map(|settings| {
        assert_eq!(password(&settings), None);
        network.after_proxy_refusal(&settings).unwrap()
    });
    for settings in &again {
        assert_eq!(password(settings).as_deref(), Some("p"));
    }
    assert_eq!(told(), "get\n");
    // The control: both sent it, and it is refused; the helper hears it once.
    for settings in &again {
        assert!(network.after_proxy_refusal(settings).is_none());
    }
    assert_eq!(told(), "get\nerase\n");
}

/// Guards the refusal of a pack, small and streamed, by a proxy that closes the connection after it.
#[test]
fn a_proxy_that_lets_read_without_a_login_gets_it_with_the_pack() {
    for size in [10, 3_000_000] {
        let twin = Twin::new(GitServerOptions::default());
        let wanted = Wanted {
            lets_read: true,
            ..Wanted::basic("proxy-authorization", b"Basic dTpw", OF_PROXY)
        };
        let gate = Gate::start(&twin.served.server.url(), wanted);
        let sandbox = &twin.served.sandbox;
        let noise = sendoff_testing::noise_text(size);
        std::fs::write(twin.served.work.join("noise"), noise).unwrap();
        sandbox.git(&twin.served.work, &["add", "noise"]);
        sandbox.git(&twin.served.work, &["commit", "-q", "-m", "noise"]);
        twin.configure("credential.helper", &helper(sandbox));
        twin.configure("http.proxy", &format!("http://{}", gate.address));
        // Git asks no helper for a proxy without a user.
        twin.we_arrive();
        assert!(gate.refused() > 0);
        twin.configure("http.proxy", &format!("http://u@{}", gate.address));
        twin.both_arrive();
    }
}

#[test]
fn a_variable_that_is_set_to_nothing_means_no_proxy_and_no_exception_as_for_git() {
    const NOBODY: &str = "http://127.0.0.1:1";
    for (variables, arrives) in [
        (&[("http_proxy", ""), ("all_proxy", NOBODY)][..], true),
        (&[("all_proxy", ""), ("ALL_PROXY", NOBODY)], true),
        (
            &[
                ("http_proxy", NOBODY),
                ("no_proxy", ""),
                ("NO_PROXY", "127.0.0.1"),
            ],
            false,
        ),
        (&[("http_proxy", NOBODY), ("no_proxy", " * ")], false),
        (&[("http_proxy", NOBODY), ("no_proxy", "0.0.0.0/0")], false),
        (
            &[("http_proxy", NOBODY), ("no_proxy", "127.0.0.1/33")],
            false,
        ),
        (
            &[("http_proxy", NOBODY), ("no_proxy", "[127.0.0.1]")],
            false,
        ),
        (&[("http_proxy", NOBODY), ("no_proxy", "127.0.0.1/0")], true),
        (&[("all_proxy", NOBODY)], false),
    ] {
        let mut twin = Twin::new(GitServerOptions::default());
        let own = variables
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        twin.variables.extend(own);
        if arrives {
            twin.both_arrive();
        } else {
            twin.neither_arrives("Connection refused");
        }
    }
}

#[test]
fn a_proxy_that_opens_no_connection_is_named() {
    let mut twin = Twin::new(GitServerOptions::default());
    let wanted = Wanted::basic("x-never", b"", "HTTP/1.1 403 Forbidden");
    let gate = Gate::start(&twin.served.server.url(), wanted);
    let set_url = ["remote", "set-url", "origin", "https://git.test/r.git"];
    twin.served.sandbox.git(&twin.served.work, &set_url);
    let proxy = format!("http://{}", gate.address);
    twin.variables.push(("https_proxy", proxy));
    twin.neither_arrives(&format!(
        "the proxy {} opens no connection to the server",
        gate.address
    ));
}
