//! The encrypted connection to the platform's database, in a real `PostgreSQL` with an authority of its own.

use super::Machine;
use super::postgres::Postgres;

/// A machine whose policy names a database.
fn machine(url: &str) -> Machine {
    Machine::new(&format!("[store]\nplatform-schedules = \"{url}\"\n"))
}

/// Lists the schedules of a database, and returns what is said, without what differs from run to run.
fn listed(postgres: &Postgres, url: &str) -> String {
    let said = machine(url).said(&["list"]);
    assert!(!said.contains("canary"), "{said}");
    let authority = postgres.authority();
    said.replace(&postgres.port.to_string(), "[PORT]")
        .replace(authority.parent().unwrap().to_str().unwrap(), "[DIR]")
}

#[test]
fn each_mode_of_libpq_proves_what_it_promises() {
    let Some(postgres) = Postgres::start_with_tls() else {
        return;
    };
    let authority = postgres.authority();
    let authority = authority.to_str().unwrap();
    let url = |host: &str, query: &str| postgres.url_of("enc", host, query);
    for (host, query) in [
        (
            "localhost",
            format!("?sslmode=verify-full&sslrootcert={authority}"),
        ),
        (
            "127.0.0.1",
            format!("?sslmode=verify-ca&sslrootcert={authority}"),
        ),
        (
            "127.0.0.1",
            format!("?sslrootcert={authority}&sslmode=require"),
        ),
        ("127.0.0.1", "?sslmode=require".to_owned()),
        // The login is bound to the certificate, so that nobody between both can hand it on.
        (
            "127.0.0.1",
            "?sslmode=require&channel_binding=require".to_owned(),
        ),
        ("127.0.0.1", "?sslmode=prefer".to_owned()),
        ("127.0.0.1", String::new()),
    ] {
        let said = listed(&postgres, &url(host, &query));
        assert!(
            said.contains("Ada: PR Review") && said.ends_with("exit 0"),
            "{query}: {said}"
        );
    }
    // Who takes any certificate from a place that is not this machine has to say so.
    let plain = listed(&postgres, &url("127.0.0.1", "?sslmode=disable"));
    assert!(plain.contains("pg_hba.conf rejects connection"), "{plain}");
}

#[test]
fn a_certificate_that_proves_nothing_is_refused_with_advice() {
    let (Some(postgres), Some(other)) = (Postgres::start_with_tls(), Postgres::start_with_tls())
    else {
        return;
    };
    let path = |of: &Postgres| of.authority().to_str().unwrap().to_owned();
    let url = |host: &str, query: &str| postgres.url_of("enc", host, query);
    let full = |roots: &str| format!("?sslmode=verify-full&sslrootcert={roots}");
    let mut said = Vec::new();
    let own = path(&postgres);
    for (what, url) in [
        ("another name", url("127.0.0.1", &full(&own))),
        ("another authority", url("localhost", &full(&path(&other)))),
        (
            "the system's authorities",
            url("localhost", "?sslmode=verify-full"),
        ),
        (
            "no such file",
            url("localhost", &full("/nonexistent/ca.pem")),
        ),
        ("no such mode", url("localhost", "?sslmode=allow")),
    ] {
        let told = listed(&postgres, &url);
        let told = told.replace(
            other.authority().parent().unwrap().to_str().unwrap(),
            "[OTHER]",
        );
        said.push(format!("{what}: {told}"));
    }
    insta::assert_snapshot!(said.join("\n\n"));
    // The advices, followed.
    for url in [
        url(
            "127.0.0.1",
            &format!("?sslmode=verify-ca&sslrootcert={own}"),
        ),
        url("localhost", &full(&own)),
    ] {
        let told = listed(&postgres, &url);
        assert!(told.ends_with("exit 0"), "{told}");
    }
}

#[test]
fn a_database_without_encryption_is_told_where_it_is_wanted() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let told = listed(
        &postgres,
        &postgres.url_of("ada", "127.0.0.1", "?sslmode=require"),
    );
    insta::assert_snapshot!(told);
    // Without the word it does for this machine.
    let told = listed(&postgres, &postgres.url());
    assert!(told.ends_with("exit 0"), "{told}");
}
