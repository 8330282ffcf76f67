//! Random layers.

use sendoff::policy::{LayerKind, Layers, Loaded};
use sendoff::steps::STEPS;

use LayerKind::{System, User};

/// What a layer says of each key that this is about; `None` where it is silent.
#[derive(Debug, Clone, Default)]
pub(super) struct Said {
    pub(super) protected: Vec<&'static str>,
    pub(super) unprotect: Vec<&'static str>,
    pub(super) lock: Vec<&'static str>,
    /// In seconds.
    pub(super) deadline: Option<u64>,
    pub(super) commits: Option<u64>,
    pub(super) paths: Option<&'static str>,
    pub(super) private: Option<&'static str>,
    pub(super) foreign_authors: Option<&'static str>,
    pub(super) files: Option<u64>,
    pub(super) branch: Option<&'static str>,
    pub(super) allowed: Option<&'static str>,
    pub(super) allow_file: Option<bool>,
    pub(super) local_config: Option<&'static str>,
    pub(super) api_url: Option<&'static str>,
    /// A step of its own that runs a program.
    pub(super) runs: bool,
}

/// Names and patterns of branches.
pub(super) const PATTERNS: [&str; 7] = [
    "main",
    "release/**",
    "gh-pages",
    "trunk",
    "hotfix/*",
    "x",
    "feature/one",
];
/// Names that the built-in list protects.
pub(super) const BUILT_IN: [&str; 7] = [
    "main",
    "master",
    "staging",
    "develop",
    "production",
    "release/1.2/rc",
    "gh-pages",
];
/// Branches that are asked for beside these.
const OTHERS: [&str; 5] = ["trunk", "hotfix/a", "x", "feature/one", "feature/two"];

/// Returns the branches that are asked for.
pub(super) fn asked() -> impl Iterator<Item = &'static str> {
    BUILT_IN.into_iter().chain(OTHERS)
}

/// Numbers that are the same in every run.
pub(super) struct Numbers(pub(super) u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }

    pub(super) fn one_in(&mut self, many: usize) -> bool {
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
pub(super) fn made_up(numbers: &mut Numbers, kind: LayerKind) -> Said {
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
    pub(super) fn toml(&self) -> String {
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
pub(super) struct Tried {
    pub(super) kind: LayerKind,
    pub(super) said: Said,
}

pub(super) fn load(tried: &[Tried]) -> Loaded {
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
