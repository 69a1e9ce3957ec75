//! `read_logs` on a node, and the tail that goes on from it.

use fazt_tools::{
    Caller, Handler, Problem,
    read_logs::{Input, Output, ReadLogs},
    trace,
};
use jiff::{Span, SpanRelativeTo, Timestamp, civil::Date, tz::TimeZone};

use super::{cursor_of, page, read_cursor, storage_problem};
use crate::{
    node::Node,
    store::{Level, LogLine, LogQuery},
};

/// Lines that a tail reads at once.
const TAIL: u32 = 500;

impl Handler<ReadLogs> for Node {
    async fn handle(&self, _: &Caller, input: Input) -> Result<Output, Problem> {
        let app = input.app.clone();
        let mut query = self.log_query(&input).await?;
        let limit = query.limit as usize;
        query.limit += 1;
        self.write_journal().await;
        let mut found = self.store.log_lines(query).await.map_err(|e| storage_problem(&e))?;
        let more = found.len() > limit;
        found.truncate(limit);
        let cursor = found.last().filter(|_| more).map(|last| cursor_of(&last.n.to_string()));
        found.reverse();
        Ok(Output { app, lines: found.into_iter().map(written).collect(), cursor })
    }
}

impl Node {
    /// The lines that an input asks for.
    pub async fn log_query(&self, input: &Input) -> Result<LogQuery, Problem> {
        let limit = page(input.limit)?;
        let now = self.clock.now();
        let before = match read_cursor(input.cursor.as_deref())? {
            None => None,
            Some(key) => {
                let n = key.parse().map_err(|_| Problem::invalid("cursor", "it is damaged"))?;
                Some(n)
            }
        };
        Ok(LogQuery {
            app: self.find_app(&input.app).await?.id,
            level: input.level.map_or(Level::Debug, level_of),
            since: input.since.as_deref().map(|text| moment("since", text, now)).transpose()?,
            until: input.until.as_deref().map(|text| moment("until", text, now)).transpose()?,
            text: input.text.clone().filter(|text| !text.is_empty()),
            request: input.request.clone(),
            version: input.version,
            before,
            after: None,
            limit,
        })
    }

    /// The lines of a query that came after the line `after`, oldest first, each with
    /// its number; what waits to be written is not waited for.
    pub async fn log_tail(
        &self,
        query: &LogQuery,
        after: i64,
    ) -> Result<Vec<(i64, trace::Line)>, Problem> {
        let query = LogQuery { after: Some(after), before: None, limit: TAIL, ..query.clone() };
        let found = self.store.log_lines(query).await.map_err(|e| storage_problem(&e))?;
        Ok(found.into_iter().map(|line| (line.n, written(line))).collect())
    }

    /// The newest lines of a query, oldest first, each with its number.
    pub async fn log_end(&self, query: &LogQuery) -> Result<Vec<(i64, trace::Line)>, Problem> {
        self.write_journal().await;
        let found = self.store.log_lines(query.clone()).await;
        let mut found = found.map_err(|e| storage_problem(&e))?;
        found.reverse();
        Ok(found.into_iter().map(|line| (line.n, written(line))).collect())
    }
}

/// A line as the contract writes it.
pub(super) fn written(line: LogLine) -> trace::Line {
    trace::Line {
        at: Some(line.at),
        level: level_written(line.level),
        text: line.text,
        fields: line.fields,
        request: line.request,
        version: line.version,
    }
}

pub(super) fn level_written(level: Level) -> trace::Level {
    match level {
        Level::Debug => trace::Level::Debug,
        Level::Info => trace::Level::Info,
        Level::Warn => trace::Level::Warn,
        Level::Error => trace::Level::Error,
    }
}

fn level_of(level: trace::Level) -> Level {
    match level {
        trace::Level::Debug => Level::Debug,
        trace::Level::Info => Level::Info,
        trace::Level::Warn => Level::Warn,
        trace::Level::Error => Level::Error,
    }
}

/// A moment: a time, a day, or how long ago it was.
fn moment(field: &str, text: &str, now: Timestamp) -> Result<Timestamp, Problem> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    if let Ok(day) = text.parse::<Date>()
        && let Ok(begins) = day.to_zoned(TimeZone::UTC)
    {
        return Ok(begins.timestamp());
    }
    let ago = text.parse::<Span>().ok().map(Span::abs);
    let ago = ago.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
    ago.and_then(|ago| now.checked_sub(ago).ok()).ok_or_else(|| {
        let rule = format!("`{text}` is no time: give `2026-11-20T07:00:00Z`, `2026-11-20`, `2h`");
        Problem::invalid(field, rule)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_time_a_day_or_some_time_ago() {
        let now: Timestamp = "2026-11-20T07:00:00Z".parse().expect("a time");
        for (text, expected) in [
            ("2026-11-19T01:02:03Z", "2026-11-19T01:02:03Z"),
            ("2026-11-19", "2026-11-19T00:00:00Z"),
            ("90m", "2026-11-20T05:30:00Z"),
            ("2h", "2026-11-20T05:00:00Z"),
            ("7d", "2026-11-13T07:00:00Z"),
            ("1 day", "2026-11-19T07:00:00Z"),
        ] {
            let found = moment("since", text, now).expect(text);
            assert_eq!(found.to_string(), expected, "{text}");
        }
        for text in ["", "soon", "1month", "99999999d", "12"] {
            assert!(moment("since", text, now).is_err(), "{text}");
        }
    }
}
