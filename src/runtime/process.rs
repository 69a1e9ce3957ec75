//! One worker process: started with nothing, spoken to over a socket, killed.
//!
//! Its standard input is the socket, its standard output a slate in memory on which it
//! writes which request it is at, and that outlives it. What it is told is `keeper`'s
//! business.

use std::{
    fs::File, io, os::fd::OwnedFd, os::unix::fs::FileExt as _, path::Path, process::Stdio,
    time::Duration,
};

use bytes::BytesMut;
use tokio::{
    io::AsyncReadExt as _,
    net::UnixStream,
    process::{Child, Command},
};

use super::{
    Breach,
    frames::{self, FromWorker, LONGEST},
};

/// The word by which this program becomes a worker.
pub(super) const WORD: &str = "__worker";

/// How long a worker may take to say that it is there.
const START: Duration = Duration::from_secs(10);

/// The priority of a worker that is at something long, from 0 to 19.
const BEHIND: i32 = 15;

/// A worker.
pub(super) struct Process {
    child: Child,
    pub(super) socket: UnixStream,
    /// What came and is not yet a whole frame.
    begun: BytesMut,
    slate: File,
    pid: u32,
}

impl Process {
    /// Starts `program` as a worker.
    ///
    /// The thread that calls this must live as long as the worker: its end would be
    /// the worker's, too.
    pub(super) async fn start(program: &Path) -> io::Result<Self> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let slate = slate()?;
        #[expect(clippy::disallowed_methods, reason = "workers are started here alone")]
        let mut command = Command::from(std::process::Command::new(program));
        command
            .arg(WORD)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::from(slate.try_clone()?))
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let child = command.spawn()?;
        let pid = child.id().unwrap_or_default();
        let socket = UnixStream::from_std(ours)?;
        let mut worker = Self { child, socket, begun: BytesMut::new(), slate, pid };
        match tokio::time::timeout(START, worker.greeted()).await {
            Ok(Ok(true)) => Ok(worker),
            Ok(Err(error)) => Err(error),
            _ => Err(io::Error::other("the worker did not come up")),
        }
    }

    async fn greeted(&mut self) -> io::Result<bool> {
        loop {
            if let Some(frame) = frames::take::<FromWorker>(&mut self.begun)? {
                return Ok(matches!(frame, FromWorker::Ready));
            }
            if self.socket.read_buf(&mut self.begun).await? == 0 {
                return Ok(false);
            }
        }
    }

    /// Reads what is there; false when the process is gone.
    pub(super) fn read(&mut self) -> bool {
        loop {
            self.begun.reserve(16 << 10);
            match self.socket.try_read_buf(&mut self.begun) {
                Ok(0) => return false,
                // The rest is read when this has been taken.
                Ok(_) if self.begun.len() > LONGEST => return true,
                Ok(_) => {}
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
    }

    /// The next frame of what was read.
    pub(super) fn frame(&mut self) -> io::Result<Option<FromWorker>> {
        frames::take(&mut self.begun)
    }

    /// Writes as much as goes; false when the process is gone.
    pub(super) fn write(&mut self, out: &mut Vec<u8>) -> bool {
        let mut written = 0;
        let alive = loop {
            if written == out.len() {
                break true;
            }
            match self.socket.try_write(&out[written..]) {
                Ok(count) => written += count,
                Err(error) => break error.kind() == io::ErrorKind::WouldBlock,
            }
        };
        out.drain(..written);
        alive
    }

    /// The number of the request that it is at, or was at when it ended.
    pub(super) fn at(&self) -> u64 {
        let mut number = [0; 8];
        let read = self.slate.read_exact_at(&mut number, 0);
        read.map_or(0, |()| u64::from_le_bytes(number))
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

    /// Has the system run others first.
    pub(super) fn let_others_go_first(&self) {
        self.prioritise(BEHIND);
    }

    /// Takes that back; false where this program may not.
    pub(super) fn take_turns_again(&self) -> bool {
        self.prioritise(0)
    }

    fn prioritise(&self, priority: i32) -> bool {
        let pid = i32::try_from(self.pid).ok().and_then(rustix::process::Pid::from_raw);
        pid.is_some_and(|pid| rustix::process::setpriority_process(Some(pid), priority).is_ok())
    }

    /// Ends it at once.
    pub(super) async fn kill(&mut self) {
        let _ = self.child.kill().await;
    }

    /// Why a process that is gone has gone.
    pub(super) async fn last_words(&mut self) -> Breach {
        use std::os::unix::process::ExitStatusExt as _;

        // One that closed its socket and lives on is of no use.
        let ended = tokio::time::timeout(Duration::from_secs(1), self.child.wait()).await;
        let ended = match ended {
            Ok(ended) => ended.ok(),
            Err(_) => {
                self.kill().await;
                None
            }
        };
        if ended.is_some_and(|status| status.code() == Some(fazt_meter::OVERRUN)) {
            return Breach::Memory;
        }
        let mut said = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            let mut bytes = vec![0; 4_096];
            let read = tokio::time::timeout(Duration::from_secs(1), stderr.read(&mut bytes)).await;
            if let Ok(Ok(count)) = read {
                said = String::from_utf8_lossy(&bytes[..count]).into_owned();
            }
        }
        if said.contains("memory allocation of") {
            return Breach::Memory;
        }
        let first = said.lines().find(|line| !line.trim().is_empty()).map(str::trim);
        let signal = ended.and_then(|status| status.signal());
        Breach::Crashed(match (first, signal) {
            (Some(first), _) => first.to_owned(),
            (None, Some(signal)) => format!("signal {signal}"),
            (None, None) => String::new(),
        })
    }
}

/// A file without a name, for one number.
#[cfg(target_os = "linux")]
fn slate() -> io::Result<File> {
    use rustix::fs::{MemfdFlags, memfd_create};
    Ok(File::from(memfd_create("fazt-slate", MemfdFlags::CLOEXEC)?))
}

/// A file without a name, for one number.
#[cfg(not(target_os = "linux"))]
fn slate() -> io::Result<File> {
    tempfile::tempfile()
}
