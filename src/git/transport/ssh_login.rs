//! What ssh says when it does not log in or does not connect, and what to do about each cause.

/// What ssh writes of a key before it says that it was not let in, in the order in which it tells more.
const KEY_PROBLEMS: &[&str] = &[
    "are too open",
    "agent refused operation",
    "no such identity",
    "error in libcrypto",
    "invalid format",
    "bad permissions",
    CHANGED,
    "identification has changed",
    REVOKED,
    UNKNOWN,
];

/// What follows the name of a host whose key is another one than before.
const CHANGED: &str = "has changed and you have requested strict checking";

/// What follows the name of a host whose key the user has marked as revoked.
const REVOKED: &str = "was revoked and you have requested strict checking";

/// What stands before the name of a host that is not known, where ssh may not ask whether it is the right one.
const UNKNOWN: &str = "host key is known for ";

/// Causes of a login that failed, and what to do about each.
const LOGIN_ADVICE: &[(&str, &str)] = &[
    (
        "identification has changed",
        "ask the server's administrator whether its key was changed; then take the old one out: ssh-keygen -R HOST",
    ),
    (
        REVOKED,
        "ask the server's administrator for the host's new key: the one that it shows is marked as revoked in known_hosts",
    ),
    (
        UNKNOWN,
        "write the key that the host's administrator names into known_hosts; or take out `StrictHostKeyChecking yes`, connect once by hand, and compare: git push --dry-run REMOTE HEAD",
    ),
    (
        "host key verification failed",
        "connect once by hand, and compare the key that ssh shows with the host's: git push --dry-run REMOTE HEAD",
    ),
    (
        "are too open",
        "let nobody else read the key: chmod 600 on its file",
    ),
    (
        "agent refused operation",
        "unlock the key in the agent, or touch it when it asks",
    ),
    (
        "too many authentication failures",
        "name the one key of the host in ~/.ssh/config: IdentityFile, with IdentitiesOnly yes",
    ),
    (
        "no such identity",
        "put the key where ssh looks for it, or name it where it is: IdentityFile in ~/.ssh/config, or `-i` of the ssh command",
    ),
    ("error in libcrypto", WRITTEN_BADLY),
    ("invalid format", WRITTEN_BADLY),
];

const WRITTEN_BADLY: &str = "write the file of the private key again as it was made: plain line breaks, one at its end, no character lost";

/// Causes of a connection that was not made, what the server offers behind them, and the option that takes it.
const OFFERS: &[(&str, &str)] = &[
    ("no matching host key type", "HostKeyAlgorithms"),
    ("no matching key exchange method", "KexAlgorithms"),
    ("no matching cipher", "Ciphers"),
    ("no matching mac", "MACs"),
];

/// Returns the line that says most about a key that did not open the door.
pub(super) fn key_problem(lines: &[String]) -> Option<&String> {
    let says = |words: &str| lines.iter().find(|line| lower(line).contains(words));
    KEY_PROBLEMS.iter().find_map(|words| says(words))
}

/// Returns what to do about a login that failed: `said` is the line that tells most, `lines` are all of them.
pub(super) fn login_advice(said: &str, lines: &[String]) -> String {
    if let Some(command) = removal(said, lines) {
        return format!(
            "ask the server's administrator whether its key was changed; then take the old one out: {command}"
        );
    }
    let said = lower(said);
    let mut known = LOGIN_ADVICE.iter();
    let found = known.find(|(words, _)| said.contains(words));
    let advice = found.map_or(
        "make `ssh -o BatchMode=yes` to the host work first",
        |(_, advice)| advice,
    );
    advice.to_owned()
}

/// Returns the command that takes out the old key of the host that `said` names, from the file that `lines` name.
fn removal(said: &str, lines: &[String]) -> Option<String> {
    let host = said.strip_prefix("Host key for ")?.split_once(CHANGED)?.0;
    let host = plain(host.trim_end(), ".:_-[]%")?;
    let offending = lines.iter().find(|line| line.starts_with("Offending "));
    let file = offending.and_then(|line| {
        let (file, number) = line.split_once(" key in ")?.1.rsplit_once(':')?;
        number.parse::<u32>().ok()?;
        plain(file, "./_-~")
    });
    let file = file.map(|file| format!(" -f {file}")).unwrap_or_default();
    Some(format!("ssh-keygen -R '{host}'{file}"))
}

/// Returns a word that a shell takes as it is: the server writes to the same place as ssh.
fn plain<'a>(word: &'a str, also: &str) -> Option<&'a str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || also.contains(c);
    let is_name = !word.is_empty() && !word.starts_with('-') && word.chars().all(is_plain);
    is_name.then_some(word)
}

/// Returns what to do about a connection that the configuration of ssh prevents.
pub(super) fn setup_advice(said: &str) -> String {
    let known = OFFERS.iter().find(|(words, _)| lower(said).contains(words));
    let offer = said.split_once("Their offer: ").map(|(_, offer)| offer);
    let offer = offer.and_then(|offer| plain(offer.trim(), "-_.,@"));
    match known.zip(offer) {
        Some(((_, option), offer)) => format!(
            "have the server's administrator offer a newer algorithm, or take what it offers, in ~/.ssh/config: {option} +{offer}"
        ),
        None => {
            "correct what ssh names, in ~/.ssh/config or its options: `ssh -o BatchMode=yes` to the host has to work".to_owned()
        }
    }
}

fn lower(text: &str) -> String {
    text.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_writes_becomes_no_command() {
        let advice = |said: &str, lines: &[&str]| {
            let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
            login_advice(said, &lines)
        };
        let changed = |host: &str| {
            format!("Host key for {host} has changed and you have requested strict checking.")
        };
        let told = advice(
            &changed("[h.test]:22"),
            &["Offending RSA key in /h/known hosts:3"],
        );
        assert!(told.ends_with(": ssh-keygen -R '[h.test]:22'"), "{told}");
        let told = advice(&changed("h'; id; '"), &[]);
        assert!(!told.contains("id;"), "{told}");
        let told =
            setup_advice("Unable to negotiate: no matching cipher found. Their offer: $(id)");
        assert!(!told.contains("id)"), "{told}");
        let told = setup_advice(
            "Unable to negotiate: no matching cipher found. Their offer: 3des-cbc,a@b.c",
        );
        assert!(told.ends_with(": Ciphers +3des-cbc,a@b.c"), "{told}");
    }
}
