//! Helpers that are named by a path from the work tree. What lies there is nobody's word until it is trusted: git would run it.

use super::as_git::Twin;
use super::served::guarded;

const NOTE: &str =
    "credential.helper in the git configuration is ignored where it leads into the work tree";

#[test]
fn a_helper_in_the_work_tree_is_named_and_runs_where_the_user_says_so() {
    for lines in ["!./helper", "!sh -c './helper \"$@\"' x"] {
        let twin = Twin::new(guarded());
        let sandbox = &twin.served.sandbox;
        let ran = sandbox.path("ran");
        let text = format!(
            "#!/bin/sh\ntouch '{}'\necho username=me; echo password=pw\n",
            ran.display()
        );
        let helper = twin.served.work.join("helper");
        sandbox.executable(&helper, text);
        twin.configure("credential.helper", lines);
        twin.we_refuse(NOTE);
        twin.we_refuse("wants a login");
        assert!(!ran.exists(), "{lines}");
        // The note's advice.
        let named = lines.replace("./helper", helper.to_str().unwrap());
        let arguments = ["config", "--global", "credential.helper", &named];
        sandbox.git(&twin.served.work, &arguments);
        twin.both_arrive();
    }
}

#[test]
fn a_helper_in_a_work_tree_that_counts_runs_there_as_by_git() {
    for (helper, file, text) in [
        (
            "!./helper",
            "helper",
            "#!/bin/sh\necho username=me; echo password=pw\n",
        ),
        ("store --file=logins", "logins", "http://me:pw@HOST\n"),
    ] {
        let twin = Twin::new(guarded());
        let sandbox = &twin.served.sandbox;
        let host = twin.host().replace(':', "%3a");
        sandbox.executable(twin.served.work.join(file), text.replace("HOST", &host));
        twin.configure("credential.helper", helper);
        let policy = "[git]\nlocal-config = \"trust\"\n";
        sandbox.write("home/.config/sendoff/policy.toml", policy);
        twin.both_arrive();
    }
}
