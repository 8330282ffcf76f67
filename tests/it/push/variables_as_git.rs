//! Variables and keys of git and libcurl that no other test sets, each beside `git push`.

use std::path::Path;
use std::sync::Mutex;

use sendoff::demo::git_server::GitServerOptions;
use sendoff::environment::Environment;
use sendoff_testing::succeed;

use crate::world::World;

use super::as_git::Twin;
use super::authority::{Authority, Clients};
use super::front::Front;
use super::proxy::{configured_in, picked, proxy};
use super::rig::push_head;
use super::served::guarded;
use super::sshd::{recorded, recording_ssh};

/// Nobody listens there.
const NO_PROXY_THERE: &str = "http://127.0.0.1:1";

/// Points the twin to the same server behind TLS.
fn with_tls(twin: &Twin) -> Front {
    let sandbox = &twin.served.sandbox;
    let authority = Authority::new(sandbox);
    let front = Front::with_tls(&twin.served.server.url(), authority.server(Clients::Any));
    twin.configure("http.sslCAInfo", authority.path.to_str().unwrap());
    let set_url = ["remote", "set-url", "origin", &front.url()];
    sandbox.git(&twin.served.work, &set_url);
    front
}

#[test]
fn each_variable_for_a_proxy_and_its_exceptions_counts_as_for_git() {
    for (variable, is_https, counts) in [
        ("http_proxy", false, true),
        ("all_proxy", false, true),
        ("ALL_PROXY", false, true),
        ("https_proxy", true, true),
        ("HTTPS_PROXY", true, true),
        ("all_proxy", true, true),
        ("ALL_PROXY", true, true),
        // In a program of CGI that is a header of the client's request.
        ("HTTP_PROXY", false, false),
        ("http_proxy", true, false),
        ("https_proxy", false, false),
    ] {
        let mut twin = Twin::new(GitServerOptions::default());
        let _front = is_https.then(|| with_tls(&twin));
        twin.variables.push((variable, NO_PROXY_THERE.to_owned()));
        if counts {
            twin.neither_arrives("Connection refused");
            let exception = if is_https { "NO_PROXY" } else { "no_proxy" };
            twin.variables.push((exception, "127.0.0.0/8".to_owned()));
        }
        twin.both_arrive();
    }
}

#[test]
fn the_name_of_the_variable_is_the_one_that_is_sent() {
    let twin = Twin::new(GitServerOptions::default());
    let (sandbox, work) = (&twin.served.sandbox, &twin.served.work);
    let (place, seen) = proxy();
    let url = "http://127.0.0.1:9/r.git";
    let with_login = format!("http://me:pw@{place}");
    twin.configure("http.proxy", &with_login);
    twin.configure("http.userAgent", "of the key");
    let variable = ("GIT_HTTP_USER_AGENT", "of the variable");
    let environment = Environment::from_pairs("/", [variable]);
    let options = configured_in(sandbox, work, url, environment);
    push_head(sandbox, work, url, &options).unwrap_err();
    let names = |seen: &Mutex<Vec<String>>| picked(seen, &["user-agent:"]);
    let ours = names(&seen);
    let mut push = sandbox.command("git");
    push.current_dir(work).args(["push", "-q", url, "feature"]);
    let pushed = { push }.env(variable.0, variable.1).output().unwrap();
    assert!(!pushed.status.success());
    assert_eq!(ours, names(&seen));
    assert_eq!(ours[1], "user-agent: of the variable");
}

#[test]
fn programs_of_gits_are_found_where_the_variable_says() {
    let mut twin = Twin::new(guarded());
    let sandbox = &twin.served.sandbox;
    let there = succeed(sandbox.command("git").arg("--exec-path"));
    let own = sandbox.path("exec-path");
    std::fs::create_dir(&own).unwrap();
    for entry in Path::new(there.trim()).read_dir().unwrap() {
        let entry = entry.unwrap();
        std::os::unix::fs::symlink(entry.path(), own.join(entry.file_name())).unwrap();
    }
    let helper = "#!/bin/sh\n[ $1 = get ] && echo username=me && echo password=pw\n";
    sandbox.executable("exec-path/git-credential-of-the-test", helper);
    twin.configure("credential.helper", "of-the-test");
    let own = own.to_str().unwrap().to_owned();
    twin.variables.push(("GIT_EXEC_PATH", own));
    twin.both_arrive();
}

#[test]
fn the_users_configuration_lies_where_the_variable_says() {
    let mut twin = Twin::new(guarded());
    let text = "[credential]\n\thelper = \"!f() { echo username=me; echo password=pw; }; f\"\n";
    let file = twin.served.sandbox.write("elsewhere/git/config", text);
    let there = file.ancestors().nth(2).unwrap();
    let there = there.to_str().unwrap().to_owned();
    twin.variables.push(("XDG_CONFIG_HOME", there));
    twin.both_arrive();
}

#[test]
fn the_directories_of_the_users_configuration_may_be_relative() {
    let text = "[credential]\n\thelper = \"!f() { echo username=me; echo password=pw; }; f\"\n";
    for (variable, file) in [("XDG_CONFIG_HOME", "git/config"), ("HOME", ".gitconfig")] {
        let mut twin = Twin::new(guarded());
        let path = format!("work-r/elsewhere/{file}");
        twin.served.sandbox.write(&path, text);
        twin.variables.push((variable, "elsewhere".to_owned()));
        twin.both_arrive();
    }
}

/// Guards which program is started with which arguments, by keys and by variables; later ones count more.
#[test]
fn the_ssh_program_gets_the_arguments_that_git_gives_it() {
    for (variables, keys) in [
        (&["GIT_SSH_VARIANT=plink"][..], &[][..]),
        (&["GIT_SSH_VARIANT=ssh"], &["ssh.variant=putty"]),
        (&["GIT_SSH_VARIANT="], &["ssh.variant=putty"]),
        (&[], &["ssh.variant=tortoiseplink"]),
        (&[], &["core.sshCommand=PROGRAM -of-the-key"]),
        (
            &["GIT_SSH_COMMAND=PROGRAM -of-the-variable"],
            &["core.sshCommand=false"],
        ),
    ] {
        let mut twin = Twin::new(GitServerOptions::default());
        let sandbox = &twin.served.sandbox;
        let (program, arguments) = recording_ssh(sandbox, "of the user");
        let program = program.to_str().unwrap().to_owned();
        let set_url = ["remote", "set-url", "origin", "ssh://me@h.test:77/r.git"];
        sandbox.git(&twin.served.work, &set_url);
        let quoted = format!("'{program}'");
        for key in keys {
            let (key, value) = key.split_once('=').unwrap();
            twin.configure(key, &value.replace("PROGRAM", &quoted));
        }
        twin.variables.push(("GIT_SSH", program.clone()));
        for variable in variables {
            let (name, value) = variable.split_once('=').unwrap();
            twin.variables
                .push((name, value.replace("PROGRAM", &quoted)));
        }
        let (ours, gits) = twin.both_fail(|| recorded(&arguments));
        assert_eq!(ours, gits, "{variables:?} {keys:?}");
        assert!(gits.contains("77 me@h.test"), "{gits}");
    }
}

/// Guards that a graph which the user does not want is not read, and that replacements replace nothing that is sent.
#[test]
fn a_graph_that_is_damaged_and_a_replaced_commit_change_nothing() {
    let twin = Twin::new(GitServerOptions::default());
    let (sandbox, work) = (&twin.served.sandbox, &twin.served.work);
    sandbox.git(work, &["commit", "-q", "--allow-empty", "-m", "more"]);
    let graph = work.join(".git/objects/info/commit-graph");
    std::fs::create_dir_all(graph.parent().unwrap()).unwrap();
    std::fs::write(graph, b"CGPH\x01\x01\x03\0damaged").unwrap();
    twin.configure("core.commitGraph", "false");
    twin.both_arrive();
    for truth in ["true", "false"] {
        let twin = Twin::new(GitServerOptions::default());
        let (sandbox, work) = (&twin.served.sandbox, &twin.served.work);
        twin.configure("core.useReplaceRefs", truth);
        let parent = sandbox.git(work, &["rev-parse", "HEAD~1"]);
        sandbox.git(work, &["replace", "--graft", "HEAD"]);
        twin.both_arrive();
        let there = sandbox.git(&twin.served.remote, &["rev-parse", "feature~1"]);
        assert_eq!(there, parent);
    }
}

/// Guards that what git lets through when it is told to stays refused.
#[test]
fn control_characters_in_a_url_are_refused_whatever_the_keys_say() {
    for encoded in ["%0d", "%0a", "%1b"] {
        let twin = Twin::new(guarded());
        twin.configure("credential.protectProtocol", "false");
        twin.configure("credential.sanitizePrompt", "false");
        twin.configure(
            "credential.helper",
            "!f() { echo username=me; echo password=pw; }; f",
        );
        let url = twin
            .served
            .url()
            .replace("http://", &format!("http://a{encoded}b@"));
        let set_url = ["remote", "set-url", "origin", &url];
        twin.served.sandbox.git(&twin.served.work, &set_url);
        twin.we_refuse("holds a control character");
    }
}

#[test]
fn variables_that_are_set_and_do_not_count_are_named() {
    let world = World::new();
    let mut variables = world.variables();
    variables.extend(
        [
            ("GIT_HTTP_PROXY_AUTHMETHOD", "negotiate"),
            ("GIT_SSL_CERT_TYPE", "DER"),
            ("GIT_SSL_KEY_TYPE", "ENG"),
            ("GIT_SSL_CIPHER_LIST", "HIGH"),
            ("GIT_SSL_VERSION", "tlsv1.1"),
            ("GIT_SSL_NO_VERIFY", "1"),
        ]
        .map(|(name, value)| (name, value.to_owned())),
    );
    let url = "https://127.0.0.1:1/acme/rocket.git";
    world
        .sandbox
        .git(world.work(), &["remote", "set-url", "origin", url]);
    let arguments = ["run", "post-commit", "--json"];
    let report = world.run_in(&world.work(), &arguments, &variables).report();
    let warnings = report["steps"][0]["outputs"]["warnings"].to_string();
    insta::assert_snapshot!(warnings.replace("\",\"", "\n"), @r#"
    ["GIT_HTTP_PROXY_AUTHMETHOD in the environment is ignored: only Basic and Digest are spoken with proxies, and no login was sent
    GIT_SSL_CERT_TYPE in the environment is ignored: certificates are read in PEM form
    GIT_SSL_KEY_TYPE in the environment is ignored: keys are read in PEM form
    GIT_SSL_CIPHER_LIST in the environment is ignored: the ciphers are those of TLS 1.3, and AES-GCM and ChaCha20 of TLS 1.2
    GIT_SSL_VERSION in the environment is ignored: TLS 1.2 and 1.3 are spoken
    GIT_SSL_NO_VERIFY in the environment is ignored: certificates are checked (GIT_SSL_CAINFO names an authority of your own)"]
    "#);
}
