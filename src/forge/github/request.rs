//! Requests about one repository, also about one that has moved.

use url::Url;

use crate::http::{HttpError, HttpErrorClass, Request, Response};
use crate::names::{Origin, RepositoryName};

use super::api::RepositoryDetails;
use super::{ForgeError, ForgeErrorClass, GitHub, errors};

impl GitHub {
    /// Returns the URL of something of this repository.
    pub(super) fn url(&self, parts: &[&str]) -> Result<Url, ForgeError> {
        self.url_of(&self.repository, parts)
    }

    /// Returns the URL of something of a repository.
    pub(super) fn url_of(
        &self,
        repository: &RepositoryName,
        parts: &[&str],
    ) -> Result<Url, ForgeError> {
        let mut url = self.api.clone();
        let Ok(mut path) = url.path_segments_mut() else {
            let message = "the URL of the API has no path";
            return Err(ForgeError::new(
                ForgeErrorClass::Http(HttpErrorClass::Unusable),
                message,
            ));
        };
        path.pop_if_empty();
        path.extend(["repos", &repository.owner, &repository.name]);
        path.extend(parts);
        drop(path);
        Ok(url)
    }

    /// Asks for `url` and returns a successful answer; every other one is sorted into an error.
    pub(super) async fn get(&self, url: Url) -> Result<Response, ForgeError> {
        self.send(Request::get(url)).await
    }

    pub(super) async fn send(&self, request: Request) -> Result<Response, ForgeError> {
        let response = self.send_raw(request).await?;
        if response.is_success() {
            Ok(response)
        } else {
            Err(errors::of(&response, &self.repository))
        }
    }

    /// Sends a request, and returns the answer whatever its status. Where the repository has moved, it is sent to the
    /// URL of the repository's id, and never to one that a redirect names.
    pub(super) async fn send_raw(&self, request: Request) -> Result<Response, HttpError> {
        let answer = self.exchange(request.clone()).await;
        let Err(HttpError::RedirectRefused {
            status: 307 | 308,
            to,
            ..
        }) = &answer
        else {
            return answer;
        };
        if Origin::of(&self.api).is_none_or(|api| api.to_string() != *to) {
            return answer;
        }
        let id = self.id.get_or_init(|| self.ask_id()).await;
        match id.and_then(|id| self.by_id(request.url(), id)) {
            Some(url) => self.exchange(request.at(url)).await,
            None => answer,
        }
    }

    /// Asks for the id of the repository; returns `None` where the forge gives none.
    async fn ask_id(&self) -> Option<u64> {
        let response = self
            .exchange(Request::get(self.url(&[]).ok()?))
            .await
            .ok()?;
        let details = response.json::<RepositoryDetails>().ok()?;
        details.id?.as_u64().filter(|_| response.is_success())
    }

    /// Returns `url`, which names this repository, with the repository's id instead.
    fn by_id(&self, url: &Url, id: u64) -> Option<Url> {
        let named = self.url(&[]).ok()?;
        let rest = url.path().strip_prefix(named.path())?;
        let mut moved = self.api.clone();
        moved
            .path_segments_mut()
            .ok()?
            .pop_if_empty()
            .extend(["repositories", &id.to_string()])
            .extend(rest.split('/').filter(|part| !part.is_empty()));
        Some(moved)
    }

    /// Sends with what GitHub wants in every request.
    pub(super) async fn exchange(&self, request: Request) -> Result<Response, HttpError> {
        self.exchange_as(request, "application/vnd.github+json")
            .await
    }

    /// Sends likewise, and asks for an answer of a media type.
    pub(super) async fn exchange_as(
        &self,
        request: Request,
        media_type: &'static str,
    ) -> Result<Response, HttpError> {
        let request = request
            .token(Some(&self.token))
            .header("accept", media_type)
            .header("x-github-api-version", "2022-11-28");
        self.client.send(request).await
    }
}
