//! Answers of credential helpers and of programs that ask, in the forms that git takes; each beside `git push`.

use std::time::Duration;

use secrecy::SecretString;
use sendoff::demo::git_server::GitServerOptions;
use sendoff::git::credentials::Asking;
use sendoff_testing::supervise;

use super::as_git::Twin;
use super::served::guarded;

#[test]
fn an_answer_counts_up_to_its_first_line_that_is_none() {
    supervise!();
    let twin = Twin::new(guarded());
    let chatty = "!f() { echo username=me; echo password=pw; echo kept since Monday; }; f";
    twin.configure("credential.helper", chatty);
    twin.both_arrive();
}

/// Guards the time of a shell: a helper of plain words is started without one, also where git starts one. A shell that
/// becomes the program that it is told to run shows no difference.
#[test]
fn a_helper_of_plain_words_is_started_without_a_shell() {
    supervise!();
    let twin = Twin::new(guarded());
    let parents = twin.served.sandbox.path("parents");
    let login = "echo username=me; echo password=pw\n";
    let script = format!("#!/bin/sh\necho $PPID >> '{}'\n{login}", parents.display());
    let helper = twin.served.sandbox.executable("helper", &script);
    twin.configure("credential.helper", helper.to_str().unwrap());
    twin.both_arrive();
    let parents = std::fs::read_to_string(parents).unwrap();
    // Asked and told by the same process, where a shell of its own would have started each.
    let parents: Vec<_> = parents.lines().collect();
    let mut pairs = parents.windows(2);
    assert!(pairs.any(|pair| pair.first() == pair.last()), "{parents:?}");
}

/// Guards that the shell runs what the system does not: a script that does not say by what.
#[test]
fn a_helper_may_be_a_script_without_an_interpreter() {
    supervise!();
    let twin = Twin::new(guarded());
    let script = "echo username=me; echo password=pw\n";
    let helper = twin.served.sandbox.executable("helper", script);
    twin.configure("credential.helper", helper.to_str().unwrap());
    twin.both_arrive();
}

#[test]
fn an_answer_may_be_a_url() {
    supervise!();
    let twin = Twin::new(guarded());
    let url = format!("http://me:%70w@{}", twin.host());
    let helper = format!("!f() {{ test \"$1\" = get && echo 'url={url}'; }}; f");
    twin.configure("credential.helper", &helper);
    twin.both_arrive();
}

#[test]
fn a_truth_that_is_set_to_nothing_is_false() {
    supervise!();
    let twin = Twin::new(guarded());
    twin.configure("credential.helper", "store");
    twin.configure("credential.useHttpPath", "");
    let login = format!("http://me:pw@{}\n", twin.host().replace(':', "%3a"));
    twin.served.sandbox.write("home/.git-credentials", login);
    twin.both_arrive();
}

#[test]
fn a_token_that_is_typed_as_the_user_needs_no_password() {
    supervise!();
    let mut twin = Twin::new(GitServerOptions {
        login: Some(("token123".into(), SecretString::from(""))),
        ..guarded()
    });
    let script = "#!/bin/sh\ncase $1 in User*) echo token123;; *) echo;; esac\n";
    let ask = twin.served.sandbox.executable("ask", script);
    let ask = ask.to_str().unwrap().to_owned();
    twin.variables.push(("GIT_ASKPASS", ask));
    twin.both_arrive();
}

/// Guards that one who says that no other helper is to be asked says nothing of libcurl's file.
#[test]
fn a_helper_that_ends_the_search_leaves_the_file_of_logins() {
    supervise!();
    let twin = Twin::new(guarded());
    twin.configure("credential.helper", "!echo quit=1; true");
    let line = "MACHINE 127.0.0.1 login me Password pw\n";
    twin.served.sandbox.write("home/.netrc", line);
    twin.both_arrive();
}

#[test]
fn nobody_is_asked_where_the_user_does_not_want_it() {
    supervise!();
    for (value, is_asked) in [("false", false), ("never", false), ("auto", true)] {
        let mut twin = Twin::new(guarded());
        twin.configure("credential.interactive", value);
        let script = "#!/bin/sh\ncase $1 in User*) echo me;; *) echo pw;; esac\n";
        let ask = twin.served.sandbox.executable("ask", script);
        let ask = ask.to_str().unwrap().to_owned();
        twin.variables.push(("GIT_ASKPASS", ask));
        if is_asked {
            twin.both_arrive();
        } else {
            twin.neither_arrives("wants a login");
        }
    }
}

/// Guards against a refused login of nothing: what says nothing to either question knows no login.
#[test]
fn a_program_that_says_nothing_knows_no_login() {
    supervise!();
    let twin = Twin::new(guarded());
    let ask = twin.served.sandbox.executable("ask", "#!/bin/sh\n");
    let mut options = twin.served.options();
    let asking = Asking::new(options.inheritance.clone(), Duration::from_secs(20));
    options.asking = asking.by_program(ask.to_str().map(str::to_owned));
    let error = twin.served.push(&options).unwrap_err();
    assert!(error.to_string().contains("wants a login"), "{error}");
    assert_eq!(twin.served.talk(), ["GET info/refs 401"]);
}
