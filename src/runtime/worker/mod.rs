//! The process that runs functions: a loop over frames, and the engine behind it.
//!
//! It is this same program started with nothing: no environment, no database, no
//! network, one socket. Whatever a script does to it ends with the process.

mod answer;
mod confine;
mod engine;
mod errors;
mod fazt;
mod jobs;
mod json;
mod link;
mod memory;
mod methods;
mod modules;
mod net;
mod program;
mod request;
mod require;
mod shims;
mod streaming;
mod web;

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    fs::File,
    io,
    os::unix::{fs::FileExt as _, net::UnixStream},
    rc::Rc,
    thread,
};

use self::{engine::Site, link::Link};
use super::frames::{Bounds, Done, FromWorker, Load, Run, ScriptError, ToWorker};

/// Stack of the thread that runs scripts: deep nesting in a source takes 16 KiB a
/// level in the engine's parser, and only touched pages count.
const STACK: usize = 256 << 20;
/// Bytes that may be taken while a version is made ready: its scripts' trees go again.
const LOADING: u64 = 512 << 20;
/// Bytes that may be held before it is made sure that they are wanted.
const HEAVY: u64 = 256 << 20;
/// Answers wait for others this long at most, in microseconds of the processor.
const HASTE: u64 = 200;

/// Serves the node on the other end of standard input until it goes away.
#[must_use]
pub fn serve() -> u8 {
    confine::process();
    let scripts = thread::Builder::new().name("fazt-scripts".to_owned()).stack_size(STACK);
    let thread = scripts.spawn(|| {
        let socket = rustix::io::dup(rustix::stdio::stdin())?;
        let slate = rustix::io::dup(rustix::stdio::stdout())?;
        confine::system_calls();
        conversation(UnixStream::from(socket), &File::from(slate))
    });
    match thread.map(thread::JoinHandle::join) {
        Ok(Ok(Ok(()))) => 0,
        _ => 1,
    }
}

fn conversation(socket: UnixStream, slate: &File) -> io::Result<()> {
    let link = Rc::new(Link::new(socket));
    let mut sites = Sites::default();
    let mut held = 0;
    link.send(&FromWorker::Ready)?;
    while let Some(frame) = link.next()? {
        match frame {
            ToWorker::Load(load) => {
                link.flush()?;
                let loaded = sites.load(load, &link);
                link.send(&FromWorker::Loaded(loaded))?;
            }
            ToWorker::Forget(site) => {
                sites.ready.remove(&site);
                memory::gather();
            }
            ToWorker::Run(run) => {
                // Outlives this process, whatever becomes of it.
                slate.write_all_at(&run.number.to_le_bytes(), 0)?;
                let asked = link.asked();
                let done = sites.run(run);
                held += done.cpu_us;
                link.put(&FromWorker::Done(done))?;
                // What the host has done must not be done again if the next one fails.
                if link.asked() != asked || held > HASTE {
                    link.flush()?;
                    held = 0;
                }
            }
            // Nobody asked.
            ToWorker::Drop(_) | ToWorker::Reply(_) => {
                return Err(io::Error::other("a reply to no call"));
            }
        }
    }
    Ok(())
}

/// The versions that are ready, by the name the node gave them.
#[derive(Default)]
struct Sites {
    ready: HashMap<u64, (Bounds, Site)>,
}

impl Sites {
    fn load(&mut self, load: Load, link: &Rc<Link>) -> Result<(), ScriptError> {
        let (name, bounds) = (load.site, load.bounds);
        self.ready.remove(&name);
        let start = fazt_meter::held();
        fazt_meter::arm(LOADING);
        let site = Site::load(load, link);
        fazt_meter::disarm(start);
        memory::gather();
        self.ready.insert(name, (bounds, site?));
        Ok(())
    }

    fn run(&mut self, run: Run) -> Done {
        memory::gather_if_grown();
        let before = cpu_us();
        let number = run.number;
        let mut peak = 0;
        let answer = match self.ready.get_mut(&run.site) {
            Some((bounds, site)) => {
                let start = fazt_meter::held();
                fazt_meter::arm(bounds.memory);
                let answer = site.run(run);
                peak = fazt_meter::disarm(start);
                answer
            }
            None => Err(ScriptError { name: NOT_READY.to_owned(), ..ScriptError::default() }),
        };
        let mut held = fazt_meter::held();
        if held > HEAVY {
            memory::gather();
            held = fazt_meter::held();
        }
        Done { number, answer, cpu_us: cpu_us() - before, peak, held }
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
