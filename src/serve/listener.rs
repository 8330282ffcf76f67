//! Accepts connections, within limits of number and time, and ends them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use super::shared::App;

/// The most open connections. Further ones wait in the system's queue.
const MAX_CONNECTIONS: u32 = 256;
/// The most time for the headers of a request, and for the silence between two requests.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// The most bytes of the headers.
const MAX_HEADER_BYTES: usize = 32 << 10;
/// The most headers.
const MAX_HEADERS: usize = 100;
/// How long no connection is accepted after the system refused one.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long open connections have to finish when the server ends.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(40);

/// Accepts connections until `ending` is true, and waits for the open ones.
pub(super) async fn listen(
    listener: TcpListener,
    router: Router,
    app: App,
    mut ending: watch::Receiver<bool>,
) {
    let open = Arc::new(Semaphore::new(MAX_CONNECTIONS as usize));
    loop {
        let accepted = tokio::select! {
            () = ends(&mut ending) => break,
            accepted = accept(&listener, &open) => accepted,
        };
        let Some((stream, permit)) = accepted else {
            continue;
        };
        let connection = serve_one(stream, router.clone(), ending.clone());
        let app = Arc::clone(&app);
        tokio::spawn(async move {
            app.metrics.connections.fetch_add(1, Ordering::Relaxed);
            connection.await;
            app.metrics.connections.fetch_sub(1, Ordering::Relaxed);
            drop(permit);
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_TIMEOUT, open.acquire_many(MAX_CONNECTIONS))
        .await
        .is_err()
    {
        tracing::warn!("connections were still open and are cut off");
    }
}

/// Waits until the server ends.
pub(super) async fn ends(ending: &mut watch::Receiver<bool>) {
    // A dropped sender means the end, too.
    let _gone = ending.wait_for(|ends| *ends).await;
}

/// Accepts one connection, when fewer than [`MAX_CONNECTIONS`] are open.
async fn accept(
    listener: &TcpListener,
    open: &Arc<Semaphore>,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(open).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, permit)),
        Err(error) => {
            tracing::warn!(%error, "a connection cannot be taken");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

/// Serves one connection. When the server ends, a request that has begun is still answered.
async fn serve_one(stream: TcpStream, router: Router, mut ending: watch::Receiver<bool>) {
    // A short response should not wait for another packet.
    let _as_it_is = stream.set_nodelay(true);
    let service = TowerToHyperService::new(router);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_HEADER_BYTES)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = ends(&mut ending) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
