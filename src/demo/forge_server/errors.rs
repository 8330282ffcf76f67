//! GitHub's error answers.

use serde_json::json;

use crate::demo::loopback::Answer;

/// Where GitHub documents the request that was refused.
const DOCUMENTATION_URL: &str = "https://docs.github.com/rest/pulls/pulls#create-a-pull-request";

/// What is wrong with a request to open a pull request.
pub(super) enum Problem<'a> {
    /// A required field is missing.
    Missing(&'a str),
    /// A field names something that does not exist.
    Invalid(&'a str),
    /// Any other problem, with its message.
    Custom(String),
}

/// Makes an error answer that has only a message.
pub(super) fn error(status: u16, message: &str) -> Answer {
    let body = json!({
        "message": message,
        "documentation_url": "https://docs.github.com/rest",
        "status": status.to_string(),
    });
    Answer::json(status, &body)
}

/// Makes a 422 with a list of errors.
pub(super) fn invalid(problem: &Problem<'_>) -> Answer {
    let error = match problem {
        Problem::Missing(field) => {
            json!({"resource": "PullRequest", "field": field, "code": "missing_field"})
        }
        Problem::Invalid(field) => {
            json!({"resource": "PullRequest", "field": field, "code": "invalid"})
        }
        Problem::Custom(message) => {
            json!({"resource": "PullRequest", "code": "custom", "message": message})
        }
    };
    let body = json!({
        "message": "Validation Failed",
        "errors": [error],
        "documentation_url": DOCUMENTATION_URL,
        "status": "422",
    });
    Answer::json(422, &body)
}
