//! The process that runs functions: a loop over frames, and the engine behind it.
//!
//! It is this same program started with nothing: no environment, no database, no
//! network, one socket. Whatever a script does to it ends with the process.

mod answer;
mod engine;
mod errors;
mod host;
mod jobs;
mod net;
mod request;

use std::{cell::RefCell, collections::HashMap, io, os::unix::net::UnixStream, rc::Rc, thread};

use self::engine::Site;
use super::frames::{self, Done, FromWorker, Load, Run, ScriptError, ToWorker};

/// Stack of the thread that runs scripts: deep nesting in a source takes 16 KiB a
/// level in the engine's parser, and only touched pages count.
const STACK: usize = 256 << 20;
/// Versions that are kept ready.
const KEPT: usize = 16;

/// The connection to the node, shared by the loop and the host's functions.
pub(super) struct Link(RefCell<UnixStream>);

impl Link {
    fn send(&self, frame: &FromWorker) -> io::Result<()> {
        frames::write(&mut *self.0.borrow_mut(), frame)
    }

    fn receive(&self) -> io::Result<Option<ToWorker>> {
        frames::read(&mut *self.0.borrow_mut())
    }
}

/// Serves the node on the other end of standard input until it goes away.
#[must_use]
pub fn serve() -> u8 {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Signal, set_parent_process_death_signal};
        // A node that is killed takes its workers along.
        let _ = set_parent_process_death_signal(Some(Signal::KILL));
    }
    let scripts = thread::Builder::new().name("fazt-scripts".to_owned()).stack_size(STACK);
    let thread = scripts.spawn(|| {
        let socket = rustix::io::dup(rustix::stdio::stdin())?;
        conversation(UnixStream::from(socket))
    });
    match thread.map(thread::JoinHandle::join) {
        Ok(Ok(Ok(()))) => 0,
        _ => 1,
    }
}

fn conversation(socket: UnixStream) -> io::Result<()> {
    let link = Rc::new(Link(RefCell::new(socket)));
    let mut sites = Sites::default();
    link.send(&FromWorker::Ready)?;
    while let Some(frame) = link.receive()? {
        match frame {
            ToWorker::Load(load) => {
                let loaded = sites.load(load, &link);
                link.send(&FromWorker::Loaded(loaded))?;
            }
            ToWorker::Run(run) => {
                let done = sites.run(run);
                link.send(&FromWorker::Done(done))?;
            }
            // Nobody asked.
            ToWorker::Reply(_) => return Err(io::Error::other("a reply to no call")),
        }
    }
    Ok(())
}

/// The versions that are ready, by the name the node gave them.
#[derive(Default)]
struct Sites {
    ready: HashMap<u64, (u64, Site)>,
    /// Counts uses, so that the least recent is known.
    uses: u64,
}

impl Sites {
    fn load(&mut self, load: Load, link: &Rc<Link>) -> Result<(), ScriptError> {
        if self.ready.len() >= KEPT
            && let Some(oldest) =
                self.ready.iter().min_by_key(|(_, (used, _))| *used).map(|(site, _)| *site)
        {
            self.ready.remove(&oldest);
        }
        let name = load.site;
        let site = Site::load(load, link)?;
        self.uses += 1;
        self.ready.insert(name, (self.uses, site));
        Ok(())
    }

    fn run(&mut self, run: Run) -> Done {
        let before = cpu_us();
        self.uses += 1;
        let answer = match self.ready.get_mut(&run.site) {
            Some((used, site)) => {
                *used = self.uses;
                site.run(&run)
            }
            None => Err(ScriptError { name: NOT_READY.to_owned(), ..ScriptError::default() }),
        };
        Done { number: run.number, answer, cpu_us: cpu_us() - before, peak: 0 }
    }
}

/// The name of the error that says a version has to be loaded again.
pub(super) const NOT_READY: &str = "NotReady";

fn cpu_us() -> u64 {
    use rustix::time::{ClockId, clock_gettime};
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let part = |n: i64| u64::try_from(n).unwrap_or_default();
    part(time.tv_sec) * 1_000_000 + part(time.tv_nsec) / 1_000
}
