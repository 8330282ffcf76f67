//! The memory of hostile inputs: a test runs in a process of its own, whose memory and whose children's is watched.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::Duration;

/// The most resident memory that a hostile input may cost one process, files that it mapped included, in KiB.
const MAX_MEMORY: u64 = 128 << 10;
/// The interval at which memory is read. The kernel keeps the peak, so only the last moments can be missed.
const SAMPLE_INTERVAL: Duration = Duration::from_millis(4);
/// Set in the process of its own.
const SUPERVISED: &str = "SENDOFF_TEST_SUPERVISED";

/// Runs the calling test in a process of its own with bounded memory, and then returns from it in the calling process.
///
/// To be called first in a test whose input is hostile, see [`supervised`]. A test whose input is honest and large says how
/// many mebibytes each process may take, the programs included that it starts.
#[macro_export]
macro_rules! supervise {
    () => {
        if $crate::supervised() {
            return;
        }
    };
    ($mebibytes:expr) => {
        if $crate::supervised_within($mebibytes) {
            return;
        }
    };
}

/// Runs the calling test in a process of its own with bounded memory. Returns true in the calling process, whose test is done
/// then, and false in the process of its own, which continues with the test.
///
/// # Panics
///
/// When the test fails there, or when a process takes more than 128 MiB.
#[must_use]
pub fn supervised() -> bool {
    supervised_within(MAX_MEMORY >> 10)
}

/// The same, with another bound for each process, in MiB.
///
/// # Panics
///
/// When the test fails there, or when a process takes more.
#[must_use]
pub fn supervised_within(mebibytes: u64) -> bool {
    if std::env::var_os(SUPERVISED).is_some() {
        return false;
    }
    let thread = std::thread::current();
    let name = thread.name().unwrap();
    let mut test = Command::new(std::env::current_exe().unwrap());
    // In an order of its own: whoever is called as this process is taken for it until it executes something.
    test.args([name, "--nocapture", "--exact"])
        .env(SUPERVISED, "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let test = test.spawn().unwrap();
    let watch = MemoryWatch::start(test.id());
    let output = test.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{name} did not run: {said}");
    watch.assert_within(mebibytes << 10, &said);
    true
}

/// Watches the memory of a process and its children until it is asked.
#[derive(Debug)]
pub struct MemoryWatch {
    ended: Arc<AtomicBool>,
    thread: JoinHandle<Family>,
}

impl MemoryWatch {
    /// Begins to watch.
    #[must_use]
    pub fn start(process: u32) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&ended);
        let thread = spawn(move || {
            let mut family = Family {
                own_command: fs::read("/proc/self/cmdline").unwrap_or_default(),
                ..Family::default()
            };
            family.members.insert(process, Member::default());
            while !stop.load(Ordering::Relaxed) {
                family.look();
                sleep(SAMPLE_INTERVAL);
            }
            family
        });
        Self { ended, thread }
    }

    /// Ends watching.
    ///
    /// # Panics
    ///
    /// When one of the processes had more than 128 MiB, with what they said.
    pub fn assert_bounded(self, said: &str) {
        self.assert_within(MAX_MEMORY, said);
    }

    /// Ends watching, with another bound, in KiB.
    fn assert_within(self, most: u64, said: &str) {
        self.ended.store(true, Ordering::Relaxed);
        for Member { name, peak } in self.thread.join().unwrap().members.into_values() {
            assert!(peak <= most, "{name} took {peak} KiB: {said}");
        }
    }
}

/// A process with all its children.
#[derive(Debug, Default)]
struct Family {
    members: BTreeMap<u32, Member>,
    /// Who was looked at, and is none of them.
    strangers: BTreeSet<u32>,
    /// How this process was called.
    own_command: Vec<u8>,
}

#[derive(Debug, Default)]
struct Member {
    name: String,
    /// The most memory that it had so far, in KiB.
    peak: u64,
}

impl Family {
    fn look(&mut self) {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let new: BTreeSet<u32> = numbers
            .filter(|id| !self.strangers.contains(id) && !self.members.contains_key(id))
            .collect();
        for id in new {
            let status = read_status(id).unwrap_or_default();
            let parent = value(&status, "PPid:").and_then(|parent| parent.parse().ok());
            if parent.is_some_and(|parent: u32| self.members.contains_key(&parent)) {
                self.members.insert(id, Member::default());
            } else {
                self.strangers.insert(id);
            }
        }
        for (id, member) in &mut self.members {
            // Until it executes something, a new process has the memory of this one.
            if fs::read(format!("/proc/{id}/cmdline")).is_ok_and(|line| line == self.own_command) {
                continue;
            }
            let status = read_status(*id).unwrap_or_default();
            let peak = value(&status, "VmHWM:").and_then(|text| text.strip_suffix(" kB"));
            if let (Some(name), Some(peak)) = (value(&status, "Name:"), peak) {
                name.clone_into(&mut member.name);
                // What it executes begins anew.
                member.peak = member.peak.max(peak.parse().unwrap());
            }
        }
    }
}

fn read_status(process: u32) -> Option<String> {
    fs::read_to_string(format!("/proc/{process}/status")).ok()
}

fn value<'s>(status: &'s str, key: &str) -> Option<&'s str> {
    let mut lines = status.lines();
    lines.find_map(|line| line.strip_prefix(key)).map(str::trim)
}
