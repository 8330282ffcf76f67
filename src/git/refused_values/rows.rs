//! `Row`: which keys git reads alike in a push. To add one, write a row: a test tries each beside `git push`.

use super::kind::Kind::{
    self, Abbreviation, Exactly, FetchRefspec, LargeNumber, Level, NamedTruthOr, NotOrExactly,
    Number, OneOf, PushRefspec, Size, Text, Truth, TruthOr, TruthOrExactly,
};
use LooksAt::{Each, Last};

/// Keys whose values git reads alike.
pub(super) struct Row {
    pub(super) section: &'static str,
    /// In lower case, between blanks.
    pub(super) names: &'static str,
    /// What git takes.
    pub(super) kind: Kind,
    /// Which values of a key git looks at.
    pub(super) looks_at: LooksAt,
}

/// Which values of a key git looks at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum LooksAt {
    /// At each one, also where a later one counts.
    Each,
    /// At the one that counts.
    Last,
}

const fn row(section: &'static str, kind: Kind, looks_at: LooksAt, names: &'static str) -> Row {
    Row {
        section,
        names,
        kind,
        looks_at,
    }
}

/// As git 2.47 reads them in `git push`, and in the programs that it starts: `send-pack`, `pack-objects`, `remote-http`. Keys that
/// it reads in some set-ups only are not here, nor those at which it stops once the remote has the branch
/// (`core.sharedRepository`, `core.filesRefLockTimeout`): that somebody's set-up is bad would not be true.
#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    row("advice", Truth, Each, "addembeddedrepo addemptypathspec addignoredfile ambiguousfetchrefspec amworkdir"),
    row("advice", Truth, Each, "checkoutambiguousremotebranchname commitbeforemerge detachedhead diverging"),
    row("advice", Truth, Each, "fetchshowforcedupdates forcedeletebranch graftfiledeprecated ignoredhook implicitidentity"),
    row("advice", Truth, Each, "mergeconflict nestedtag objectnamewarning pushalreadyexists pushfetchfirst pushneedsforce"),
    row("advice", Truth, Each, "pushnonfastforward pushnonffcurrent pushnonffmatching pushrefneedsupdate"),
    row("advice", Truth, Each, "pushunqualifiedrefname pushupdaterejected rebasetodoerror refsyntax resetnorefresh"),
    row("advice", Truth, Each, "resolveconflict rmhints sequencerinuse setupstreamfailure skippedcherrypicks"),
    row("advice", Truth, Each, "sparseindexexpanded statusaheadbehindwarning statushints statusuoption"),
    row("advice", Truth, Each, "submodulealternateerrorstrategydie submodulemergeconflict submodulesnotupdated"),
    row("advice", Truth, Each, "suggestdetachinghead updatesparsepath waitingforeditor worktreeaddorphan"),
    row("attr", Text, Each, "tree"),
    row("author", Text, Each, "email name"),
    row("branch", Text, Each, "merge pushremote remote"),
    row("branch", TruthOrExactly("always inherit simple"), Each, "autosetupmerge"),
    row("branch", Exactly("never local remote always"), Each, "autosetuprebase"),
    row("color", NamedTruthOr("never always auto"), Last, "transport"),
    row("color", Truth, Each, "pager"),
    row("color", TruthOr("never always auto"), Each, "advice push"),
    row("commitgraph", Number, Last, "changedpathsversion generationversion"),
    row("commitgraph", Truth, Last, "readchangedpaths"),
    row("committer", Text, Each, "email name"),
    row("core", Abbreviation, Each, "abbrev"),
    row("core", Text, Each, "askpass attributesfile checkroundtripencoding editor excludesfile fsync fsyncmethod"),
    row("core", Text, Each, "hookspath whitespace"),
    row("core", Text, Last, "sshcommand untrackedcache"),
    row("core", TruthOr("input"), Each, "autocrlf"),
    row("core", NamedTruthOr("always"), Last, "logallrefupdates"),
    row("core", TruthOr("warn"), Each, "safecrlf"),
    row("core", Truth, Each, "bare filemode fsyncobjectfiles ignorecase ignorestat precomposeunicode"),
    row("core", Truth, Each, "preloadindex protecthfs protectntfs quotepath sparsecheckout sparsecheckoutcone symlinks"),
    row("core", Truth, Each, "trustctime"),
    row("core", Truth, Last, "commitgraph multipackindex prefersymlinkrefs usereplacerefs warnambiguousrefs"),
    row("core", OneOf("default minimal"), Each, "checkstat"),
    row("core", Exactly("link rename"), Each, "createobject"),
    row("core", Level, Each, "compression loosecompression"),
    row("core", Size, Each, "bigfilethreshold deltabasecachelimit packedgitlimit packedgitwindowsize"),
    row("core", Number, Each, "maxtreedepth"),
    row("feature", Truth, Last, "experimental manyfiles"),
    row("fetch", Truth, Last, "writecommitgraph"),
    row("fetch", OneOf("skipping noop consecutive default"), Last, "negotiationalgorithm"),
    row("gc", Truth, Last, "writecommitgraph"),
    row("http", Text, Each, "cookiefile curloptresolve delegation extraheader pinnedpubkey proactiveauth proxy"),
    row("http", Text, Each, "proxyauthmethod proxysslcainfo proxysslcert proxysslkey sslcainfo sslcapath sslcert"),
    row("http", Text, Each, "sslcipherlist sslkey sslversion useragent version"),
    row("http", TruthOrExactly("auto"), Each, "emptyauth"),
    row("http", TruthOrExactly("initial"), Each, "followredirects"),
    row("http", Truth, Each, "noepsv proxysslcertpasswordprotected savecookies schannelcheckrevoke"),
    row("http", Truth, Each, "schannelusesslcainfo sslcertpasswordprotected ssltry sslverify"),
    row("http", Number, Each, "lowspeedlimit lowspeedtime maxrequests minsessions"),
    row("http", LargeNumber, Each, "postbuffer"),
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
    row("protocol", Exactly("0 1 2"), Last, "version"),
    row("push", Exactly("nothing matching simple upstream tracking current"), Each, "default"),
    row("push", TruthOr("if-asked"), Each, "gpgsign"),
    row("push", Text, Each, "pushoption"),
    row("push", NotOrExactly("on-demand check only"), Each, "recursesubmodules"),
    row("push", Truth, Each, "autosetupremote followtags useforceifincludes"),
    row("push", Truth, Last, "negotiate usebitmaps"),
    row("remote", Text, Each, "fetch proxy proxyauthmethod push pushdefault pushurl receivepack tagopt uploadpack url"),
    row("remote", Text, Each, "vcs"),
    row("remote", FetchRefspec, Each, "fetch"),
    row("remote", PushRefspec, Each, "push"),
    row("remote", Truth, Each, "mirror prune prunetags skipdefaultupdate skipfetchall"),
    row("submodule", Truth, Each, "recurse"),
    row("url", Text, Each, "insteadof pushinsteadof"),
    row("user", Text, Each, "email name"),
];
