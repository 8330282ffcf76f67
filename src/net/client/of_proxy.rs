//! `OfProxy`: the bytes of a proxy that is reached over TLS, whose errors stay its own when other TLS is spoken over them.

use std::error::Error;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::net::tls_advice::TlsPlace;
use crate::net::tls_fault::{TlsFault, inner};

use super::stream::Stream;

/// TLS with the proxy broke while it was in use.
#[derive(Debug, thiserror::Error)]
#[error("the encrypted connection to the proxy broke")]
struct ProxyBroken {
    place: TlsPlace,
    #[source]
    source: io::Error,
}

/// A stream of TLS with a proxy.
pub(super) struct OfProxy {
    stream: Box<dyn Stream>,
    place: TlsPlace,
}

impl OfProxy {
    /// Takes a stream of TLS with the proxy at `place`.
    pub(super) fn over(stream: Box<dyn Stream>, place: &TlsPlace) -> Box<dyn Stream> {
        let place = place.clone();
        Box::new(Self { stream, place })
    }

    /// Marks an error of TLS; what the system says of the connection is anybody's.
    fn marked<T>(&self, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        polled.map_err(|source| {
            let kind = source.kind();
            let place = self.place.clone();
            let broken = ProxyBroken { place, source };
            match TlsFault::of(&broken) {
                Some(_) => io::Error::new(kind, broken),
                None => broken.source,
            }
        })
    }
}

/// Returns why TLS with the proxy broke, and where it is, if that is the cause of an error.
pub(super) fn proxy_fault(error: &(dyn Error + 'static)) -> Option<(TlsFault, TlsPlace)> {
    let broken = inner::<ProxyBroken>(error)?;
    let fault = TlsFault::of(broken)?.in_use();
    Some((TlsFault::OfProxy(Box::new(fault)), broken.place.clone()))
}

impl AsyncRead for OfProxy {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.marked(polled)
    }
}

impl AsyncWrite for OfProxy {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.marked(polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.marked(polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(cx);
        self.marked(polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.marked(polled)
    }
}
