//! `Front`: a web server before a git server, as users have it: TLS, HTTP/2, compression, streamed both ways.

use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::thread::JoinHandle;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full, Limited};
use hyper::body::{Body, Frame, Incoming};
use hyper::client::conn::http1::handshake;
use hyper::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, HOST};
use hyper::rt::{Read, Write as WriteIo};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

type AnyBody = BoxBody<Bytes, hyper::Error>;

/// How a front does its work.
#[derive(Clone, Default)]
pub(crate) struct Manner {
    /// None speaks plain http.
    pub(crate) tls: Option<Arc<ServerConfig>>,
    /// Whether it compresses answers for those who can read them.
    pub(crate) gzip: bool,
    /// How much of a body it lets come before it has handed on what came, over HTTP/2.
    pub(crate) window: Option<u32>,
    /// The header that it wants with pushes. Without it a flush is refused with 401, and what is larger
    /// is cut off unread.
    pub(crate) authorization: Option<&'static str>,
    /// Whether it has a push done, cuts the connection in place of the answer, and takes no login any more.
    pub(crate) forgets: bool,
    /// What it makes of a body without its length.
    pub(crate) chunks: Chunks,
    /// What becomes of a further request on a connection of HTTP/1.1.
    pub(crate) reused: Reused,
}

/// What a front makes of a request that comes on a connection which it has answered before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Reused {
    #[default]
    Answered,
    /// It cuts the connection, as one that has just timed out.
    Cut,
    /// It has it done and cuts the connection in place of the answer.
    CutWhenDone,
}

/// What a front makes of a body without its length.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Chunks {
    #[default]
    Taken,
    /// It answers 411 and reads nothing of it.
    Refused,
    /// It cuts the connection.
    Cut,
    /// It cuts the connection of what is larger than this, in bytes.
    CutAfter(usize),
}

/// One request, as the front saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) version: Version,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) status: u16,
    pub(crate) length: Option<String>,
    pub(crate) has_login: bool,
    pub(crate) is_compressed: bool,
}

/// A running front on 127.0.0.1. Dropping it stops it.
pub(crate) struct Front {
    pub(crate) address: SocketAddr,
    scheme: &'static str,
    seen: Arc<Mutex<Vec<Seen>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Front {
    /// Serves it behind TLS, over HTTP/1.1 and as fast as it can.
    pub(crate) fn with_tls(upstream: &str, tls: Arc<ServerConfig>) -> Self {
        let manner = Manner {
            tls: Some(tls),
            ..Manner::default()
        };
        Self::start(upstream, manner)
    }

    /// Serves what the git server at `upstream` (`http://ADDRESS`) serves.
    pub(crate) fn start(upstream: &str, manner: Manner) -> Self {
        let upstream: SocketAddr = upstream.trim_start_matches("http://").parse().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime
            .block_on(TcpListener::bind(("127.0.0.1", 0)))
            .unwrap();
        let address = listener.local_addr().unwrap();
        let scheme = if manner.tls.is_some() {
            "https"
        } else {
            "http"
        };
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let work = Work {
            upstream,
            manner,
            seen: Arc::clone(&seen),
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            runtime.block_on(async move {
                tokio::select! {
                    () = accept(listener, work) => {}
                    _ = stopped => {}
                }
            });
            runtime.shutdown_background();
        });
        Self {
            address,
            scheme,
            seen,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Returns where the repository `r.git` is.
    pub(crate) fn url(&self) -> String {
        format!("{}://{}/r.git", self.scheme, self.address)
    }

    /// Returns the requests so far, in the order of their answers.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Returns them as `VERSION METHOD end-of-path status`, with a mark for a login.
    pub(crate) fn talk(&self) -> Vec<String> {
        let lines = self.seen().into_iter().map(|seen| {
            let end = seen.path.rsplit_once('/').unwrap().1;
            let login = if seen.has_login { " login" } else { "" };
            format!(
                "{:?} {} {end} {}{login}",
                seen.version, seen.method, seen.status
            )
        });
        lines.collect()
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// What every connection needs.
#[derive(Clone)]
struct Work {
    upstream: SocketAddr,
    manner: Manner,
    seen: Arc<Mutex<Vec<Seen>>>,
}

async fn accept(listener: TcpListener, work: Work) {
    while let Ok((socket, _)) = listener.accept().await {
        socket.set_nodelay(true).unwrap();
        tokio::spawn(work.clone().connection(socket));
    }
}

impl Work {
    async fn connection(self, socket: TcpStream) {
        let Some(config) = self.manner.tls.clone() else {
            return self.speak(TokioIo::new(socket), false).await;
        };
        let Ok(stream) = TlsAcceptor::from(config).accept(socket).await else {
            return;
        };
        let is_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        self.speak(TokioIo::new(stream), is_h2).await;
    }

    async fn speak(self, io: impl Read + WriteIo + Unpin + Send + 'static, is_h2: bool) {
        let window = self.manner.window;
        let is_used = Arc::new(AtomicBool::new(false));
        let service = service_fn(move |request| {
            let is_reused = is_used.swap(true, Ordering::Relaxed) && !is_h2;
            self.clone().hand_on(request, is_reused)
        });
        if is_h2 {
            let mut builder = http2::Builder::new(TokioExecutor::new());
            builder
                .initial_stream_window_size(window)
                .initial_connection_window_size(window);
            drop(builder.serve_connection(io, service).await);
        } else {
            drop(http1::Builder::new().serve_connection(io, service).await);
        }
    }

    /// Asks the git server, and hands its answer back while it comes.
    async fn hand_on(
        self,
        request: Request<Incoming>,
        is_reused: bool,
    ) -> Result<Response<AnyBody>, Box<dyn Error + Send + Sync>> {
        let headers = request.headers();
        let mut seen = Seen {
            version: request.version(),
            method: request.method().to_string(),
            path: request.uri().path().to_owned(),
            status: 0,
            length: headers
                .get(CONTENT_LENGTH)
                .map(|value| value.to_str().unwrap().to_owned()),
            has_login: headers.contains_key(AUTHORIZATION),
            is_compressed: false,
        };
        if is_reused && self.manner.reused == Reused::Cut {
            self.seen.lock().unwrap().push(seen);
            return Err("the connection has ended".into());
        }
        let reads_gzip = headers
            .get(ACCEPT_ENCODING)
            .is_some_and(|value| value.to_str().unwrap().contains("gzip"));
        let is_post = request.method() == "POST";
        let is_flush = seen.length.as_deref() == Some("4");
        let is_wrong = self.manner.authorization.is_some_and(|wanted| {
            headers
                .get(AUTHORIZATION)
                .is_none_or(|value| value != wanted)
        });
        if is_post && (is_wrong || is_flush && self.manner.forgets) {
            seen.status = if is_flush { 401 } else { 0 };
            self.seen.lock().unwrap().push(seen);
            return if is_flush {
                let mut response =
                    Response::new(Empty::new().map_err(|never| match never {}).boxed());
                *response.status_mut() = StatusCode::UNAUTHORIZED;
                let challenge = hyper::header::HeaderValue::from_static("Basic realm=\"front\"");
                response.headers_mut().insert("www-authenticate", challenge);
                Ok(response)
            } else {
                Err("the connection is cut".into())
            };
        }
        let has_length = seen.length.is_some();
        if is_post && !has_length && self.manner.chunks == Chunks::Refused {
            seen.status = 411;
            self.seen.lock().unwrap().push(seen);
            return Ok(length_required());
        }
        if is_post && !has_length && self.manner.chunks == Chunks::Cut {
            self.seen.lock().unwrap().push(seen);
            return Err("a body without its length".into());
        }
        let mut request = match self.manner.chunks {
            Chunks::CutAfter(most) if is_post && !has_length => {
                let (head, body) = request.into_parts();
                let Ok(body) = Limited::new(body, most).collect().await else {
                    self.seen.lock().unwrap().push(seen);
                    return Err("too much without its length".into());
                };
                let body = Full::new(body.to_bytes()).map_err(|never| match never {});
                Request::from_parts(head, body.boxed())
            }
            _ => request.map(BodyExt::boxed),
        };
        let socket = TcpStream::connect(self.upstream).await.unwrap();
        let (mut sender, connection) = handshake(TokioIo::new(socket)).await?;
        tokio::spawn(connection);
        let target = request
            .uri()
            .path_and_query()
            .unwrap()
            .as_str()
            .parse()
            .unwrap();
        *request.uri_mut() = target;
        *request.version_mut() = Version::HTTP_11;
        let host = self.upstream.to_string().parse().unwrap();
        request.headers_mut().insert(HOST, host);
        let mut response = sender.send_request(request).await?;
        let is_cut = is_reused && self.manner.reused == Reused::CutWhenDone;
        if is_post && (self.manner.forgets || is_cut) {
            response.collect().await?;
            self.seen.lock().unwrap().push(seen);
            return Err("the answer is lost".into());
        }
        seen.status = response.status().as_u16();
        seen.is_compressed = self.manner.gzip && reads_gzip;
        let is_compressed = seen.is_compressed;
        self.seen.lock().unwrap().push(seen);
        response.headers_mut().remove("transfer-encoding");
        if !is_compressed {
            return Ok(response.map(BodyExt::boxed));
        }
        response.headers_mut().remove(CONTENT_LENGTH);
        response
            .headers_mut()
            .insert(CONTENT_ENCODING, "gzip".parse().unwrap());
        Ok(response.map(|body| BodyExt::boxed(Gzip::new(body))))
    }
}

/// Returns an answer with the status 411, after which the connection ends.
fn length_required() -> Response<AnyBody> {
    let mut response = Response::new(Empty::new().map_err(|never| match never {}).boxed());
    *response.status_mut() = StatusCode::LENGTH_REQUIRED;
    let close = hyper::header::HeaderValue::from_static("close");
    response.headers_mut().insert("connection", close);
    response
}

/// A body that is compressed piece by piece, each complete when it leaves.
struct Gzip {
    body: Incoming,
    encoder: Option<GzEncoder<Vec<u8>>>,
}

impl Gzip {
    fn new(body: Incoming) -> Self {
        Self {
            body,
            encoder: Some(GzEncoder::new(Vec::new(), Compression::default())),
        }
    }
}

impl Body for Gzip {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        if self.encoder.is_none() {
            return Poll::Ready(None);
        }
        let bytes = match ready!(Pin::new(&mut self.body).poll_frame(cx)).transpose()? {
            Some(frame) => {
                let encoder = self.encoder.as_mut().unwrap();
                encoder
                    .write_all(&frame.into_data().unwrap_or_default())
                    .unwrap();
                encoder.flush().unwrap();
                std::mem::take(encoder.get_mut())
            }
            None => self.encoder.take().unwrap().finish().unwrap(),
        };
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(bytes)))))
    }
}
