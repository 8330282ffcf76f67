//! A git server on loopback: smart HTTP by git's own `http-backend`, with faults to try clients on.

mod cgi;
mod handler;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use axum::serve::ListenerExt as _;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::process::Inheritance;
use crate::process::Killer;
use crate::process::find_program;

/// What a server asks for, and what it does wrong.
#[derive(Debug, Clone, Default)]
pub struct GitServerOptions {
    /// The user and password that every request has to carry; none lets everybody push.
    pub login: Option<(String, SecretString)>,
    /// What goes wrong, and when; the first that matches a request counts.
    pub faults: Vec<Fault>,
}

/// Something that goes wrong with some requests.
#[derive(Debug, Clone)]
pub struct Fault {
    /// How the path ends, such as `/info/refs` or `/git-receive-pack`.
    pub path_end: &'static str,
    /// How many requests with such a path have to come first.
    pub after: usize,
    /// How many requests it hits; `usize::MAX` for all.
    pub times: usize,
    /// What happens.
    pub kind: FaultKind,
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// The server answers with this status and text, and does nothing.
    Status(u16, &'static str),
    /// The server is busy (429) and asks to be left alone for so many seconds.
    Busy(u64),
    /// The server sends the client on to this address.
    Redirect(String),
    /// The server begins only after this time.
    Delay(Duration),
    /// The server takes the request and never answers.
    Silence,
    /// The server does what it was asked to, and the answer is lost on the way.
    LoseAnswer,
    /// The server answers 200 with a page of HTML.
    Page,
}

/// One request, as the server saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedRequest {
    /// The method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The query; empty when there was none.
    pub query: String,
    /// The status of the answer; none when there was no answer.
    pub status: Option<u16>,
    /// Whether it carried an `Authorization` header.
    pub has_credentials: bool,
    /// Whether its body was sent in chunks of unknown number.
    pub is_chunked: bool,
}

/// What the server and its requests share.
#[derive(Debug)]
struct Shared {
    git: PathBuf,
    root: PathBuf,
    inheritance: Inheritance,
    options: GitServerOptions,
    log: Mutex<Vec<LoggedRequest>>,
    children: Mutex<Vec<Killer>>,
}

impl Shared {
    fn log(&self) -> MutexGuard<'_, Vec<LoggedRequest>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn children(&self) -> MutexGuard<'_, Vec<Killer>> {
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running server on 127.0.0.1. Dropping it stops it and everything it started.
#[derive(Debug)]
pub struct GitServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl GitServer {
    /// Serves the bare repositories below `root` on a free port.
    ///
    /// Needs git on the search path of `inheritance`.
    pub fn start(
        root: &Path,
        inheritance: &Inheritance,
        options: GitServerOptions,
    ) -> io::Result<Self> {
        let git = find_program("git", inheritance.search_path()).map_err(io::Error::other)?;
        let shared = Arc::new(Shared {
            git,
            root: root.canonicalize()?,
            inheritance: inheritance.clone(),
            options,
            log: Mutex::default(),
            children: Mutex::default(),
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
        let address = listener.local_addr()?;
        // An answer in two pieces would wait for the client's system to confirm the first, 40 ms.
        let listener = listener.tap_io(|socket| drop(socket.set_nodelay(true)));
        let (stop, stopped) = oneshot::channel::<()>();
        let router = handler::router(Arc::clone(&shared));
        let thread = thread::spawn(move || {
            runtime.block_on(async move {
                tokio::select! {
                    _ = axum::serve(listener, router).into_future() => {}
                    _ = stopped => {}
                }
            });
            runtime.shutdown_background();
        });
        Ok(Self {
            address,
            shared,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Returns the address of the server, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the requests so far, in the order in which they were answered.
    pub fn log(&self) -> Vec<LoggedRequest> {
        self.shared.log().clone()
    }
}

impl Drop for GitServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        for child in self.shared.children().drain(..) {
            child.kill();
        }
        if let Some(thread) = self.thread.take() {
            // A panic in there was shown already.
            drop(thread.join());
        }
    }
}
