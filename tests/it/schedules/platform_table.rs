//! The platform's own table, in a real `PostgreSQL`.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use sendoff::clock::Clock;
use sendoff::names::NamePattern;
use sendoff::schedules::waiting;
use sendoff::secrets::KnownSecrets;
use sendoff::session::Service;
use sendoff_testing::{left_out, tool};
use serde_json::{Value, json};

use crate::sandbox::environment;

use super::{Machine, PATIENCE};

const PASSWORD: &str = "canary-5f7a9c1e3b2d";

/// The table as the platform makes it, with what the tests need.
const TABLE: &str = "
CREATE TABLE workspace_schedules (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), workspace_id uuid NOT NULL DEFAULT gen_random_uuid(),
    name text NOT NULL, cron_expr text NOT NULL, timezone text NOT NULL DEFAULT 'UTC', prompt text NOT NULL DEFAULT '',
    enabled boolean NOT NULL DEFAULT true, last_run_at timestamptz, next_run_at timestamptz,
    run_count integer NOT NULL DEFAULT 0, last_status text, last_error text, consecutive_empty_runs integer NOT NULL DEFAULT 0
);
INSERT INTO workspace_schedules (name, cron_expr, enabled, next_run_at, run_count, last_status) VALUES
    ('Ada: PR Review', '*/30 * * * *', true, '2099-01-01T00:00:00Z', 7, 'ok'),
    ('Bob: security review', '0 3 * * *', true, '2099-01-01T00:00:00Z', 0, NULL),
    ('Cyd: PR review', '0 3 * * *', false, '2099-01-01T00:00:00Z', 0, NULL),
    ('Dee: PR review', '0 3 * * *', true, NULL, 0, NULL),
    ('Eve: 50%_off', '0 3 * * *', true, '2099-01-01T00:00:00Z', 0, NULL);
";

/// A database server in a directory of its own. It is killed when this is dropped.
struct Postgres {
    server: Child,
    directory: PathBuf,
    port: u16,
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _gone = self.server.kill();
        let _reaped = self.server.wait();
        let _left = fs::remove_dir_all(&self.directory);
    }
}

/// Finds a program of the server, which Debian keeps off the search path.
fn program(name: &str) -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut found = versions.map(|version| version.unwrap().path().join("bin").join(name));
    found.find(|path| path.exists()).or_else(|| tool(name))
}

/// The user that the server runs as: `nobody` where this is root, whom it refuses.
fn as_ordinary(command: &mut Command) -> &mut Command {
    const NOBODY: u32 = 65534;
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
}

impl Postgres {
    /// Starts a server with the table; none where it is not installed.
    fn start() -> Option<Self> {
        let (Some(initdb), Some(postgres)) = (program("initdb"), program("postgres")) else {
            left_out("initdb", "PostgreSQL is not installed");
            return None;
        };
        let directory = tempfile::Builder::new()
            .prefix("sendoff-pg")
            .tempdir()
            .unwrap()
            .keep();
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
        let secret = directory.join("password");
        fs::write(&secret, PASSWORD).unwrap();
        if rustix::process::geteuid().is_root() {
            chown(&directory, Some(65534), Some(65534)).unwrap();
            chown(&secret, Some(65534), Some(65534)).unwrap();
        }
        let data = directory.join("data");
        let mut init = Command::new(initdb);
        init.args([
            "-U",
            "ada",
            "-A",
            "scram-sha-256",
            "--no-sync",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "-D",
        ]);
        init.arg(&data).arg("--pwfile").arg(&secret);
        assert!(as_ordinary(&mut init).status().unwrap().success());
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let mut server = Command::new(postgres);
        server.arg("-D").arg(&data).args([
            "-p",
            &port.to_string(),
            "-h",
            "127.0.0.1",
            "-k",
            "",
            "-F",
        ]);
        let server = as_ordinary(&mut server).spawn().unwrap();
        let postgres = Self {
            server,
            directory,
            port,
        };
        postgres.prepare();
        Some(postgres)
    }

    fn url(&self) -> String {
        format!("postgres://ada:{PASSWORD}@127.0.0.1:{}/postgres", self.port)
    }

    /// Waits until the server answers, and makes the table.
    fn prepare(&self) {
        let began = std::time::Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(began.elapsed() < PATIENCE, "the server does not start");
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        // It may refuse while it starts.
        while self.try_query(TABLE).is_err() {
            assert!(began.elapsed() < PATIENCE, "the server does not answer");
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }

    fn try_query(&self, sql: &str) -> Result<Vec<String>, tokio_postgres::Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (client, connection) =
                tokio_postgres::connect(&self.url(), tokio_postgres::NoTls).await?;
            let _connected = tokio::spawn(connection);
            let rows = client.simple_query(sql).await?;
            Ok(rows
                .iter()
                .filter_map(|row| match row {
                    tokio_postgres::SimpleQueryMessage::Row(row) => {
                        Some(row.get(0).unwrap_or("null").to_owned())
                    }
                    _ => None,
                })
                .collect())
        })
    }

    fn query(&self, sql: &str) -> Vec<String> {
        self.try_query(sql).unwrap()
    }
}

fn service(machine: &Machine) -> Arc<Service> {
    let environment = environment(&machine.sandbox, std::path::Path::new("/"));
    Arc::new(Service::open(&environment, &KnownSecrets::default()).unwrap())
}

fn patterns(texts: &[&str]) -> Vec<NamePattern> {
    texts.iter().copied().map(NamePattern::new).collect()
}

/// What the table has, but for the times of those that are due.
const REST: &str = "SELECT row(name, cron_expr, timezone, prompt, enabled, last_run_at, run_count, last_status, last_error,
    consecutive_empty_runs, CASE WHEN next_run_at > '2098-01-01' THEN next_run_at END)::text FROM workspace_schedules ORDER BY name";

#[test]
fn an_event_sets_due_what_matches_and_touches_nothing_else() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let machine = Machine::new(&format!(
        "[store]\nplatform-schedules = \"{}\"\n",
        postgres.url()
    ));
    let due = waiting(&service(&machine)).unwrap();
    let before = postgres.query(REST);
    let fire = patterns(&["*pr review*", "*SECURITY review*"]);
    let expected = ["Ada: PR Review", "Bob: security review"];
    assert_eq!(due.matching(&fire).unwrap(), expected);
    assert_eq!(postgres.query(REST), before, "to look changes nothing");
    let now = Clock::System.now();
    assert_eq!(
        due.set_due(&fire, Some(&json!({"a": 1})), now).unwrap(),
        expected
    );
    let is_due = "SELECT name FROM workspace_schedules WHERE next_run_at <= now() AND next_run_at > now() - interval '1 minute' ORDER BY name";
    assert_eq!(postgres.query(is_due), expected);
    let after = postgres.query(REST);
    assert_eq!(
        after[2..],
        before[2..],
        "what is disabled or has no time stays, as do the others"
    );
    let all_but_time = |rows: &[String]| -> Vec<String> {
        rows.iter()
            .map(|row| row.rsplit_once(',').unwrap().0.to_owned())
            .collect()
    };
    assert_eq!(
        all_but_time(&after),
        all_but_time(&before),
        "no other column is touched"
    );
    assert_eq!(
        due.matching(&patterns(&["*50%_*"])).unwrap(),
        ["Eve: 50%_off"]
    );
    assert!(due.matching(&patterns(&["*5x%_*"])).unwrap().is_empty());
    // The list reads the table, and the rest of the commands say whose it is.
    let list = machine.schedule(&["list", "--json"]);
    let lines: Vec<Value> = serde_json::Deserializer::from_slice(&list.stdout)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[0]["name"], "Ada: PR Review");
    assert_eq!(
        (&lines[0]["run_count"], &lines[0]["last_status"]),
        (&json!(7), &json!("ok"))
    );
    assert!(lines[3]["next_run_at"].is_null());
    insta::assert_snapshot!(machine.said(&["run", "Ada: PR Review"]), @r"
    the schedules are in the platform's table, by `store.platform-schedules` of the policy; change and run them on the platform
    exit 64
    ");
}

#[test]
fn a_database_that_does_not_answer_as_it_should_is_told_without_its_password() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let policy = |url: &str| format!("[store]\nplatform-schedules = \"{url}\"\n");
    let machine = Machine::new(&policy(&postgres.url()));
    let told = |machine: &Machine| {
        let said = machine.said(&["list"]);
        assert!(!said.contains("canary"), "{said}");
        said.replace(&postgres.port.to_string(), "[PORT]")
    };
    postgres.query("ALTER TABLE workspace_schedules RENAME TO other");
    let mut said = vec![told(&machine)];
    machine.set_policy(&policy(&postgres.url().replace("5f7a", "0000")));
    said.push(told(&machine));
    machine.set_policy(&policy(&format!(
        "postgres://ada:{PASSWORD}@127.0.0.1:1/postgres"
    )));
    said.push(told(&machine));
    machine.set_policy(&policy(&format!(
        "postgres://ada:{PASSWORD}@db.example/postgres"
    )));
    said.push(told(&machine));
    insta::assert_snapshot!(said.join("\n\n"));
}
