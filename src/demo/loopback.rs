//! An HTTP server on loopback, on its own thread, with a log of its requests and faults to inject.

use std::collections::VecDeque;
use std::future::pending;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Response};
use serde_json::Value;
use tokio::sync::oneshot;
use url::Url;

use crate::threads::lock;

/// The largest request body, in bytes.
const MAX_REQUEST_SIZE: usize = 8 * 1024 * 1024;

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Makes an answer with a JSON body.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::text(status, "application/json; charset=utf-8", body.to_string())
    }

    /// Makes an answer with any body.
    pub fn text(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body: body.into(),
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// What goes wrong with a request.
#[derive(Debug, Clone)]
pub enum Fault {
    /// The server answers this and does nothing.
    Instead(Answer),
    /// The server handles the request but answers this.
    DoneBut(Answer),
    /// The server does nothing and never answers.
    Silence,
    /// The server handles the request but never answers.
    DoneInSilence,
    /// Nothing: this request is answered normally, and the next fault applies to the next one.
    Pass,
}

/// One request, as the server saw it, and its answer.
#[derive(Debug, Clone)]
pub struct Logged {
    /// The method.
    pub method: String,
    /// The path, as it was sent.
    pub path: String,
    /// The query, as it was sent; empty when there was none.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
    /// The answer; `None` when the server did not answer.
    pub answer: Option<Answer>,
}

impl Logged {
    /// Returns the `Authorization` header.
    pub fn authorization(&self) -> Option<&str> {
        self.headers.get("authorization")?.to_str().ok()
    }
}

/// A request with its body, for [`Respond`].
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Call {
    /// Says whether the request carries `token`, in either of the schemes that GitHub accepts.
    pub(super) fn carries(&self, token: &str) -> bool {
        let given = self.headers.get("authorization");
        given
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| {
                value.split_once(' ').is_some_and(|(scheme, given)| {
                    matches!(scheme.to_ascii_lowercase().as_str(), "bearer" | "token")
                        && given == token
                })
            })
    }
}

/// Answers requests from a state.
pub(super) trait Respond: Send + 'static {
    /// Handles a request; `root` is the server's URL without a slash at the end.
    fn respond(&mut self, call: &Call, root: &str) -> Answer;
}

/// A server that stops when it is dropped.
#[derive(Debug)]
pub(super) struct Loopback<S> {
    shared: Arc<Shared<S>>,
    url: Url,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared<S> {
    root: String,
    state: Mutex<S>,
    faults: Mutex<VecDeque<Fault>>,
    log: Mutex<Vec<Logged>>,
}

impl<S: Respond> Loopback<S> {
    /// Starts a server on a free port of 127.0.0.1.
    pub(super) fn start(state: S) -> io::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        listener.set_nonblocking(true)?;
        let root = format!("http://{}", listener.local_addr()?);
        let url = Url::parse(&root).map_err(io::Error::other)?;
        let shared = Arc::new(Shared {
            root,
            state: Mutex::new(state),
            faults: Mutex::default(),
            log: Mutex::default(),
        });
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let app = {
            let shared = Arc::clone(&shared);
            Router::new().fallback(move |request| answer(Arc::clone(&shared), request))
        };
        let thread = std::thread::Builder::new()
            .name("loopback".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
                        return;
                    };
                    tokio::select! {
                        _ = axum::serve(listener, app) => {}
                        _ = stopped => {}
                    }
                });
                // Open connections must not keep the thread alive.
                runtime.shutdown_background();
            })?;
        Ok(Self {
            shared,
            url,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl<S> Loopback<S> {
    pub(super) const fn url(&self) -> &Url {
        &self.url
    }

    pub(super) fn state(&self) -> MutexGuard<'_, S> {
        lock(&self.shared.state)
    }

    pub(super) fn log(&self) -> Vec<Logged> {
        lock(&self.shared.log).clone()
    }

    pub(super) fn inject(&self, faults: impl IntoIterator<Item = Fault>) {
        lock(&self.shared.faults).extend(faults);
    }
}

/// Implements the public methods of a type whose field `server` is a [`Loopback`].
macro_rules! server_methods {
    ($server:ty) => {
        impl $server {
            /// Returns its URL, which is also the base of its API.
            pub const fn url(&self) -> &url::Url {
                self.server.url()
            }

            /// Returns the requests so far.
            pub fn log(&self) -> Vec<$crate::demo::Logged> {
                self.server.log()
            }

            /// Adds faults; each applies to one of the next requests, in order.
            pub fn inject(&self, faults: impl IntoIterator<Item = $crate::demo::Fault>) {
                self.server.inject(faults);
            }
        }
    };
}

pub(super) use server_methods;

impl<S> Drop for Loopback<S> {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was printed already.
            drop(thread.join());
        }
    }
}

async fn answer<S: Respond>(shared: Arc<Shared<S>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_REQUEST_SIZE).await.unwrap_or_default();
    let call = Call {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body: body.into(),
    };
    let fault = lock(&shared.faults).pop_front().unwrap_or(Fault::Pass);
    let done = match &fault {
        Fault::Pass | Fault::DoneBut(_) | Fault::DoneInSilence => {
            Some(lock(&shared.state).respond(&call, &shared.root))
        }
        Fault::Instead(_) | Fault::Silence => None,
    };
    let answer = match fault {
        Fault::Pass => done,
        Fault::Instead(answer) | Fault::DoneBut(answer) => Some(answer),
        Fault::Silence | Fault::DoneInSilence => None,
    };
    lock(&shared.log).push(Logged {
        method: call.method,
        path: call.path,
        query: call.query,
        headers: call.headers,
        body: call.body,
        answer: answer.clone(),
    });
    let Some(answer) = answer else {
        return pending().await;
    };
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    response
        .body(Body::from(answer.body))
        .unwrap_or_else(|_| Response::new(Body::from("the answer cannot be made")))
}
