//! What is asked and what comes back: read from scripts, and told to them.
//!
//! Headers of the connection are the gateway's own; a secret that a server sends back
//! is taken out, and no error holds a URL. Knows nothing of rules or sockets.

use std::{error::Error as _, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use super::{
    error::{NetCode, NetError},
    policy::Target,
    secrets::Opened,
};

/// Longest head of an answer, and of what a script adds to a request.
pub(super) const HEAD: usize = 64 << 10;

/// Headers that belong to the connection, which is the gateway's.
const OWN: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What to fetch.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// The URL.
    pub url: String,
    /// The method; GET where it is empty.
    pub method: String,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// How long it may take, where that is less than it may take anyway.
    pub timeout: Option<Duration>,
    /// The name of a secret to be added.
    pub auth: Option<String>,
    /// Whether a redirect is the answer, and not followed.
    pub stays: bool,
}

/// What came back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Where it came from, after redirects.
    pub url: String,
    /// Whether there were any.
    pub redirected: bool,
    /// The headers by lower-case name, each name once but `set-cookie`.
    pub headers: Vec<(String, String)>,
    /// The body as it came.
    pub body: Bytes,
    /// Whether it was kept from before.
    pub kept: bool,
}

impl Answer {
    /// Roughly what it takes to hold it.
    pub(super) fn size(&self) -> u64 {
        let headers: usize = self.headers.iter().map(|(n, v)| n.len() + v.len() + 64).sum();
        (self.body.len() + headers + self.url.len() + 256) as u64
    }
}

/// The method that a script names.
pub(super) fn method_of(text: &str) -> Result<Method, NetError> {
    let text = if text.is_empty() { "GET" } else { text };
    let known = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
    let upper = text.to_ascii_uppercase();
    let text = if known.contains(&upper.as_str()) { upper.as_str() } else { text };
    let refused = |why: &str| NetError::new(NetCode::Blocked, format!("the method {why}"));
    if ["CONNECT", "TRACE", "TRACK"].contains(&upper.as_str()) {
        return Err(refused(&format!("`{upper}` is not sent")));
    }
    Method::from_bytes(text.as_bytes()).map_err(|_| refused("is no word"))
}

/// The headers of a script, as far as they are its business.
pub(super) fn headers_of(given: &[(String, String)]) -> Result<HeaderMap, NetError> {
    let refused = |what: String| NetError::new(NetCode::Blocked, what);
    let mut headers = HeaderMap::new();
    let mut bytes = 0;
    for (name, value) in given {
        let lower = name.to_ascii_lowercase();
        if OWN.contains(&lower.as_str()) || lower.starts_with("proxy-") {
            continue;
        }
        bytes += name.len() + value.len();
        let name = HeaderName::from_bytes(lower.as_bytes())
            .map_err(|_| refused(format!("`{}` is no name of a header", name.escape_debug())))?;
        let value = HeaderValue::from_str(value).map_err(|_| {
            refused(format!("the header `{name}` holds what no header may, such as a line break"))
        })?;
        let full = headers.try_append(name, value).is_err();
        if full || bytes > HEAD {
            let what = format!("the request's headers are longer than {HEAD} bytes");
            return Err(NetError::new(NetCode::Size, what));
        }
    }
    Ok(headers)
}

/// Headers as scripts see them: those of one name together, but cookies.
pub(super) fn joined(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut joined = Vec::with_capacity(headers.keys_len());
    for name in headers.keys() {
        let text = |value: &HeaderValue| match value.to_str() {
            Ok(text) => text.to_owned(),
            // Bytes of headers are Latin-1 where they are no ASCII.
            Err(_) => value.as_bytes().iter().map(|byte| char::from(*byte)).collect(),
        };
        let values = headers.get_all(name).iter().map(text);
        if *name == header::SET_COOKIE {
            joined.extend(values.map(|value| (name.to_string(), value)));
        } else {
            joined.push((name.to_string(), values.collect::<Vec<_>>().join(", ")));
        }
    }
    joined
}

/// Takes a secret out of whatever a server sent back.
pub(super) fn clean(answer: &mut Answer, secret: &Opened) {
    if let Some(clean) = secret.taken_out(&answer.body) {
        answer.body = clean.into();
    }
    answer.url = secret.taken_out_of(std::mem::take(&mut answer.url));
    for (name, value) in &mut answer.headers {
        *name = secret.taken_out_of(std::mem::take(name));
        *value = secret.taken_out_of(std::mem::take(value));
    }
}

/// What a failed request is called. What the client says of itself names the whole
/// URL, which may hold a secret; only what lies beneath it is told.
pub(super) fn failure(target: &Target, error: &reqwest::Error) -> NetError {
    let mut beneath = error.source();
    let mut last = None;
    while let Some(cause) = beneath {
        if let Some(refused) = cause.downcast_ref::<NetError>() {
            return refused.clone();
        }
        last = Some(cause);
        // The error within an `io::Error` is not among its sources.
        let io = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        beneath = io.map(|inner| inner as &(dyn std::error::Error + 'static));
        beneath = beneath.or_else(|| cause.source());
    }
    let host = target.host();
    if error.is_timeout() {
        return NetError::new(NetCode::Timeout, format!("`{host}` did not answer in time"));
    }
    let why = last.map_or_else(|| "it failed".to_owned(), ToString::to_string);
    let what = if error.is_connect() { "cannot be reached" } else { "broke off" };
    NetError::new(NetCode::Error, format!("`{host}` {what}: {why}"))
}
