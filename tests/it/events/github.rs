//! Payloads as GitHub sends them, with all that its schema wants. `schemas.rs` holds them to that.

use serde_json::{Map, Value, json};

const API: &str = "https://api.github.com";
const PAGE: &str = "https://github.com";
const TIME: &str = "2026-01-02T03:04:05Z";

/// Returns an address for each of some keys: they end with `_url`.
fn urls(base: &str, keys: &str) -> Map<String, Value> {
    let keys = keys.split_whitespace();
    keys.map(|key| (format!("{key}_url"), json!(format!("{base}/{key}"))))
        .collect()
}

/// Puts the keys of one object into another.
fn with(mut object: Value, more: Map<String, Value>) -> Value {
    object.as_object_mut().unwrap().extend(more);
    object
}

/// Returns a user; the kind is `User` or `Bot`.
pub(super) fn user(login: &str, kind: &str) -> Value {
    let path = login.replace('[', "%5B").replace(']', "%5D");
    let url = format!("{API}/users/{path}");
    let keys = "followers following gists starred subscriptions organizations repos events received_events";
    let user = json!({
        "login": login, "id": 1, "node_id": "U_1", "type": kind, "site_admin": false, "gravatar_id": "", "url": url,
        "avatar_url": "https://avatars.githubusercontent.com/u/1", "html_url": format!("{PAGE}/{path}"),
    });
    with(user, urls(&url, keys))
}

/// Returns a repository, `owner/name`.
pub(super) fn repository(full_name: &str) -> Value {
    let (owner, name) = full_name.split_once('/').unwrap();
    let (url, page) = (
        format!("{API}/repos/{full_name}"),
        format!("{PAGE}/{full_name}"),
    );
    let keys = "forks keys collaborators teams hooks issue_events events assignees branches tags blobs git_tags git_refs trees \
                statuses languages stargazers contributors subscribers subscription commits git_commits comments \
                issue_comment contents compare merges archive downloads issues pulls milestones notifications labels \
                releases deployments clone svn";
    let repository = json!({
        "id": 2, "node_id": "R_2", "name": name, "full_name": full_name, "private": false, "owner": user(owner, "User"),
        "html_url": page, "description": null, "fork": false, "url": url, "created_at": 1_767_323_045, "updated_at": TIME,
        "pushed_at": 1_767_323_045, "git_url": format!("git://github.com/{full_name}.git"),
        "ssh_url": format!("git@github.com:{full_name}.git"), "homepage": null, "size": 1, "stargazers_count": 0,
        "watchers_count": 0, "language": null, "has_issues": true, "has_projects": false, "has_downloads": false,
        "has_wiki": false, "has_pages": false, "forks_count": 0, "mirror_url": null, "archived": false,
        "open_issues_count": 0, "license": null, "forks": 0, "open_issues": 0, "watchers": 0, "default_branch": "main",
        "is_template": false, "web_commit_signoff_required": false, "topics": [], "visibility": "public",
        "custom_properties": {},
    });
    with(repository, urls(&url, keys))
}

fn labels(names: &[&str]) -> Value {
    let label = |name| {
        json!({
            "id": 3, "node_id": "L_3", "url": format!("{API}/labels/3"), "name": name, "color": "d73a4a", "default": false,
            "description": null,
        })
    };
    names.iter().map(label).collect()
}

fn reactions() -> Value {
    json!({
        "url": format!("{API}/reactions"), "total_count": 0, "+1": 0, "-1": 0, "laugh": 0, "confused": 0, "heart": 0,
        "hooray": 0, "eyes": 0, "rocket": 0,
    })
}

fn issue(number: u64, title: &str, label_names: &[&str], repository: &str) -> Value {
    let url = format!("{API}/repos/{repository}/issues/{number}");
    let issue = json!({
        "url": url, "html_url": format!("{PAGE}/{repository}/issues/{number}"), "id": 4, "node_id": "I_4", "number": number,
        "title": title, "user": user("octocat", "User"), "labels": labels(label_names), "state": "open", "locked": false,
        "assignee": null, "assignees": [], "milestone": null, "comments": 0, "created_at": TIME, "updated_at": TIME,
        "closed_at": null, "author_association": "NONE", "active_lock_reason": null, "body": "What happened.",
        "reactions": reactions(),
    });
    with(issue, urls(&url, "repository labels comments events"))
}

/// Returns an issue that was opened by `octocat`.
pub(super) fn issues_opened(
    number: u64,
    title: &str,
    labels: &[&str],
    in_repository: &str,
) -> Value {
    json!({
        "action": "opened",
        "issue": issue(number, title, labels, in_repository),
        "repository": repository(in_repository),
        "sender": user("octocat", "User"),
    })
}

/// Returns a comment on an issue.
pub(super) fn issue_comment_created(number: u64, body: &str, sender: &Value) -> Value {
    let comment = json!({
        "url": format!("{API}/comments/5"), "html_url": format!("{PAGE}/acme/rocket/issues/{number}#issuecomment-5"),
        "issue_url": format!("{API}/repos/acme/rocket/issues/{number}"), "id": 5, "node_id": "IC_5", "user": sender,
        "created_at": TIME, "updated_at": TIME, "author_association": "NONE", "performed_via_github_app": null,
        "body": body, "reactions": reactions(),
    });
    json!({
        "action": "created",
        "issue": issue(number, "The rocket leaks", &[], "acme/rocket"),
        "comment": comment,
        "repository": repository("acme/rocket"),
        "sender": sender,
    })
}

fn side(branch: &str) -> Value {
    json!({
        "label": format!("acme:{branch}"), "ref": branch, "sha": "a".repeat(40), "user": user("acme", "User"),
        "repo": repository("acme/rocket"),
    })
}

/// What both forms of a pull request have.
fn simple_pull_request(number: u64, base: &str) -> Value {
    let url = format!("{API}/repos/acme/rocket/pulls/{number}");
    let page = format!("{PAGE}/acme/rocket/pull/{number}");
    let link = |to: &str| json!({ "href": format!("{url}/{to}") });
    let pull_request = json!({
        "url": url, "html_url": page, "diff_url": format!("{page}.diff"), "patch_url": format!("{page}.patch"), "id": 6,
        "node_id": "PR_6", "number": number, "state": "open", "locked": false, "title": "Stop the leak",
        "user": user("octocat", "User"), "body": null, "created_at": TIME, "updated_at": TIME, "closed_at": null,
        "merged_at": null, "merge_commit_sha": null, "assignee": null, "assignees": [], "requested_reviewers": [],
        "requested_teams": [], "labels": [], "milestone": null, "draft": false, "head": side("fix"), "base": side(base),
        "_links": {
            "self": link(""), "html": link("html"), "issue": link("issue"), "comments": link("comments"),
            "review_comments": link("review_comments"), "review_comment": link("review_comment"),
            "commits": link("commits"), "statuses": link("statuses"),
        },
        "author_association": "NONE", "auto_merge": null, "active_lock_reason": null,
    });
    let keys = "issue commits review_comments review_comment comments statuses";
    with(pull_request, urls(&url, keys))
}

/// Returns a pull request into a branch that was opened.
pub(super) fn pull_request_opened(number: u64, base: &str) -> Value {
    let more = json!({
        "merged": false, "mergeable": null, "rebaseable": null, "mergeable_state": "unknown", "merged_by": null,
        "comments": 0, "review_comments": 0, "maintainer_can_modify": false, "commits": 1, "additions": 1, "deletions": 1,
        "changed_files": 1,
    });
    let more = more.as_object().unwrap().clone();
    json!({
        "action": "opened",
        "number": number,
        "pull_request": with(simple_pull_request(number, base), more),
        "repository": repository("acme/rocket"),
        "sender": user("alice", "User"),
    })
}

/// Returns a review of a pull request.
pub(super) fn review_submitted(number: u64, sender: &Value) -> Value {
    let page = format!("{PAGE}/acme/rocket/pull/{number}");
    json!({
        "action": "submitted",
        "review": {
            "id": 7, "node_id": "PRR_7", "user": sender, "body": null, "commit_id": "a".repeat(40), "submitted_at": TIME,
            "state": "commented", "html_url": format!("{page}#pullrequestreview-7"), "pull_request_url": page,
            "author_association": "NONE",
            "_links": { "html": { "href": page }, "pull_request": { "href": page } },
        },
        "pull_request": simple_pull_request(number, "main"),
        "repository": repository("acme/rocket"),
        "sender": sender,
    })
}

/// Returns a push to a ref.
pub(super) fn push(reference: &str) -> Value {
    json!({
        "ref": reference, "before": "a".repeat(40), "after": "b".repeat(40), "created": false, "deleted": false,
        "forced": false, "base_ref": null, "compare": format!("{PAGE}/acme/rocket/compare/a...b"), "commits": [],
        "head_commit": null, "repository": repository("acme/rocket"),
        "pusher": { "name": "alice", "email": "alice@example.org" }, "sender": user("alice", "User"),
    })
}
