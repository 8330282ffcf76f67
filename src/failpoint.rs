//! Failpoints: named places between effects that last, at which a test lets the process be killed, or a thread be stuck.
//!
//! `SENDOFF_FAILPOINT=NAME` kills the process the first time it reaches the point, as `kill -9` does; with `hang:NAME` the
//! thread that reaches it never goes on, as one that waits for a file system that is gone. `SENDOFF_WATCHED` lets a test that
//! is not root read `/proc/PID/environ`. Only in builds with debug
//! assertions: in a release build a point is nothing at all. `SENDOFF_FAILPOINT_LOG=FILE` gets the name of each
//! point at which a process was killed, so that a test can count.

/// Declares the points, each with its name.
macro_rules! points {
    ($($(#[$doc:meta])+ $variant:ident = $name:literal,)+) => {
        /// A place between two effects that last.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Point {
            $($(#[$doc])+ $variant,)+
        }

        impl Point {
            /// Every point, in the order in which a run reaches them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Returns the name in `SENDOFF_FAILPOINT`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

points! {
    /// The hook has read its arguments.
    HookBegins = "hook-begins",
    /// The hook has read its payload.
    HookPayload = "hook-payload",
    /// The hook has looked at the repository.
    HookLooked = "hook-looked",
    /// The hook has opened the store.
    HookStore = "hook-store",
    /// The intent is kept.
    HookIntended = "hook-intended",
    /// The worker is started.
    HookStarted = "hook-started",
    /// The hook has printed its answer.
    HookAnswered = "hook-answered",
    /// The worker runs, in the session of its caller.
    WorkerBegins = "worker-begins",
    /// The worker is on its own.
    WorkerDetached = "worker-detached",
    /// The worker knows what it is asked.
    WorkerTold = "worker-told",
    /// The worker has its turn.
    WorkerTurn = "worker-turn",
    /// The worker has read what waits.
    WorkerWaiting = "worker-waiting",
    /// Nothing is in progress any more.
    WorkerQuiet = "worker-quiet",
    /// The branch of an intent became known.
    WorkerMoved = "worker-moved",
    /// The intents are begun.
    WorkerBegan = "worker-began",
    /// A run has ended, and its intents wait still.
    WorkerRan = "worker-ran",
    /// The intents are settled.
    WorkerSettled = "worker-settled",
    /// The turn is given back.
    WorkerTurnBack = "worker-turn-back",
    /// A pending branch is about to be tried again.
    WorkerRetries = "worker-retries",
    /// The worker looks after other branches.
    WorkerSweeps = "worker-sweeps",
    /// The session is open.
    RunOpened = "run-opened",
    /// The guards have let the branch through.
    RunSurveyed = "run-surveyed",
    /// The steps begin.
    RunBegins = "run-begins",
    /// The memory is in the outbox, and was not sent.
    MemoryQueued = "memory-queued",
    /// The turn at the workspace's memories is taken.
    MemoryTurn = "memory-turn",
    /// The memory is marked as sent, and was not.
    MemoryBegun = "memory-begun",
    /// The platform has the memory, and we have not noted it.
    MemorySent = "memory-sent",
    /// The memory is noted as delivered.
    MemorySettled = "memory-settled",
    /// What became of an unsure memory was looked up.
    MemoryCompared = "memory-compared",
    /// A memory is put off.
    MemoryPostponed = "memory-postponed",
    /// The heartbeat is about to be sent.
    HeartbeatBegins = "heartbeat-begins",
    /// The platform has the heartbeat.
    HeartbeatSent = "heartbeat-sent",
    /// The heartbeat is in the outbox.
    HeartbeatQueued = "heartbeat-queued",
    /// The push is about to begin.
    PushBegins = "push-begins",
    /// Bytes of the pack have left.
    PushPack = "push-pack",
    /// The pack has left, and there is no report yet.
    PushPackEnded = "push-pack-ended",
    /// The remote has reported.
    PushReported = "push-reported",
    /// The remote was asked once more.
    PushVerified = "push-verified",
    /// The tracking ref is moved.
    PushNoted = "push-noted",
    /// The forge is about to be asked for a pull request.
    PullRequestBegins = "pull-request-begins",
    /// The pull request is about to be opened.
    PullRequestOpens = "pull-request-opens",
    /// The forge has the pull request, and we have not noted it.
    PullRequestOpened = "pull-request-opened",
    /// The steps have ended.
    RunEnded = "run-ended",
    /// The push is in the store.
    KeepPushed = "keep-pushed",
    /// What is pending is in the store.
    KeepPending = "keep-pending",
    /// The run is in the history.
    KeepRecorded = "keep-recorded",
    /// The outbox is about to be delivered.
    FlushBegins = "flush-begins",
    /// What is about to be installed or removed is in the records.
    InstallNoted = "install-noted",
    /// The new file is written beside the old one.
    InstallDrafted = "install-drafted",
    /// Git's lock of the file is taken.
    InstallLocked = "install-locked",
    /// The new file is in its place.
    InstallWritten = "install-written",
}

/// Kills the process when the test wants it to end here, or keeps the thread when the test wants it to be stuck.
pub fn reach(point: Point) {
    if !cfg!(debug_assertions) {
        return;
    }
    let wanted = wanted().unwrap_or_default();
    if wanted.strip_prefix("hang:") == Some(point.name()) {
        loop {
            std::thread::park();
        }
    }
    if wanted == point.name() {
        note(point);
        // Nobody is left to hear of a failure, and SIGKILL cannot be refused.
        let _killed =
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}

/// Says whether a test has to look into the process, which nobody else can.
#[expect(
    clippy::disallowed_methods,
    reason = "a test's variable, which is part of no contract"
)]
pub fn is_watched() -> bool {
    cfg!(debug_assertions) && std::env::var_os("SENDOFF_WATCHED").is_some()
}

/// Notes that a process is killed here, where a test counts.
#[expect(
    clippy::disallowed_methods,
    reason = "a test's variable, which is part of no contract"
)]
fn note(point: Point) {
    use std::io::Write as _;
    let Ok(path) = std::env::var("SENDOFF_FAILPOINT_LOG") else {
        return;
    };
    let file = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(path);
    let _uncounted =
        file.and_then(|mut file| file.write_all(format!("{}\n", point.name()).as_bytes()));
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test's variable, which is part of no contract"
)]
fn wanted() -> Option<&'static str> {
    use std::sync::OnceLock;
    static WANTED: OnceLock<Option<String>> = OnceLock::new();
    let wanted = WANTED.get_or_init(|| std::env::var("SENDOFF_FAILPOINT").ok());
    wanted.as_deref()
}
