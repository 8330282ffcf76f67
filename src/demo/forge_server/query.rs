//! Paths and queries of requests.

use url::Url;

/// Percent-decodes a segment of a path.
pub(super) fn decode(part: &str) -> String {
    let form = part.replace('+', "%2B");
    first_value(&format!("x={form}"), "x").unwrap_or_default()
}

/// Returns the first value of `key` in a query.
pub(super) fn first_value(query: &str, key: &str) -> Option<String> {
    let url = Url::parse(&format!("http://x/?{query}")).ok()?;
    let mut pairs = url.query_pairs();
    pairs
        .find(|(name, _)| name == key)
        .map(|(_, value)| value.into_owned())
}

/// Returns `path` with `query`, for another page.
pub(super) fn with_page(path: &str, query: &str, page: usize) -> String {
    let kept = query.split('&').filter(|pair| !pair.starts_with("page="));
    let kept: Vec<&str> = kept.collect();
    format!("{path}?{}&page={page}", kept.join("&"))
}
