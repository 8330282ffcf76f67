//! `pr-create`: finds the open pull request of the branch and keeps it current, or opens one.

mod current;
mod draft;
mod ended;
mod outcome;
mod place;
mod texts;

use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::failpoint::{Point, reach};
use crate::forge::{Forge, PullRequest, PullRequests};
use crate::names::RemoteName;
use crate::pipeline::{
    Context, Outcome, Outputs, PlanView, Retry, Service, Shipment, Step, StepDef, StepError,
    check_policy_current, recounted,
};
use crate::policy::{Draft, RemoteChoice};
use crate::reason::Code;
use crate::template::Template;

use self::ended::WhenMerged;
pub(in crate::steps) use self::ended::{GoesOn, goes_on};
use self::outcome::{kept_current, of_opened, paused};
use self::place::{base, head, look_up, unused_upstream};

/// The oldest commit's subject. That of a merge says nothing of the branch; where there are only merges, it is better than nothing.
const DEFAULT_TITLE: &str =
    "{{ (repo.commits | rejectattr('is_merge') | first | default(repo.commits[0])).subject }}";
/// A single commit's message is the body; several are listed.
const DEFAULT_BODY: &str = "{% if repo.commits | length == 1 and repo.commits[0].body %}{{ repo.commits[0].body }}{% else %}\
    {% for c in repo.commits %}- {{ c.subject }}\n{% endfor %}{% endif %}";

pub(super) const STEP: StepDef = StepDef::of::<PrCreate>(
    "pr-create",
    "Finds the open pull request of this head and base, or opens one.",
)
.asks(Service::Forge)
.timeout(Duration::from_secs(45))
.needs(&["push"])
.retry(Retry::Branch);

/// Find the open pull request of this head and base, or open one
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct PrCreate {
    /// The remote whose repository the pull request is opened in: a name, such as `upstream` where the branch is pushed to a fork, or `auto`: for a person the remote that `gh repo set-default` marked, else `upstream`, where one of them is another repository of the same forge; for agents, and else, the repository that the branch is pushed to.
    remote: RemoteChoice,
    /// The title, truncated to the forge's limit.
    title: Template,
    /// The body, truncated to the forge's limit.
    body: Template,
    /// `auto`: the body begins with the repository's pull request template, if there is one.
    template: TemplateUse,
    /// The text of commits and tasks: `inert`, so that it mentions nobody, closes nothing and shows no image, or `live`, unchanged.
    markup: Markup,
    /// Whether the pull request is a draft: `always`, `never`, `agent` for agent triggers and tasks that failed, or `auto` for these and while a commit's subject says WIP, `fixup!`, `squash!` or `amend!`.
    draft: Draft,
    /// `current`: the body stands between two comments, and is kept current there while the pull request is open. `none`: it is written once.
    block: BlockUse,
    /// What is done with more commits of a branch whose pull request was merged or closed, looked up before the push: `stop` does not push them, `new-pr` pushes them and opens another pull request.
    when_merged: WhenMerged,
    /// Labels to add. A label that cannot be added is reported as a warning.
    labels: Vec<String>,
    /// Users to request a review from, likewise.
    reviewers: Vec<String>,
    /// Users to assign, likewise.
    assignees: Vec<String>,
}

crate::classes!(PrCreate {
    remote: D,
    title: A,
    body: A,
    template: A,
    markup: BOrA("inert"),
    draft: BOrA("always"),
    block: BOrA("none"),
    when_merged: BOrA("stop"),
    labels: B,
    reviewers: B,
    assignees: B,
});

/// Whether the repository's pull request template is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum TemplateUse {
    /// Use it if there is one.
    #[default]
    Auto,
    /// Do not use it.
    None,
}

/// What becomes of markup in what commits and tasks say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Markup {
    /// It is shown and does nothing.
    #[default]
    Inert,
    /// It does what it says.
    Live,
}

/// Whether the body is kept current.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum BlockUse {
    /// It is, between two comments.
    #[default]
    Current,
    /// It is written once.
    None,
}

impl Default for PrCreate {
    fn default() -> Self {
        Self {
            remote: RemoteChoice::default(),
            title: Template::built_in(DEFAULT_TITLE),
            body: Template::built_in(DEFAULT_BODY),
            template: TemplateUse::default(),
            markup: Markup::default(),
            draft: Draft::default(),
            block: BlockUse::default(),
            when_merged: WhenMerged::default(),
            labels: Vec::new(),
            reviewers: Vec::new(),
            assignees: Vec::new(),
        }
    }
}

#[async_trait(?Send)]
impl Step for PrCreate {
    async fn prepare(&self, cx: &Context<'_>) {
        if let Ok(shipment) = cx.shipment
            && cx.paused_until().is_none()
            && let Ok(forge) = cx.forge.get().await
        {
            let listed = cx
                .pull_requests
                .get_or_init(|| look_up(forge, shipment))
                .await;
            if shipment.base.is_none() && matches!(listed, Ok(PullRequests { open: None, .. })) {
                cx.default_branch
                    .get_or_init(|| forge.default_branch())
                    .await;
            }
        }
    }

    fn expected(&self, view: &PlanView<'_>) -> Outputs {
        self.opened(view)
    }

    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let shipment = match cx.shipment {
            Ok(shipment) => shipment,
            Err(hold) => return hold.outcome(),
        };
        reach(Point::PullRequestBegins);
        if let Some(until) = cx.paused_until() {
            return Err(paused(until));
        }
        let forge = match cx.forge.get().await {
            Ok(forge) => forge,
            Err(hold) => return hold.outcome(),
        };
        if let Some(repo) = cx.repo
            && let Err(hold) = check_policy_current(cx, shipment, repo, forge).await
        {
            return hold.outcome();
        }
        let looked_up = cx
            .pull_requests
            .get_or_init(|| look_up(forge, shipment))
            .await;
        let listed = looked_up.clone()?;
        if let Some(goes_on) = self.after_its_end(shipment, &listed) {
            return Err(goes_on.into());
        }
        if let Some(outcome) = self.was_all_in(shipment, &listed) {
            return Ok(outcome);
        }
        if let Some(found) = listed.open {
            let mut found = self.with_new_head(forge, shipment, found).await?;
            let kept = self.keep_current(cx, forge, shipment, &mut found).await;
            return Ok(kept_current(&found, &kept));
        }
        let base = base(cx, forge, shipment).await?;
        if base == shipment.branch {
            return Ok(Outcome::skipped(
                Code::BaseIsHead,
                format!("{base} is the base branch itself: nothing to open"),
            ));
        }
        let recounted = recounted(cx, shipment, &base);
        let cx = &Context {
            facts: recounted.as_ref().unwrap_or(cx.facts),
            ..*cx
        };
        let mut warnings: Vec<String> = unused_upstream(shipment).into_iter().collect();
        let request = self.request(cx, shipment, base, &mut warnings).await?;
        reach(Point::PullRequestOpens);
        let opened = forge.open(&request).await?;
        reach(Point::PullRequestOpened);
        Ok(of_opened(opened, &request, warnings))
    }
}

impl PrCreate {
    /// Returns the remote whose repository the pull request is opened in, unless it is `auto`.
    pub(super) const fn remote(&self) -> Option<&RemoteName> {
        self.remote.name()
    }

    /// Looks the pull request up again when its head is not the pushed commit: the first look-up ran
    /// before the push.
    async fn with_new_head(
        &self,
        forge: &dyn Forge,
        shipment: &Shipment,
        found: PullRequest,
    ) -> Result<PullRequest, StepError> {
        let pushed = shipment.head.to_string();
        if found.head_sha.as_ref().is_none_or(|sha| *sha == pushed) {
            return Ok(found);
        }
        let again = look_up(forge, shipment).await?;
        let mut found = again.open.unwrap_or(found);
        if found.head_sha.as_ref().is_some_and(|sha| *sha != pushed) {
            found
                .warnings
                .push("the forge does not show the pushed commit yet".into());
        }
        Ok(found)
    }
}
