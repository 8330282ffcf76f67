//! The advice on a push that failed, obeyed: then it arrives. What a server's administrator has to do is not here.

use std::path::Path;

use crate::world::{TOKEN, World, step};

use super::rig::script;

/// Variables of the environment, which an advice may change.
type Variables = Vec<(&'static str, String)>;

/// A push that fails, and what is done about it.
struct Case {
    name: &'static str,
    /// Lets it fail.
    spoil: fn(&World, &mut Variables),
    reason: &'static str,
    /// What the advice says, as far as it does not depend on the sandbox.
    advice: &'static str,
    /// Obeys it.
    obey: fn(&World, &mut Variables),
}

fn set(variables: &mut Variables, name: &'static str, value: impl Into<String>) {
    variables.retain(|(known, _)| *known != name);
    variables.push((name, value.into()));
}

fn configure(world: &World, key: &str, value: &str) {
    let arguments = ["config", "--global", "--replace-all", key, value];
    world.sandbox.git(world.work(), &arguments);
}

fn without_token(variables: &mut Variables) {
    variables.retain(|(name, _)| *name != "SENDOFF_TOKEN");
}

fn helper(password: &str) -> String {
    format!("!f() {{ echo username=x-access-token; echo password={password}; }}; f")
}

fn url_with(world: &World, login: &str) -> String {
    let url = format!("{}/acme/rocket.git", world.git.url());
    url.replace("http://", &format!("http://{login}@"))
}

fn netrc(world: &World, password: &str) {
    let line = format!("machine 127.0.0.1 login x-access-token password {password}\n");
    world.sandbox.write("home/.netrc", line);
}

/// An ssh that runs the command here, whatever options come before it.
fn ssh(world: &World, name: &str) -> String {
    let text = "[ \"$1\" != -G ] || exit 1\nfor last; do :; done\nexec sh -c \"$last\"";
    script(&world.sandbox, name, text).display().to_string()
}

fn over_ssh(world: &World, place: &str) {
    world.point_to(&format!("ssh://{place}{}", world.bare().display()));
}

fn hook(world: &World, text: &str) {
    world.sandbox.executable("clone/.git/hooks/pre-push", text);
}

/// `x-access-token` with the token, as Basic has it.
const BASIC: &str = "eC1hY2Nlc3MtdG9rZW46d29ybGQtdG9rZW4tMDEyMzQ1Njc4OQ==";

fn header(world: &World, login: &str) {
    let line = format!("Authorization: Basic {login}");
    configure(world, "http.extraHeader", &line);
}

const CASES: &[Case] = &[
    Case {
        name: "no login, and a variable is for the host",
        spoil: |_, variables| without_token(variables),
        reason: "auth",
        advice: "set SENDOFF_TOKEN, or set up a credential helper in your global git configuration",
        obey: |_, variables| set(variables, "SENDOFF_TOKEN", TOKEN),
    },
    Case {
        name: "the same, by a helper",
        spoil: |_, variables| without_token(variables),
        reason: "auth",
        advice: "set SENDOFF_TOKEN, or set up a credential helper in your global git configuration",
        obey: |world, _| configure(world, "credential.helper", &helper(TOKEN)),
    },
    Case {
        name: "no login, and no variable is for the host",
        spoil: |world, variables| {
            without_token(variables);
            world.user_policy_with_git_at("https://git.test", "");
        },
        reason: "auth",
        advice: "set up a credential helper in your global git configuration, or write the login into ~/.netrc",
        obey: |world, _| netrc(world, TOKEN),
    },
    Case {
        name: "a helper that does not work",
        spoil: |world, variables| {
            without_token(variables);
            configure(
                world,
                "credential.helper",
                "!f() { echo host=evil.test; }; f",
            );
            netrc(world, "");
        },
        reason: "auth",
        advice: "fix the credential helper, or remove it: git config --global --unset-all credential.helper",
        obey: |world, _| configure(world, "credential.helper", &helper(TOKEN)),
    },
    Case {
        name: "a variable that is refused",
        spoil: |_, variables| set(variables, "SENDOFF_TOKEN", "wrong"),
        reason: "auth",
        advice: "renew the token in SENDOFF_TOKEN, or unset it",
        obey: |_, variables| set(variables, "SENDOFF_TOKEN", TOKEN),
    },
    Case {
        name: "a login in the URL that is refused",
        spoil: |world, variables| {
            without_token(variables);
            world.point_to(&url_with(world, "x-access-token:wrong"));
        },
        reason: "auth",
        advice: "renew the login in the remote's URL: git remote set-url",
        obey: |world, _| world.point_to(&url_with(world, &format!("x-access-token:{TOKEN}"))),
    },
    Case {
        name: "a helper's login that is refused",
        spoil: |world, variables| {
            without_token(variables);
            configure(world, "credential.helper", &helper("wrong"));
        },
        reason: "auth",
        advice: "renew the login that the credential helper of the git configuration keeps",
        obey: |world, _| configure(world, "credential.helper", &helper(TOKEN)),
    },
    Case {
        name: "a login in the file of logins that is refused",
        spoil: |world, variables| {
            without_token(variables);
            netrc(world, "wrong");
        },
        reason: "auth",
        advice: "renew the login in ",
        obey: |world, _| netrc(world, TOKEN),
    },
    Case {
        name: "a program that answers with a wrong login",
        spoil: |world, variables| {
            without_token(variables);
            let ask = script(&world.sandbox, "ask", "echo wrong");
            set(variables, "GIT_ASKPASS", ask.display().to_string());
        },
        reason: "auth",
        advice: "run again, and give another login",
        obey: |world, _| {
            let text = format!("case $1 in User*) echo x-access-token;; *) echo {TOKEN};; esac");
            script(&world.sandbox, "ask", &text);
        },
    },
    Case {
        name: "a header of the user's that is refused",
        spoil: |world, _| header(world, "eDp5"),
        reason: "auth",
        advice: "renew the `Authorization` of `http.extraHeader` in your git configuration, or take it out",
        obey: |world, _| header(world, BASIC),
    },
    Case {
        name: "a repository that is not there",
        spoil: |world, _| world.point_to(&format!("{}/acme/rockets.git", world.git.url())),
        reason: "not-found",
        advice: "check the remote's URL, and that your login may see the repository",
        obey: |world, _| world.point_to(&format!("{}/acme/rocket.git", world.git.url())),
    },
    Case {
        name: "a remote that is a path",
        spoil: |world, _| world.point_to(world.bare().to_str().unwrap()),
        reason: "file-remote",
        advice: "`remotes.allow-file = true`",
        obey: |world, _| world.user_policy("[remotes]\nallow-file = true\n"),
    },
    Case {
        name: "a protocol that git may not speak",
        spoil: |world, _| configure(world, "protocol.http.allow", "never"),
        reason: "unsupported",
        advice: "allow it in `protocol.http.allow`, or use another URL",
        obey: |world, _| configure(world, "protocol.http.allow", "always"),
    },
    Case {
        name: "an ssh program that takes no options",
        spoil: |world, variables| {
            over_ssh(world, "host.test:22");
            set(variables, "GIT_SSH", ssh(world, "wrapper"));
        },
        reason: "unsupported",
        advice: "set `ssh.variant = ssh` in the global git configuration if the program takes OpenSSH's options",
        obey: |world, _| configure(world, "ssh.variant", "ssh"),
    },
    Case {
        name: "an ssh program that is not there",
        spoil: |world, variables| {
            over_ssh(world, "host.test");
            set(variables, "GIT_SSH", "our-ssh");
        },
        reason: "no-program",
        advice: "install the program, or put it on the search path",
        obey: |world, variables| {
            let program = ssh(world, "bin/our-ssh");
            let directory = Path::new(&program).parent().unwrap();
            let path = std::env::var("PATH").unwrap();
            set(variables, "PATH", format!("{}:{path}", directory.display()));
        },
    },
    Case {
        name: "push options of the git configuration that the server does not take",
        spoil: |world, _| configure(world, "push.pushOption", "ci.skip"),
        reason: "unsupported",
        advice: "`steps.push.options` in the policy, `push.pushOption` in the git configuration",
        obey: |world, _| {
            let unset = ["config", "--global", "--unset-all", "push.pushOption"];
            world.sandbox.git(world.work(), &unset);
        },
    },
    Case {
        name: "push options of the policy that the server does not take",
        spoil: |world, _| world.user_policy("[steps.push]\noptions = [\"ci.skip\"]\n"),
        reason: "unsupported",
        advice: "`steps.push.options` in the policy, `push.pushOption` in the git configuration",
        obey: |world, _| world.user_policy(""),
    },
    Case {
        name: "a hook that is too slow",
        spoil: |world, _| {
            world.user_policy("[limits]\nhook-timeout = \"100ms\"\n");
            hook(world, "#!/bin/sh\nsleep 1\n");
        },
        reason: "hook-declined",
        advice: "make the pre-push hook quicker, or raise `limits.hook-timeout`",
        obey: |world, _| world.user_policy("[limits]\nhook-timeout = \"2m\"\n"),
    },
    Case {
        name: "a hook that cannot be started",
        spoil: |world, _| hook(world, "#!/nonexistent/shell\n"),
        reason: "hook-declined",
        advice: "check the pre-push hook: its first line names the program that runs it",
        obey: |world, _| hook(world, "#!/bin/sh\n"),
    },
    Case {
        name: "a hook that says no",
        spoil: |world, _| hook(world, "#!/bin/sh\n! grep -q two a.txt\n"),
        reason: "hook-declined",
        advice: "fix what the hook reports; `git push` would be declined as well",
        obey: |world, _| {
            world.commit("a.txt", "one\n", "Take the second line out");
        },
    },
    Case {
        name: "more commits than the policy lets out",
        spoil: |world, _| world.user_policy("[limits]\ncommits = 1\n"),
        reason: "too-many-commits",
        advice: "`limits.commits`",
        obey: |world, _| world.user_policy("[limits]\ncommits = 2\n"),
    },
    Case {
        name: "a push that is too large",
        spoil: |world, _| {
            world.user_policy("[limits]\npush-size = \"10KB\"\n");
            let noise = sendoff_testing::noise_text(40_000);
            world.commit("noise.txt", &noise, "Add noise");
        },
        reason: "too-large",
        advice: "check what the branch carries, or raise `limits.push-size` in your own policy",
        obey: |world, _| world.user_policy("[limits]\npush-size = \"10MB\"\n"),
    },
];

#[test]
fn a_push_whose_advice_is_obeyed_arrives() {
    for case in CASES {
        let world = World::new();
        let mut variables = world.variables();
        (case.spoil)(&world, &mut variables);
        let run = |variables: &Variables| {
            let arguments = ["run", "post-commit", "--json"];
            world.run_in(&world.work(), &arguments, variables).report()
        };
        let report = run(&variables);
        let push = step(&report, "push");
        assert_eq!(push["reason"], case.reason, "{}: {report}", case.name);
        let advice = push["advice"].as_str().unwrap_or_default();
        assert!(advice.contains(case.advice), "{}: {push}", case.name);
        assert_eq!(world.tip("feature/x"), "", "{}", case.name);

        (case.obey)(&world, &mut variables);
        let report = run(&variables);
        assert_eq!(
            step(&report, "push")["verdict"],
            "done",
            "{}: {report}",
            case.name
        );
        let head = world.sandbox.head(&world.work());
        assert_eq!(world.tip("feature/x"), head, "{}", case.name);
    }
}

/// Runs the command that an advice quotes, with a URL in the place of `URL`.
fn obey_command(world: &World, advice: &str, url: &str) {
    let command = advice.split('`').nth(1).unwrap();
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    let words: Vec<&str> = words
        .into_iter()
        .map(|word| match word {
            "URL" => url,
            "NAME" => "second",
            word => word,
        })
        .collect();
    world.sandbox.git(world.work(), &words);
}

#[test]
fn a_remote_that_cannot_be_told_is_told_after_the_command_of_the_advice() {
    type Setting<'a> = &'a [&'a [&'a str]];
    let cases: [(&str, Setting<'_>); 4] = [
        ("no-remote", &[&["remote", "remove", "origin"]]),
        (
            "remote-ambiguous",
            &[
                &["remote", "rename", "origin", "first"],
                &["remote", "add", "second", "http://127.0.0.1:9/nowhere.git"],
            ],
        ),
        (
            "remote-absent",
            &[&["config", "branch.feature/x.pushRemote", "third"]],
        ),
        (
            "remote-local",
            &[
                &["config", "branch.feature/x.remote", "."],
                &["remote", "rename", "origin", "second"],
            ],
        ),
    ];
    for (reason, settings) in cases {
        let world = World::new();
        for setting in settings {
            world.sandbox.git(world.work(), setting);
        }
        let report = world.report(&["run", "post-commit"]);
        let push = step(&report, "push");
        assert_eq!(push["reason"], reason, "{report}");
        let url = format!("{}/acme/rocket.git", world.git.url());
        obey_command(&world, push["advice"].as_str().unwrap(), &url);
        let report = world.report(&["run", "post-commit"]);
        assert_eq!(
            step(&report, "push")["verdict"],
            "done",
            "{reason}: {report}"
        );
    }
}
