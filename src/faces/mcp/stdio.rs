//! The door of `fazt mcp`: standard input and output, for one client.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use rmcp::{ServiceExt as _, transport::io::stdio_pipes};
use tokio::{
    io::{AsyncRead, ReadBuf},
    time::Sleep,
};

use super::Face;
use crate::lifecycle::Lifecycle;

/// Serves one client on standard input and output, until either ends. A client
/// that goes away before its first word is no failure.
pub async fn serve_stdio(face: Face) {
    let (input, output) = stdio_pipes();
    let lifecycle = face.core.watch.lifecycle().clone();
    let input = Input { stdin: input, lifecycle, last_words: None };
    if let Ok(service) = Box::pin(face.serve((input, output))).await {
        let _ = service.waiting().await;
    }
}

/// How long what is open may take for its last words once the client is gone.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// Standard input, whose end is told a moment late: until then nobody listens for
/// changes any more. rmcp gives requests under way five seconds at the end, and a
/// subscription, or one that is just being acknowledged, would take them all.
struct Input<R> {
    stdin: R,
    lifecycle: Lifecycle,
    last_words: Option<Pin<Box<Sleep>>>,
}

impl<R: AsyncRead + Unpin> AsyncRead for Input<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.last_words.is_none() {
            let room = into.remaining();
            let read = ready!(Pin::new(&mut self.stdin).poll_read(context, into));
            if read.is_ok() && (room == 0 || into.remaining() < room) {
                return Poll::Ready(Ok(()));
            }
            self.lifecycle.stop();
            self.last_words = Some(Box::pin(tokio::time::sleep(LAST_WORDS)));
        }
        match &mut self.last_words {
            Some(last_words) => last_words.as_mut().poll(context).map(Ok),
            None => Poll::Ready(Ok(())),
        }
    }
}
