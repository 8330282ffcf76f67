//! Opening a pull request, and what is added to it afterwards.

use crate::http::{HttpError, Request, Response};

use super::api::{Assigned, Assignees, Create, Labels, Listed, Reviewers};
use super::errors::Invalid;
use super::form::Form;
use super::{
    Forge, ForgeError, ForgeErrorClass, GitHub, NewPullRequest, Opened, PullRequest, errors, text,
};
use crate::forge::Readiness;

/// How often a pull request is looked for whose answer was lost.
const MAX_LOOK_UPS: u32 = 4;

impl GitHub {
    /// Opens a pull request, or finds the existing one. The request is never simply repeated: where its answer was
    /// lost, the forge is asked whether it succeeded.
    pub(super) async fn open_or_find(
        &self,
        request: &NewPullRequest,
    ) -> Result<Opened, ForgeError> {
        let mut warnings = Vec::new();
        let mut form = Form {
            readiness: request.readiness,
            maintainer_can_modify: None,
        };
        let mut answer = self.create(request, form).await;
        while let Ok(response) = &answer
            && let Some((other, warning)) = form.without(errors::invalid(response))
        {
            warnings.push(warning.to_owned());
            form = other;
            answer = self.create(request, form).await;
        }
        let response = match answer {
            Ok(response) => response,
            Err(error) if error.may_have_acted() => {
                return self.find_lost(request, error.into()).await;
            }
            Err(error) => return Err(error.into()),
        };
        if !response.is_success() {
            return self.not_created(request, &response).await;
        }
        let created = response
            .json::<Listed>()
            .ok()
            .filter(|pull| pull.is_of(&request.head, Some(&request.base), &self.repository));
        let Some(created) = created else {
            let error = response.bad("the pull request that was opened").into();
            return self.find_lost(request, error).await;
        };
        let mut pull = self.pull_request(&created)?;
        self.decorate(request, pull.number, &mut warnings).await;
        pull.warnings = warnings;
        Ok(Opened::Created(pull))
    }

    async fn create(&self, request: &NewPullRequest, form: Form) -> Result<Response, HttpError> {
        let head = &request.head;
        let here = &self.repository;
        let is_sibling = head.owner.eq_ignore_ascii_case(&here.owner)
            && !head.repository.eq_ignore_ascii_case(&here.name);
        let title = match text::title(request.title.as_str()) {
            title if title.is_empty() => text::title(head.branch.as_str()),
            title => title,
        };
        let body = Create {
            title: &title,
            head: format!("{}:{}", head.owner, head.branch),
            head_repo: is_sibling.then(|| format!("{}/{}", head.owner, head.repository)),
            base: request.base.as_str(),
            body: &request.body.fitted(text::MAX_BODY_LENGTH, text::body),
            draft: form.readiness == Readiness::Draft,
            maintainer_can_modify: form.maintainer_can_modify,
        };
        let url = self
            .url(&["pulls"])
            .map_err(|error| HttpError::Unusable(error.reason.message))?;
        self.send_raw(Request::post(url, &body)?.slow()).await
    }

    /// Says what a refusal to create means.
    async fn not_created(
        &self,
        request: &NewPullRequest,
        response: &Response,
    ) -> Result<Opened, ForgeError> {
        let error = errors::of(response, &self.repository);
        match errors::invalid(response) {
            Invalid::NoCommits => Ok(Opened::NothingToDo),
            Invalid::AlreadyExists => match self.find_claimed(request).await? {
                Some(pull) => Ok(Opened::Found(pull)),
                None => Err(
                    ForgeError::new(ForgeErrorClass::Unlisted, error.reason.message).advise(
                        "the forge says that there is one but does not list it; look at its page",
                    ),
                ),
            },
            // A proxy may have given up on a request that the forge then carried out.
            _ if response.status() >= 500 => self.find_lost(request, error).await,
            _ => Err(error),
        }
    }

    /// Finds the pull request that the forge said exists for the head and base of `request`.
    ///
    /// A pull request whose head repository is null (a deleted fork, or a forge that leaves it out)
    /// may carry a label of another owner: `o:feat/x` where the remote has moved to `small`. By
    /// itself that is a stranger's and never adopted. Here the forge has just answered that one
    /// exists for *our* owner, branch and base, which only it can know, and it lists them filtered by
    /// the same three. When exactly one of that branch and base is listed whose repository is
    /// unknown, it is the one that it meant. One that is known to be another fork's never is.
    async fn find_claimed(
        &self,
        request: &NewPullRequest,
    ) -> Result<Option<PullRequest>, ForgeError> {
        let base = &request.base;
        let mut unnamed = Vec::new();
        let ours = self
            .first_listed(&request.head, Some(base), |pull| {
                if pull.is_of(&request.head, Some(base), &self.repository) {
                    return true;
                }
                if pull.may_be_of(&request.head, base) {
                    unnamed.push(self.pull_request(pull));
                }
                false
            })
            .await?;
        match (ours, unnamed.len()) {
            (Some(pull), _) => self.pull_request(&pull).map(Some),
            (None, 1) => unnamed.pop().transpose(),
            (None, _) => Ok(None),
        }
    }

    /// Looks for what a request left whose answer was lost, several times: the forge may be at work
    /// on it still. Without a find, `error` stands.
    async fn find_lost(
        &self,
        request: &NewPullRequest,
        error: ForgeError,
    ) -> Result<Opened, ForgeError> {
        let mut pause = self.client.pause();
        for look in 0..MAX_LOOK_UPS {
            if look > 0 {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            tracing::debug!(
                code = %error.code(),
                look,
                "the answer was lost, looking it up"
            );
            if let Ok(Some(pull)) = self.find_opened(request).await {
                return Ok(Opened::Found(pull));
            }
        }
        Err(error)
    }

    async fn find_opened(
        &self,
        request: &NewPullRequest,
    ) -> Result<Option<PullRequest>, ForgeError> {
        self.find(&request.head, Some(&request.base)).await
    }

    /// Adds labels, reviewers and assignees, as far as each is asked for and possible.
    async fn decorate(&self, request: &NewPullRequest, number: u64, warnings: &mut Vec<String>) {
        let number = number.to_string();
        if !request.labels.is_empty() {
            let labels = &request.labels;
            let path = ["issues", &number, "labels"];
            let add = async |labels: &[String]| self.add(&path, &Labels { labels }).await;
            for (label, error) in each_alone(labels, add).await {
                warnings.push(format!(
                    "{label} was not added as a label: {}",
                    error.reason.message
                ));
            }
        }
        if !request.reviewers.is_empty() {
            let reviewers = &request.reviewers;
            let path = ["pulls", &number, "requested_reviewers"];
            let add = async |reviewers: &[String]| self.add(&path, &Reviewers { reviewers }).await;
            for (reviewer, error) in each_alone(reviewers, add).await {
                warnings.push(format!(
                    "{reviewer} was not asked for a review: {}",
                    error.reason.message
                ));
            }
        }
        if !request.assignees.is_empty() {
            let assignees = &request.assignees;
            let path = ["issues", &number, "assignees"];
            let outcome = self.add(&path, &Assignees { assignees }).await;
            if let Err(error) = outcome.and_then(|answer| all_assigned(&answer, assignees)) {
                warnings.push(format!(
                    "assignees were not added: {}",
                    error.reason.message
                ));
            }
        }
    }

    async fn add(
        &self,
        path: &[&str],
        body: &impl serde::Serialize,
    ) -> Result<Response, ForgeError> {
        self.send(Request::post(self.url(path)?, body)?).await
    }
}

/// Adds all of `names` at once, and one by one where the forge refuses one of them; returns those that
/// it refuses, fit to be shown.
async fn each_alone(
    names: &[String],
    add: impl AsyncFn(&[String]) -> Result<Response, ForgeError>,
) -> Vec<(String, ForgeError)> {
    let Err(error) = add(names).await else {
        return Vec::new();
    };
    let listed = || {
        names
            .iter()
            .map(|name| text::line(name))
            .collect::<Vec<_>>()
    };
    if names.len() == 1 || error.class != ForgeErrorClass::Validation {
        return vec![(listed().join(", "), error)];
    }
    let mut refused = Vec::new();
    for name in names {
        if let Err(error) = add(std::slice::from_ref(name)).await {
            refused.push((text::line(name), error));
        }
    }
    refused
}

/// Checks what GitHub leaves out without an error: users who may not be assigned.
fn all_assigned(response: &Response, wanted: &[String]) -> Result<(), ForgeError> {
    let Assigned { assignees } = response.json()?;
    let missing: Vec<_> = wanted
        .iter()
        .filter(|login| {
            let is_there = |user: &super::api::User| user.login.eq_ignore_ascii_case(login);
            !assignees.iter().any(is_there)
        })
        .map(|login| text::line(login))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!("{} cannot be assigned here", missing.join(", "));
    Err(ForgeError::new(ForgeErrorClass::Validation, message))
}
