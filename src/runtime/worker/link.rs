//! The connection to the node, shared by the loop and the host's functions.
//!
//! Answers are sent together while requests stand in line; whatever the node has to
//! know at once goes at once.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    io::{self, Read as _, Write as _},
    os::unix::net::UnixStream,
};

use bytes::{Bytes, BytesMut};

use crate::runtime::frames::{self, FromWorker, Head, HostError, Reply, ToWorker};

/// Bytes that wait to be sent, at most.
const HELD: usize = 64 << 10;

/// The connection.
pub(super) struct Link {
    socket: RefCell<UnixStream>,
    came: RefCell<BytesMut>,
    goes: RefCell<Vec<u8>>,
    /// Requests that came while a reply was awaited.
    later: RefCell<VecDeque<ToWorker>>,
    /// Questions asked so far.
    asked: Cell<u64>,
}

impl Link {
    pub(super) fn new(socket: UnixStream) -> Self {
        Self {
            socket: RefCell::new(socket),
            came: RefCell::default(),
            goes: RefCell::default(),
            later: RefCell::default(),
            asked: Cell::new(0),
        }
    }

    /// Has a frame sent with those that follow.
    pub(super) fn put(&self, frame: &FromWorker) -> io::Result<()> {
        frames::append(frame, &mut self.goes.borrow_mut())?;
        if self.goes.borrow().len() > HELD { self.flush() } else { Ok(()) }
    }

    /// Sends a frame, and what waits.
    pub(super) fn send(&self, frame: &FromWorker) -> io::Result<()> {
        self.put(frame)?;
        self.flush()
    }

    /// Sends what waits.
    pub(super) fn flush(&self) -> io::Result<()> {
        let mut goes = self.goes.borrow_mut();
        if !goes.is_empty() {
            self.socket.borrow_mut().write_all(&goes)?;
            goes.clear();
        }
        Ok(())
    }

    /// Sends a frame and waits for its reply.
    pub(super) fn ask(&self, frame: &FromWorker) -> io::Result<Result<Reply, HostError>> {
        self.asked.set(self.asked.get() + 1);
        self.send(frame)?;
        loop {
            match self.read()? {
                Some(ToWorker::Reply(reply)) => return Ok(reply),
                Some(ToWorker::Drop(number)) => self
                    .later
                    .borrow_mut()
                    .retain(|later| !matches!(later, ToWorker::Run(run) if run.number == number)),
                Some(other) => self.later.borrow_mut().push_back(other),
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
    }

    /// Begins an answer whose body is streamed.
    pub(super) fn head(&self, head: Head) -> io::Result<()> {
        self.send(&FromWorker::Head(head))
    }

    /// Sends a piece of it, and waits until there is room for the next: false when
    /// nobody listens any more.
    pub(super) fn chunk(&self, piece: Bytes) -> io::Result<bool> {
        Ok(self.ask(&FromWorker::Chunk(piece))?.is_ok())
    }

    /// How many questions were asked so far.
    pub(super) fn asked(&self) -> u64 {
        self.asked.get()
    }

    /// The next frame; `None` when the node is gone.
    pub(super) fn next(&self) -> io::Result<Option<ToWorker>> {
        let later = self.later.borrow_mut().pop_front();
        if later.is_some() {
            return Ok(later);
        }
        self.read()
    }

    fn read(&self) -> io::Result<Option<ToWorker>> {
        let mut came = self.came.borrow_mut();
        loop {
            if let Some(frame) = frames::take(&mut came)? {
                return Ok(Some(frame));
            }
            // What waits is sent before this waits itself.
            self.flush()?;
            let begun = came.len();
            let room = (came.capacity() - begun).max(16 << 10);
            came.resize(begun + room, 0);
            let read = self.socket.borrow_mut().read(&mut came[begun..]);
            let count = match read {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
                Err(error) => return Err(error),
            };
            came.truncate(begun + count);
            if count == 0 {
                return Ok(None);
            }
        }
    }
}
