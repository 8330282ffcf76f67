//! The URLs of GitHub's API and pages, and which links of a response are trusted.

use url::Url;

use crate::http::Response;
use crate::names::{Origin, RemoteUrl, RepositoryName};

/// The domain below which GitHub hosts enterprises with data residency.
const RESIDENCY: &str = ".ghe.com";

/// Says whether a remote is on GitHub by its host alone.
pub(super) fn recognises(remote: &RemoteUrl) -> bool {
    remote.host().map(lower).is_some_and(|host| {
        is_public(&host) || host.strip_suffix(RESIDENCY).is_some_and(is_one_label)
    })
}

/// Returns the API's base for a remote; a host that is not recognised is a server of one's own.
pub(super) fn api_url(remote: &RemoteUrl) -> Option<Url> {
    let host = lower(remote.host()?);
    if is_public(&host) {
        return Url::parse("https://api.github.com/").ok();
    }
    if host.strip_suffix(RESIDENCY).is_some_and(is_one_label) {
        return Url::parse(&format!("https://api.{host}/")).ok();
    }
    // Scheme and port of an ssh remote are not those of the API.
    match remote.http_url() {
        Some(url) => url.join("/api/v3/").ok(),
        None => Url::parse(&format!("https://{host}/api/v3/")).ok(),
    }
}

/// Returns the URL of the GraphQL API that belongs to an API.
pub(super) fn graphql(api: &Url) -> Url {
    let mut graphql = api.clone();
    let path = api.path().trim_end_matches('/');
    let path = match path.strip_suffix("/api/v3") {
        Some(before) => format!("{before}/api/graphql"),
        None => format!("{path}/graphql"),
    };
    graphql.set_path(&path);
    graphql
}

fn lower(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

/// `ssh.github.com` serves ssh on port 443.
fn is_public(host: &str) -> bool {
    matches!(host, "github.com" | "www.github.com" | "ssh.github.com")
}

fn is_one_label(text: &str) -> bool {
    !text.is_empty() && !text.contains('.')
}

/// Returns the page of a pull request: the forge's link when it is on the forge's own host, else
/// one made of the names.
pub(super) fn page(
    link: Option<&str>,
    api: &Url,
    repository: &RepositoryName,
    number: u64,
) -> String {
    let web = web(api);
    let believed = link
        .filter(|link| !link.chars().any(char::is_control))
        .and_then(|link| Url::parse(link).ok())
        .filter(|link| is_same_site(link, &web));
    if let Some(link) = believed {
        return link.to_string();
    }
    let number = number.to_string();
    let mut made = web;
    if let Ok(mut path) = made.path_segments_mut() {
        path.clear();
        path.extend([&repository.owner, &repository.name, "pull", &number]);
    }
    made.to_string()
}

/// Returns the root of the pages that belong to an API.
fn web(api: &Url) -> Url {
    let mut web = api.clone();
    web.set_query(None);
    web.set_fragment(None);
    web.set_path("/");
    let host = api.host_str().map(lower).unwrap_or_default();
    let bare = host
        .strip_prefix("api.")
        .filter(|bare| is_public(bare) || bare.ends_with(RESIDENCY));
    match bare {
        // The host came out of a valid URL, so it fits into one.
        Some(bare) if web.set_host(Some(bare)).is_ok() => web,
        _ => web,
    }
}

/// Says whether `link` is a page of `web`. On this machine any port will do.
fn is_same_site(link: &Url, web: &Url) -> bool {
    let plain = link.username().is_empty() && link.password().is_none();
    match (Origin::of(link), Origin::of(web)) {
        (Some(link), Some(web)) => {
            plain && (link == web || (link.is_loopback() && web.is_loopback()))
        }
        _ => false,
    }
}

/// Returns the next page of a list, unless it is at another origin.
pub(super) fn next_page(response: &Response) -> Option<Url> {
    let links = response.header("link")?;
    let next = links.split(',').find_map(|link| {
        let (url, parameters) = link.split_once(';')?;
        let is_next = parameters
            .split(';')
            .any(|p| matches!(p.trim(), "rel=\"next\"" | "rel=next"));
        let url = url.trim().strip_prefix('<')?.strip_suffix('>')?;
        is_next.then_some(url)
    })?;
    let next = response.url().join(next).ok()?;
    let is_here = Origin::of(&next).is_some() && Origin::of(&next) == Origin::of(response.url());
    is_here.then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(text: &str) -> RemoteUrl {
        RemoteUrl::parse(text).unwrap()
    }

    #[test]
    fn the_api_of_every_kind_of_host_is_known() {
        let api = |text: &str| api_url(&remote(text)).unwrap().to_string();
        assert_eq!(api("git@github.com:o/r.git"), "https://api.github.com/");
        assert_eq!(
            api("ssh://git@ssh.github.com:443/o/r"),
            "https://api.github.com/"
        );
        assert_eq!(api("https://Sub.ghe.com/o/r"), "https://api.sub.ghe.com/");
        assert_eq!(
            api("https://git.example:8443/o/r"),
            "https://git.example:8443/api/v3/"
        );
        assert_eq!(
            api("ssh://git@git.example:2222/o/r"),
            "https://git.example/api/v3/"
        );
    }

    #[test]
    fn graphql_is_beside_the_api() {
        let of = |api: &str| graphql(&Url::parse(api).unwrap()).to_string();
        assert_eq!(
            of("https://api.github.com/"),
            "https://api.github.com/graphql"
        );
        assert_eq!(
            of("https://api.sub.ghe.com/"),
            "https://api.sub.ghe.com/graphql"
        );
        assert_eq!(
            of("https://git.example:8443/api/v3/"),
            "https://git.example:8443/api/graphql"
        );
    }

    #[test]
    fn hosts_that_merely_look_alike_are_not_recognised() {
        assert!(recognises(&remote("https://GitHub.com/o/r")));
        assert!(recognises(&remote("git@octo.ghe.com:o/r")));
        for text in [
            "https://github.com.evil.example/o/r",
            "https://notgithub.com/o/r",
            "https://ghe.com/o/r",
            "https://a.b.ghe.com/o/r",
            "/github.com/o/r",
        ] {
            assert!(!recognises(&remote(text)), "{text} was recognised");
        }
    }

    #[test]
    fn only_pages_of_the_forges_own_host_are_believed() {
        let repository = RepositoryName {
            owner: "o".into(),
            name: "r".into(),
        };
        let api = Url::parse("https://api.github.com/").unwrap();
        let page = |link: &str| page(Some(link), &api, &repository, 7);
        let made = "https://github.com/o/r/pull/7";
        assert_eq!(
            page("https://github.com/o/new-name/pull/7"),
            "https://github.com/o/new-name/pull/7"
        );
        for link in [
            "javascript:alert(1)",
            "https://evil.example/o/r/pull/7",
            "https://github.com@evil.example/",
            "https://user:secret@github.com/o/r/pull/7",
            "http://github.com/o/r/pull/7",
            "https://github.com/\u{1b}[31m",
            "",
        ] {
            assert_eq!(page(link), made, "{link:?}");
        }
    }
}
