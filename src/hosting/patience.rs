//! How long does a connection keep the node waiting?
//!
//! A client that sends no whole request head, or reads nothing of its answer,
//! is cut off after [`QUIET`] beats of a clock of the connection's own. Bytes
//! that trickle in are no excuse; a request that is being answered is. Beats
//! cost nothing per request, which timers set anew for each would.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep},
};

/// Time between two beats.
const BEAT: Duration = Duration::from_secs(15);
/// Beats without any progress after which a connection is cut off. The last
/// progress was at any time between two beats, so this takes 30 to 45 seconds.
const QUIET: u32 = 2;

/// What a connection's stream and its requests tell each other.
#[derive(Default)]
pub(super) struct Patience {
    /// Whether a request came whole, or an answer went on, since the last beat.
    progress: AtomicBool,
    /// Requests that are being answered.
    under_way: AtomicU32,
}

impl Patience {
    pub(super) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Notes a request that came whole; it is under way until the value is gone.
    pub(super) fn hold(self: &Arc<Self>) -> Held {
        self.progress.store(true, Ordering::Relaxed);
        self.under_way.fetch_add(1, Ordering::Relaxed);
        Held(self.clone())
    }
}

/// A request that is under way.
pub(super) struct Held(Arc<Patience>);

impl Held {
    /// Keeps the request under way until `body` is sent.
    pub(super) fn with<B>(self, body: B) -> HeldBody<B> {
        HeldBody { body, _held: self }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The body of a request that is under way.
pub(super) struct HeldBody<B> {
    body: B,
    _held: Held,
}

impl<B: Body<Data = Bytes> + Unpin> Body for HeldBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A stream that ends when patience does.
pub(super) struct Patient<S> {
    stream: S,
    patience: Arc<Patience>,
    /// The next beat; made when the stream first has to wait.
    beat: Option<(Pin<Box<Sleep>>, Waker)>,
    every: Duration,
    quiet: u32,
}

impl<S> Patient<S> {
    pub(super) fn new(stream: S, patience: Arc<Patience>) -> Self {
        Self { stream, patience, beat: None, every: BEAT, quiet: 0 }
    }

    /// Waits on; an error when the client made the node wait too long. `sending`
    /// says that bytes wait which the client does not take.
    fn wait<T>(&mut self, context: &mut Context<'_>, sending: bool) -> Poll<io::Result<T>> {
        if let Some((beat, waker)) = &self.beat
            && !beat.is_elapsed()
            && waker.will_wake(context.waker())
        {
            return Poll::Pending;
        }
        let every = self.every;
        let (mut beat, _) = self
            .beat
            .take()
            .unwrap_or_else(|| (Box::pin(tokio::time::sleep(every)), context.waker().clone()));
        while beat.as_mut().poll(context).is_ready() {
            let under_way = !sending && self.patience.under_way.load(Ordering::Relaxed) > 0;
            let progress = self.patience.progress.swap(false, Ordering::Relaxed);
            self.quiet = if progress || under_way { 0 } else { self.quiet + 1 };
            if self.quiet >= QUIET {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            beat.as_mut().reset(Instant::now() + every);
        }
        self.beat = Some((beat, context.waker().clone()));
        Poll::Pending
    }

    fn sent(&self, sent: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if sent.is_ready() {
            self.patience.progress.store(true, Ordering::Relaxed);
        }
        sent
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Pending => self.wait(context, false),
            read @ Poll::Ready(_) => read,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(context, bytes) {
            Poll::Pending => self.wait(context, true),
            sent @ Poll::Ready(_) => self.sent(sent),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write_vectored(context, bytes) {
            Poll::Pending => self.wait(context, true),
            sent @ Poll::Ready(_) => self.sent(sent),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    use super::*;

    const SHORT: Duration = Duration::from_millis(20);

    fn pair() -> (DuplexStream, Patient<DuplexStream>, Arc<Patience>) {
        let (client, server) = duplex(16);
        let patience = Patience::new();
        let mut server = Patient::new(server, patience.clone());
        server.every = SHORT;
        (client, server, patience)
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_says_nothing_is_cut_off() {
        let (_client, mut server, _) = pair();
        let error = server.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_that_trickle_in_are_no_progress() {
        let (mut client, mut server, _) = pair();
        let trickle = async {
            while client.write_u8(b'x').await.is_ok() {
                tokio::time::sleep(SHORT / 4).await;
            }
        };
        let reading = async {
            loop {
                if let Err(error) = server.read_u8().await {
                    break error.kind();
                }
            }
        };
        tokio::select! {
            () = trickle => unreachable!("the client's end stays open"),
            kind = reading => assert_eq!(kind, io::ErrorKind::TimedOut),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_under_way_may_take_long() {
        let (mut client, mut server, patience) = pair();
        let held = patience.hold();
        let later = async {
            tokio::time::sleep(SHORT * 6).await;
            client.write_u8(b'x').await.unwrap();
        };
        let (read, ()) = tokio::join!(server.read_u8(), later);
        assert_eq!(read.unwrap(), b'x');
        drop(held);
        assert_eq!(server.read_u8().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_nothing_is_cut_off_though_its_request_is_under_way() {
        let (_client, mut server, patience) = pair();
        let _held = patience.hold();
        let error = server.write_all(&[0; 64]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
