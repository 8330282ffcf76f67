//! `sanitize`: a sentence about a failure that is safe to show to users.

/// Returns a sentence that contains only a category, never the error's message.
///
/// Without a category, the class name of `exception` is the category, without its module and
/// message. Without both it is `unknown`.
pub fn sanitize(category: Option<&str>, exception: Option<&str>) -> String {
    let category = category.filter(|category| !category.is_empty());
    let class = exception.and_then(class_name);
    let tag = category.or(class).unwrap_or("unknown");
    format!("The agent failed ({tag}). Details are in the workspace's log.")
}

/// Returns the class in `package.module.Class: what it said`.
fn class_name(exception: &str) -> Option<&str> {
    let part_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    let end = exception
        .find(|c: char| !part_of_name(c))
        .unwrap_or(exception.len());
    let path = exception.get(..end)?;
    path.rsplit('.').find(|name| !name.is_empty())
}
