//! Which repository a URL names, however it is reached.

use crate::names::{RemoteUrl, Scheme};

/// Returns host and path of a URL: https and ssh of the same repository are the same. A port that is not the scheme's own
/// names another server.
pub fn remote_id(url: &RemoteUrl) -> String {
    let path = url.decoded_path();
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    // What ssh starts from the user's home directory is the same path for a forge.
    let path = path.strip_prefix("~/").unwrap_or(path);
    if url.scheme() == Scheme::File {
        return format!("file:///{path}");
    }
    let host = url.host().unwrap_or_default().to_ascii_lowercase();
    match url
        .port()
        .filter(|port| Some(*port) != url.scheme().default_port())
    {
        Some(port) => format!("{host}:{port}/{path}"),
        None => format!("{host}/{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(url: &str) -> String {
        remote_id(&RemoteUrl::parse(url).unwrap())
    }

    #[test]
    fn the_ways_to_one_repository_are_one() {
        for url in [
            "https://github.com/o/r.git",
            "https://user:secret@GitHub.com/o/r",
            "https://github.com:443/o/r/",
            "git@github.com:o/r.git",
            "ssh://git@github.com/o/r",
            "ssh://git@github.com:22/o/r.git",
        ] {
            assert_eq!(id(url), "github.com/o/r", "{url}");
        }
    }

    #[test]
    fn a_path_is_the_same_in_each_spelling() {
        for url in [
            "https://git.test/My%20Group/c%2b%2B.git",
            "https://git.test/My%20Group/c++",
            "ssh://git@git.test/My%20Group/c++.git",
            "git@git.test:My Group/c++",
        ] {
            assert_eq!(id(url), "git.test/My Group/c++", "{url}");
        }
    }

    #[test]
    fn another_host_port_or_path_is_another_repository() {
        let own = id("https://github.com/o/r");
        for url in [
            "https://github.com/attacker/r",
            "https://github.com/o/r2",
            "https://github.com:8443/o/r",
            "https://github.com.evil.test/o/r",
            "https://github.com/o/R",
            "/github.com/o/r",
        ] {
            assert_ne!(id(url), own, "{url}");
        }
    }
}
