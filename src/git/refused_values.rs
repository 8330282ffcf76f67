//! The values in git's configuration at which `git push` stops, and which change nothing here, for the report.

use gix::bstr::{BStr, ByteSlice};

use crate::names::{RemoteUrl, Scheme};

use super::config::{Config, Entry, Scope, of_section, truth};
use super::ignored_keys::shown;
use super::open_error::LocalConfigTrust;
use super::url_match::{Partial, Place, rank};

/// How many keys the report names at most.
const MAX_NAMED_KEYS: usize = 100;

/// Keys whose values git reads alike.
struct Row {
    section: &'static str,
    /// In lower case, between blanks; none means all of the section.
    names: &'static str,
    /// What git takes.
    kind: Kind,
    /// Which values of a key git looks at.
    looks_at: LooksAt,
}

/// Which values of a key git looks at.
#[derive(PartialEq)]
enum LooksAt {
    /// At each one, also where a later one counts.
    Each,
    /// At the one that counts.
    Last,
}

use Kind::{Abbreviation, Level, Not, Number, OneOf, Size, Text, Truth, TruthOr};
use LooksAt::{Each, Last};

/// What git takes as the value of a key.
enum Kind {
    /// Any text, and not the key alone.
    Text,
    /// What is true or false.
    Truth,
    /// The same, or one of these words.
    TruthOr(&'static str),
    /// What is false, or one of these words.
    Not(&'static str),
    /// One of these words.
    OneOf(&'static str),
    /// A number, with a unit or without one.
    Number,
    /// A number that is not negative.
    Size,
    /// A level of compression.
    Level,
    /// How long an abbreviated id is.
    Abbreviation,
}

const fn row(section: &'static str, kind: Kind, looks_at: LooksAt, names: &'static str) -> Row {
    Row {
        section,
        names,
        kind,
        looks_at,
    }
}

/// As git 2.47 reads them in `git push`, and in the programs that it starts: `send-pack`, `pack-objects`, `remote-http`.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    row("advice", Truth, Each, ""),
    row("attr", Text, Each, "tree"),
    row("author", Text, Each, "email name"),
    row("branch", Text, Each, "merge pushremote remote"),
    row("branch", TruthOr("always inherit simple"), Each, "autosetupmerge"),
    row("branch", OneOf("never local remote always"), Each, "autosetuprebase"),
    row("color", TruthOr("never always auto"), Each, "advice pager push transport"),
    row("commitgraph", Number, Last, "changedpathsversion generationversion"),
    row("commitgraph", Truth, Last, "readchangedpaths"),
    row("committer", Text, Each, "email name"),
    row("core", Abbreviation, Each, "abbrev"),
    row("core", Text, Each, "askpass attributesfile checkroundtripencoding editor excludesfile fsync fsyncmethod"),
    row("core", Text, Each, "logallrefupdates sshcommand whitespace"),
    row("core", Text, Last, "hookspath untrackedcache"),
    row("core", TruthOr("input"), Each, "autocrlf"),
    row("core", TruthOr("always"), Each, "logallrefupdates"),
    row("core", TruthOr("warn"), Each, "safecrlf"),
    row("core", TruthOr("umask group all world everybody"), Each, "sharedrepository"),
    row("core", Truth, Each, "bare filemode fsyncobjectfiles ignorecase ignorestat precomposeunicode prefersymlinkrefs"),
    row("core", Truth, Each, "preloadindex protecthfs protectntfs quotepath sparsecheckout sparsecheckoutcone symlinks"),
    row("core", Truth, Each, "trustctime warnambiguousrefs"),
    row("core", Truth, Last, "commitgraph multipackindex usereplacerefs"),
    row("core", OneOf("default minimal"), Each, "checkstat"),
    row("core", OneOf("link rename"), Each, "createobject"),
    row("core", Level, Each, "compression loosecompression"),
    row("core", Size, Each, "bigfilethreshold deltabasecachelimit packedgitlimit packedgitwindowsize"),
    row("core", Number, Last, "filesreflocktimeout maxtreedepth"),
    row("feature", Truth, Last, "experimental manyfiles"),
    row("fetch", Truth, Last, "writecommitgraph"),
    row("fetch", OneOf("skipping noop consecutive default"), Last, "negotiationalgorithm"),
    row("gc", Truth, Last, "writecommitgraph"),
    row("http", Text, Each, "cookiefile curloptresolve delegation extraheader pinnedpubkey proactiveauth proxy"),
    row("http", Text, Each, "proxyauthmethod proxysslcainfo proxysslcert proxysslkey sslcainfo sslcapath sslcert"),
    row("http", Text, Each, "sslcipherlist sslkey sslversion useragent version"),
    row("http", TruthOr("auto"), Each, "emptyauth"),
    row("http", TruthOr("initial"), Each, "followredirects"),
    row("http", Truth, Each, "noepsv proxysslcertpasswordprotected savecookies schannelcheckrevoke"),
    row("http", Truth, Each, "schannelusesslcainfo sslcertpasswordprotected ssltry sslverify"),
    row("http", Number, Each, "lowspeedlimit lowspeedtime maxrequests minsessions postbuffer"),
    row("i18n", Text, Each, "commitencoding logoutputencoding"),
    row("index", Truth, Last, "skiphash sparse"),
    row("index", Number, Last, "version"),
    row("mailmap", Text, Each, "blob file"),
    row("pack", TruthOr("single multi"), Each, "allowpackreuse"),
    row("pack", Level, Each, "compression"),
    row("pack", Size, Each, "packsizelimit windowmemory"),
    row("pack", Number, Each, "deltacachelimit deltacachesize depth indexversion threads window"),
    row("pack", Truth, Each, "usebitmaps writebitmaphashcache writebitmaplookuptable writereverseindex"),
    row("pack", Truth, Last, "readreverseindex usebitmapboundarytraversal usesparse"),
    row("protocol", OneOf("always never user"), Last, "allow"),
    row("protocol", OneOf("0 1 2"), Last, "version"),
    row("push", OneOf("nothing matching simple upstream tracking current"), Each, "default"),
    row("push", TruthOr("if-asked"), Each, "gpgsign"),
    row("push", Text, Each, "pushoption"),
    row("push", Not("on-demand check only"), Each, "recursesubmodules"),
    row("push", Truth, Each, "autosetupremote followtags useforceifincludes"),
    row("push", Truth, Last, "negotiate usebitmaps"),
    row("remote", Text, Each, "fetch proxy proxyauthmethod push pushdefault pushurl receivepack tagopt uploadpack url"),
    row("remote", Text, Each, "vcs"),
    row("remote", Truth, Each, "mirror prune prunetags skipdefaultupdate skipfetchall"),
    row("submodule", Truth, Each, "recurse"),
    row("url", Text, Each, "insteadof pushinsteadof"),
    row("user", Text, Each, "email name"),
];

/// Returns a sentence for each line of the configuration at which `git push` to `url` would stop: whoever compares wants to
/// know why.
pub fn refused_values(config: &Config, url: &RemoteUrl) -> Vec<String> {
    let own = config.local.sections().filter(|part| {
        let name = part.header().name();
        // They count already, or a long-lived clone has one for each branch.
        config.trust == LocalConfigTrust::Ignore && !name.eq_ignore_ascii_case(b"branch")
    });
    let own: Vec<Entry> = own
        .flat_map(|part| of_section(part, Scope::Local))
        .collect();
    let mut all: Vec<&Entry> = config.trusted.all().chain(&own).collect();
    // The environment's come last.
    all.sort_by_key(|entry| entry.scope);
    let counts = |at: usize, entry: &Entry| {
        let later = all.get(at + 1..).unwrap_or_default();
        !later.iter().any(|other| {
            other.name == entry.name
                && other.section == entry.section
                && other.subsection == entry.subsection
        })
    };
    let found = all.iter().enumerate().filter_map(|(at, entry)| {
        let rows = ROWS.iter().filter(|row| row.is_of(entry, url));
        let value = entry.value.as_ref().map(|value| value.as_bstr());
        let problem = |row: &Row| {
            let problem = row.kind.problem(value)?;
            (row.looks_at == Each || counts(at, entry)).then_some(problem)
        };
        let problem = rows.into_iter().find_map(problem)?;
        let subsection = entry.subsection.as_ref().map(|name| name.as_bstr());
        let key = shown(&entry.section, subsection, &entry.name);
        Some(format!(
            "`git push` stops at {key} in the git configuration: {problem}"
        ))
    });
    let mut found: Vec<String> = found.collect();
    found.dedup();
    found.truncate(MAX_NAMED_KEYS);
    found
}

impl Row {
    /// Says whether git reads a line so, in a push to `url`.
    fn is_of(&self, entry: &Entry, url: &RemoteUrl) -> bool {
        let is_named =
            self.names.is_empty() || self.names.split(' ').any(|name| name == entry.name);
        if !is_named || self.section != entry.section {
            return false;
        }
        let is_own = || {
            matches!(
                entry.name.as_str(),
                "pushdefault" | "autosetupmerge" | "autosetuprebase"
            )
        };
        match (self.section, &entry.subsection) {
            ("http", None) => matches!(url.scheme(), Scheme::Http | Scheme::Https),
            ("http", Some(pattern)) => pattern
                .to_str()
                .is_ok_and(|pattern| rank(pattern, &Place::of(url), Partial::No).is_some()),
            ("branch" | "remote" | "url", subsection) => subsection.is_some() != is_own(),
            (_, subsection) => subsection.is_none(),
        }
    }
}

impl Kind {
    /// Returns what git has against a value, of which there is none where a line has the key alone.
    fn problem(&self, value: Option<&BStr>) -> Option<&'static str> {
        let is_truth = truth(value).is_some();
        let is_off = truth(value) == Some(false);
        let is_word = |words: &str| {
            let is_one = |value: &BStr| {
                words
                    .split(' ')
                    .any(|word| value.eq_ignore_ascii_case(word.as_bytes()))
            };
            value.is_some_and(is_one)
        };
        let number = value.and_then(number);
        let (is_taken, problem) = match self {
            Self::Text => (value.is_some(), "it has no value"),
            Self::Truth => (is_truth, "it is neither true nor false"),
            Self::TruthOr(words) => (is_truth || is_word(words), "git knows no such value"),
            Self::Not(words) => (is_off || is_word(words), "git knows no such value"),
            Self::OneOf(words) => (is_word(words), "git knows no such value"),
            Self::Number => (number.is_some(), "it is no number"),
            Self::Size => (number.is_some_and(|size| size >= 0), "it is no size"),
            Self::Level => {
                let is_level = number.is_some_and(|level| (-1..=9).contains(&level));
                (is_level, "it is no level from -1 to 9")
            }
            Self::Abbreviation => {
                let is_length = number.is_some_and(|length| length >= 4);
                (
                    is_off || is_length || is_word("auto"),
                    "it is no length of an id",
                )
            }
        };
        (!is_taken).then_some(problem)
    }
}

/// Reads a number as git does, with a unit or without one.
fn number(value: &BStr) -> Option<i64> {
    gix::config::Integer::try_from(value).ok()?.to_decimal()
}
