//! The door of `fazt mcp`: standard input and output, for one client.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use rmcp::{ServiceExt as _, transport::io::stdio_pipes};
use tokio::io::{AsyncRead, ReadBuf};

use super::Face;
use crate::lifecycle::Lifecycle;

/// Serves one client on standard input and output, until either ends. A client
/// that goes away before its first word is no failure.
pub async fn serve_stdio(face: Face) {
    let (input, output) = stdio_pipes();
    let input = Input { input, lifecycle: face.core.watch.lifecycle().clone() };
    if let Ok(service) = Box::pin(face.serve((input, output))).await {
        let _ = service.waiting().await;
    }
}

/// Standard input, at whose end nobody listens for changes any more: rmcp gives
/// requests under way five seconds then, and a subscription would take them all.
struct Input<R> {
    input: R,
    lifecycle: Lifecycle,
}

impl<R: AsyncRead + Unpin> AsyncRead for Input<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let room = into.remaining();
        let read = Pin::new(&mut self.input).poll_read(context, into);
        if let Poll::Ready(done) = &read
            && (done.is_err() || (room > 0 && into.remaining() == room))
        {
            self.lifecycle.stop();
        }
        read
    }
}
