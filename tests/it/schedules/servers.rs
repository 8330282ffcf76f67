//! Several servers on one store: each firing happens once, though each of them is killed.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use assert_cmd::cargo::CommandCargoExt as _;
use sendoff::demo::Fault;
use sendoff_testing::cases;
use serde_json::json;

use super::Machine;

/// How many servers there are.
const SERVERS: usize = 4;
/// How many requests are never answered.
const SILENT: usize = 8;
/// How long they may take for all. A firing whose server was killed is free for the others after 20 seconds.
const LONGEST: Duration = Duration::from_mins(4);

/// Servers that are killed when this is dropped.
struct Servers(Vec<Child>);

impl Servers {
    fn start(machine: &Machine) -> Self {
        Self((0..SERVERS).map(|_| serve(machine)).collect())
    }

    /// Kills one, as `kill -9` does, and starts another in its place.
    fn replace(&mut self, at: usize, machine: &Machine) {
        end(&mut self.0[at]);
        self.0[at] = serve(machine);
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(end);
    }
}

fn end(server: &mut Child) {
    server.kill().unwrap();
    server.wait().unwrap();
}

fn serve(machine: &Machine) -> Child {
    let mut command = Command::cargo_bin("sendoff").unwrap();
    command
        .env_clear()
        .envs(machine.sandbox.variables())
        .current_dir(machine.sandbox.path("."))
        .arg("serve")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.spawn().unwrap()
}

/// Returns how many schedules have not been fired to the end.
fn left(machine: &Machine) -> i64 {
    let path = machine.sandbox.path("home/.local/state/sendoff/store.db");
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.busy_timeout(Duration::from_secs(5)).unwrap();
    let sql = "SELECT count(*) FROM schedules WHERE NOT EXISTS
        (SELECT 1 FROM firings WHERE firings.schedule = schedules.id AND ended_at IS NOT NULL)";
    connection.query_row(sql, (), |row| row.get(0)).unwrap()
}

/// Waits until so many have not been fired to the end.
fn wait_for(machine: &Machine, most: i64) {
    let began = Instant::now();
    while left(machine) > most {
        assert!(began.elapsed() < LONGEST, "{} are left", left(machine));
        sleep(Duration::from_millis(50));
    }
}

#[test]
fn each_schedule_fires_once_though_every_server_is_killed() {
    let machine = Machine::new("[serve]\nlisten = \"127.0.0.1:0\"\n");
    let count = cases(100, 1_000);
    let schedules: Vec<_> = (0..count)
        .map(|number| {
            json!({"name": format!("s{number}"), "cron": "@yearly", "workspace": "ws-1", "prompt": format!("{number}")})
        })
        .collect();
    let file = machine
        .sandbox
        .write("all.json", json!(schedules).to_string());
    let said = machine.said(&["import", file.to_str().unwrap()]);
    assert_eq!(said, format!("added {count} schedules\nexit 0"));
    for number in 0..count {
        machine.set(&format!("s{number}"), "next_run_at", 1);
    }
    // Some requests are never answered, so that each server may have some in hand when it is killed: most of those that follow
    // on the first ones are prompts, which the agent has got.
    let pass = std::iter::repeat_n(Fault::Pass, 40);
    let silent = std::iter::repeat_n(Fault::DoneInSilence, SILENT);
    machine.platform.inject(pass.chain(silent));
    let mut servers = Servers::start(&machine);
    wait_for(&machine, i64::try_from(SILENT).unwrap());
    for at in 0..SERVERS {
        servers.replace(at, &machine);
    }
    wait_for(&machine, 0);
    drop(servers);
    let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for message in machine.platform.messages() {
        let text = |pointer: &str| {
            message
                .pointer(pointer)
                .unwrap()
                .as_str()
                .unwrap()
                .to_owned()
        };
        let prompt = text("/params/message/parts/0/text");
        let id = text("/params/message/messageId");
        ids.entry(prompt).or_default().insert(id);
    }
    assert_eq!(ids.len(), count as usize);
    let twice: Vec<_> = ids.iter().filter(|(_, ids)| ids.len() > 1).collect();
    assert!(twice.is_empty(), "fired twice: {twice:?}");
    let all: BTreeSet<_> = ids.values().flatten().collect();
    assert_eq!(all.len(), count as usize, "each has an id of its own");
}
