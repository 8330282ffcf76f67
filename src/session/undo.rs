//! Undoes what a run recorded as pushed and opened.

use gix::ObjectId;

use crate::git::{Remote, Repo};
use crate::names::{RepositoryName, shell_word};
use crate::pipeline::{
    BaseRepository, Destination, Hold, Pipeline, RepoFacts, SharedProgress, Shipment, Step, Target,
};
use crate::policy::RewindPermit;
use crate::reason::{Code, Reason};
use crate::report::{Report, Verdict};
use crate::steps::{CLOSE, ClosePullRequest, TAKE_BACK, TakeBack};

use super::guards::Inspection;
use super::undo_record::{PIPELINE, Undo};
use super::{Session, connect, remote_guards};

impl Session {
    /// Takes it back. Never fails: refusals are part of the report.
    pub fn undo(mut self, undo: Undo, progress: &SharedProgress) -> Report {
        let policy = &self.loaded.policy;
        let permits = undo.pushes.iter().filter_map(|row| {
            let permit = policy.permit_push(&undo.branch).ok()?;
            let before = match &row.old {
                Some(old) => Some(ObjectId::from_hex(old.as_bytes()).ok()?),
                None => None,
            };
            let pushed = ObjectId::from_hex(row.new.as_bytes()).ok()?;
            Some(RewindPermit::of_record(permit, pushed, before))
        });
        let mut steps: Vec<(&'static str, Box<dyn Step>)> = Vec::new();
        if !undo.pushes.is_empty() {
            let permits = permits.collect();
            steps.push((TAKE_BACK, Box::new(TakeBack { permits })));
        }
        if let Some((number, url)) = undo.pull_request.clone() {
            steps.push((CLOSE, Box::new(ClosePullRequest { number, url })));
        }
        let mut pipeline = Pipeline::of_steps(PIPELINE, steps);
        if self.loaded.fail_closed {
            pipeline = pipeline.fail_closed();
        }
        let slot = undo.slot.clone();
        self.undo = Some(undo);
        let report = self.run(&pipeline, progress);
        // What was stored to be tried again is removed, too.
        if report.verdict == Verdict::Done
            && let Some(store) = self.store().existing()
            && let Err(error) = store.settle_pending(&slot)
        {
            tracing::debug!(%error, "the branch is kept for another try");
        }
        report
    }

    /// Describes the effects of the undo, one line each, or says why it is not done.
    pub fn plan_undo(&self, undo: &Undo) -> Vec<String> {
        if let Err(hold) = self.inspect_for_undo(undo).shipment {
            return vec![hold.reason.to_string()];
        }
        let branch = &undo.branch;
        let pushes = undo.pushes.iter().map(|row| {
            let short = |id: &str| id.get(..8).unwrap_or(id).to_owned();
            let (remote, new) = (&row.remote, short(&row.new));
            match &row.old {
                Some(old) => format!(
                    "move {branch} at {remote} back to {}, where it is at {new} still",
                    short(old)
                ),
                None => format!("delete {branch} at {remote}, where it is at {new} still"),
            }
        });
        let close = undo.pull_request.iter();
        let close = close.map(|(_, url)| format!("close the pull request {url}"));
        pushes.chain(close).collect()
    }

    /// Inspects what is to be taken back, as a run inspects what is to be shipped.
    pub(super) fn inspect_for_undo(&self, undo: &Undo) -> Inspection {
        let mut facts = RepoFacts {
            branch: Some(undo.branch.to_string()),
            ..RepoFacts::default()
        };
        let shipment = match self.repo() {
            Some(repo) => {
                let top = repo.work_tree().unwrap_or(repo.git_dir());
                facts.path = top.display().to_string();
                self.undo_shipment(repo, undo, &mut facts)
            }
            None => Err(Hold::new(
                Code::NotARepository,
                "there is no git repository here",
            )),
        };
        Inspection {
            facts: Some(facts),
            // A person asked for it: what holds it is no reason to call it done.
            shipment: shipment.map_err(|hold| Hold::broken(hold.reason)),
            notes: Vec::new(),
        }
    }

    fn undo_shipment(
        &self,
        repo: &Repo,
        undo: &Undo,
        facts: &mut RepoFacts,
    ) -> Result<Shipment, Hold> {
        let policy = &self.loaded.policy;
        let branch = &undo.branch;
        let permit = policy.permit_push(branch).map_err(|protected| {
            Hold::new(Code::ProtectedBranch, protected.to_string())
                .advise("a protected branch is taken back by hand, by somebody who may")
        })?;
        let remote = remote_guards::remote(repo, policy, branch, facts)?;
        let mut places = undo.pushes.iter().map(|row| at(&remote, &row.remote));
        let first = places.next().unwrap_or_else(|| Ok(remote.clone()))?;
        let also = places.collect::<Result<Vec<_>, _>>()?;
        let destination = |remote: Remote| Destination {
            push_options: connect::push_options(self, &remote),
            remote,
        };
        let head = undo.pushes.first();
        let head = head.and_then(|row| ObjectId::from_hex(row.new.as_bytes()).ok());
        Ok(Shipment {
            target: Ok(undo_target(undo, &first)),
            repository: remote_guards::repository(&first),
            push_options: connect::push_options(self, &first),
            also: also.into_iter().map(destination).collect(),
            branch: branch.clone(),
            head: head.unwrap_or_else(|| ObjectId::null(gix::hash::Kind::Sha1)),
            remote: first,
            base: None,
            commits: Vec::new(),
            counted_from: None,
            permit,
            // The remote already had the old commit.
            promisors: Vec::new(),
        })
    }
}

/// Returns the repository that the pull request of a run was opened in, as its page names it.
fn undo_target(undo: &Undo, remote: &Remote) -> Target {
    let pushed = remote_guards::repository(remote);
    let page = undo.pull_request.as_ref().map(|(_, page)| page);
    let named = page.and_then(|page| {
        let page = url::Url::parse(page).ok()?;
        let mut parts = page.path_segments()?.rev();
        let (_number, _pull) = (parts.next()?, parts.next()?);
        let (name, owner) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        Some(RepositoryName { owner, name })
    });
    match named.filter(|named| !named.is_same(&pushed)) {
        Some(name) => Target::Base(Box::new(BaseRepository {
            name,
            remote: remote.clone(),
        })),
        None => Target::Pushed { upstream: None },
    }
}

/// Returns the remote at the URL that was pushed to, as it is configured: the record holds no login.
fn at(remote: &Remote, recorded: &str) -> Result<Remote, Hold> {
    let mut urls = std::iter::once(&remote.url).chain(&remote.other_push_urls);
    let url = urls.find(|url| url.without_login() == recorded);
    url.map(|url| remote.at(url)).ok_or_else(|| {
        let sentence = format!(
            "the run pushed to {recorded}, and {} is {} now",
            remote.name,
            remote.url.without_login()
        );
        Hold::broken(Reason::new(Code::RemoteUrl, sentence)).advise(format!(
            "point the remote there for a moment: git remote set-url {} {}",
            shell_word(remote.name.as_str()),
            shell_word(recorded)
        ))
    })
}
