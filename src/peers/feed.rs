//! What a node tells as it happens: changes of its apps, lines of a log.
//!
//! Server-sent events, of which only the data is read.

use fazt_tools::{Problem, Tool as _, read_logs, trace::Line};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Peer, fill, query};
use crate::apps::sites::Changed;

/// Longest line of a feed.
const LINE: usize = 256 << 10;

impl Peer {
    /// Tells changes of the apps over there as they happen, until the feed breaks.
    pub async fn changes(&self, told: &(dyn Fn(Changed) + Send + Sync)) -> Result<(), Problem> {
        self.feed("/api/events", &[], &mut |changed| {
            told(changed);
            Ok(())
        })
        .await
    }

    /// Tells lines of a log as they come, until the feed breaks or `told` fails.
    pub async fn follow<E: From<Problem>>(
        &self,
        input: &read_logs::Input,
        told: &mut (dyn FnMut(Line) -> Result<(), E> + Send),
    ) -> Result<(), E> {
        let input = match serde_json::to_value(input) {
            Ok(Value::Object(fields)) => fields,
            _ => serde_json::Map::new(),
        };
        let (path, rest) = fill(read_logs::ReadLogs::ROUTE.path, input)?;
        self.feed(&path, &query(rest), told).await
    }

    async fn feed<T: DeserializeOwned, E: From<Problem>>(
        &self,
        path: &str,
        query: &[(String, String)],
        told: &mut (dyn FnMut(T) -> Result<(), E> + Send),
    ) -> Result<(), E> {
        let request = self.client.get(format!("{}{path}", self.url)).query(query);
        let request = request.header("accept", "text/event-stream");
        let mut response = self.send(request).await?;
        if !response.status().is_success() {
            return Ok(self.answer(response).await?);
        }
        let mut begun: Vec<u8> = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| self.unreachable(&error))? {
            begun.extend_from_slice(&piece);
            while let Some(end) = begun.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = begun.drain(..=end).collect();
                let data = line.strip_prefix(b"data: ");
                if let Some(event) = data.and_then(|data| serde_json::from_slice(data).ok()) {
                    told(event)?;
                }
            }
            if begun.len() > LINE {
                break;
            }
        }
        Ok(())
    }
}
