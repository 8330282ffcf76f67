//! Keeping an open pull request current: its body, and that it is ready.

use crate::http::Request;

use super::api::{Listed, Mutation, MutationAnswer, MutationError, MutationVariables, NewBody};
use super::{ForgeError, ForgeErrorClass, GitHub, PullRequest, errors, location, text};
use crate::forge::{Block, BlockState};

/// Makes a draft ready; only the GraphQL API can.
const MARK_READY: &str = "mutation($id:ID!){markPullRequestReadyForReview(input:{pullRequestId:$id}){pullRequest{isDraft}}}";

impl GitHub {
    /// Puts a text into the block of a body. The body is read once more before it is written: a person may be editing
    /// it.
    pub(super) async fn write_block(
        &self,
        pull: &PullRequest,
        block: &Block,
    ) -> Result<BlockState, ForgeError> {
        if let Err(state) = block.replaced_in(&pull.body, text::MAX_BODY_LENGTH, text::body) {
            return Ok(state);
        }
        let url = self.url(&["pulls", &pull.number.to_string()])?;
        let now: Listed = self.get(url.clone()).await?.json()?;
        let body = now.body.unwrap_or_default();
        match block.replaced_in(&body, text::MAX_BODY_LENGTH, text::body) {
            Ok(body) => {
                self.send(Request::patch(url, &NewBody { body: &body })?)
                    .await?;
                Ok(BlockState::Updated)
            }
            Err(state) => Ok(state),
        }
    }

    /// Makes a draft ready for review.
    pub(super) async fn leave_draft(&self, pull: &PullRequest) -> Result<(), ForgeError> {
        let Some(id) = &pull.node_id else {
            let message = "the forge gave no id by which the pull request could be marked";
            return Err(ForgeError::new(ForgeErrorClass::Validation, message));
        };
        let mutation = Mutation {
            query: MARK_READY,
            variables: MutationVariables { id },
        };
        let request = Request::post(location::graphql(&self.api), &mutation)?;
        let response = self.exchange(request).await?;
        if !response.is_success() {
            return Err(errors::of(&response, &self.repository));
        }
        let answer: MutationAnswer = response.json()?;
        answer
            .errors
            .first()
            .map_or(Ok(()), |error| Err(refused(error)))
    }
}

/// Says why the GraphQL API did not do it.
fn refused(error: &MutationError) -> ForgeError {
    let class = match error.kind.as_deref() {
        Some("FORBIDDEN" | "INSUFFICIENT_SCOPES") => ForgeErrorClass::Forbidden,
        Some("NOT_FOUND") => ForgeErrorClass::NotFound,
        Some("RATE_LIMITED") => ForgeErrorClass::RateLimited,
        _ => ForgeErrorClass::Validation,
    };
    ForgeError::new(class, text::line(&error.message))
}
