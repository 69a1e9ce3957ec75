//! One worker process: started with nothing, spoken to over a socket, killed.

use std::{io, os::fd::OwnedFd, path::Path, process::Stdio, time::Duration};

use bytes::BytesMut;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixStream,
    process::{Child, Command},
};

use super::{
    Breach,
    frames::{self, FromWorker, LONGEST, ToWorker},
};

/// The word by which this program becomes a worker.
pub(super) const WORD: &str = "__worker";

/// How long a worker may take to say that it is there.
const START: Duration = Duration::from_secs(10);

/// A worker.
pub(super) struct Process {
    child: Child,
    socket: UnixStream,
    /// What came and is not yet a whole frame: whoever waits may stop waiting.
    begun: BytesMut,
    pid: u32,
}

impl Process {
    /// Starts `program` as a worker.
    pub(super) async fn start(program: &Path) -> io::Result<Self> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        #[expect(clippy::disallowed_methods, reason = "workers are started here alone")]
        let mut command = Command::from(std::process::Command::new(program));
        command
            .arg(WORD)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let child = command.spawn()?;
        let pid = child.id().unwrap_or_default();
        let mut worker =
            Self { child, socket: UnixStream::from_std(ours)?, begun: BytesMut::new(), pid };
        let ready = tokio::time::timeout(START, worker.receive()).await;
        match ready {
            Ok(Ok(Some(FromWorker::Ready))) => Ok(worker),
            Ok(Err(error)) => Err(error),
            _ => Err(io::Error::other("the worker did not come up")),
        }
    }

    pub(super) async fn send(&mut self, frame: &ToWorker) -> io::Result<()> {
        self.socket.write_all(&frames::encode(frame)?).await
    }

    /// The next frame; `None` when the process is gone.
    pub(super) async fn receive(&mut self) -> io::Result<Option<FromWorker>> {
        loop {
            if let Some(head) = self.begun.first_chunk::<4>() {
                let length =
                    usize::try_from(u32::from_le_bytes(*head)).map_err(io::Error::other)?;
                if length > LONGEST {
                    return Err(io::Error::other("the worker sends a frame that is too long"));
                }
                if self.begun.len() >= length + 4 {
                    let frame = self.begun.split_to(length + 4);
                    return frames::decode(&frame[4..]).map(Some);
                }
                self.begun.reserve(length + 4 - self.begun.len());
            }
            match self.socket.read_buf(&mut self.begun).await {
                Ok(0) | Err(_) => return Ok(None),
                Ok(_) => {}
            }
        }
    }

    /// Processor time it has taken so far.
    pub(super) fn cpu(&self) -> Option<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).ok()?;
        // After the name, which is in brackets and may hold anything.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks: u64 =
            fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
        // A tick is a hundredth of a second wherever Linux runs.
        Some(Duration::from_millis(ticks * 10))
    }

    /// Ends it at once.
    pub(super) async fn kill(mut self) {
        let _ = self.child.kill().await;
    }

    /// Why a process that is gone has gone.
    pub(super) async fn last_words(mut self) -> Breach {
        let mut said = String::new();
        let _ = self.child.start_kill();
        if let Some(mut stderr) = self.child.stderr.take() {
            let mut bytes = vec![0; 4_096];
            let read = tokio::time::timeout(Duration::from_secs(1), stderr.read(&mut bytes)).await;
            if let Ok(Ok(count)) = read {
                said = String::from_utf8_lossy(&bytes[..count]).into_owned();
            }
        }
        let _ = self.child.wait().await;
        if said.contains("memory allocation of") {
            return Breach::Memory;
        }
        let first = said.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        Breach::Crashed(first.trim().to_owned())
    }
}
