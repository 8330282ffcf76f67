//! A git server on loopback: smart HTTP by git's own `http-backend`, with faults to test clients.

mod cgi;
mod handler;
mod login;
mod options;
mod shared;

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::process::{Inheritance, find_program};

use self::shared::Shared;

pub use options::{FaultKind, GitServerOptions, LoggedRequest, Offer, RequestFault};

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
    /// Fails when git is not on the search path of `inheritance`.
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
        // With Nagle's algorithm an answer in two writes waits for the client's delayed ACK, 40 ms.
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
            // A panic of the thread was printed already.
            drop(thread.join());
        }
    }
}
