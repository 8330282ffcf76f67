//! What every forge keeps to. To hold another one to it: a `Fixture`, and a line at the end.

use sendoff::demo::forge_server::{Branches, ForgeServer, Repository};
use sendoff::demo::{Answer, Fault};
use sendoff::forge::{Block, BlockState, Body, Closed, Forge, Opened, PullRequest, Readiness};
use sendoff::secrets::KnownSecrets;

use super::{TOKEN, branch, connect, created, head, request};

/// A pull request, as a visitor of the forge sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) base: String,
    pub(crate) title: String,
}

/// A forge with the repository `o/r`, its branch `main`, and the fork `stranger/r` of it.
pub(crate) trait Fixture: Sized {
    /// Starts it. Any other branch exists and is ahead of `main`, but `same`, which is not ahead.
    fn start() -> Self;
    /// Connects to `o/r`.
    fn forge(&self) -> Box<dyn Forge>;
    /// Opens a pull request into `o/r` behind our back.
    fn somebody_opens(&self, owner: &str, branch: &str, base: &str);
    /// Gives a pull request another body, as its page does.
    fn somebody_edits(&self, number: u64, body: &str);
    /// Closes all pull requests.
    fn close_all(&self);
    /// Makes the next request be carried out, with its answer lost on the way.
    fn lose_the_next_answer(&self);
    /// Makes everything after the next request fail.
    fn break_after_the_next_request(&self);
    /// Returns the open pull requests, oldest first.
    fn seen(&self) -> Vec<Seen>;
}

pub(crate) struct GitHubFixture(ForgeServer);

impl Fixture for GitHubFixture {
    fn start() -> Self {
        let mut ours = Repository::new("o", "r");
        let names = ["main", "same", "work", "other", "feat/ä#1&x+y"];
        ours.branches = Branches::Listed(
            names
                .iter()
                .map(|name| {
                    let ahead = !matches!(*name, "main" | "same");
                    ((*name).to_owned(), if ahead { "2" } else { "1" }.repeat(40))
                })
                .collect(),
        );
        let mut fork = Repository::new("stranger", "r");
        fork.fork_of = Some("o/r".into());
        Self(ForgeServer::start(Some(TOKEN), [ours, fork]).unwrap())
    }

    fn forge(&self) -> Box<dyn Forge> {
        connect("github", self.0.url())
    }

    fn somebody_opens(&self, owner: &str, branch: &str, base: &str) {
        let from = format!("{owner}/r");
        self.0.add_pull("o/r", base, &from, branch).unwrap();
    }

    fn somebody_edits(&self, number: u64, body: &str) {
        self.0.edit(number, body);
    }

    fn close_all(&self) {
        for pull in self.0.pulls() {
            self.0.close(pull.number);
        }
    }

    fn lose_the_next_answer(&self) {
        let answer = Answer::text(502, "text/html", "<h1>Bad gateway</h1>");
        self.0.inject([Fault::DoneBut(answer)]);
    }

    fn break_after_the_next_request(&self) {
        let broken = || Fault::Instead(Answer::text(500, "text/plain", "broken"));
        self.0.inject([Fault::Pass, broken(), broken(), broken()]);
    }

    fn seen(&self) -> Vec<Seen> {
        let pulls = self.0.pulls().into_iter();
        pulls
            .map(|pull| Seen {
                head: format!("{}:{}", pull.head_repository, pull.head),
                base: pull.base,
                title: pull.title,
            })
            .collect()
    }
}

fn found(opened: Opened) -> PullRequest {
    match opened {
        Opened::Found(pull) => pull,
        other => panic!("not found: {other:?}"),
    }
}

async fn opening_twice_gives_one_pull_request<F: Fixture>() {
    let fixture = F::start();
    let forge = fixture.forge();
    let first = created(forge.open(&request("work")).await.unwrap());
    let second = found(forge.open(&request("work")).await.unwrap());
    assert_eq!(first, second);
    assert_eq!(fixture.seen().len(), 1);
    let looked_up = forge.find(&head("o", "work"), None).await.unwrap();
    assert_eq!(looked_up, Some(first));
}

async fn a_namesake_in_a_fork_is_not_ours<F: Fixture>() {
    let fixture = F::start();
    fixture.somebody_opens("stranger", "work", "main");
    let forge = fixture.forge();
    assert_eq!(forge.find(&head("o", "work"), None).await.unwrap(), None);
    created(forge.open(&request("work")).await.unwrap());
    assert_eq!(fixture.seen().len(), 2);
}

async fn our_branch_in_a_fork_is_found_there<F: Fixture>() {
    let fixture = F::start();
    let forge = fixture.forge();
    let mut request = request("work");
    request.head = head("stranger", "work");
    let pull = created(forge.open(&request).await.unwrap());
    assert_eq!(fixture.seen()[0].head, "stranger/r:work");
    let looked_up = forge.find(&request.head, None).await.unwrap();
    assert_eq!(looked_up, Some(pull));
}

async fn a_pull_request_into_another_base_is_not_taken<F: Fixture>() {
    let fixture = F::start();
    fixture.somebody_opens("o", "work", "other");
    let forge = fixture.forge();
    let into_main = forge.find(&head("o", "work"), Some(&branch("main"))).await;
    assert_eq!(into_main.unwrap(), None);
    let anywhere = forge.find(&head("o", "work"), None).await.unwrap().unwrap();
    assert_eq!(anywhere.base, branch("other"));
    let pull = created(forge.open(&request("work")).await.unwrap());
    assert_eq!(pull.base, branch("main"));
}

async fn a_closed_pull_request_is_not_found<F: Fixture>() {
    let fixture = F::start();
    fixture.somebody_opens("o", "work", "main");
    fixture.close_all();
    let forge = fixture.forge();
    assert_eq!(forge.find(&head("o", "work"), None).await.unwrap(), None);
    created(forge.open(&request("work")).await.unwrap());
}

async fn nothing_between_head_and_base_is_nothing_to_do<F: Fixture>() {
    let fixture = F::start();
    let opened = fixture.forge().open(&request("same")).await.unwrap();
    assert_eq!(opened, Opened::NothingToDo);
    assert_eq!(fixture.seen(), []);
}

async fn a_pull_request_whose_answer_was_lost_is_found_and_not_opened_again<F: Fixture>() {
    let fixture = F::start();
    fixture.lose_the_next_answer();
    found(fixture.forge().open(&request("work")).await.unwrap());
    assert_eq!(fixture.seen().len(), 1);
}

async fn what_cannot_be_added_is_a_warning_and_the_pull_request_stays<F: Fixture>() {
    let fixture = F::start();
    fixture.break_after_the_next_request();
    let mut request = request("work");
    request.labels = vec!["bot".into()];
    request.reviewers = vec!["octocat".into()];
    request.assignees = vec!["octocat".into()];
    let pull = created(fixture.forge().open(&request).await.unwrap());
    assert_eq!(pull.warnings.len(), 3, "{:?}", pull.warnings);
    assert_eq!(fixture.seen().len(), 1);
}

async fn a_long_title_is_cut_and_a_missing_one_is_the_branch<F: Fixture>() {
    let fixture = F::start();
    let forge = fixture.forge();
    let mut long = request("work");
    long.title = KnownSecrets::default().outgoing(&"é".repeat(400));
    created(forge.open(&long).await.unwrap());
    let mut empty = request("other");
    empty.title = "\u{1b}\n".into();
    created(forge.open(&empty).await.unwrap());
    let seen = fixture.seen();
    assert!(seen[0].title.ends_with("é…") && seen[0].title.chars().count() <= 256);
    assert_eq!(seen[1].title, "other");
}

async fn every_character_of_a_branch_name_arrives<F: Fixture>() {
    let fixture = F::start();
    let forge = fixture.forge();
    let name = "feat/ä#1&x+y";
    let pull = created(forge.open(&request(name)).await.unwrap());
    assert_eq!(fixture.seen()[0].head, format!("o/r:{name}"));
    let looked_up = forge.find(&head("o", name), Some(&branch("main"))).await;
    assert_eq!(looked_up.unwrap(), Some(pull));
}

async fn a_pull_request_is_closed_and_stays_closed<F: Fixture>() {
    let fixture = F::start();
    let forge = fixture.forge();
    let other = created(forge.open(&request("other")).await.unwrap());
    let pull = created(forge.open(&request("work")).await.unwrap());
    for _ in 0..2 {
        assert_eq!(forge.close(pull.number).await.unwrap(), Closed::Closed);
    }
    assert_eq!(forge.find(&head("o", "work"), None).await.unwrap(), None);
    let looked_up = forge.find(&head("o", "other"), None).await.unwrap();
    assert_eq!(looked_up, Some(other));
    assert!(forge.close(4711).await.is_err());
}

/// Somebody edits the body after it was looked up.
async fn the_block_is_kept_current_and_edits_around_it_stay<F: Fixture>() {
    let fixture = F::start();
    let forge = fixture.forge();
    let block = |text: &'static str| Block {
        text: text.into(),
        is_unfinished: false,
    };
    let mut request = request("work");
    request.body = Body {
        above: "theirs".into(),
        block: Some(block("- one")),
    };
    let pull = created(forge.open(&request).await.unwrap());
    let state = forge.keep_block(&pull, &block("- one")).await.unwrap();
    assert_eq!(state, BlockState::Current);
    let edited = format!("{}\r\n\r\nmine below", pull.body.replace("theirs", "mine"));
    fixture.somebody_edits(pull.number, &edited);
    let state = forge.keep_block(&pull, &block("- two")).await.unwrap();
    assert_eq!(state, BlockState::Updated);
    let now = forge.find(&head("o", "work"), None).await.unwrap().unwrap();
    assert_eq!(now.body, edited.replace("- one", "- two"));
    fixture.somebody_edits(pull.number, "all mine");
    for pull in [&pull, &now] {
        let state = forge.keep_block(pull, &block("- three")).await.unwrap();
        assert_eq!(state, BlockState::Missing);
    }
    let now = forge.find(&head("o", "work"), None).await.unwrap().unwrap();
    assert_eq!(now.body, "all mine");
}

async fn a_draft_is_made_ready<F: Fixture>() {
    let fixture = F::start();
    let forge = fixture.forge();
    let mut request = request("work");
    request.readiness = Readiness::Draft;
    let pull = created(forge.open(&request).await.unwrap());
    assert_eq!(pull.readiness, Readiness::Draft);
    for _ in 0..2 {
        forge.mark_ready(&pull).await.unwrap();
        let now = forge.find(&head("o", "work"), None).await.unwrap().unwrap();
        assert_eq!(now.readiness, Readiness::Ready);
    }
    let gone = PullRequest {
        node_id: Some("PR_gone".into()),
        ..pull.clone()
    };
    assert!(forge.mark_ready(&gone).await.is_err());
    let unnamed = PullRequest {
        node_id: None,
        ..pull
    };
    assert!(forge.mark_ready(&unnamed).await.is_err());
}

async fn the_default_branch_is_known<F: Fixture>() {
    let fixture = F::start();
    let default = fixture.forge().default_branch().await.unwrap();
    assert_eq!(default, branch("main"));
}

macro_rules! contract {
    ($module:ident, $fixture:ty, $($clause:ident),+ $(,)?) => {
        mod $module {
            $(
                #[tokio::test]
                async fn $clause() {
                    sendoff_testing::supervise!();
                    super::$clause::<$fixture>().await;
                }
            )+
        }
    };
}

/// Holds a forge to every clause.
macro_rules! keeps_the_contract {
    ($module:ident, $fixture:ty) => {
        contract!(
            $module,
            $fixture,
            opening_twice_gives_one_pull_request,
            a_namesake_in_a_fork_is_not_ours,
            our_branch_in_a_fork_is_found_there,
            a_pull_request_into_another_base_is_not_taken,
            a_closed_pull_request_is_not_found,
            nothing_between_head_and_base_is_nothing_to_do,
            a_pull_request_whose_answer_was_lost_is_found_and_not_opened_again,
            what_cannot_be_added_is_a_warning_and_the_pull_request_stays,
            a_long_title_is_cut_and_a_missing_one_is_the_branch,
            every_character_of_a_branch_name_arrives,
            a_pull_request_is_closed_and_stays_closed,
            the_block_is_kept_current_and_edits_around_it_stay,
            a_draft_is_made_ready,
            the_default_branch_is_known,
        );
    };
}

keeps_the_contract!(github, super::GitHubFixture);
