//! GitHub's JSON documents, complete enough for GitHub's `OpenAPI` description.

use serde_json::{Map, Value, json};

use super::pull::Pull;
use super::repository::{ProtectedBy, Repository};
use super::state::State;

/// The time stamp in every document.
const TIMESTAMP: &str = "2026-01-01T00:00:00Z";

/// A branch, with what protects it.
pub(super) fn branch(repository: &Repository, name: &str, commit: &str, root: &str) -> Value {
    let full_name = repository.full_name();
    let url = format!("{root}/repos/{full_name}/branches/{name}");
    let at = format!("{root}/repos/{full_name}/commits/{commit}");
    let author = json!({"name": "A U Thor", "email": "author@example.invalid", "date": TIMESTAMP});
    let owner = user(&repository.owner, root);
    let mut rules = repository.protected.iter();
    let rule = rules.find(|rule| rule.name == name).map(|rule| &rule.by);
    let mut document = object(json!({
        "name": name, "protected": rule.is_some(), "protection_url": format!("{url}/protection"),
        "protection": {"enabled": false,
            "required_status_checks": {"enforcement_level": "off", "contexts": [], "checks": []}},
        "_links": {"self": url, "html": format!("{root}/{full_name}/tree/{name}")},
        "commit": {
            "sha": commit, "node_id": "MDY6Q29tbWl0MQ==", "url": at, "html_url": at,
            "comments_url": format!("{at}/comments"), "author": owner, "committer": owner,
            "parents": [], "commit": {
                "url": at, "author": author, "committer": author, "message": "A commit",
                "comment_count": 0, "tree": {"sha": commit, "url": at},
            },
        },
    }));
    if let Some(ProtectedBy::Rule { pattern, checks }) = rule {
        document.insert("pattern".to_owned(), json!(pattern));
        let listed = checks
            .iter()
            .map(|name| json!({"context": name, "app_id": null}));
        let checks = json!({"enforcement_level": "everyone", "contexts": checks,
            "checks": listed.collect::<Vec<_>>()});
        let protection = json!({"enabled": true, "required_status_checks": checks});
        document.insert("protection".to_owned(), protection);
    }
    Value::Object(document)
}

/// A user.
fn user(login: &str, root: &str) -> Value {
    let url = format!("{root}/users/{login}");
    let mut user = object(json!({
        "login": login, "id": 1, "node_id": "MDQ6VXNlcjE=", "gravatar_id": "",
        "avatar_url": format!("{root}/{login}.png"), "html_url": format!("{root}/{login}"),
        "url": url, "type": "User", "site_admin": false,
    }));
    let names = [
        "followers",
        "following",
        "gists",
        "starred",
        "subscriptions",
        "repos",
        "events",
        "received_events",
    ];
    add_urls(&mut user, &names, &url);
    user.insert("organizations_url".to_owned(), json!(format!("{url}/orgs")));
    Value::Object(user)
}

/// What a repository has a URL for, each in a key of its own.
const REPOSITORY_URLS: &[&str] = &[
    "archive",
    "assignees",
    "blobs",
    "branches",
    "collaborators",
    "comments",
    "commits",
    "compare",
    "contents",
    "contributors",
    "deployments",
    "downloads",
    "events",
    "forks",
    "git_commits",
    "git_refs",
    "git_tags",
    "hooks",
    "issue_comment",
    "issue_events",
    "issues",
    "keys",
    "labels",
    "languages",
    "merges",
    "milestones",
    "notifications",
    "pulls",
    "releases",
    "stargazers",
    "statuses",
    "subscribers",
    "subscription",
    "tags",
    "teams",
    "trees",
];

/// A repository.
pub(super) fn repository(repository: &Repository, root: &str) -> Value {
    let full_name = repository.full_name();
    let url = format!("{root}/repos/{full_name}");
    let page = format!("{root}/{full_name}");
    let mut document = object(json!({
        "id": repository.id, "node_id": "MDEwOlJlcG9zaXRvcnkx", "name": repository.name,
        "full_name": full_name, "owner": user(&repository.owner, root), "private": false,
        "html_url": page, "description": null, "fork": repository.fork_of.is_some(), "url": url,
        "default_branch": repository.default_branch, "archived": false, "disabled": false,
        "visibility": "public",
    }));
    add_urls(&mut document, REPOSITORY_URLS, &url);
    document.extend(object(json!({
        "clone_url": format!("{page}.git"), "git_url": format!("{page}.git"),
        "ssh_url": format!("git@127.0.0.1:{full_name}.git"), "svn_url": page,
        "mirror_url": null, "homepage": null, "language": null, "license": null,
        "has_issues": true, "has_projects": true, "has_wiki": true, "has_pages": false,
        "has_discussions": false, "has_downloads": true,
    })));
    for count in [
        "forks",
        "forks_count",
        "open_issues",
        "open_issues_count",
        "size",
        "stargazers_count",
        "watchers",
        "watchers_count",
        "network_count",
        "subscribers_count",
    ] {
        document.insert(count.to_owned(), json!(0));
    }
    for time in ["pushed_at", "created_at", "updated_at"] {
        document.insert(time.to_owned(), json!(TIMESTAMP));
    }
    Value::Object(document)
}

/// The name of a pull request in the GraphQL API.
pub(super) fn node_id(number: u64) -> String {
    format!("PR_kwDOAAAAAc4AAA{number:04}")
}

/// A pull request, as an element of a list.
pub(super) fn pull_in_list(state: &State, pull: &Pull, root: &str) -> Value {
    let side = |id: u64, branch: &str| {
        let found = state.by_id(id);
        let owner = found.map_or("unknown", |found| &found.owner);
        json!({
            "label": format!("{owner}:{branch}"), "ref": branch,
            "sha": found.and_then(|found| found.commit(branch)).unwrap_or_default(),
            "user": user(owner, root), "repo": found.map(|found| repository(found, root)),
        })
    };
    let into = state.by_id(pull.into);
    let full_name = into.map(Repository::full_name).unwrap_or_default();
    let author = user("octocat", root);
    let url = format!("{root}/repos/{full_name}/pulls/{}", pull.number);
    let issue = format!("{root}/repos/{full_name}/issues/{}", pull.number);
    let page = format!("{root}/{full_name}/pull/{}", pull.number);
    let mut head = side(pull.from, &pull.branch);
    if let (Some(last), Some(sha)) = (&pull.last, head.get_mut("sha")) {
        *sha = last.as_str().into();
    }
    let statuses = format!("{root}/repos/{full_name}/statuses/{}", text(&head, "sha"));
    let mut document = object(json!({
        "url": url, "id": pull.number, "node_id": node_id(pull.number), "html_url": page,
        "diff_url": format!("{page}.diff"), "patch_url": format!("{page}.patch"),
        "issue_url": issue, "commits_url": format!("{url}/commits"),
        "review_comments_url": format!("{url}/comments"),
        "review_comment_url": format!("{root}/repos/{full_name}/pulls/comments{{/number}}"),
        "comments_url": format!("{issue}/comments"), "statuses_url": statuses,
        "number": pull.number, "state": if pull.open { "open" } else { "closed" },
        "locked": false, "title": pull.title, "user": author, "body": pull.body,
        "labels": labels(&pull.labels, root), "milestone": null, "draft": pull.draft,
    }));
    let link = |href: &str| json!({"href": href});
    document.extend(object(json!({
        "created_at": TIMESTAMP, "updated_at": TIMESTAMP, "closed_at": (!pull.open).then_some(TIMESTAMP),
        "merged_at": pull.merged.then_some(TIMESTAMP),
        "merge_commit_sha": null, "assignee": first(&users(&pull.assignees, root)),
        "assignees": users(&pull.assignees, root), "auto_merge": null,
        "requested_reviewers": users(&pull.reviewers, root), "requested_teams": [],
        "author_association": "OWNER", "head": head, "base": side(pull.into, &pull.base),
        "_links": {
            "self": link(&url), "html": link(&page), "issue": link(&issue),
            "comments": link(&format!("{issue}/comments")),
            "review_comments": link(&format!("{url}/comments")),
            "review_comment": link(&format!("{url}/comments{{/number}}")),
            "commits": link(&format!("{url}/commits")), "statuses": link(&statuses),
        },
    })));
    Value::Object(document)
}

/// A pull request with the fields that lists leave out.
pub(super) fn pull(state: &State, pull: &Pull, root: &str) -> Value {
    let mut document = object(pull_in_list(state, pull, root));
    document.extend(object(json!({
        "merged": pull.merged, "mergeable": null, "rebaseable": null, "mergeable_state": "unknown",
        "merged_by": null, "comments": 0, "review_comments": 0, "maintainer_can_modify": false,
        "commits": 1, "additions": 1, "deletions": 0, "changed_files": 1,
    })));
    Value::Object(document)
}

/// The issue of a pull request: GitHub keeps one for each.
pub(super) fn issue(pull: &Pull, into: &Repository, root: &str) -> Value {
    let repository = format!("{root}/repos/{}", into.full_name());
    let url = format!("{repository}/issues/{}", pull.number);
    json!({
        "id": pull.number, "node_id": "I_kwDOAAAAAc4AAAAB", "url": url,
        "repository_url": repository, "labels_url": format!("{url}/labels{{/name}}"),
        "comments_url": format!("{url}/comments"), "events_url": format!("{url}/events"),
        "html_url": format!("{root}/{}/pull/{}", into.full_name(), pull.number),
        "number": pull.number, "state": "open", "title": pull.title, "body": pull.body,
        "user": user("octocat", root), "labels": labels(&pull.labels, root),
        "assignee": first(&users(&pull.assignees, root)),
        "assignees": users(&pull.assignees, root), "milestone": null, "locked": false,
        "comments": 0, "closed_at": null, "created_at": TIMESTAMP, "updated_at": TIMESTAMP,
        "author_association": "OWNER",
    })
}

/// A list of labels.
pub(super) fn labels(names: &[String], root: &str) -> Value {
    let label = |name: &String| {
        json!({
            "id": 1, "node_id": "MDU6TGFiZWwx", "url": format!("{root}/labels/1"), "name": name,
            "description": "", "color": "ededed", "default": false,
        })
    };
    names.iter().map(label).collect()
}

fn users(logins: &[String], root: &str) -> Value {
    logins.iter().map(|login| user(login, root)).collect()
}

fn first(list: &Value) -> Value {
    list.get(0).cloned().unwrap_or(Value::Null)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn add_urls(document: &mut Map<String, Value>, names: &[&str], below: &str) {
    for name in names {
        document.insert(format!("{name}_url"), json!(format!("{below}/{name}")));
    }
}
