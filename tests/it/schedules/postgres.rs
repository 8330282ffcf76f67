//! A real `PostgreSQL` with the platform's table, with and without TLS.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use sendoff_testing::{free_port, left_out, tool};

use super::PATIENCE;

pub(crate) const PASSWORD: &str = "canary-5f7a9c1e3b2d";

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
CREATE ROLE enc LOGIN SUPERUSER PASSWORD 'canary-5f7a9c1e3b2d';
";

/// A database server in a directory of its own. It is killed when this is dropped.
pub(crate) struct Postgres {
    server: Child,
    directory: PathBuf,
    pub(crate) port: u16,
}

/// Whether a server encrypts connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encryption {
    No,
    ForLocalhost,
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

/// Writes the certificate of an authority, and one for `localhost` that it issues.
fn certificates(directory: &Path) {
    let key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority
        .distinguished_name
        .push(DnType::CommonName, "an authority of these tests");
    let certificate = authority.self_signed(&key).unwrap();
    fs::write(directory.join("ca.pem"), certificate.pem()).unwrap();
    let issuer = Issuer::new(authority, key);
    let key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let server = server.signed_by(&key, &issuer).unwrap();
    fs::write(directory.join("server.pem"), server.pem()).unwrap();
    let key_file = directory.join("server.key");
    fs::write(&key_file, key.serialize_pem()).unwrap();
    // The server refuses a key that others may read.
    fs::set_permissions(&key_file, fs::Permissions::from_mode(0o600)).unwrap();
    if rustix::process::geteuid().is_root() {
        chown(&key_file, Some(65534), Some(65534)).unwrap();
    }
}

impl Postgres {
    /// Starts a server with the table; none where it is not installed.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(Encryption::No)
    }

    /// Starts one with a certificate for `localhost` of an authority of its own.
    pub(crate) fn start_with_tls() -> Option<Self> {
        Self::start_with(Encryption::ForLocalhost)
    }

    fn start_with(encryption: Encryption) -> Option<Self> {
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
        let port = free_port();
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
        if encryption == Encryption::ForLocalhost {
            certificates(&directory);
            let hba = data.join("pg_hba.conf");
            let lines = fs::read_to_string(&hba).unwrap();
            let only = "hostssl all enc all scram-sha-256\nhost all enc all reject\n";
            fs::write(&hba, format!("{only}{lines}")).unwrap();
            for (key, file) in [
                ("ssl_cert_file", "server.pem"),
                ("ssl_key_file", "server.key"),
            ] {
                let file = directory.join(file);
                server.arg("-c").arg(format!("{key}={}", file.display()));
            }
            server.args(["-c", "ssl=on"]);
        }
        let server = as_ordinary(&mut server).spawn().unwrap();
        let postgres = Self {
            server,
            directory,
            port,
        };
        postgres.prepare();
        Some(postgres)
    }

    /// Returns the address of the database for a user who may do without encryption.
    pub(crate) fn url(&self) -> String {
        self.url_of("ada", "127.0.0.1", "")
    }

    /// Returns an address of it. `enc` is a user who may not do without encryption.
    pub(crate) fn url_of(&self, user: &str, host: &str, query: &str) -> String {
        format!(
            "postgres://{user}:{PASSWORD}@{host}:{}/postgres{query}",
            self.port
        )
    }

    /// Returns where the certificate of the authority is that issued the server's.
    pub(crate) fn authority(&self) -> PathBuf {
        self.directory.join("ca.pem")
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

    pub(crate) fn query(&self, sql: &str) -> Vec<String> {
        self.try_query(sql).unwrap()
    }
}
