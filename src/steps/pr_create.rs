//! `pr-create`: finds the open pull request of the branch, or opens one.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::failpoint::{Point, reach};
use crate::forge::{Forge, ForgeError, Head, NewPullRequest, Opened, PullRequest, Readiness};
use crate::git::PrTemplate;
use crate::names::{BranchName, RemoteName, RepositoryName};
use crate::pipeline::{
    Again, Context, ErrorKind, Outcome, Outputs, Service, Shipment, Step, StepDef, StepError,
    Target, policy_held, recounted,
};
use crate::policy::{Draft, LayerKind, RemoteChoice};
use crate::reason::Code;
use crate::secrets::Outgoing;
use crate::template::Template;
use crate::text::inert;

/// The output that says when another try can succeed.
const NOT_BEFORE: &str = "not-before";

/// One commit speaks for itself; several are listed.
const DEFAULT_BODY: &str = "{% if repo.commits | length == 1 and repo.commits[0].body %}{{ repo.commits[0].body }}{% else %}\
    {% for c in repo.commits %}- {{ c.subject }}\n{% endfor %}{% endif %}";

pub(super) const STEP: StepDef = StepDef::of::<PrCreate>(
    "pr-create",
    "Finds the open pull request of this head and base, or opens one.",
)
.asks(Service::Forge)
.timeout(Duration::from_secs(45))
.needs(&["push"])
.again(Again::Branch);

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
    /// Whether the pull request is a draft: `always`, `never`, or `agent` for agent triggers and tasks that failed.
    draft: Draft,
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

impl Default for PrCreate {
    fn default() -> Self {
        Self {
            remote: RemoteChoice::default(),
            title: Template::built_in("{{ repo.commits[0].subject }}"),
            body: Template::built_in(DEFAULT_BODY),
            template: TemplateUse::default(),
            markup: Markup::default(),
            draft: Draft::default(),
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
            && cx.pause().is_none()
            && let Ok(forge) = cx.forge.get().await
        {
            let open = cx
                .open_pull_request
                .get_or_init(|| look_up(forge, shipment))
                .await;
            if shipment.base.is_none() && matches!(open, Ok(None)) {
                cx.default_branch
                    .get_or_init(|| forge.default_branch())
                    .await;
            }
        }
    }

    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let shipment = match cx.shipment {
            Ok(shipment) => shipment,
            Err(hold) => return hold.outcome(),
        };
        reach(Point::PullRequestBegins);
        if let Some(until) = cx.pause() {
            return Err(paused(until));
        }
        let forge = match cx.forge.get().await {
            Ok(forge) => forge,
            Err(hold) => return hold.outcome(),
        };
        if let Some(repo) = cx.repo
            && let Err(hold) = policy_held(cx, shipment, repo).await
        {
            return hold.outcome();
        }
        let looked_up = cx
            .open_pull_request
            .get_or_init(|| look_up(forge, shipment))
            .await;
        let open = looked_up.clone().map_err(step_error)?;
        if let Some(found) = open {
            let found = self.with_new_head(forge, shipment, found).await?;
            return Ok(done(
                "found",
                &found,
                &format!("#{} was open already", found.number),
            ));
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
        let opened = forge.open(&request).await.map_err(step_error)?;
        reach(Point::PullRequestOpened);
        match opened {
            Opened::Created(mut new) => {
                new.warnings.extend(warnings);
                Ok(done("created", &new, &format!("#{} is open", new.number)))
            }
            Opened::Found(old) => Ok(done(
                "found",
                &old,
                &format!("#{} was open already", old.number),
            )),
            Opened::NothingToDo => Ok(Outcome::skipped(
                Code::NothingBetween,
                format!(
                    "{} has no commits that {} lacks",
                    request.head.branch, request.base
                ),
            )),
        }
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
        let again = look_up(forge, shipment).await.map_err(step_error)?;
        let mut found = again.unwrap_or(found);
        if found.head_sha.as_ref().is_some_and(|sha| *sha != pushed) {
            found
                .warnings
                .push("the forge does not show the pushed commit yet".into());
        }
        Ok(found)
    }

    async fn request(
        &self,
        cx: &Context<'_>,
        shipment: &Shipment,
        base: BranchName,
        warnings: &mut Vec<String>,
    ) -> Result<NewPullRequest, StepError> {
        let title = self.text(cx, "title", &self.title).await?;
        let rendered = self.text(cx, "body", &self.body).await?;
        let (own_template, warning) = self.own_template(cx, shipment, &base);
        warnings.extend(warning);
        let body = match own_template {
            Some(template) => {
                let body = format!("{}\n\n{}", template.trim_end(), rendered.as_str());
                cx.secrets.outgoing(&body)
            }
            None => rendered,
        };
        let draft = cx
            .policy
            .branches()
            .rule_for(&shipment.branch)
            .and_then(|rule| rule.draft);
        let is_draft = match draft.unwrap_or(self.draft) {
            Draft::Always => true,
            Draft::Never => false,
            Draft::Agent => cx.trigger.is_agent() || cx.task.task.ok == Some(false),
        };
        Ok(NewPullRequest {
            head: head(shipment),
            base,
            title: if title.is_blank() {
                cx.secrets.outgoing(shipment.branch.as_str())
            } else {
                title
            },
            body,
            readiness: if is_draft {
                Readiness::Draft
            } else {
                Readiness::Ready
            },
            labels: self.labels.clone(),
            reviewers: self.reviewers.clone(),
            assignees: self.assignees.clone(),
        })
    }
}

impl PrCreate {
    /// Renders the title or the body. A template from the repository's own policy is made inert too.
    async fn text(
        &self,
        cx: &Context<'_>,
        key: &str,
        template: &Template,
    ) -> Result<Outgoing, StepError> {
        if self.markup == Markup::Live {
            return cx.outgoing(template).await;
        }
        let text = cx.outgoing_changed(template, &inert).await?;
        let origin = cx.policy.origin_of(&format!("steps.pr-create.{key}"));
        Ok(match origin {
            Some(LayerKind::Repository) => cx.secrets.outgoing(&inert(text.as_str())),
            _ => text,
        })
    }

    /// Returns the repository's pull request template, and a warning about it. One that the branch changes
    /// is made inert.
    fn own_template(
        &self,
        cx: &Context<'_>,
        shipment: &Shipment,
        base: &BranchName,
    ) -> (Option<String>, Option<String>) {
        let Some(repo) = cx.repo.filter(|_| self.template == TemplateUse::Auto) else {
            return (None, None);
        };
        let template = match repo.pr_template(shipment.head) {
            PrTemplate::None => return (None, None),
            PrTemplate::Unusable { path, why } => {
                let warning = format!("the pull request template {path} is not used: {why}");
                return (None, Some(warning));
            }
            PrTemplate::Found { text, .. } => text,
        };
        let is_of_base = || {
            let known = || repo.base_tip(Some(shipment.base_remote()), base);
            let told = match shipment.base_repository() {
                Some(_) => None,
                None => cx.base_tip.get(base),
            };
            let tip = told.or_else(|| known().ok().flatten())?;
            let PrTemplate::Found { text, .. } = repo.pr_template(tip) else {
                return None;
            };
            Some(text == template)
        };
        let text = if self.markup == Markup::Inert && is_of_base() != Some(true) {
            inert(&template)
        } else {
            template
        };
        (Some(text), None)
    }
}

/// Says that the pull request stays in the repository that was pushed to, where a person's would go to another.
fn unused_upstream(shipment: &Shipment) -> Option<String> {
    let Ok(Target::Pushed {
        upstream: Some(upstream),
    }) = &shipment.target
    else {
        return None;
    };
    Some(format!(
        "it is opened in {}, where the branch was pushed; to open it in the repository of the remote {upstream}, set \
         `steps.pr-create.remote = \"{upstream}\"` in the user's or the system's policy",
        shipment.repository
    ))
}

/// Looks up the open pull request of the branch, into the policy's base if it names one.
async fn look_up(
    forge: &dyn Forge,
    shipment: &Shipment,
) -> Result<Option<PullRequest>, ForgeError> {
    forge.find(&head(shipment), shipment.base.as_ref()).await
}

fn head(shipment: &Shipment) -> Head {
    let RepositoryName { owner, name } = shipment.repository.clone();
    Head {
        owner,
        repository: name,
        branch: shipment.branch.clone(),
    }
}

/// Returns the base: the policy's, or the forge's default branch.
async fn base(
    cx: &Context<'_>,
    forge: &dyn Forge,
    shipment: &Shipment,
) -> Result<BranchName, StepError> {
    if let Some(base) = &shipment.base {
        return Ok(base.clone());
    }
    let asked = cx.default_branch.get_or_init(|| forge.default_branch());
    asked.await.clone().map_err(|error| {
        StepError::new(
            if error.is_transient() {
                ErrorKind::Transient
            } else {
                ErrorKind::Denied
            },
            Code::BaseUnknown,
            format!("neither the policy nor the forge names a base branch: {error}"),
        )
        .advise("set `branches.base` in the policy")
    })
}

fn done(action: &str, pull_request: &PullRequest, summary: &str) -> Outcome {
    let mut outputs = Outputs::new();
    outputs.insert("action".into(), action.into());
    outputs.insert("number".into(), pull_request.number.into());
    outputs.insert("url".into(), pull_request.url.clone().into());
    outputs.insert("base".into(), pull_request.base.as_str().into());
    if !pull_request.warnings.is_empty() {
        outputs.insert("warnings".into(), pull_request.warnings.clone().into());
    }
    Outcome::Done {
        summary: format!("{summary}: {}", pull_request.url),
        outputs,
    }
}

fn step_error(error: ForgeError) -> StepError {
    let kind = if error.is_transient() {
        ErrorKind::Transient
    } else {
        ErrorKind::Denied
    };
    let mut told = StepError::for_reason(kind, error.reason);
    if let Some(at) = error.not_before {
        told.outputs
            .insert(NOT_BEFORE.into(), at.to_string().into());
    }
    told
}

/// Says that the forge wants no request yet.
fn paused(until: Timestamp) -> StepError {
    let message = format!("the forge wants no request before {until}");
    let mut told = StepError::new(ErrorKind::Transient, Code::RateLimited, message);
    told.outputs
        .insert(NOT_BEFORE.into(), until.to_string().into());
    told
}
