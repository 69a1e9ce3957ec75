//! The socket: accepts connections, bounds them, speaks HTTP/1.1 and HTTP/2.
//!
//! A connection costs a few kilobytes while it is idle. One that sends its
//! request head too slowly, or does not read what it asked for, is closed. At a
//! stop nothing new is accepted and what is under way may finish.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use fazt_tools::{Code, Problem};
use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::{net::TcpListener, sync::Semaphore};

use super::{
    Hosting,
    patience::{Patience, Patient},
};
use crate::lifecycle::Lifecycle;

/// How often an HTTP/2 connection is asked whether it is alive, and how long
/// the answer may take.
const PING: Duration = Duration::from_secs(30);
/// Longest request head.
const HEAD_BYTES: usize = 64 << 10;
/// Connections the system may hold before they are accepted.
const BACKLOG: i32 = 4_096;

/// A socket that is bound.
pub struct Listener {
    socket: TcpListener,
    /// Where it is bound, with the port that was taken.
    pub address: SocketAddr,
}

/// Binds `address`. A port that is taken is an error naming what to do.
pub fn listen(address: SocketAddr) -> Result<Listener, Problem> {
    let bound = bind(address).and_then(|socket| {
        let address = socket.local_addr()?;
        Ok(Listener { socket, address })
    });
    bound.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => {
            Problem::new(Code::PortInUse, format!("port {} is taken", address.port()))
                .hint(format!(
                    "choose another: `--port {}`, or see who has it: `ss -ltnp 'sport = :{}'`",
                    address.port().saturating_add(1),
                    address.port()
                ))
                .detail("port", address.port())
        }
        io::ErrorKind::PermissionDenied => Problem::new(
            Code::PortInUse,
            format!("port {} may not be used by this user", address.port()),
        )
        .hint("choose one above 1023: `--port 8080`"),
        _ => Problem::new(Code::PortInUse, format!("cannot listen on {address}: {error}"))
            .hint("choose another address: `--bind 127.0.0.1`"),
    })
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let domain = if address.is_ipv4() { Domain::IPV4 } else { Domain::IPV6 };
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // `::` means IPv4 too.
        socket.set_only_v6(false)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

impl Listener {
    /// Answers connections until the node stops, then lets those under way
    /// finish for at most `drain`.
    pub async fn serve(
        self,
        hosting: Arc<Hosting>,
        lifecycle: Lifecycle,
        connections: usize,
        drain: Duration,
    ) {
        let room = Arc::new(Semaphore::new(connections));
        let graceful = GracefulShutdown::new();
        let server = Arc::new(server());
        loop {
            let accepted = tokio::select! {
                accepted = accept(&self.socket, &room) => accepted,
                () = lifecycle.stopping() => break,
            };
            let (stream, from, place) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of descriptors, most likely: closing ones will free some.
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let _ = stream.set_nodelay(true);
            let patience = Patience::new();
            let stream = Patient::new(stream, patience.clone());
            // Counted per connection: requests of all of them at one counter
            // would pass its memory between the cores.
            let hosting = Arc::new(hosting.clone());
            let service = service_fn(move |request| {
                let hosting = hosting.clone();
                let held = patience.hold();
                async move {
                    let response = hosting.answer(request, from).await;
                    Ok::<_, std::convert::Infallible>(response.map(|body| held.with(body)))
                }
            });
            let server = server.clone();
            let watcher = graceful.watcher();
            lifecycle.spawn(async move {
                let connection = server.serve_connection(TokioIo::new(stream), service);
                // A broken connection is the visitor's affair.
                let _ = watcher.watch(connection.into_owned()).await;
                drop(place);
            });
        }
        drop(self.socket);
        if tokio::time::timeout(drain, graceful.shutdown()).await.is_err() {
            tracing::warn!("some requests did not finish within {drain:?} and were cut off");
        }
    }
}

type Accepted = (tokio::net::TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit);

async fn accept(socket: &TcpListener, room: &Arc<Semaphore>) -> io::Result<Accepted> {
    let place = room.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, from) = socket.accept().await?;
    Ok((stream, from, place))
}

fn server() -> auto::Builder<TokioExecutor> {
    let mut server = auto::Builder::new(TokioExecutor::new());
    server
        .http1()
        // Counting every head's time costs a timer a request; `patience` does
        // with one a connection.
        .header_read_timeout(None)
        .max_buf_size(HEAD_BYTES)
        .keep_alive(true);
    server
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING)
        .max_concurrent_streams(128)
        .max_header_list_size(u32::try_from(HEAD_BYTES).expect("64 KiB fit"));
    server
}
