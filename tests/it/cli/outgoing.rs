//! What leaves in texts: no secret of ours, nothing live, and no token to an address that is trusted less.

use serde_json::{Value, json};

use crate::world::{TOKEN, World, block, step};

/// The password of the helper: words without the shape of any token.
const PASSWORD: &str = "correct-horse-battery";
/// The platform's token, likewise.
const PLATFORM_TOKEN: &str = "staple-paper-platform";

/// Returns the bodies of the requests that a server got, as text.
fn bodies(log: &[sendoff::demo::Logged], path: &str) -> String {
    let found = log.iter().filter(|call| call.path.ends_with(path));
    found
        .map(|call| String::from_utf8_lossy(&call.body).into_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn our_own_tokens_leave_in_no_text() {
    let world = World::new();
    let config = world.sandbox.path("home/.gitconfig");
    let before = std::fs::read_to_string(&config).unwrap();
    let helper = format!(
        "[credential]\n\thelper = \"!f() {{ echo username=x-access-token; echo password={TOKEN}; }}; f\"\n"
    );
    std::fs::write(&config, before + &helper).unwrap();
    let said = format!("use {TOKEN}, or {TOKEN} twice");
    world.commit("b.txt", "b", &format!("Say {said}"));
    world.user_policy(
        "[steps.pr-create]\ntitle = \"{{ repo.commits[-1].subject }}\"\n[steps.memory-commit]\ncontent = \"{{ task.input | truncate(30) }}\"",
    );
    let report = world.run_task(&said).report();
    assert_eq!(step(&report, "pr-create")["verdict"], "done", "{report}");
    assert_eq!(
        step(&report, "memory-commit")["verdict"],
        "done",
        "{report}"
    );
    let pull = bodies(&world.forge.log(), "/pulls");
    let memory = bodies(&world.platform.log(), "/memories");
    let beat = bodies(&world.platform.log(), "/heartbeat");
    for (text, hidden) in [(&pull, true), (&memory, true), (&beat, false)] {
        assert!(!text.is_empty());
        assert!(!text.contains(&TOKEN[..12]), "{text}");
        assert_eq!(text.contains("[REDACTED]"), hidden, "{text}");
    }
}

/// Guards secrets that no request of the run needs, and that stand beside those that it does.
#[test]
fn secrets_that_the_run_does_not_use_leave_in_no_text() {
    let world = World::new();
    let config = world.sandbox.path("home/.gitconfig");
    let before = std::fs::read_to_string(&config).unwrap();
    let others = "[http \"https://other.test/\"]\n\textraHeader = X-Gate: Gate plainheader0123456789\n\
        \textraHeader = X-Team: platform-engineering\n\tproxy = http://me:http-proxy-words@proxy.test\n\
        [url \"https://x:rewrite-words@other.test/\"]\n\tinsteadOf = other:\n\
        [lfs]\n\turl = https://x:large-words@other.test/\n[lfs \"https://x:access-words@other.test/\"]\n\taccess = basic\n\
        [hub]\n\toauthToken = token-words\n[sendemail]\n\tsmtpPass = mail-words\n";
    std::fs::write(&config, before + others).unwrap();
    world.sandbox.write(
        "home/.netrc",
        "machine other.test login me password netrc-words-1\n",
    );
    let fork = "https://x:remote-words@other.test/r.git";
    world
        .sandbox
        .git(world.work(), &["remote", "add", "fork", fork]);
    let secrets = [
        "plainheader0123456789",
        "http-proxy-words",
        "rewrite-words",
        "netrc-words-1",
        "remote-words",
        "https-proxy-words",
        "all-proxy%2Bwords",
        "all-proxy+words",
        "large-words",
        "access-words",
        "token-words",
        "mail-words",
        "model-words-1",
        "database-words",
    ];
    // What somebody develops with is a word as any other.
    let said = format!(
        "postgres of platform-engineering says {}",
        secrets.join(" and ")
    );
    world.commit("b.txt", "b", &format!("Say {said}"));
    world.user_policy(
        "[steps.pr-create]\ntitle = \"A title\"\nbody = \"{{ repo.commits[-1].subject }}\"\n[steps.memory-commit]\ncontent = \"{{ task.input }}\"",
    );
    let mut variables = world.variables();
    let proxy = |words: &str| format!("http://me:{words}@127.0.0.1:1");
    variables.push(("https_proxy", proxy("https-proxy-words")));
    variables.push(("ALL_PROXY", proxy("all-proxy%2Bwords")));
    variables.push(("no_proxy", "127.0.0.1".into()));
    variables.push(("MODEL_API_KEY", "model-words-1".into()));
    variables.push(("POSTGRES_PASSWORD", "postgres".into()));
    variables.push(("DATABASE", "postgres://u:database-words@h/d".into()));
    let task = json!({"task": {"input": said}});
    world.sandbox.write("task.json", task.to_string());
    let file = world.sandbox.path("task.json");
    let arguments = ["run", "--json", "--input", file.to_str().unwrap()];
    let report = world.run_in(&world.work(), &arguments, &variables).report();
    assert_eq!(step(&report, "pr-create")["verdict"], "done", "{report}");
    let pull = bodies(&world.forge.log(), "/pulls");
    let memory = bodies(&world.platform.log(), "/memories");
    for text in [&pull, &memory] {
        assert!(
            text.contains("postgres of platform-engineering says [REDACTED]"),
            "{text}"
        );
        for secret in secrets {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}

/// Guards what a run that ships a commit has no use for: the platform's token, and the secrets of webhooks.
#[test]
fn what_the_policy_keeps_in_files_leaves_in_no_text() {
    let world = World::new();
    let secrets = [
        PLATFORM_TOKEN,
        "of-the-policy",
        "of-a-webhook",
        "of-a-database",
    ];
    world.sandbox.write("configs/.auth_token", secrets[0]);
    let token = world.sandbox.write("token", format!("{}\n", secrets[1]));
    let hook = world.sandbox.write("hook", format!("{}\n", secrets[2]));
    world.user_policy(&format!(
        "[platform]\ntoken-file = \"{}\"\n[events]\ngithub-secret-file = \"{}\"\n\
         [store]\nplatform-schedules = \"postgres://u:{}@127.0.0.1:1/d\"\n",
        token.display(),
        hook.display(),
        secrets[3]
    ));
    world.commit("b.txt", "b", &format!("Say {}", secrets.join(" or ")));
    let planned = world.run(&["plan", "post-commit"]).stdout;
    world.report(&["run", "post-commit"]);
    let pull = bodies(&world.forge.log(), "/pulls");
    for text in [&planned, &pull] {
        assert!(text.contains("Say [REDACTED] or [REDACTED] or"), "{text}");
        for secret in secrets {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}

/// Guards the user's logins where the repository's own configuration is damaged, and where there is no repository: the
/// memory goes out all the same.
#[test]
fn the_users_secrets_leave_in_no_text_where_no_repository_can_be_used() {
    let world = World::new();
    let config = world.sandbox.path("home/.gitconfig");
    let before = std::fs::read_to_string(&config).unwrap();
    let login = "[http]\n\textraHeader = Authorization: Bearer header-words\n";
    std::fs::write(&config, before + login).unwrap();
    world.sandbox.write("clone/.git/config", "[core\n");
    let task = json!({"task": {"input": "say header-words"}}).to_string();
    let arguments = ["run", "--json", "--input", "-"];
    for directory in [world.work(), world.sandbox.path("home")] {
        let variables = world.variables();
        let said = crate::program::run(
            &world.sandbox,
            &directory,
            &arguments,
            &variables,
            task.as_bytes(),
        );
        let report = said.report();
        let memory = step(&report, "memory-commit");
        assert_eq!(memory["verdict"], "done", "{report}");
    }
    let memory = bodies(&world.platform.log(), "/memories");
    assert_eq!(memory.matches("say [REDACTED]").count(), 2, "{memory}");
    assert!(!memory.contains("header-words"), "{memory}");
}

/// Guards whoever reads a memory on a terminal.
#[test]
fn a_memory_and_a_heartbeat_have_nothing_that_a_terminal_obeys() {
    let world = World::new();
    let text = "one\r\ntwo \u{1b}[31mred\0 \u{202e}caf\u{e9}";
    let task =
        json!({"task": {"input": text}, "heartbeat": {"current_task": text, "sample_error": text}});
    let arguments = ["run", "--input", "-", "--json"];
    let said = world.run_with_input(&arguments, task.to_string().as_bytes());
    assert_eq!(said.report()["verdict"], "done", "{}", said.stdout);
    for (path, key) in [
        ("/memories", "content"),
        ("/heartbeat", "current_task"),
        ("/heartbeat", "sample_error"),
    ] {
        let sent: Value = serde_json::from_str(&bodies(&world.platform.log(), path)).unwrap();
        let sent = sent[key].as_str().unwrap();
        assert!(sent.ends_with("one\ntwo [31mred caf\u{e9}"), "{sent:?}");
    }
}

/// The helper's password is known only when the remote has been asked, the platform's token when it is
/// read; the memory goes out beside the push.
#[test]
fn a_memory_waits_until_the_push_knows_its_login() {
    let world = World::new();
    let git = sendoff::demo::git_server::GitServer::start(
        &world.sandbox.path("served"),
        &inheritance(&world),
        sendoff::demo::git_server::GitServerOptions {
            login: Some(("me".into(), PASSWORD.into())),
            ..Default::default()
        },
    )
    .unwrap();
    world.point_to(&format!("{}/acme/rocket.git", git.url()));
    let config = world.sandbox.path("home/.gitconfig");
    let before = std::fs::read_to_string(&config).unwrap();
    let helper = format!(
        "[credential]\n\thelper = \"!f() {{ echo username=me; echo password={PASSWORD}; }}; f\"\n"
    );
    std::fs::write(&config, before + &helper).unwrap();
    let mut variables = world.variables();
    variables.retain(|(name, _)| *name != "SENDOFF_TOKEN");
    let task = json!({"task": {"input": format!("log in with {PASSWORD}")}});
    world.sandbox.write("task.json", task.to_string());
    let file = world.sandbox.path("task.json");
    let arguments = ["run", "--json", "--input", file.to_str().unwrap()];
    let said = world.run_in(&world.work(), &arguments, &variables);
    let report = said.report();
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    let memory = bodies(&world.platform.log(), "/memories");
    assert!(memory.contains("log in with [REDACTED]"), "{memory}");
}

/// Guards passwords that this run does not send: a token of a variable logs in, and the helper and the file of logins
/// know others.
#[test]
fn what_the_helpers_keep_is_hidden_where_a_variable_logs_in() {
    let world = World::new();
    let config = world.sandbox.path("home/.gitconfig");
    let before = std::fs::read_to_string(&config).unwrap();
    let text = format!("echo username=bob; echo password={PASSWORD}");
    let script = crate::push::rig::script(&world.sandbox, "helper", &text);
    let helper = format!("[credential]\n\thelper = {}\n", script.display());
    std::fs::write(&config, before + &helper).unwrap();
    let host = url::Url::parse(&world.git.url()).unwrap();
    let host = host.host_str().unwrap();
    let netrc = format!("machine {host} login eve password netrc-password-7\n");
    world.sandbox.write("home/.netrc", netrc);
    let said = format!("not {PASSWORD}, not netrc-password-7");
    world.commit("b.txt", "b", &said);
    let report = world.run_task(&said).report();
    assert_eq!(step(&report, "push")["verdict"], "done", "{report}");
    for path in ["/memories", "/pulls"] {
        let log = match path {
            "/pulls" => world.forge.log(),
            _ => world.platform.log(),
        };
        let text = bodies(&log, path);
        assert!(text.contains("not [REDACTED], not [REDACTED]"), "{text}");
    }
}

fn inheritance(world: &World) -> sendoff::process::Inheritance {
    let environment = crate::sandbox::environment(&world.sandbox, &world.work());
    sendoff::process::Inheritance::new(environment.search_path(), environment.for_children())
}

#[test]
fn what_commits_say_is_not_live_unless_policy_says_so() {
    let world = World::new();
    let text =
        "fixes other/repo#2, closes #1 cc @org/team ![x](http://h/t.png) <img src=x> <!-- h -->";
    let live = [
        "fixes other/repo#2",
        "closes #1",
        "@org/team",
        "![x](",
        "<img",
        "<!--",
    ];
    world.commit("b.txt", "b", text);
    let body = |log: &[sendoff::demo::Logged]| {
        let body: Value = serde_json::from_str(&bodies(log, "/pulls")).unwrap();
        body["body"].as_str().unwrap().to_owned()
    };
    world.report(&["run", "post-commit"]);
    let whole = body(&world.forge.log());
    let inert = block(&whole);
    for part in live {
        assert!(!inert.contains(part), "{part}: {inert}");
    }
    let other = World::new();
    other.commit("b.txt", "b", text);
    other.user_policy("[steps.pr-create]\nmarkup = \"live\"");
    other.report(&["run", "post-commit"]);
    assert!(body(&other.forge.log()).contains(text));
    // What the repository's own policy says is no more to be trusted than a commit.
    let own = World::new();
    own.sandbox.write(
        "clone/.sendoff.toml",
        "[steps.pr-create]\nbody = \"closes #1 @org/team\"\n",
    );
    own.report(&["run", "post-commit"]);
    let inert = body(&own.forge.log());
    assert!(
        !inert.contains("closes #1") && !inert.contains("@org"),
        "{inert}"
    );
}

#[test]
fn a_secret_that_is_taken_out_makes_nothing_live_again() {
    let world = World::new();
    let parts: Vec<String> = "ghp_a1B2c3D4e5F6a1B2c3D4e5F6a1B2c3D4e5F6"
        .chars()
        .map(String::from)
        .collect();
    let text = format!(
        "cc @org/team, closes #1\n\nWith {}\n",
        parts.join("\u{200b}")
    );
    world.commit(".github/pull_request_template.md", &text, "Say more");
    world.report(&["run", "post-commit"]);
    let log = bodies(&world.forge.log(), "/pulls");
    let log: Value = serde_json::from_str(&log).unwrap();
    let body = log["body"].as_str().unwrap();
    // The control: what people read is there.
    assert!(
        body.contains("org/team, closes") && body.contains("With [REDACTED]"),
        "{body}"
    );
    assert!(
        !body.contains("@org") && !body.contains("closes #1"),
        "{body}"
    );
}

#[test]
fn a_branch_whose_name_holds_a_token_is_not_pushed() {
    let world = World::new();
    let name = format!("feature/ghp_{}", "a1B2c3D4e5F6".repeat(3));
    world
        .sandbox
        .git(world.work(), &["branch", "-m", name.as_str()]);
    let report = world.report(&["run", "post-commit"]);
    let push = step(&report, "push");
    assert_eq!(push["reason"], "secret-in-branch-name", "{report}");
    assert_eq!(world.tip(&name), "");
    assert!(!report.to_string().contains(&name));
    world
        .sandbox
        .git(world.work(), &["branch", "-m", "feature/y"]);
    assert_eq!(
        step(&world.report(&["run", "post-commit"]), "push")["verdict"],
        "done"
    );
}

#[test]
fn the_token_of_a_policy_goes_to_an_address_of_the_same_policy_only() {
    let world = World::new();
    world.sandbox.write("mine", PLATFORM_TOKEN);
    let file = world.sandbox.path("mine");
    let token_file = format!("[platform]\ntoken-file = \"{}\"\n", file.display());
    let beat = || {
        let report = world.report(&["run", "p"]);
        let sent = world.platform.log();
        let sent = sent.last().unwrap().authorization().map(str::to_owned);
        (report, sent)
    };
    let pipeline = "[pipelines]\np = [\"heartbeat-clear\"]\n";
    world.user_policy(&format!("{token_file}{pipeline}"));
    let (report, sent) = beat();
    assert_eq!(sent, None, "{report}");
    assert_eq!(report["notes"][0]["code"], "platform-token-unbound");
    let url = format!("url = \"{}\"\n", world.platform.url());
    world.user_policy(&format!("{token_file}{url}{pipeline}"));
    let (report, sent) = beat();
    assert_eq!(sent, Some(format!("Bearer {PLATFORM_TOKEN}")), "{report}");
    // The environment's own pair.
    world.user_policy(pipeline);
    assert_eq!(beat().1, Some(format!("Bearer {TOKEN}")));
}

/// Guards the token in the environment's directory against a variable of whoever runs a commit.
#[test]
fn a_token_that_no_policy_names_stays_with_the_address_that_it_went_to_first() {
    let world = World::new();
    let other = sendoff::demo::platform_server::PlatformServer::start("ws-1", None).unwrap();
    let linked = world.sandbox.path("linked");
    std::os::unix::fs::symlink(world.sandbox.path("configs"), &linked).unwrap();
    let task = json!({"task": {"input": "remember this"}}).to_string();
    let file = world.sandbox.write("task.json", task);
    let at = |url: &str, directory: Option<&std::path::Path>| {
        let mut variables = world.variables();
        variables.retain(|(name, _)| *name != "PLATFORM_URL");
        variables.push(("PLATFORM_URL", url.to_owned()));
        if let Some(directory) = directory {
            variables.retain(|(name, _)| *name != "CONFIGS_DIR");
            variables.push(("CONFIGS_DIR", directory.display().to_string()));
        }
        let arguments = ["run", "--json", "--input", file.to_str().unwrap()];
        let said = world.run_in(&world.work(), &arguments, &variables);
        step(&said.report(), "memory-commit").clone()
    };
    let own = world.platform.url().to_string();
    // One where nobody answers is not the first.
    assert_eq!(at("http://127.0.0.1:1/", None)["verdict"], "queued");
    assert_eq!(at(&own, None)["verdict"], "done");
    let url = other.url().to_string();
    for directory in [None, Some(linked.as_path())] {
        let memory = at(&url, directory);
        assert_eq!(memory["verdict"], "queued", "{memory}");
        if memory["reason"] == "in-order" {
            // The one before waits for the same.
            continue;
        }
        assert_eq!(memory["reason"], "platform-token-unbound", "{memory}");
        let (new, first) = (url.trim_end_matches('/'), own.trim_end_matches('/'));
        let told = format!("the token is not sent to {new}: it went to {first} first");
        assert!(
            memory["summary"].as_str().unwrap().contains(&told),
            "{memory}"
        );
    }
    assert!(other.log().is_empty());
    // The control, and the advice.
    assert_eq!(at(&own, None)["verdict"], "done");
    world.user_policy(&format!("[platform]\nurl = \"{url}\"\n"));
    // Those that waited go first, and their next try is not due.
    world.run(&["flush"]);
    assert_eq!(at(&own, None)["verdict"], "done");
    let sent = other.log();
    let sent = sent.last().unwrap().authorization().map(str::to_owned);
    assert_eq!(sent, Some(format!("Bearer {TOKEN}")));
}

#[test]
fn the_limits_of_a_repository_are_for_the_branch_only() {
    let world = World::new();
    for limit in [
        "[limits]\ndeadline = \"1ms\"\n",
        "[limits]\nstep-timeout = \"1ms\"\nhttp-timeout = \"1ms\"\n",
        "[steps.memory-commit]\ntimeout = \"1ms\"\n",
    ] {
        world.sandbox.write("clone/.sendoff.toml", limit);
        let report = world.run_task("remember this").report();
        assert_eq!(
            step(&report, "memory-commit")["verdict"],
            "done",
            "{limit}: {report}"
        );
        assert_eq!(
            step(&report, "heartbeat-clear")["verdict"],
            "done",
            "{limit}"
        );
    }
    world
        .sandbox
        .write("clone/.sendoff.toml", "[limits]\ncommits = 1\n");
    let report = world.run_task("remember this").report();
    assert_eq!(
        step(&report, "push")["reason"],
        "too-many-commits",
        "{report}"
    );
    assert_eq!(step(&report, "memory-commit")["verdict"], "done");
}

/// Guards the platform's word of a task against what a branch says; its own push a branch may switch off.
#[test]
fn a_branch_switches_off_no_message_to_the_platform() {
    let world = World::new();
    let policy = "[steps.memory-commit]\nenabled = false\n[steps.heartbeat-clear]\nenabled = false\n\
                  [steps.pr-create]\nenabled = false\n";
    world.sandbox.write("clone/.sendoff.toml", policy);
    let report = world.run_task("remember this").report();
    for name in ["memory-commit", "heartbeat-clear", "push"] {
        assert_eq!(step(&report, name)["verdict"], "done", "{report}");
    }
    // The control.
    assert_eq!(step(&report, "pr-create")["reason"], "disabled", "{report}");
    let note = &report["notes"][0];
    assert_eq!(note["code"], "policy-untrusted", "{report}");
    assert!(
        note["message"]
            .to_string()
            .contains("steps.memory-commit.enabled"),
        "{report}"
    );
}

/// A template of the user's that shows the task: what a forge's text is cleaned of must not have hidden a token before.
#[test]
fn characters_that_do_not_show_carry_no_token_into_a_pull_request() {
    let world = World::new();
    world.user_policy("[steps.pr-create]\nbody = \"{{ task.input }}\"\n");
    let spelled = |between: &str| {
        let letters: Vec<String> = TOKEN.chars().map(String::from).collect();
        letters.join(between)
    };
    let said = ["\u{200b}", "\u{ad}", "\u{1b}", "\u{200c}"]
        .map(spelled)
        .join(" and ");
    let report = world.run_task(&said).report();
    assert_eq!(step(&report, "pr-create")["verdict"], "done", "{report}");
    let pull = bodies(&world.forge.log(), "/pulls");
    let memory = bodies(&world.platform.log(), "/memories");
    for text in [&pull, &memory] {
        let shown: String = text.chars().filter(char::is_ascii_graphic).collect();
        assert!(!shown.contains(TOKEN), "{text}");
        assert!(text.contains("[REDACTED] and [REDACTED]"), "{text}");
    }
}

#[test]
fn a_text_of_a_repository_is_short_and_a_long_one_ends_no_run() {
    let world = World::new();
    let long = format!(
        "[steps.pr-create]\ntitle = \"{{{{ 1{} }}}}\"\n",
        "+1".repeat(20_000)
    );
    world.sandbox.write("clone/.sendoff.toml", long);
    let said = world.run_task("remember this");
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let report = said.report();
    assert_eq!(report["notes"][0]["code"], "policy-dropped", "{report}");
    assert_eq!(step(&report, "memory-commit")["verdict"], "done");
}

/// Guards memories against whoever can name the remote: they wait for the push's login, which may stand in them.
#[test]
fn a_remote_that_says_nothing_holds_no_memory_back() {
    let world = World::new();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", silent.local_addr().unwrap());
    world.point_to(&format!("{origin}/o/r.git"));
    world.user_policy_with_git_at(&origin, "[limits]\ndeadline = \"6s\"\n");
    let report = world.run_task("remember this-and-that").report();
    assert_eq!(step(&report, "push")["reason"], "deadline", "{report}");
    let memory = step(&report, "memory-commit");
    assert_eq!(memory["verdict"], "done", "{report}");
    let memory = bodies(&world.platform.log(), "/memories");
    assert!(memory.contains("remember this-and-that"), "{memory}");
}
