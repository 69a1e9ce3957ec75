//! A tool's input, gathered from path, query and body.
//!
//! A query holds only text; the tool's schema says what is a number or a yes.

use std::{collections::HashMap, time::Duration};

use axum::{
    body::Body,
    extract::{RawPathParams, Request},
    http::{HeaderMap, header},
};
use bytes::{Bytes, BytesMut};
use fazt_tools::{Code, Problem, Spec};
use http_body_util::{BodyExt as _, Limited};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::store::Hash;

/// Longest JSON body: a tree of 100,000 files fits.
pub(super) const BODY: usize = 16 << 20;

/// How long a body may pause.
pub(super) const PAUSE: Duration = Duration::from_mins(1);

/// Longest body of a sign-in.
const SMALL: usize = 16 << 10;

/// Which fields an input has, and of what kind.
pub(super) struct Shape {
    kinds: HashMap<String, Kind>,
    query: bool,
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Number,
    Truth,
    List,
}

impl Shape {
    pub(super) fn of(spec: &Spec) -> Self {
        let schema = (spec.input)();
        let properties = schema["properties"].as_object().cloned().unwrap_or_default();
        let kinds = properties
            .into_iter()
            .map(|(name, property)| {
                let kind = match property["type"].as_str() {
                    Some("integer" | "number") => Kind::Number,
                    Some("boolean") => Kind::Truth,
                    Some("array") => Kind::List,
                    _ => Kind::Text,
                };
                (name, kind)
            })
            .collect();
        Self { kinds, query: spec.route.takes_query() }
    }

    /// The input, and a fingerprint of everything it came from.
    pub(super) async fn read(
        &self,
        params: &RawPathParams,
        request: Request,
    ) -> Result<(Map<String, Value>, Hash), Problem> {
        let (parts, body) = request.into_parts();
        let query = parts.uri.query().unwrap_or_default().to_owned();
        let mut input = Map::new();
        let mut bytes = Bytes::new();
        if !self.query {
            bytes = collect(body, BODY).await?;
            input = body_of(&parts.headers, &bytes)?;
        }
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            self.put(&mut input, &name, &value)?;
        }
        for (name, value) in params {
            self.put(&mut input, name, value)?;
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(parts.method.as_str().as_bytes());
        hasher.update(parts.uri.path().as_bytes()).update(b"?").update(query.as_bytes());
        hasher.update(b"\n").update(&bytes);
        Ok((input, Hash(*hasher.finalize().as_bytes())))
    }

    fn put(&self, input: &mut Map<String, Value>, name: &str, text: &str) -> Result<(), Problem> {
        let unfit = |what| Problem::invalid(name, format!("`{text}` is not {what}"));
        let value = match self.kinds.get(name) {
            Some(Kind::Number) => {
                let number = text.parse::<i64>().map_err(|_| unfit("a whole number"))?;
                Value::from(number)
            }
            Some(Kind::Truth) => match text {
                "true" | "1" | "" => true.into(),
                "false" | "0" => false.into(),
                _ => return Err(unfit("`true` or `false`")),
            },
            Some(Kind::List) => {
                let list = input.entry(name).or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(items) = list {
                    items.push(text.into());
                }
                return Ok(());
            }
            Some(Kind::Text) | None => text.into(),
        };
        input.insert(name.to_owned(), value);
        Ok(())
    }
}

/// A small JSON body as `T`.
pub(super) async fn typed<T: DeserializeOwned>(request: Request) -> Result<T, Problem> {
    let (parts, body) = request.into_parts();
    let fields = body_of(&parts.headers, &collect(body, SMALL).await?)?;
    serde_json::from_value(Value::Object(fields))
        .map_err(|error| Problem::new(Code::ValidationFailed, error.to_string()))
}

/// A body's bytes; one longer than `most`, or one that pauses too long, is refused.
pub(super) async fn collect(body: Body, most: usize) -> Result<Bytes, Problem> {
    let mut body = std::pin::pin!(Limited::new(body, most));
    let mut bytes = BytesMut::new();
    loop {
        let frame = tokio::time::timeout(PAUSE, body.frame()).await.map_err(|_| paused())?;
        match frame {
            None => return Ok(bytes.freeze()),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    bytes.extend_from_slice(&data);
                }
            }
            Some(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
                return Err(Problem::new(
                    Code::TooLarge,
                    format!("the body is longer than {most} bytes"),
                )
                .detail("limit", most));
            }
            Some(Err(error)) => {
                return Err(Problem::new(Code::BadRequest, format!("the body broke off: {error}")));
            }
        }
    }
}

/// What a body that pauses for longer than [`PAUSE`] is told.
pub(super) fn paused() -> Problem {
    let limit = PAUSE.as_secs();
    Problem::new(Code::BadRequest, format!("the upload paused for more than {limit} s"))
        .hint("send it again")
}

/// A JSON body's fields; an empty body has none.
pub(super) fn body_of(headers: &HeaderMap, bytes: &Bytes) -> Result<Map<String, Value>, Problem> {
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    let media = headers.get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok());
    let media = media.unwrap_or("application/json").split(';').next().unwrap_or_default().trim();
    if !media.eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(
            Code::UnsupportedType,
            format!("this route takes JSON, not `{media}`"),
        )
        .hint("send `Content-Type: application/json`"));
    }
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(Problem::new(Code::BadRequest, "the body is not a JSON object")),
        Err(error) => Err(Problem::new(Code::BadRequest, format!("the body is not JSON: {error}"))),
    }
}
