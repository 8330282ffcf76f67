//! The one mutation of GitHub's GraphQL API that sendoff uses.

use serde_json::{Value, json};

use crate::demo::loopback::Answer;

use super::documents;
use super::state::State;

impl State {
    /// Makes a draft ready for review. Errors have the status 200, as on GitHub.
    pub(super) fn graphql(&mut self, body: &[u8]) -> Answer {
        let request: Value = serde_json::from_slice(body).unwrap_or_default();
        let query = request.get("query").and_then(Value::as_str);
        if !query.is_some_and(|query| query.contains("markPullRequestReadyForReview")) {
            return refusal("INVALID", "the mutation is not known here");
        }
        let id = request.pointer("/variables/id").and_then(Value::as_str);
        let mut pulls = self.pulls.iter_mut();
        let found = pulls.find(|pull| Some(documents::node_id(pull.number).as_str()) == id);
        let Some(pull) = found else {
            return refusal(
                "NOT_FOUND",
                "Could not resolve to a node with the global id",
            );
        };
        pull.draft = false;
        let data = json!({"pullRequest": {"isDraft": false}});
        Answer::json(
            200,
            &json!({"data": {"markPullRequestReadyForReview": data}}),
        )
    }
}

fn refusal(kind: &str, message: &str) -> Answer {
    let error =
        json!({"type": kind, "path": ["markPullRequestReadyForReview"], "message": message});
    Answer::json(200, &json!({"data": null, "errors": [error]}))
}
