//! A second opinion on what layers allow, computed in another way than the policy does.

use sendoff::names::BranchName;
use sendoff::policy::{Finding, LayerKind, LocalConfig, Policy, PrivateCommits};

use LayerKind::{PolicyBase, Repository, System, User};

use super::layers::{BUILT_IN, Said, Tried, asked};

/// Says whether a pattern, as the test has them, is one for the branch.
fn covers(pattern: &str, branch: &str) -> bool {
    match pattern.split_once("/*") {
        None => pattern == branch,
        Some((directory, rest)) => {
            let below = branch
                .strip_prefix(directory)
                .and_then(|rest| rest.strip_prefix('/'));
            below.is_some_and(|below| rest == "*" || !below.contains('/'))
        }
    }
}

/// How strict a word is.
fn strictness(word: &str) -> usize {
    ["allow", "draft", "note", "hold"]
        .iter()
        .position(|known| *known == word)
        .unwrap()
}

const fn word_of(finding: Finding) -> &'static str {
    match finding {
        Finding::Allow => "allow",
        Finding::Note => "note",
        Finding::Hold => "hold",
    }
}

/// What layers that count allow, by a second opinion.
pub(super) struct Opinion<'t> {
    layers: &'t [&'t Tried],
    system: Option<&'t Said>,
    user: Option<&'t Said>,
    repository: Vec<&'t Said>,
}

impl<'t> Opinion<'t> {
    pub(super) fn of(layers: &'t [&'t Tried]) -> Self {
        let of = |kind| {
            let mut all = layers.iter();
            all.find(|layer| layer.kind == kind)
                .map(|layer| &layer.said)
        };
        Self {
            layers,
            system: of(System),
            user: of(User),
            repository: [PolicyBase, Repository]
                .into_iter()
                .filter_map(of)
                .collect(),
        }
    }

    fn is_locked(&self, key: &str) -> bool {
        let locks = self
            .system
            .map(|said| said.lock.as_slice())
            .unwrap_or_default();
        let mut locks = locks.iter();
        locks.any(|lock| key == *lock || key.starts_with(&format!("{lock}.")))
    }

    /// What is said outside of the repository.
    fn outside<T>(&self, key: &str, get: impl Fn(&Said) -> Option<T>) -> Option<T> {
        let by_user = self.user.filter(|_| !self.is_locked(key)).and_then(&get);
        by_user.or_else(|| self.system.and_then(&get))
    }

    /// What the repository says.
    fn inside<T>(&self, key: &str, get: impl Fn(&Said) -> Option<T>) -> Vec<T> {
        let said = self.repository.iter().filter(|_| !self.is_locked(key));
        said.filter_map(|said| get(said)).collect()
    }

    /// What anybody protects, but for names of the built-in list that somebody outside takes off it.
    fn protects(&self, branch: &str) -> bool {
        let freed = self.outside("branches.unprotect", |said| {
            (!said.unprotect.is_empty()).then(|| said.unprotect.clone())
        });
        let mut named = self.layers.iter().flat_map(|layer| &layer.said.protected);
        let is_freed = freed.is_some_and(|freed| freed.contains(&branch));
        named.any(|pattern| covers(pattern, branch)) || BUILT_IN.contains(&branch) && !is_freed
    }

    /// The number outside, and the most with what the repository says.
    fn most(&self, key: &str, get: impl Fn(&Said) -> Option<u64>, default: u64) -> (u64, u64) {
        let outside = self.outside(key, &get).unwrap_or(default);
        let inside = self.inside(key, &get).into_iter().min();
        (
            outside,
            inside.map_or(outside, |inside| inside.min(outside)),
        )
    }

    /// How strict a guard has to be at least.
    fn least(
        &self,
        key: &str,
        get: impl Fn(&Said) -> Option<&'static str>,
        default: &str,
    ) -> usize {
        let outside = self.outside(key, &get).unwrap_or(default);
        let inside = self.inside(key, &get).into_iter().map(strictness);
        inside.fold(strictness(outside), usize::max)
    }

    /// Each comparison by its name, and whether the policy is as strict as that.
    pub(super) fn compare(&self, policy: &Policy) -> Vec<(String, bool)> {
        let protected = asked()
            .filter(|branch| self.protects(branch))
            .map(|branch| {
                let permit = policy.permit_push(&BranchName::new(branch).unwrap());
                (branch.to_owned(), permit.is_err())
            });
        let named = |(name, holds): (&str, bool)| (name.to_owned(), holds);
        let limits = self.compare_limits(policy).map(named);
        let guards = self.compare_guards(policy).map(named);
        let places = self.compare_places(policy).map(named);
        protected
            .chain(limits)
            .chain(guards)
            .chain(places)
            .collect()
    }

    fn compare_limits(&self, policy: &Policy) -> [(&'static str, bool); 4] {
        let (branch, others) = (policy.branch_limits(), policy.limits());
        let (outside, commits) = self.most("limits.commits", |said| said.commits, 1000);
        let (outside_seconds, deadline) = self.most("limits.deadline", |said| said.deadline, 120);
        let seconds = others.deadline.duration().as_secs();
        [
            ("commits", branch.commits.get() as u64 <= commits),
            (
                "commits of other steps",
                others.commits.get() as u64 == outside,
            ),
            ("deadline", branch.deadline.duration().as_secs() <= deadline),
            ("deadline of other steps", seconds == outside_seconds),
        ]
    }

    fn compare_guards(&self, policy: &Policy) -> [(&'static str, bool); 5] {
        let guard = policy.guard();
        let private = match guard.private {
            PrivateCommits::Draft => "draft",
            PrivateCommits::Hold => "hold",
        };
        let paths = self.least("guard.paths", |said| said.paths, "note");
        let commits = self.least("guard.private", |said| said.private, "draft");
        let authors = self.least(
            "guard.foreign-authors",
            |said| said.foreign_authors,
            "allow",
        );
        let (_, files) = self.most("guard.files", |said| said.files, u64::MAX);
        let most = guard.files.map_or(u64::MAX, |count| count.get() as u64);
        let outside = self.outside("guard.branch", |said| said.branch);
        let patterns = self.inside("guard.branch", |said| said.branch);
        let patterns: Vec<&str> = patterns.into_iter().chain(outside).collect();
        let lets_out = |branch: &str| {
            let mut told = guard.branch.iter().flatten();
            told.all(|pattern| pattern.matches(branch))
        };
        let may_leave = |branch: &str| patterns.iter().all(|pattern| covers(pattern, branch));
        let same = |branch| lets_out(branch) == may_leave(branch);
        [
            ("guard.files", most == files),
            ("guard.branch", asked().all(same)),
            ("guard.paths", strictness(word_of(guard.paths)) >= paths),
            ("guard.private", strictness(private) >= commits),
            (
                "guard.foreign-authors",
                strictness(word_of(guard.foreign_authors)) >= authors,
            ),
        ]
    }

    /// Where things go, and what runs: no repository has a say.
    fn compare_places(&self, policy: &Policy) -> [(&'static str, bool); 5] {
        let allowed = self.outside("remotes.allowed", |said| said.allowed);
        let allow_file = self.outside("remotes.allow-file", |said| said.allow_file);
        let local = self.outside("git.local-config", |said| said.local_config);
        let api = self.outside("forge.api-url", |said| said.api_url);
        let patterns = policy.remotes().allowed.iter().map(ToString::to_string);
        let patterns: Vec<String> = patterns.collect();
        let trusts = policy.git().local_config == LocalConfig::Trust;
        let url = policy.forge().api_url.as_ref().map(ToString::to_string);
        [
            (
                "remotes.allowed",
                patterns.iter().map(String::as_str).eq(allowed),
            ),
            (
                "remotes.allow-file",
                policy.remotes().allow_file == (allow_file == Some(true)),
            ),
            ("git.local-config", trusts == (local == Some("trust"))),
            ("forge.api-url", url.as_deref() == api),
            ("a step that runs a program", !policy.mentions("mine")),
        ]
    }
}
