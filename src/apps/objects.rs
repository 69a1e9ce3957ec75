//! An app's object as an answer: whole or a range of it, read as it is sent.
//!
//! Objects are what visitors gave as often as not, and they are served from the
//! app's own origin: nothing in them may run there.

use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{
        ACCEPT_RANGES, ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE,
        CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH,
        IF_RANGE, IF_UNMODIFIED_SINCE, LAST_MODIFIED, RANGE, X_CONTENT_TYPE_OPTIONS,
    },
};

use super::{
    serve::{Body, Piece, Served},
    site::{
        conditional::{self, Conditions, Precondition},
        range::{self, ByteRange, Ranges},
    },
};
use crate::store::data::Object;

/// Answers a request for an object.
pub fn serve(object: &Object, method: &Method, asked: &HeaderMap) -> Served {
    if *method != Method::GET && *method != Method::HEAD {
        let mut served = Served::page(StatusCode::METHOD_NOT_ALLOWED);
        served.headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return served;
    }
    let etag = format!("\"{}\"", object.blob.hash);
    let modified = u64::try_from(object.at.as_second()).unwrap_or_default();
    let mut headers = headers(object, &etag, modified);
    let text = |name| asked.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let conditions = Conditions {
        if_match: text(IF_MATCH),
        if_none_match: text(IF_NONE_MATCH),
        if_modified_since: text(IF_MODIFIED_SINCE),
        if_unmodified_since: text(IF_UNMODIFIED_SINCE),
    };
    match conditional::evaluate(&conditions, &etag, modified) {
        Precondition::Proceed => {}
        Precondition::NotModified => {
            headers.remove(CONTENT_TYPE);
            return Served { status: StatusCode::NOT_MODIFIED, headers, body: Body::Empty };
        }
        Precondition::Failed => return Served::page(StatusCode::PRECONDITION_FAILED),
    }
    let size = object.blob.size;
    let holds = |told: &str| conditional::if_range_holds(told, &etag, modified);
    let range = text(RANGE).filter(|_| text(IF_RANGE).is_none_or(holds));
    let (status, part) = match range.map(|range| range::parse(range, size)) {
        Some(Ranges::Unsatisfiable) => {
            headers.insert(CONTENT_RANGE, value(&format!("bytes */{size}")));
            let status = StatusCode::RANGE_NOT_SATISFIABLE;
            return Served { status, headers, body: Body::Empty };
        }
        Some(Ranges::Parts(parts)) if parts.len() == 1 => {
            headers.insert(CONTENT_RANGE, value(&parts[0].content_range(size)));
            (StatusCode::PARTIAL_CONTENT, Some(parts[0]))
        }
        _ => {
            let all = (size > 0).then(|| ByteRange { first: 0, last: size - 1 });
            (StatusCode::OK, all)
        }
    };
    let length = part.map_or(0, ByteRange::length);
    let body = match part {
        Some(part) if *method == Method::GET => {
            Body::Pieces { blob: object.blob.id, parts: vec![Piece::Range(part)] }
        }
        _ => {
            headers.insert(CONTENT_LENGTH, length.into());
            Body::Empty
        }
    };
    Served { status, headers, body }
}

fn headers(object: &Object, etag: &str, modified: u64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, value(&object.media));
    headers.insert(ETAG, value(etag));
    headers.insert(LAST_MODIFIED, value(&conditional::http_date(modified)));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"));
    headers
}

fn value(text: &str) -> HeaderValue {
    let other = HeaderValue::from_static("application/octet-stream");
    HeaderValue::from_str(text).unwrap_or(other)
}
