//! Connections: how many there are at a time, how long a sender may take, and how they end.

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

/// How many connections are open at a time. Others wait in the system's queue.
const CONNECTIONS: u32 = 256;
/// How long a sender may take for the lines before the body, and be silent between two requests.
const HEADERS: Duration = Duration::from_secs(5);
/// The most bytes of those lines.
const HEADER_BYTES: usize = 32 << 10;
/// How many of those lines there may be.
const HEADER_LINES: usize = 100;
/// How long no connection is taken when the machine refuses one.
const REST: Duration = Duration::from_millis(100);
/// How long connections have when the server ends.
const DRAIN: Duration = Duration::from_secs(40);

/// Takes connections until `ending` says so, and waits for those that are open.
pub(super) async fn listen(
    listener: TcpListener,
    router: Router,
    app: App,
    mut ending: watch::Receiver<bool>,
) {
    let open = Arc::new(Semaphore::new(CONNECTIONS as usize));
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
    if tokio::time::timeout(DRAIN, open.acquire_many(CONNECTIONS))
        .await
        .is_err()
    {
        tracing::warn!("connections were still open and are cut off");
    }
}

/// Waits until the server ends.
pub(super) async fn ends(ending: &mut watch::Receiver<bool>) {
    // Whoever could say so may be gone: that is the end, too.
    let _gone = ending.wait_for(|ends| *ends).await;
}

/// Takes one connection when there is room for it.
async fn accept(
    listener: &TcpListener,
    open: &Arc<Semaphore>,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(open).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, permit)),
        Err(error) => {
            tracing::warn!(%error, "a connection cannot be taken");
            tokio::time::sleep(REST).await;
            None
        }
    }
}

/// Serves one connection. When the server ends, a request that has begun is still answered.
async fn serve_one(stream: TcpStream, router: Router, mut ending: watch::Receiver<bool>) {
    // A short answer should not wait for another packet.
    let _as_it_is = stream.set_nodelay(true);
    let service = TowerToHyperService::new(router);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .max_buf_size(HEADER_BYTES)
        .max_headers(HEADER_LINES)
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
