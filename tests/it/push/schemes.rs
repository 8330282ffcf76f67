//! Schemes of authentication: only what the server offers is sent, and nobody forgets a login for another reason.

use sendoff::demo::git_server::{GitServerOptions, Offer};
use sendoff::git::credentials::{LoginSource, Netrc};
use sendoff::git::push::{AuthCache, AuthNeed};

use super::logins::{commit_noise, recording};
use super::rig::{helpers, login, push_head};
use super::served::{Served, guarded};

fn offering(offer: Offer) -> Served {
    Served::start(GitServerOptions { offer, ..guarded() })
}

#[test]
fn a_server_that_offers_digest_gets_no_password() {
    for before in [None, Some(AuthNeed::NotRequired), Some(AuthNeed::Required)] {
        let served = offering(Offer::Digest);
        let mut options = served.options();
        options.helpers = helpers(&served.sandbox, &[&recording(&served.sandbox, "pw")]);
        options.auth_cache = AuthCache::new(before);
        served.push(&options).unwrap();
        assert_eq!(
            served.talk().last().unwrap(),
            "POST git-receive-pack 200 login"
        );
        let heard = served.heard();
        assert!(
            heard.contains("store\n") && !heard.contains("erase\n"),
            "{heard}"
        );
    }
}

#[test]
fn a_large_push_answers_digest_as_well() {
    let served = offering(Offer::Digest);
    commit_noise(&served.sandbox, &served.work);
    let mut options = served.options();
    options.post_buffer = 1 << 16;
    options.helpers = helpers(&served.sandbox, &[&recording(&served.sandbox, "pw")]);
    served.push(&options).unwrap();
}

#[test]
fn a_wrong_password_is_refused_under_digest_and_forgotten() {
    let served = offering(Offer::Digest);
    let mut options = served.options();
    options.helpers = helpers(&served.sandbox, &[&recording(&served.sandbox, "wrong")]);
    let error = served.push(&options).unwrap_err();
    assert_eq!(error.class(), "auth");
    assert!(served.heard().contains("erase\n"));
}

#[test]
fn schemes_that_are_not_spoken_are_named_and_no_login_is_lost() {
    for (offer, named) in [
        ("NTLM", "NTLM"),
        ("Negotiate, NTLM", "Negotiate, NTLM"),
        (
            "Digest realm=\"x\", nonce=\"n\", qop=\"auth-int\"",
            "this form of Digest",
        ),
    ] {
        for before in [None, Some(AuthNeed::Required)] {
            let served = offering(Offer::Other(offer));
            let mut options = served.options();
            options.helpers = helpers(&served.sandbox, &[&recording(&served.sandbox, "pw")]);
            options.auth_cache = AuthCache::new(before);
            let error = served.push(&options).unwrap_err();
            assert_eq!(error.class(), "auth-scheme", "{error:?}");
            let wanted =
                format!("127.0.0.1 wants a login by {named}, which sendoff does not speak");
            assert_eq!(error.to_string(), wanted);
            assert!(!served.heard().contains("erase\n"));
        }
    }
}

#[test]
fn a_helper_that_says_what_to_send_is_believed() {
    let served = offering(Offer::Bearer);
    let mut options = served.options();
    let line = "!f() { test $1 = get && grep -q authtype && printf 'capability[]=authtype\\nauthtype=Bearer\\ncredential=pw\\n'; }; f";
    options.helpers = helpers(&served.sandbox, &[line]);
    served.push(&options).unwrap();
    assert_eq!(served.talk()[1], "GET info/refs 200 login");
}

#[test]
fn a_refused_login_goes_on_to_the_next_source_and_each_is_named() {
    let served = Served::start(guarded());
    let host = "machine 127.0.0.1 login me password";
    let mut options = served.options();
    options.login = Some(login("me", "old"));
    options.login_source = LoginSource::Variable("SENDOFF_TOKEN");
    options.helpers = helpers(
        &served.sandbox,
        &["!f() { test $1 = get && printf 'username=me\\npassword=older\\n'; }; f"],
    );
    let netrc = served
        .sandbox
        .write("home/.netrc", format!("{host} wrong\n"));
    options.netrc = Some(Netrc::new(netrc.clone()));
    let error = served.push(&options).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "127.0.0.1 refused the login of the variable SENDOFF_TOKEN, then of the credential helper of the git \
             configuration, then of {}: who are you?",
            netrc.display()
        )
    );
    assert_eq!(
        error.advice().unwrap(),
        format!("renew the login in {}", netrc.display())
    );
    served.sandbox.write("home/.netrc", format!("{host} pw\n"));
    served.push(&options).unwrap();
}

#[test]
fn a_token_in_place_of_the_user_is_a_login() {
    let served = Served::start(GitServerOptions {
        login: Some(("token123".into(), String::new().into())),
        ..guarded()
    });
    let url = served.url().replace("http://", "http://token123@");
    let mut options = served.options();
    options.helpers = helpers(&served.sandbox, &["!true"]);
    push_head(&served.sandbox, &served.work, &url, &options).unwrap();
}
