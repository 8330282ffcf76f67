//! The `credential` sections of system and global configuration, and which of them hold for a URL.

use gix::bstr::ByteSlice;
use gix::config::File;
use gix::config::source::Kind;

/// One `[credential]` or `[credential "URL"]` section.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CredentialRule {
    /// What the URL has to look like; none for all.
    pub pattern: Option<String>,
    /// The helpers in order; an empty text forgets those before it.
    pub helpers: Vec<String>,
    /// The user name to ask for.
    pub username: Option<String>,
    /// Whether helpers get to see the path.
    pub use_http_path: Option<bool>,
}

/// Reads the rules, in the order of the configuration, from the system's and the user's files only.
///
/// A repository could otherwise name a program to run, or move a password to another host.
pub fn rules_of(config: &File) -> Vec<CredentialRule> {
    let trusted = |source: gix::config::Source| {
        matches!(
            source.kind(),
            Kind::GitInstallation | Kind::System | Kind::Global
        )
    };
    let sections = config.sections_by_name_and_filter("credential", |meta| trusted(meta.source));
    let text = |value: gix::bstr::BString| value.to_str().ok().map(str::to_owned);
    sections
        .into_iter()
        .flatten()
        .map(|section| CredentialRule {
            pattern: section
                .header()
                .subsection_name()
                .map(|name| name.to_str_lossy().into_owned()),
            helpers: section
                .values("helper")
                .into_iter()
                .filter_map(text)
                .collect(),
            username: section.value("username").and_then(text),
            use_http_path: section.value("useHttpPath").and_then(text).map(|value| {
                let value = value.to_ascii_lowercase();
                ["true", "yes", "on", "1", ""].contains(&value.as_str())
            }),
        })
        .collect()
}

/// What the rules say about one URL.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Applied<'rules> {
    pub(super) helpers: Vec<&'rules str>,
    pub(super) username: Option<&'rules str>,
    pub(super) use_http_path: bool,
}

/// Applies those rules that match, later ones over earlier ones.
pub(super) fn apply<'rules>(
    rules: &'rules [CredentialRule],
    url: &reqwest::Url,
    user: Option<&str>,
) -> Applied<'rules> {
    let mut applied = Applied::default();
    for rule in rules {
        let matches = rule.pattern.as_deref();
        if !matches.is_none_or(|pattern| is_match(pattern, url, user)) {
            continue;
        }
        for helper in &rule.helpers {
            if helper.is_empty() {
                applied.helpers.clear();
            } else {
                applied.helpers.push(helper);
            }
        }
        if let Some(name) = &rule.username {
            applied.username = Some(name);
        }
        if let Some(wanted) = rule.use_http_path {
            applied.use_http_path = wanted;
        }
    }
    applied
}

/// Says whether `pattern` is for `url`: same scheme, host and port, and a path that begins alike.
fn is_match(pattern: &str, url: &reqwest::Url, user: Option<&str>) -> bool {
    // `*` stands for one label of the host, and is no character that a host may have in a URL.
    let escaped = pattern.replace('*', "wildcard-label");
    let Ok(parsed) = reqwest::Url::parse(&escaped) else {
        return false;
    };
    let (Some(wanted), Some(host)) = (parsed.host_str(), url.host_str()) else {
        return false;
    };
    let wanted: Vec<&str> = wanted.split('.').collect();
    let labels: Vec<&str> = host.split('.').collect();
    let same_host = wanted.len() == labels.len()
        && wanted
            .iter()
            .zip(&labels)
            .all(|(wanted, label)| *wanted == "wildcard-label" || wanted == label);
    let path = parsed.path().trim_end_matches('/');
    let below = url
        .path()
        .strip_prefix(path)
        .is_some_and(|rest| path.is_empty() || rest.is_empty() || rest.starts_with('/'));
    same_host
        && below
        && parsed.scheme() == url.scheme()
        && parsed.port_or_known_default() == url.port_or_known_default()
        && (parsed.username().is_empty() || Some(parsed.username()) == user)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, url: &str) -> bool {
        is_match(pattern, &reqwest::Url::parse(url).unwrap(), None)
    }

    #[test]
    fn a_pattern_names_scheme_host_port_and_a_whole_part_of_the_path() {
        assert!(matches("https://a.test", "https://a.test/o/r"));
        assert!(matches("https://a.test:443/o", "https://a.test/o/r"));
        assert!(matches("https://*.a.test", "https://x.a.test/o"));
        assert!(!matches("https://*.a.test", "https://a.test/o"));
        assert!(!matches("https://*.a.test", "https://y.x.a.test/o"));
        assert!(!matches("https://a.test", "http://a.test/o"));
        assert!(!matches("https://a.test", "https://a.test:8443/o"));
        assert!(!matches("https://a.test", "https://a.test.evil.test/o"));
        assert!(!matches("https://a.test/o", "https://a.test/other"));
        assert!(!matches("a.test", "https://a.test/"));
    }

    #[test]
    fn an_empty_helper_forgets_those_before_it() {
        let rule = |pattern: Option<&str>, helpers: &[&str]| CredentialRule {
            pattern: pattern.map(str::to_owned),
            helpers: helpers.iter().map(|text| (*text).to_owned()).collect(),
            ..CredentialRule::default()
        };
        let rules = [
            rule(None, &["system"]),
            rule(Some("https://a.test"), &["", "mine"]),
        ];
        let for_url = |url: &str| {
            let url = reqwest::Url::parse(url).unwrap();
            apply(&rules, &url, None).helpers
        };
        assert_eq!(for_url("https://a.test/"), ["mine"]);
        assert_eq!(for_url("https://b.test/"), ["system"]);
    }

    #[test]
    fn only_system_and_global_sections_are_read() {
        let section = |source| {
            let mut file = File::new(gix::config::file::Metadata::from(source));
            let text = format!("[credential]\n\thelper = {source:?}\n");
            let meta = gix::config::file::Metadata::from(source);
            let parsed = File::from_bytes_no_includes(
                text.as_bytes(),
                meta,
                gix::config::file::init::Options::default(),
            )
            .unwrap();
            file.append(parsed).unwrap();
            file
        };
        let mut config = section(gix::config::Source::System);
        config.append(section(gix::config::Source::User)).unwrap();
        config.append(section(gix::config::Source::Local)).unwrap();
        config.append(section(gix::config::Source::Env)).unwrap();
        let helpers: Vec<String> = rules_of(&config)
            .into_iter()
            .flat_map(|r| r.helpers)
            .collect();
        assert_eq!(helpers, ["System", "User"]);
    }
}
