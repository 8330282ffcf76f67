//! What git's configuration and variables say about a remote besides TLS and the proxies of http: whether it may be
//! reached, through which program, how long it may be slow, whether redirects are followed, and whether a login is
//! sent first.

use std::time::Duration;

use gix::bstr::BStr;

use crate::environment::Environment;
use crate::git::config::{Config, Matching, integer, truth};
use crate::names::{RemoteUrl, Scheme};

use super::options::{ProactiveLogin, PushOptions, Redirects};

impl PushOptions {
    /// Adds what variables and the user's configuration say about `url`.
    #[must_use]
    pub fn with_git_rules(
        mut self,
        environment: &Environment,
        config: Option<&Config>,
        url: &RemoteUrl,
    ) -> Self {
        self.forbidden_by = forbidden_by(environment, config, url);
        self.git_proxy = git_proxy(environment, config, url);
        let Some(config) = config else { return self };
        let http = |name| config.scoped("http", name, url, Matching::Best).pop();
        let follows = config.scoped_truth("http", "followRedirects", url, Matching::Best);
        if follows == Some(false) {
            self.redirects = Redirects::Never;
        }
        let proactive = http("proactiveAuth");
        if matches!(proactive.as_deref(), Some("basic" | "auto")) {
            self.proactive_login = ProactiveLogin::Yes;
        }
        let number = |variable: &str, key| {
            let text = environment.text(variable).map(str::to_owned);
            let text = text.or_else(|| http(key))?;
            let number = integer(BStr::new(&text), i32::MAX.into())?;
            u64::try_from(number).ok().filter(|number| *number > 0)
        };
        let limit = number("GIT_HTTP_LOW_SPEED_LIMIT", "lowSpeedLimit");
        let time = number("GIT_HTTP_LOW_SPEED_TIME", "lowSpeedTime");
        if let (Some(_), Some(seconds)) = (limit, time) {
            self.push_timeout = self.push_timeout.min(Duration::from_secs(seconds));
        }
        self
    }
}

/// Returns the program that git would connect to its daemon through: `GIT_PROXY_COMMAND`, else the first `core.gitProxy`
/// that is for the URL's host.
fn git_proxy(
    environment: &Environment,
    config: Option<&Config>,
    url: &RemoteUrl,
) -> Option<String> {
    if let Some(command) = environment.text("GIT_PROXY_COMMAND") {
        return Some(command.to_owned());
    }
    // Git compares with the port, where the URL names one.
    let port = url.port().map(|port| format!(":{port}"));
    let host = format!("{}{}", url.host()?, port.unwrap_or_default());
    let is_for = |domain: &str| {
        let before = host.strip_suffix(domain);
        before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
    };
    let lines = config?.strings("core.gitProxy");
    lines.iter().find_map(|line| {
        let (command, is_ours) = match line.split_once(" for ") {
            Some((command, domain)) => (command, is_for(domain)),
            None => (line.as_str(), true),
        };
        let command = if command == "none" { "" } else { command };
        is_ours.then(|| command.to_owned())
    })
}

/// Returns the key or variable that does not allow the URL's scheme, as git reads it.
fn forbidden_by(
    environment: &Environment,
    config: Option<&Config>,
    url: &RemoteUrl,
) -> Option<String> {
    let scheme = url.scheme().as_str();
    // Set to nothing it lists nothing.
    if let Some(list) = environment.raw("GIT_ALLOW_PROTOCOL") {
        let is_listed = list
            .split(|byte| *byte == b':')
            .any(|listed| listed == scheme.as_bytes());
        return (!is_listed).then(|| "GIT_ALLOW_PROTOCOL".to_owned());
    }
    let own = format!("protocol.{scheme}.allow");
    let configured = [own.as_str(), "protocol.allow"]
        .into_iter()
        .find_map(|key| Some((key, config?.string(key)?)));
    // What git does where nothing is configured.
    let by_default = match url.scheme() {
        Scheme::File => "user",
        _ => "always",
    };
    let (key, value) = configured.unwrap_or((own.as_str(), by_default.to_owned()));
    let by_user = environment.raw("GIT_PROTOCOL_FROM_USER");
    match value.to_ascii_lowercase().as_str() {
        "always" => None,
        // Git fails on what is neither true nor false.
        "user" => by_user
            .is_some_and(|text| truth(Some(BStr::new(text))) != Some(true))
            .then(|| "GIT_PROTOCOL_FROM_USER".to_owned()),
        // Git fails on a value that it does not know.
        _ => Some(format!("`{key}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Guards that the list of a variable is what counts, alone.
    #[test]
    fn a_scheme_that_the_variable_does_not_list_is_forbidden() {
        let environment = |list: &str| Environment::from_pairs("/", [("GIT_ALLOW_PROTOCOL", list)]);
        let url = RemoteUrl::parse("https://git.test/r").unwrap();
        assert_eq!(forbidden_by(&environment("ssh:https"), None, &url), None);
        assert_eq!(
            forbidden_by(&environment("ssh:file"), None, &url).as_deref(),
            Some("GIT_ALLOW_PROTOCOL")
        );
        let nothing = forbidden_by(&environment(""), None, &url);
        assert_eq!(nothing.as_deref(), Some("GIT_ALLOW_PROTOCOL"));
        let none = Environment::from_pairs("/", [("X", "")]);
        assert_eq!(forbidden_by(&none, None, &url), None);
    }

    /// Guards that a path is reached only by who may choose it, where nothing is configured.
    #[test]
    fn a_path_is_for_the_user_to_name() {
        let path = RemoteUrl::parse("/srv/r").unwrap();
        let of = |said: &str| {
            let environment = Environment::from_pairs("/", [("GIT_PROTOCOL_FROM_USER", said)]);
            forbidden_by(&environment, None, &path)
        };
        assert_eq!(of("1"), None);
        for said in ["0", "false", "", "zzz"] {
            assert_eq!(
                of(said).as_deref(),
                Some("GIT_PROTOCOL_FROM_USER"),
                "{said}"
            );
        }
    }
}
