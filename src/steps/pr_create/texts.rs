//! The title and the body of a pull request, from the repository's template and the commits.

use crate::forge::{Block, Body, NewPullRequest, Readiness};
use crate::git::PrTemplate;
use crate::names::BranchName;
use crate::pipeline::{Context, Outputs, PlanView, Shipment, StepError};
use crate::policy::LayerKind;
use crate::secrets::{Outgoing, clean_line};
use crate::template::Template;
use crate::text::inert;

use super::draft::Stage;
use super::{BlockUse, Markup, PrCreate, TemplateUse, head};

impl PrCreate {
    /// Returns title, base and draft of the pull request that would be opened, as far as they are known before the push.
    pub(super) fn opened(&self, view: &PlanView<'_>) -> Outputs {
        let mut outputs = Outputs::new();
        let Some(shipment) = view.shipment else {
            return outputs;
        };
        if let Ok(title) = self.title.render(view.facts) {
            let title = clean_line(view.secrets.outgoing(&title).as_str());
            let is_blank = title.trim().is_empty();
            let title = if is_blank {
                shipment.branch.to_string()
            } else {
                title
            };
            outputs.insert("title".into(), title.into());
        }
        let guessed = view.facts.repo.as_ref().and_then(|repo| repo.base.clone());
        let base = shipment.base.as_ref().map(ToString::to_string).or(guessed);
        outputs.insert("base".into(), base.into());
        let stage = Stage::of(view, shipment, self.draft);
        outputs.insert("draft".into(), stage.is_draft().into());
        outputs
    }

    /// Makes the request to open a pull request.
    pub(super) async fn request(
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
        let stage = Stage::of(&cx.view(), shipment, self.draft);
        Ok(NewPullRequest {
            head: head(shipment),
            base,
            title: if title.is_blank() {
                self.named(cx, shipment)
            } else {
                title
            },
            body: self.layout(cx, own_template.as_deref(), rendered, stage),
            readiness: if stage.is_draft() {
                Readiness::Draft
            } else {
                Readiness::Ready
            },
            labels: self.labels.clone(),
            reviewers: self.reviewers.clone(),
            assignees: self.assignees.clone(),
        })
    }

    /// Returns the title of what has no other: the branch.
    fn named(&self, cx: &Context<'_>, shipment: &Shipment) -> Outgoing {
        let branch = shipment.branch.as_str();
        match self.markup {
            Markup::Live => self.written(cx, branch),
            Markup::Inert => self.written(cx, &inert(branch)),
        }
    }

    /// Makes a text fit to leave that was made inert where it has to be.
    fn written(&self, cx: &Context<'_>, text: &str) -> Outgoing {
        match self.markup {
            Markup::Live => cx.secrets.outgoing(text),
            Markup::Inert => cx.secrets.outgoing_changed(text, &inert),
        }
    }

    /// Lays out the body: the template first, then the text of the commits in a block that is kept current.
    fn layout(
        &self,
        cx: &Context<'_>,
        template: Option<&str>,
        rendered: Outgoing,
        stage: Stage,
    ) -> Body {
        let is_unfinished = stage == Stage::Unfinished;
        let has_block = match self.block {
            BlockUse::Current => is_unfinished || !rendered.is_blank(),
            BlockUse::None => false,
        };
        let template = template.map(str::trim_end);
        if has_block {
            return Body {
                above: template
                    .map(|text| self.written(cx, text))
                    .unwrap_or_default(),
                block: Some(Block {
                    text: rendered,
                    is_unfinished,
                }),
            };
        }
        Body::once(match template {
            Some(template) => {
                let body = format!("{template}\n\n{}", rendered.as_str());
                self.written(cx, &body)
            }
            None => rendered,
        })
    }

    /// Renders the title or the body. The text of a template from the repository's own policy is made inert too.
    pub(super) async fn text(
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
            Some(LayerKind::Repository) => self.written(cx, &inert(text.as_str())),
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
                None => cx.advertised.get(base),
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
