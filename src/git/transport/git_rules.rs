//! What git's configuration and variables say of a remote besides TLS and proxy: whether it may be reached, how long it may be
//! slow, whether redirects are followed, and whether a login goes first.

use std::time::Duration;

use gix::bstr::BStr;
use gix::config::Integer;

use crate::environment::Environment;
use crate::git::{Config, Matching};
use crate::names::RemoteUrl;

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
        let Some(config) = config else { return self };
        let http = |name| config.scoped("http", name, url, Matching::Best).pop();
        if http("followRedirects").is_some_and(|value| is_false(&value)) {
            self.redirects = Redirects::Never;
        }
        let proactive = http("proactiveAuth");
        if matches!(proactive.as_deref(), Some("basic" | "auto")) {
            self.proactive_login = ProactiveLogin::Yes;
        }
        let number = |variable: &str, key| {
            let text = environment.text(variable).map(str::to_owned);
            let text = text.or_else(|| http(key))?;
            let number = Integer::try_from(BStr::new(&text)).ok()?.to_decimal()?;
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

/// Returns what does not allow the URL's scheme, as git reads it.
fn forbidden_by(
    environment: &Environment,
    config: Option<&Config>,
    url: &RemoteUrl,
) -> Option<String> {
    let scheme = url.scheme().as_str();
    if let Some(list) = environment.text("GIT_ALLOW_PROTOCOL") {
        let is_listed = list.split(':').any(|listed| listed == scheme);
        return (!is_listed).then(|| "GIT_ALLOW_PROTOCOL".to_owned());
    }
    let own = format!("protocol.{scheme}.allow");
    let (key, value) = [own.as_str(), "protocol.allow"]
        .into_iter()
        .find_map(|key| Some((key, config?.string(key)?)))?;
    let by_user = environment.text("GIT_PROTOCOL_FROM_USER");
    match value.to_ascii_lowercase().as_str() {
        "always" => None,
        "user" => by_user
            .is_some_and(is_false)
            .then(|| "GIT_PROTOCOL_FROM_USER".to_owned()),
        // Git ends at a value that it does not know.
        _ => Some(format!("`{key}`")),
    }
}

fn is_false(text: &str) -> bool {
    matches!(
        text.to_ascii_lowercase().as_str(),
        "false" | "no" | "off" | "0"
    )
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
        assert_eq!(forbidden_by(&environment(""), None, &url), None);
    }
}
