//! Random layers against a second opinion on what they may do: the merged policy is never looser than one of them.

use sendoff::names::BranchName;
use sendoff::policy::{Finding, LayerKind, Layers, Loaded, LocalConfig, Policy, PrivateCommits};
use sendoff::steps::STEPS;

use LayerKind::{PolicyBase, Repository, System, User};
use sendoff_testing::supervised;

/// So many sets of layers are tried.
const SETS: u64 = 3000;

/// What a layer says of each key that this is about; `None` where it is silent.
#[derive(Debug, Clone, Default)]
struct Said {
    protected: Vec<&'static str>,
    unprotect: Vec<&'static str>,
    lock: Vec<&'static str>,
    /// In seconds.
    deadline: Option<u64>,
    commits: Option<u64>,
    paths: Option<&'static str>,
    private: Option<&'static str>,
    foreign_authors: Option<&'static str>,
    files: Option<u64>,
    branch: Option<&'static str>,
    allowed: Option<&'static str>,
    allow_file: Option<bool>,
    local_config: Option<&'static str>,
    api_url: Option<&'static str>,
    /// A step of its own that runs a program.
    runs: bool,
}

/// Names and patterns of branches.
const PATTERNS: [&str; 7] = [
    "main",
    "release/**",
    "gh-pages",
    "trunk",
    "hotfix/*",
    "x",
    "feature/one",
];
/// Names that the built-in list protects.
const BUILT_IN: [&str; 7] = [
    "main",
    "master",
    "staging",
    "develop",
    "production",
    "release/1.2/rc",
    "gh-pages",
];
/// Branches that are asked for.
const ASKED: [&str; 12] = [
    "main",
    "master",
    "staging",
    "develop",
    "production",
    "release/1.2/rc",
    "gh-pages",
    "trunk",
    "hotfix/a",
    "x",
    "feature/one",
    "feature/two",
];

/// Numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    fn maybe<T: Copy>(&mut self, many: usize, values: &[T]) -> Option<T> {
        self.one_in(many).then(|| values[self.below(values.len())])
    }

    fn some<T: Copy>(&mut self, values: &[T]) -> Vec<T> {
        let count = self.below(3);
        (0..count)
            .map(|_| values[self.below(values.len())])
            .collect()
    }
}

/// Makes up what a layer says. What no repository may say is rare in one: then all of it is left out.
fn made_up(numbers: &mut Numbers, kind: LayerKind) -> Said {
    let outside = matches!(kind, System | User);
    let rare = if outside { 2 } else { 40 };
    let findings = ["allow", "note", "hold"];
    // What is looser than what is built in.
    let is_loose = outside || numbers.one_in(20);
    let paths = &findings[usize::from(!is_loose)..];
    let some_commits: &[u64] = match (outside, is_loose) {
        (true, _) => &[7, 900, 5000],
        (false, true) => &[1, 5, 7, 900, 5000],
        (false, false) => &[1, 5, 7, 900],
    };
    Said {
        protected: numbers.some(&PATTERNS),
        unprotect: if numbers.one_in(rare * 2) {
            vec!["gh-pages", "staging"]
        } else {
            Vec::new()
        },
        lock: match kind {
            System => numbers.some(&[
                "limits",
                "limits.commits",
                "remotes.allowed",
                "guard.paths",
                "guard.branch",
                "guard.files",
                "branches",
                "git",
                "forge",
            ]),
            _ => Vec::new(),
        },
        deadline: numbers.maybe(
            2,
            if outside {
                &[5, 60, 600][..]
            } else {
                &[1, 3, 5, 60][..]
            },
        ),
        commits: numbers.maybe(2, some_commits),
        paths: numbers.maybe(3, paths),
        private: numbers.maybe(3, &["draft", "hold"]),
        foreign_authors: numbers.maybe(3, &findings),
        files: numbers.maybe(3, &[1, 20, 300]),
        branch: numbers.maybe(4, &["feature/*", "feature/one", "hotfix/**", "release/**"]),
        allowed: numbers.maybe(rare, &["https://github.com/acme/*", "https://evil.test/**"]),
        allow_file: numbers.maybe(rare, &[true, false]),
        local_config: numbers.maybe(rare, &["trust", "ignore"]),
        api_url: numbers.maybe(rare, &["https://ghe.example/api/v3", "https://evil.test/"]),
        runs: !outside && numbers.one_in(4),
    }
}

impl Said {
    fn toml(&self) -> String {
        let quoted = |word: Option<&str>| word.map(|word| format!("{word:?}"));
        let list = |words: &[&str]| (!words.is_empty()).then(|| format!("{words:?}"));
        let deadline = self.deadline.map(|seconds| format!("\"{seconds}s\""));
        let tables = [
            ("", vec![("lock", list(&self.lock))]),
            (
                "branches",
                vec![
                    ("protected", list(&self.protected)),
                    ("unprotect", list(&self.unprotect)),
                ],
            ),
            (
                "limits",
                vec![
                    ("deadline", deadline),
                    ("commits", self.commits.map(|count| count.to_string())),
                ],
            ),
            (
                "guard",
                vec![
                    ("paths", quoted(self.paths)),
                    ("private", quoted(self.private)),
                    ("foreign-authors", quoted(self.foreign_authors)),
                    ("files", self.files.map(|count| count.to_string())),
                    ("branch", quoted(self.branch)),
                ],
            ),
            (
                "remotes",
                vec![
                    ("allowed", self.allowed.map(|url| format!("[{url:?}]"))),
                    ("allow-file", self.allow_file.map(|is| is.to_string())),
                ],
            ),
            ("git", vec![("local-config", quoted(self.local_config))]),
            ("forge", vec![("api-url", quoted(self.api_url))]),
            (
                "steps.mine",
                vec![
                    ("uses", self.runs.then(|| "\"exec\"".into())),
                    ("command", self.runs.then(|| "[\"./mine\"]".into())),
                ],
            ),
        ];
        let mut lines = Vec::new();
        for (table, keys) in tables {
            let set: Vec<String> = keys
                .into_iter()
                .filter_map(|(key, value)| Some(format!("{key} = {}\n", value?)))
                .collect();
            if !set.is_empty() && !table.is_empty() {
                lines.push(format!("[{table}]\n"));
            }
            lines.extend(set);
        }
        lines.concat()
    }
}

/// One layer as it is tried, and whether it counts.
struct Tried {
    kind: LayerKind,
    said: Said,
}

fn load(tried: &[Tried]) -> Loaded {
    let texts: Vec<_> = tried
        .iter()
        .map(|layer| (layer.kind, layer.said.toml()))
        .collect();
    let texts: Vec<_> = texts
        .iter()
        .map(|(kind, text)| (*kind, text.as_str()))
        .collect();
    Layers::from_texts(&texts, STEPS).unwrap()
}

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
struct Opinion<'t> {
    layers: &'t [&'t Tried],
    system: Option<&'t Said>,
    user: Option<&'t Said>,
    repository: Vec<&'t Said>,
}

impl<'t> Opinion<'t> {
    fn of(layers: &'t [&'t Tried]) -> Self {
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
    fn compare(&self, policy: &Policy) -> Vec<(String, bool)> {
        let protected = ASKED
            .iter()
            .filter(|branch| self.protects(branch))
            .map(|branch| {
                let permit = policy.permit_push(&BranchName::new(*branch).unwrap());
                ((*branch).to_owned(), permit.is_err())
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
        let same = |branch: &&str| lets_out(branch) == may_leave(branch);
        [
            ("guard.files", most == files),
            ("guard.branch", ASKED.iter().all(same)),
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

/// Returns in what a policy is looser than one of the layers that count.
fn looser(policy: &Policy, layers: &[&Tried]) -> Vec<String> {
    let compared = Opinion::of(layers).compare(policy).into_iter();
    compared
        .filter(|(_, holds)| !holds)
        .map(|(name, _)| name)
        .collect()
}

#[test]
fn the_merged_policy_is_never_looser_than_one_of_its_layers() {
    if supervised() {
        return;
    }
    let mut numbers = Numbers(0x5eed);
    let (mut kept, mut dropped, mut found, mut permitted) = (0, 0, 0, 0);
    for _ in 0..SETS {
        let kinds = [System, User, PolicyBase, Repository];
        let tried: Vec<Tried> = kinds
            .into_iter()
            .filter_map(|kind| {
                let is_there = !numbers.one_in(4);
                is_there.then(|| Tried {
                    kind,
                    said: made_up(&mut numbers, kind),
                })
            })
            .collect();
        let loaded = load(&tried);
        let counts = |layer: &&Tried| {
            !loaded
                .problems
                .iter()
                .any(|problem| problem.origin == layer.kind)
        };
        let layers: Vec<&Tried> = tried.iter().filter(counts).collect();
        let told = looser(&loaded.policy, &layers);
        let shown = || {
            let layers = tried.iter().map(|layer| layer.said.toml());
            layers.collect::<Vec<_>>().join("# next\n")
        };
        assert!(told.is_empty(), "{told:?} in\n{}", shown());
        // A layer of the repository that is left out asked for something that no repository may have.
        for layer in tried.iter().filter(|layer| !counts(layer)) {
            assert!(
                layer.kind.is_of_repository(),
                "{:?} in\n{}",
                loaded.problems,
                shown()
            );
            dropped += 1;
        }
        kept += layers.len();
        // The control: a branch that nobody protects gets its permit.
        let free = BranchName::new("feature/two").unwrap();
        permitted += usize::from(loaded.policy.permit_push(&free).is_ok());
        // The second opinion notices where a layer had no effect.
        for without in 0..layers.len() {
            let fewer: Vec<Tried> = layers
                .iter()
                .enumerate()
                .filter(|(number, _)| *number != without)
                .map(|(_, layer)| Tried {
                    kind: layer.kind,
                    said: layer.said.clone(),
                })
                .collect();
            found += usize::from(!looser(&load(&fewer).policy, &layers).is_empty());
        }
    }
    let sets = usize::try_from(SETS).unwrap();
    assert_eq!(permitted, sets);
    assert!(
        kept > sets * 2 && dropped > sets / 20,
        "{kept} kept, {dropped} left out"
    );
    assert!(
        found > sets,
        "only {found} layers without effect are noticed"
    );
}
