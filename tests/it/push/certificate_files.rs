//! Files of authorities that are not in PEM form: what is said of each, and the advice; beside git.

use sendoff::demo::git_server::GitServerOptions;
use sendoff_testing::{succeed, tool};

use super::authority::{Authority, Clients};
use super::front::Front;
use super::real_servers::{both, set};
use super::served::Served;

#[test]
fn a_file_in_another_form_is_named_and_converted_as_the_advice_says() {
    let Some(openssl) = tool("openssl") else {
        return;
    };
    let served = Served::start(GitServerOptions::default());
    let sandbox = &served.sandbox;
    let authority = Authority::new(sandbox);
    let front = Front::with_tls(&served.server.url(), authority.server(Clients::Any));
    let pem = authority.path.to_str().unwrap();
    for (name, arguments) in [
        ("der", &["x509", "-outform", "DER", "-in"][..]),
        ("trusted", &["x509", "-trustout", "-in"]),
        ("pkcs7", &["crl2pkcs7", "-nocrl", "-certfile"]),
    ] {
        let file = sandbox.path(name);
        let mut convert = sandbox.command(&openssl);
        succeed(convert.args(arguments).arg(pem).arg("-out").arg(&file));
        let file = file.to_str().unwrap();
        set(&served, "http.sslCAInfo", file);
        let said = both(&served, &front.url(), false);
        let said = said.replace("[SANDBOX]/", sandbox.path("").to_str().unwrap());
        let named = format!("`{file}` holds no certificate in PEM form");
        assert!(said.contains(&named), "{name}: {said}");
        let advice = said.split_once("advice: convert it: ").unwrap().1;
        let command = advice.split(", and name that file").next().unwrap();
        succeed(sandbox.command("sh").args(["-c", command]));
        set(&served, "http.sslCAInfo", &format!("{file}.pem"));
        both(&served, &front.url(), true);
        let more = ["commit", "-q", "--allow-empty", "-m", "more"];
        sandbox.git(&served.work, &more);
    }
    let empty = sandbox.write("empty", "");
    set(&served, "http.sslCAInfo", empty.to_str().unwrap());
    let said = both(&served, &front.url(), false);
    insta::assert_snapshot!(said, @r"
    tls: the connection cannot be set up
      because: `[SANDBOX]/empty` holds no certificate in PEM form
      advice: name a file whose certificates begin with `-----BEGIN CERTIFICATE-----`
    ");
    // The advice.
    set(&served, "http.sslCAInfo", pem);
    both(&served, &front.url(), true);
}
