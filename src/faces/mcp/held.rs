//! Which sessions of the older revisions are kept in memory?
//!
//! Each costs a task, its channels and what the client said of itself, and most
//! clients go without a word. All sessions are in the store; in memory are those
//! in use and the latest others. One that comes back is restored from the store.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::{Stream, StreamExt as _};
use rmcp::{
    model::{ClientJsonRpcMessage, ServerJsonRpcMessage},
    transport::streamable_http_server::session::{
        RestoreOutcome, ServerSseMessage, SessionId, SessionManager, local::LocalSessionManager,
    },
};

/// Sessions in memory that nobody waits on: an agent's machine has a few.
const IDLE: usize = 256;

/// rmcp's sessions, as many as there is room for.
#[derive(Default)]
pub(super) struct Held {
    inner: LocalSessionManager,
    ledger: Arc<Mutex<Ledger>>,
}

/// What is known of each session in memory.
#[derive(Default)]
struct Ledger {
    sessions: HashMap<SessionId, Use>,
    /// Sessions closed to make room whose task has yet to say that it ended, and
    /// how often. Until then the same one may have been restored: it is another's
    /// end, and must not be taken for its own.
    closing: HashMap<SessionId, usize>,
    turn: u64,
}

#[derive(Default)]
struct Use {
    /// When it was used last, in turns.
    turn: u64,
    /// Answers and streams that somebody waits on.
    streams: usize,
}

/// Somebody waits on a session.
struct Using {
    ledger: Arc<Mutex<Ledger>>,
    id: SessionId,
}

impl Held {
    /// Drops all sessions from memory.
    pub(super) async fn clear(&self) {
        self.inner.sessions.write().await.clear();
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.ledger)
    }

    /// Marks a session as waited on, until the mark is dropped.
    fn using(&self, id: &SessionId) -> Using {
        self.ledger().wait(id);
        Using { ledger: self.ledger.clone(), id: id.clone() }
    }

    /// Notes a new session, and closes those that it leaves no room for.
    async fn note(&self, id: &SessionId) {
        let surplus = self.ledger().begin(id, IDLE);
        for id in surplus {
            // Its worker may have ended a moment ago; it is gone either way.
            let _ = self.inner.close_session(&id).await;
        }
    }
}

impl Ledger {
    fn touch(&mut self, id: &SessionId) -> Option<&mut Use> {
        self.turn += 1;
        let session = self.sessions.get_mut(id)?;
        session.turn = self.turn;
        Some(session)
    }

    fn wait(&mut self, id: &SessionId) {
        if let Some(session) = self.touch(id) {
            session.streams += 1;
        }
    }

    fn leave(&mut self, id: &SessionId) {
        if let Some(session) = self.touch(id) {
            session.streams = session.streams.saturating_sub(1);
        }
    }

    /// Notes a session and gives those to close: the longest unused of the idle
    /// ones beyond `room`.
    fn begin(&mut self, id: &SessionId, room: usize) -> Vec<SessionId> {
        self.sessions.insert(id.clone(), Use::default());
        self.touch(id);
        let idle = self.sessions.iter().filter(|(_, session)| session.streams == 0);
        let mut idle: Vec<_> = idle.map(|(id, session)| (session.turn, id.clone())).collect();
        idle.sort_unstable();
        idle.truncate(idle.len().saturating_sub(room));
        let surplus: Vec<_> = idle.into_iter().map(|(_, id)| id).collect();
        for id in &surplus {
            self.sessions.remove(id);
            *self.closing.entry(id.clone()).or_default() += 1;
        }
        surplus
    }

    /// Notes an end; false when it is that of one closed to make room.
    fn end(&mut self, id: &SessionId) -> bool {
        if let Some(times) = self.closing.get_mut(id) {
            *times -= 1;
            if *times == 0 {
                self.closing.remove(id);
            }
            return false;
        }
        self.sessions.remove(id);
        true
    }
}

impl Drop for Using {
    fn drop(&mut self) {
        lock(&self.ledger).leave(&self.id);
    }
}

fn lock(ledger: &Mutex<Ledger>) -> MutexGuard<'_, Ledger> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The same stream, which marks its session as waited on.
fn waited<S: Stream>(stream: S, using: Using) -> impl Stream<Item = S::Item> {
    stream.inspect(move |_| {
        let _until_dropped = &using;
    })
}

impl SessionManager for Held {
    type Error = <LocalSessionManager as SessionManager>::Error;
    type Transport = <LocalSessionManager as SessionManager>::Transport;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), Self::Error> {
        let (id, transport) = self.inner.create_session().await?;
        self.note(&id).await;
        Ok((id, transport))
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, Self::Error> {
        let _using = self.using(id);
        self.inner.initialize_session(id, message).await
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, Self::Error> {
        self.ledger().touch(id);
        self.inner.has_session(id).await
    }

    async fn close_session(&self, id: &SessionId) -> Result<(), Self::Error> {
        if !self.ledger().end(id) {
            return Ok(());
        }
        self.inner.close_session(id).await
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        let using = self.using(id);
        Ok(waited(self.inner.create_stream(id, message).await?, using))
    }

    async fn accept_message(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<(), Self::Error> {
        let _using = self.using(id);
        self.inner.accept_message(id, message).await
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        let using = self.using(id);
        Ok(waited(self.inner.create_standalone_stream(id).await?, using))
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Self::Error> {
        let using = self.using(id);
        Ok(waited(self.inner.resume(id, last_event_id).await?, using))
    }

    async fn restore_session(
        &self,
        id: SessionId,
    ) -> Result<RestoreOutcome<Self::Transport>, Self::Error> {
        let outcome = self.inner.restore_session(id.clone()).await?;
        if matches!(outcome, RestoreOutcome::Restored(_)) {
            self.note(&id).await;
        }
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> SessionId {
        SessionId::from(format!("session {number}"))
    }

    #[test]
    fn the_longest_unused_make_room_and_those_in_use_stay() {
        let mut ledger = Ledger::default();
        for number in 0..4 {
            assert!(ledger.begin(&id(number), 4).is_empty());
        }
        ledger.wait(&id(0));
        ledger.touch(&id(1));
        assert!(ledger.begin(&id(4), 4).is_empty(), "one that is waited on takes no room");
        assert_eq!(ledger.begin(&id(5), 4), [id(2)]);
        ledger.leave(&id(0));
        assert_eq!(ledger.begin(&id(6), 4), [id(3), id(1)]);
        assert_eq!(ledger.sessions.len(), 4);
    }

    #[test]
    fn a_late_end_is_not_that_of_the_session_restored_since() {
        let mut ledger = Ledger::default();
        ledger.begin(&id(0), 1);
        assert_eq!(ledger.begin(&id(1), 1), [id(0)]);
        assert_eq!(ledger.begin(&id(0), 1), [id(1)]);
        assert!(!ledger.end(&id(0)), "the first one's");
        assert!(ledger.sessions.contains_key(&id(0)));
        assert!(!ledger.end(&id(1)));
        assert!(ledger.end(&id(0)), "its own");
        assert!(ledger.sessions.is_empty() && ledger.closing.is_empty());
    }

    #[tokio::test]
    async fn memory_holds_so_many_sessions_and_no_more() {
        let held = Held::default();
        let mut transports = Vec::new();
        for _ in 0..IDLE + 50 {
            transports.push(held.create_session().await.expect("a session"));
        }
        assert_eq!(held.inner.sessions.read().await.len(), IDLE);
        assert!(!held.has_session(&transports[0].0).await.expect("an answer"));
        assert!(held.has_session(&transports[IDLE + 49].0).await.expect("an answer"));
    }
}
