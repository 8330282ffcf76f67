//! Classifies what ssh or git's programs write to stderr before they exit.

use sendoff_push::is_read_only;

use crate::git::transport::TransportError;
use crate::names::Scheme;
use crate::secrets::KnownSecrets;

use super::message_lines::messages;
use super::ssh_command::proxy_not_run;
use super::ssh_login::{key_problem, login_advice};
use super::ssh_words::{
    BROKEN, DENIED, DISCONNECTED, FAILING, INVALID_LOGIN, NO_GIT, NO_LOGIN, NOT_FOUND, NOT_OWNED,
    SSH_SETUP, WITHOUT_SHELL, cause, is_remark,
};

/// How far a connection had come when the program at its other end exited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Its service had not advertised anything: a server that says something refuses.
    Opening,
    /// Its service had begun, so that an unknown message means a failure.
    Working,
}

fn lost(said: Option<String>) -> TransportError {
    TransportError::Network {
        said: said.unwrap_or_default(),
        source: None,
    }
}

/// Classifies the exit of ssh or of git's receive-pack by what it wrote to stderr.
pub(super) fn from_stderr(
    stderr: &[u8],
    scheme: Scheme,
    stage: Stage,
    known: &KnownSecrets,
) -> TransportError {
    // Of a connection that may be fine ssh has remarks, too.
    let (remarks, messages): (Vec<String>, Vec<String>) = messages(stderr, known)
        .into_iter()
        .partition(|line| is_remark(line));
    let find = |words: &[&str]| {
        let says = |line: &&String| {
            let line = line.to_ascii_lowercase();
            words.iter().any(|word| line.contains(word))
        };
        messages.iter().find(says).cloned()
    };
    let is_ssh = scheme == Scheme::Ssh;
    if let Some(said) = messages.iter().find(|line| is_read_only(line)) {
        let said = said.clone();
        return TransportError::ReadOnly { said };
    }
    if let Some(said) = find(NO_LOGIN).filter(|_| is_ssh) {
        let said = key_problem(&messages).cloned().unwrap_or(said);
        let advice = login_advice(&said, &messages);
        return TransportError::SshLogin { said, advice };
    }
    if let Some(said) = find(SSH_SETUP).filter(|_| is_ssh && stage == Stage::Opening) {
        let said = cause(said, &messages, &remarks);
        return TransportError::SshSetup { said };
    }
    if let Some(said) = find(DISCONNECTED) {
        let proxy = proxy_not_run(&messages, &said).filter(|_| is_ssh);
        return proxy.unwrap_or_else(|| lost(Some(cause(said, &messages, &remarks))));
    }
    if let Some(said) = find(FAILING).filter(|_| is_ssh) {
        return TransportError::Failing { said };
    }
    let (class, said) = if let Some(said) = find(NOT_OWNED) {
        // Of a path, too: the user who owns it has to list it here.
        ("denied", said)
    } else if let Some(said) = find(NO_GIT) {
        ("no-program", said)
    } else if let Some(said) = find(WITHOUT_SHELL).filter(|_| is_ssh) {
        ("auth", said)
    } else if let Some(said) = find(NOT_FOUND) {
        ("not-found", said)
    } else if let Some(said) = find(INVALID_LOGIN) {
        ("auth", said)
    } else if let Some(said) = find(DENIED).filter(|_| is_ssh) {
        ("denied", said)
    } else if let Some(said) = find(BROKEN) {
        ("denied", said)
    } else if let Some(said) = messages
        .first()
        .filter(|_| is_ssh && stage == Stage::Opening)
    {
        // ssh connected: whatever the server's program wrote is why it refused.
        ("denied", said.clone())
    } else {
        return lost(messages.last().or(remarks.last()).cloned());
    };
    TransportError::Refused {
        class,
        said,
        messages,
    }
}

#[cfg(test)]
mod tests {
    use sendoff_push::ClassifiedError as _;

    use super::*;

    /// What is written to stderr, and its class.
    const MESSAGES: &[(&str, &str)] = &[
        ("git@github.com: Permission denied (publickey).\n", "auth"),
        (
            "ERROR: Permission to o/r.git denied to u.\nfatal: Could not read from remote repository.\n",
            "denied",
        ),
        ("Host key verification failed.\r\n", "auth"),
        (
            "ERROR: Repository not found.\nfatal: Could not read from remote repository.\n",
            "not-found",
        ),
        (
            "fatal: '/x' does not appear to be a git repository\n",
            "not-found",
        ),
        (
            "ssh: Could not resolve hostname h: Name or service not known\n",
            "network",
        ),
        (
            "ssh: connect to host h port 22: Connection refused\n",
            "network",
        ),
        (
            "remote: \nremote: ========\nremote: \nremote: ERROR: The project you were looking for could not be found or you don't have permission to view it.\nremote: \n",
            "not-found",
        ),
        (
            "remote: \nremote: ERROR: Your SSH key has expired.\nremote: \n",
            "auth",
        ),
        (
            "ERROR: The 'o' organization has enabled or enforced SAML SSO.\nTo access this repository, you must use the HTTPS remote.\n",
            "auth",
        ),
        (
            "remote: TF401019: The Git repository with name or identifier r does not exist or you do not have permissions for the operation you are attempting.\n",
            "not-found",
        ),
        ("Gitea: Cannot find repository: o/r\n", "not-found"),
        (
            "Forgejo: User: 2:bob with Key: 3:laptop is not authorized to write to o/r.\n",
            "denied",
        ),
        (
            "FATAL: W any r bob DENIED by fallthru\n(or you mis-spelled the reponame)\n",
            "denied",
        ),
        ("repository access denied.\n", "denied"),
        ("fatal: Project not found: o/r\n", "not-found"),
        (
            "kex_exchange_identification: Connection closed by remote host\n",
            "network",
        ),
        ("", "network"),
        (
            "Warning: Permanently added 'h' (ED25519) to the list of known hosts.\r\n",
            "network",
        ),
        ("remote: GitLab: Internal API unreachable\n", "network"),
        ("fatal: internal server error\n", "network"),
        (
            "Unprivileged users are not permitted to log in yet. Please come back later.\n",
            "network",
        ),
        (
            "bash: line 1: git-receive-pack: command not found\n",
            "no-program",
        ),
        (
            "You may not have access to this repository or it no longer exists.\n",
            "not-found",
        ),
        (
            "/root/.ssh/config: line 3: Bad configuration option: foo\n",
            "auth",
        ),
        (
            "Unable to negotiate with h port 22: no matching host key type found.\n",
            "auth",
        ),
        ("Cannot execute command-line and remote command.\n", "auth"),
        ("Bad port '0'\n", "auth"),
        (
            "bash: line 1: /opt/git-receive-pack: No such file or directory\n",
            "no-program",
        ),
        ("This account is currently not available.\n", "auth"),
    ];

    fn class(stderr: &str, scheme: Scheme) -> &'static str {
        let known = KnownSecrets::default();
        from_stderr(stderr.as_bytes(), scheme, Stage::Opening, &known).class()
    }

    #[test]
    fn messages_of_ssh_and_of_forges_are_classified() {
        for (stderr, expected) in MESSAGES {
            assert_eq!(class(stderr, Scheme::Ssh), *expected, "{stderr}");
        }
        // Without ssh it is a matter of file modes, and no login helps.
        assert_eq!(class("fatal: permission denied\n", Scheme::File), "network");
        for (stderr, expected) in [
            ("fatal: bad config line 5 in file ./config\n", "denied"),
            ("fatal: Expected git repo version <= 1, found 2\n", "denied"),
            (
                "fatal: failed to expand user dir in: '~nobody/h'\n",
                "denied",
            ),
            ("fatal: unable to parse command-line config\n", "denied"),
            ("fatal: invalid gitfile format: /b.bundle\n", "not-found"),
        ] {
            assert_eq!(class(stderr, Scheme::File), expected, "{stderr}");
        }
        let foreign = "fatal: detected dubious ownership in repository at '/r.git'\nTo add an exception for this directory, call:\n\n\tgit config --global --add safe.directory /r.git\n";
        for scheme in [Scheme::Ssh, Scheme::File] {
            assert_eq!(class(foreign, scheme), "denied");
        }
    }

    #[test]
    fn the_line_that_tells_most_is_shown_and_its_advice_follows_from_it() {
        let notice = "Warning: Permanently added 'h' (ED25519) to the list of known hosts.\r\n** WARNING: connection is not using a post-quantum key exchange algorithm.\n";
        let denied = "git@h: Permission denied (publickey).\n";
        let mut told = Vec::new();
        for stderr in [
            format!("{notice}This service is closed on Sundays.\n"),
            format!("{notice}ERROR: Permission to o/r.git denied to u.\n"),
            format!("Permissions 0644 for '/k' are too open.\nLoad key \"/k\": bad permissions\n{denied}"),
            format!("sign_and_send_pubkey: signing failed for ED25519 \"k\" from agent: agent refused operation\n{denied}"),
            format!("no such identity: /k: No such file or directory\n{denied}"),
            "Host key verification failed.\n".to_owned(),
            "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nHost key verification failed.\n".to_owned(),
            "Received disconnect from 1.2.3.4 port 22:2: Too many authentication failures\n".to_owned(),
            "Bad owner or permissions on /root/.ssh/config\n".to_owned(),
            "sh: 1: git-receive-pack: not found\n".to_owned(),
            "fatal: detected dubious ownership in repository at '/srv/r.git'\n".to_owned(),
            "remote: GitLab: Internal API unreachable\n".to_owned(),
        ] {
            let known = KnownSecrets::default();
            let error = from_stderr(stderr.as_bytes(), Scheme::Ssh, Stage::Opening, &known);
            let when = if error.is_transient() { "later" } else { "never" };
            let advice = error.advice().unwrap_or_default();
            told.push(format!("{when}: {error}\n  {advice}"));
        }
        insta::assert_snapshot!(told.join("\n"), @r#"
        never: the server denies access: This service is closed on Sundays.
          read the server's message: it takes no push until what it names is changed
        never: the server denies access: Permission to o/r.git denied to u.
          ask for write access, or use a key that has it
        never: ssh was not let in: Permissions 0644 for '/k' are too open.
          let nobody else read the key: chmod 600 on its file
        never: ssh was not let in: sign_and_send_pubkey: signing failed for ED25519 "k" from agent: agent refused operation
          unlock the key in the agent, or touch it when it asks
        never: ssh was not let in: no such identity: /k: No such file or directory
          put the key where ssh looks for it, or name it where it is: IdentityFile in ~/.ssh/config, or `-i` of the ssh command
        never: ssh was not let in: Host key verification failed.
          connect once by hand, and compare the key that ssh shows with the host's: git push --dry-run REMOTE HEAD
        never: ssh was not let in: @    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
          ask the server's administrator whether its key was changed; then take the old one out: ssh-keygen -R HOST
        never: ssh was not let in: Received disconnect from 1.2.3.4 port 22:2: Too many authentication failures
          name the one key of the host in ~/.ssh/config: IdentityFile, with IdentitiesOnly yes
        never: ssh did not connect: Bad owner or permissions on /root/.ssh/config
          correct what ssh names, in ~/.ssh/config or its options: `ssh -o BatchMode=yes` to the host has to work
        never: the server has no git: sh: 1: git-receive-pack: not found
          install git on the server, or name where it is: git config --global remote.NAME.receivepack PATH
        never: the server denies access: detected dubious ownership in repository at '/srv/r.git'
          have the server list the repository for the user who serves it: git config --global --add safe.directory PATH
        later: the server is not available now: GitLab: Internal API unreachable
          run again in a while: nothing is lost; where it stays so, tell the server's administrator
        "#);
    }

    #[test]
    fn all_lines_of_a_refusal_are_kept_and_the_telling_one_is_shown() {
        let stderr = "remote: \nremote: ====\nremote: ERROR: Your SSH key has expired.\nremote: Renew it at https://h/keys.\n";
        let known = KnownSecrets::default();
        let error = from_stderr(stderr.as_bytes(), Scheme::Ssh, Stage::Opening, &known);
        assert_eq!(
            error.to_string(),
            "the server refused the login: Your SSH key has expired."
        );
        let TransportError::Refused { messages, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!(
            messages,
            ["Your SSH key has expired.", "Renew it at https://h/keys."]
        );
    }
}
