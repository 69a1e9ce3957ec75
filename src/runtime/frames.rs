//! What a node and its workers say to each other, and how it travels.
//!
//! A frame is its length in four bytes and then itself. Either side ends the
//! conversation at a frame it cannot read: a worker runs strangers' code, and is
//! believed nothing but what a frame can say.

use std::{io, mem};

use bytes::{Buf as _, Bytes, BytesMut};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Longest frame.
pub const LONGEST: usize = 32 << 20;

/// The call by which a script waits for a timer, so many milliseconds.
pub const WAIT: &str = "timer.wait";

/// From the node.
#[derive(Debug, Deserialize, Serialize)]
pub enum ToWorker {
    /// A version's scripts, to be made ready.
    Load(Load),
    /// A version that is not wanted any more.
    Forget(u64),
    /// A request for one of them.
    Run(Run),
    /// A request that was sent, has not begun, and is not wanted any more: told only
    /// while another waits for a reply.
    Drop(u64),
    /// What a call of the host, or a piece of a stream, came to.
    Reply(Result<Reply, HostError>),
}

/// A version of an app, as a worker gets to know it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Load {
    /// Names it on this connection.
    pub site: u64,
    /// What scripts see as `fazt.app`.
    pub app: App,
    /// Every script and JSON file that a function can reach.
    pub files: Vec<Script>,
    /// The functions' own files.
    pub entries: Vec<String>,
    /// The app's environment.
    pub env: Vec<(String, String)>,
    /// Whether each request gets globals of its own.
    pub fresh: bool,
    /// What the worker itself holds scripts to.
    pub bounds: Bounds,
}

/// Budgets that a worker counts by itself.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Bounds {
    /// Bytes that a request may add to what the version holds.
    pub memory: u64,
    /// Bytes of an answer that is not streamed.
    pub answer: u64,
    /// Lines that a request may log.
    pub lines: u32,
    /// Bytes of one such line.
    pub line: u32,
}

/// What scripts may know of their app.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct App {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The version.
    pub version: u32,
    /// The node's domain.
    pub domain: String,
    /// Where people sign in: the address of the node's own host.
    pub admin: String,
}

/// A file that can be run or imported.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Script {
    /// Its path in the version.
    pub path: String,
    /// Its text, types stripped.
    pub code: String,
    /// How it is to be read.
    pub kind: Kind,
    /// What its imports mean: as written, and the file.
    pub imports: Vec<(String, String)>,
    /// Names that a script exports by `exports` and `module`; `*x` exports what `x` does.
    pub exports: Vec<String>,
    /// Whether it is run for each request, and its last value is the answer.
    pub program: bool,
}

/// How a file is to be read.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Kind {
    /// With `import` and `export`.
    Module,
    /// Without.
    Script,
    /// Data.
    Json,
}

/// A request for a function.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Run {
    /// Counts the requests of this connection: names it in [`Done`].
    pub number: u64,
    /// The version.
    pub site: u64,
    /// The function's file.
    pub entry: String,
    /// The request.
    pub request: Request,
}

/// A request as a function sees it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Request {
    /// Names it in logs.
    pub id: String,
    /// The method.
    pub method: String,
    /// The whole address.
    pub url: String,
    /// The path.
    pub path: String,
    /// What the route's names stand for.
    pub params: Vec<(String, String)>,
    /// The query, by name.
    pub query: Vec<(String, String)>,
    /// The headers, by lower-case name.
    pub headers: Vec<(String, String)>,
    /// The visitor's address.
    pub ip: String,
    /// Who is signed in.
    pub user: Option<User>,
    /// The body.
    pub body: Bytes,
}

/// Who is signed in, as a function sees them.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct User {
    /// Their id.
    pub id: String,
    /// Their name.
    pub name: String,
    /// Their address, if it is known.
    pub email: Option<String>,
    /// Their roles in the app; `owner` and `admin` among them.
    pub roles: Vec<String>,
}

/// What a call of the host came to.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Reply {
    /// JSON; empty where there is nothing to say, which a script sees as `undefined`.
    pub json: String,
    /// Contents that are no JSON, in the order in which the JSON speaks of them.
    pub bytes: Vec<Bytes>,
}

/// A call of the host.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Call {
    /// Its name, as `kv.get`.
    pub api: String,
    /// Its arguments: a list in JSON.
    pub arguments: String,
    /// Contents that are no JSON, in the order in which the arguments speak of them.
    pub bytes: Vec<Bytes>,
}

/// From a worker.
#[derive(Debug, Deserialize, Serialize)]
pub enum FromWorker {
    /// It can be given work.
    Ready,
    /// A version is ready, or cannot be.
    Loaded(Result<(), ScriptError>),
    /// A call of the host, which waits for its reply.
    Call(Call),
    /// A line of the log.
    Log(Line),
    /// The answer begins, and its body follows in pieces.
    Head(Head),
    /// A piece of the body. Waits for a reply, so that none is made before the one
    /// before has gone out; an error means that nobody listens any more.
    Chunk(Bytes),
    /// A request is answered.
    Done(Done),
}

/// An answer whose body is streamed.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// The headers; a name may come twice.
    pub headers: Vec<(String, String)>,
}

/// A line that a script logged.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Line {
    /// `debug`, `info`, `warn` or `error`.
    pub level: String,
    /// What it says.
    pub text: String,
    /// Its fields: an object in JSON, or nothing.
    pub fields: String,
}

impl Line {
    /// The line with no more than so many bytes in each part.
    #[must_use]
    pub fn cut(mut self, most: usize) -> Self {
        self.level.truncate(self.level.floor_char_boundary(16));
        self.text.truncate(self.text.floor_char_boundary(most));
        if self.fields.len() > most {
            self.fields.clear();
        }
        self
    }
}

/// The end of a request.
#[derive(Debug, Deserialize, Serialize)]
pub struct Done {
    /// Which one.
    pub number: u64,
    /// What the function answered, or how it failed; an answer that was streamed has
    /// an empty body.
    pub answer: Result<Answer, ScriptError>,
    /// Processor time, in microseconds.
    pub cpu_us: u64,
    /// The most bytes that it held at once beyond what the version holds.
    pub peak: u64,
    /// What all versions of the worker hold now.
    pub held: u64,
}

/// What a function answered.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers; a name may come twice.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

/// How a script failed.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct ScriptError {
    /// `TypeError`, `SyntaxError` and so on, or the code of a budget.
    pub name: String,
    /// What it says.
    pub message: String,
    /// Where, a line for each frame: `api/hello.js:3:14`.
    pub stack: String,
    /// The code that the host gave it, as `NET_BUDGET`.
    pub code: Option<String>,
    /// Whether the host said that trying again may help.
    pub retryable: bool,
}

/// Why the host refused a call.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct HostError {
    /// The code, for programs.
    pub code: String,
    /// What it says.
    pub message: String,
    /// Whether trying again may help.
    pub retryable: bool,
}

impl HostError {
    /// A refusal that trying again does not change.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), retryable: false }
    }
}

/// Adds a frame to bytes that are to be sent. What cannot be sent leaves them as they
/// were.
pub fn append<T: Serialize>(frame: &T, to: &mut Vec<u8>) -> io::Result<()> {
    let start = to.len();
    let mut bytes = mem::take(to);
    bytes.extend_from_slice(&[0; 4]);
    *to = postcard::to_extend(frame, bytes).map_err(io::Error::other)?;
    let length = to.len() - start - 4;
    if length > LONGEST {
        to.truncate(start);
        return Err(io::Error::other("the frame is too long"));
    }
    let length = u32::try_from(length).map_err(io::Error::other)?;
    to[start..start + 4].copy_from_slice(&length.to_le_bytes());
    Ok(())
}

/// Takes the first frame out of bytes that came; `None` until it is whole.
pub fn take<T: DeserializeOwned>(from: &mut BytesMut) -> io::Result<Option<T>> {
    let Some(head) = from.first_chunk::<4>() else { return Ok(None) };
    let length = usize::try_from(u32::from_le_bytes(*head)).map_err(io::Error::other)?;
    if length > LONGEST {
        return Err(io::Error::other("the frame is too long"));
    }
    if from.len() < length + 4 {
        from.reserve(length + 4 - from.len());
        return Ok(None);
    }
    let frame = postcard::from_bytes(&from[4..length + 4]).map_err(io::Error::other);
    from.advance(length + 4);
    frame.map(Some)
}
