//! A request for a site becomes an answer: status, headers, body.
//!
//! Rules come from `site`, contents from memory or, the first time, from the
//! store. Large contents are named, not held: whoever writes them to a socket
//! reads them in pieces. Knows nothing of hosts, sockets or HTTP versions.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{
        ACCEPT_ENCODING, ACCEPT_RANGES, ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE,
        CONTENT_TYPE, ETAG, HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
        IF_UNMODIFIED_SINCE, LAST_MODIFIED, LOCATION, RANGE, SET_COOKIE, WWW_AUTHENTICATE,
    },
};

use super::{
    answers::{Answer, Answers, Kind, Own, named, text},
    site::{
        conditional::{self, Conditions, Precondition},
        media,
        negotiate::{self, Encoding, Encodings},
        path::is_private,
        range::{self, ByteRange, Ranges},
        resolve::{self, Outcome, Rules},
    },
    sites::{Entry, Site},
};
use crate::store::{Result, Store, StoreError, Variant};

/// Tells crawlers to leave a preview alone.
const X_ROBOTS_TAG: HeaderName = HeaderName::from_static("x-robots-tag");

/// A request for a site.
pub struct Ask<'r> {
    /// The method.
    pub method: &'r Method,
    /// The path as it came.
    pub path: &'r str,
    /// The query as it came.
    pub query: Option<&'r str>,
    /// The headers as they came.
    pub headers: &'r HeaderMap,
    /// Whether the site is asked as a preview.
    pub preview: bool,
}

/// What to answer.
pub struct Served {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
}

/// What to send after the headers.
pub enum Body {
    /// Nothing.
    Empty,
    /// These bytes.
    Whole(Bytes),
    /// Parts of a large content, read as they are sent.
    Pieces {
        /// The content.
        blob: i64,
        /// What to send, in order.
        parts: Vec<Piece>,
    },
    /// fazt's own page for the status.
    Page,
    /// A function of the app.
    Function {
        /// The path it is asked for, in its normal form.
        path: String,
        /// The query.
        query: Option<String>,
    },
}

/// A part of a body.
pub enum Piece {
    /// These bytes.
    Text(Bytes),
    /// This range of the content.
    Range(ByteRange),
}

impl Served {
    /// fazt's own page.
    pub fn page(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Body::Page }
    }
}

/// Answers a request for `site`.
pub async fn serve(
    store: &dyn Store,
    answers: &Answers,
    site: &Site,
    ask: &Ask<'_>,
) -> Result<Served> {
    let rules = Rules { redirects: &site.redirects, spa: site.spa };
    let outcome = resolve::resolve(ask.path, ask.query, rules, |path| site.file(path));
    let readable = *ask.method == Method::GET || *ask.method == Method::HEAD;
    let mut served = match outcome {
        Outcome::BadPath(_) => Served::page(StatusCode::BAD_REQUEST),
        Outcome::Reserved { .. } => Served::page(StatusCode::NOT_FOUND),
        Outcome::Function { path, query } => {
            let (path, query) = (path.into_owned(), query.map(Cow::into_owned));
            let body = Body::Function { path, query };
            Served { status: StatusCode::NOT_FOUND, headers: HeaderMap::new(), body }
        }
        _ if !readable => {
            let mut served = Served::page(StatusCode::METHOD_NOT_ALLOWED);
            served.headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            served
        }
        Outcome::Private => {
            let mut served = Served::page(StatusCode::UNAUTHORIZED);
            served.headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            served
        }
        Outcome::NotFound(None) => Served::page(StatusCode::NOT_FOUND),
        Outcome::NotFound(Some(entry)) => {
            let file = File { site, path: "404.html", entry, ask };
            file.with_status(store, answers, StatusCode::NOT_FOUND).await?
        }
        Outcome::Redirect { status, location } => redirect(status, &location),
        Outcome::File { file: entry, status, path } => {
            let file = File { site, path: &path, entry, ask };
            match StatusCode::from_u16(status) {
                Ok(StatusCode::OK) | Err(_) => file.answer(store, answers).await?,
                Ok(status) => file.with_status(store, answers, status).await?,
            }
        }
    };
    overlay(site, ask, &mut served);
    if *ask.method == Method::HEAD {
        without_body(&mut served);
    }
    Ok(served)
}

/// Adds the site's own headers, which go before fazt's, and a preview's mark.
fn overlay(site: &Site, ask: &Ask<'_>, served: &mut Served) {
    if site.has_header_rules()
        && let Ok(path) = super::site::path::normalize(ask.path)
        && let Some(overlay) = site.overlay(&path)
    {
        for (name, value) in overlay.iter() {
            if *name == SET_COOKIE {
                served.headers.append(name, value.clone());
            } else {
                served.headers.insert(name, value.clone());
            }
        }
    }
    if ask.preview {
        served.headers.insert(X_ROBOTS_TAG, HeaderValue::from_static("noindex"));
    }
}

/// An answer to HEAD keeps its headers, the length among them.
fn without_body(served: &mut Served) {
    let length = match &served.body {
        Body::Empty | Body::Page | Body::Function { .. } => return,
        Body::Whole(bytes) => bytes.len() as u64,
        Body::Pieces { parts, .. } => parts.iter().map(Piece::length).sum(),
    };
    served.headers.insert(CONTENT_LENGTH, length.into());
    served.body = Body::Empty;
}

impl Piece {
    /// How many bytes it is.
    pub fn length(&self) -> u64 {
        match self {
            Self::Text(bytes) => bytes.len() as u64,
            Self::Range(range) => range.length(),
        }
    }
}

fn redirect(status: u16, location: &str) -> Served {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::FOUND);
    let mut headers = HeaderMap::new();
    match HeaderValue::from_str(location) {
        Ok(location) => headers.insert(LOCATION, location),
        Err(_) => return Served::page(StatusCode::NOT_FOUND),
    };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    Served { status, headers, body: Body::Empty }
}

/// A file that answers a request.
struct File<'a> {
    site: &'a Site,
    path: &'a str,
    entry: &'a Entry,
    ask: &'a Ask<'a>,
}

impl File<'_> {
    /// The file as the answer to a plain request for it.
    async fn answer(&self, store: &dyn Store, answers: &Answers) -> Result<Served> {
        let headers = self.ask.headers;
        // RFC 9110 §14.2: for any other method a range means nothing.
        let range = headers.get(RANGE).filter(|_| *self.ask.method == Method::GET);
        let range = range.and_then(|range| range.to_str().ok());
        let encoding = if range.is_some() || self.entry.encodings == Encodings::NONE {
            Encoding::Identity
        } else {
            let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
            negotiate::choose(accepted, self.entry.encodings)
        };
        if encoding == Encoding::Identity && self.entry.blob.size > answers.largest {
            return Ok(self.large(answers, range));
        }
        let answer = self.cached(store, answers, encoding).await?;
        let Answer { kind, own, body } = answer;
        match self.precondition(&own) {
            Precondition::Proceed => {}
            Precondition::NotModified => return Ok(not_modified(kind, own)),
            Precondition::Failed => return Ok(Served::page(StatusCode::PRECONDITION_FAILED)),
        }
        let Some(range) = range else {
            let headers = named(&kind.whole, own);
            return Ok(Served { status: StatusCode::OK, headers, body: Body::Whole(body) });
        };
        let headers = named(&kind.whole, own.clone());
        let whole = Served { status: StatusCode::OK, headers, body: Body::Whole(body.clone()) };
        Ok(self.ranges(range, &own, whole, |parts| {
            Body::Whole(match parts.as_slice() {
                [Piece::Range(only)] => slice(&body, *only),
                parts => {
                    let mut several = BytesMut::new();
                    for part in parts {
                        match part {
                            Piece::Text(text) => several.extend_from_slice(text),
                            Piece::Range(range) => {
                                several.extend_from_slice(&slice(&body, *range));
                            }
                        }
                    }
                    several.freeze()
                }
            })
        }))
    }

    /// A file too large to hold.
    fn large(&self, answers: &Answers, range: Option<&str>) -> Served {
        let (kind, own) = self.head(answers, Encoding::Identity);
        match self.precondition(&own) {
            Precondition::Proceed => {}
            Precondition::NotModified => return not_modified(kind, own),
            Precondition::Failed => return Served::page(StatusCode::PRECONDITION_FAILED),
        }
        let headers = named(&kind.whole, own.clone());
        let blob = self.entry.blob.id;
        let whole = Served { status: StatusCode::OK, headers, body: self.pieces() };
        match range {
            None => whole,
            Some(range) => self.ranges(range, &own, whole, |parts| Body::Pieces { blob, parts }),
        }
    }

    /// The file as the body of another status: conditions and ranges do not apply.
    async fn with_status(
        &self,
        store: &dyn Store,
        answers: &Answers,
        status: StatusCode,
    ) -> Result<Served> {
        let accepted = self.ask.headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
        let encoding = negotiate::choose(accepted, self.entry.encodings);
        let large = encoding == Encoding::Identity && self.entry.blob.size > answers.largest;
        let (mut headers, body) = if large {
            (self.head(answers, encoding).0.whole.clone(), self.pieces())
        } else {
            let answer = self.cached(store, answers, encoding).await?;
            (answer.kind.whole.clone(), Body::Whole(answer.body))
        };
        headers.remove(ETAG);
        headers.remove(LAST_MODIFIED);
        headers.remove(ACCEPT_RANGES);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        Ok(Served { status, headers, body })
    }

    /// The whole of a file too large to hold.
    fn pieces(&self) -> Body {
        let all = ByteRange { first: 0, last: self.entry.blob.size - 1 };
        Body::Pieces { blob: self.entry.blob.id, parts: vec![Piece::Range(all)] }
    }

    async fn cached(
        &self,
        store: &dyn Store,
        answers: &Answers,
        encoding: Encoding,
    ) -> Result<Answer> {
        let key = (self.entry.key, encoding);
        if let Some(answer) = answers.cache.get(&key) {
            return Ok(answer);
        }
        let read = async {
            let variant = match encoding {
                Encoding::Identity => Variant::Identity,
                Encoding::Gzip => Variant::Gzip,
                Encoding::Zstd => Variant::Zstd,
                Encoding::Brotli => Variant::Brotli,
            };
            let body = store.blob(self.entry.blob.id, variant).await?;
            let lost = || StoreError::Backend(format!("content {} is lost", self.entry.blob.hash));
            let body = body.ok_or_else(lost)?;
            let (kind, own) = self.head(answers, encoding);
            Ok(Answer { kind, own, body })
        };
        // Boxed, so that the future of a file in memory stays small.
        Box::pin(answers.cache.get_or_insert_async(&key, read)).await
    }

    /// The headers of the file's kind in an encoding, and its own values.
    fn head(&self, answers: &Answers, encoding: Encoding) -> (&'static Kind, Own) {
        let media = media::content_type(self.path);
        let hash = self.entry.blob.hash.to_string();
        let mut etag = String::with_capacity(42);
        etag.push('"');
        // 128 bits name a content well enough and keep the header short.
        etag.push_str(&hash[..32]);
        if encoding != Encoding::Identity {
            etag.push('-');
            etag.push_str(encoding.token());
        }
        etag.push('"');
        let cache = if is_private(self.path) {
            "private, no-store"
        } else {
            media::cache_control(self.path, &media)
        };
        // A picture whose content is also a page's has that page's encodings.
        let varies = media::is_compressible(&media) || self.entry.encodings != Encodings::NONE;
        let modified = text(&conditional::http_date(self.site.modified));
        let own = Own { etag: text(&etag), modified };
        (answers.kind(&media, cache, encoding, varies), own)
    }

    fn precondition(&self, own: &Own) -> Precondition {
        let asked = self.ask.headers;
        let given = |name: &HeaderName| joined(asked, name);
        // One look at each name: most requests have no condition.
        let conditions = [IF_MATCH, IF_NONE_MATCH, IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE];
        if !asked.keys().any(|name| conditions.contains(name)) {
            return Precondition::Proceed;
        }
        let (matched, none_match) = (given(&IF_MATCH), given(&IF_NONE_MATCH));
        let (since, unmodified) = (given(&IF_MODIFIED_SINCE), given(&IF_UNMODIFIED_SINCE));
        let conditions = Conditions {
            if_match: matched.as_deref(),
            if_none_match: none_match.as_deref(),
            if_modified_since: since.as_deref(),
            if_unmodified_since: unmodified.as_deref(),
        };
        conditional::evaluate(&conditions, own.tag(), self.site.modified)
    }

    /// Narrows `whole` to the ranges asked for, if they can be had.
    fn ranges(
        &self,
        range: &str,
        own: &Own,
        mut whole: Served,
        body: impl FnOnce(Vec<Piece>) -> Body,
    ) -> Served {
        let condition = self.ask.headers.get(IF_RANGE).map(|value| value.to_str().unwrap_or(""));
        let modified = self.site.modified;
        if condition.is_some_and(|c| !conditional::if_range_holds(c, own.tag(), modified)) {
            return whole;
        }
        let size = self.entry.blob.size;
        match range::parse(range, size) {
            Ranges::Whole => whole,
            Ranges::Unsatisfiable => {
                let mut served = Served::page(StatusCode::RANGE_NOT_SATISFIABLE);
                served.headers.insert(CONTENT_RANGE, text(&format!("bytes */{size}")));
                served
            }
            Ranges::Parts(parts) => {
                whole.status = StatusCode::PARTIAL_CONTENT;
                whole.body = match parts.as_slice() {
                    [only] => {
                        whole.headers.insert(CONTENT_RANGE, text(&only.content_range(size)));
                        body(vec![Piece::Range(*only)])
                    }
                    several => body(multipart(several, size, &mut whole.headers)),
                };
                whole
            }
        }
    }
}

fn not_modified(kind: &Kind, own: Own) -> Served {
    let headers = named(&kind.unchanged, own);
    Served { status: StatusCode::NOT_MODIFIED, headers, body: Body::Empty }
}

/// Several ranges as the parts of a `multipart/byteranges` body.
fn multipart(parts: &[ByteRange], size: u64, headers: &mut HeaderMap) -> Vec<Piece> {
    // The boundary need only not occur in the content; 24 random letters do.
    let boundary = crate::clock::secret(24);
    let media = headers.get(CONTENT_TYPE).and_then(|media| media.to_str().ok()).unwrap_or_default();
    let wrapped = range::multipart(parts, media, size, &boundary);
    headers.insert(CONTENT_TYPE, text(&format!("multipart/byteranges; boundary={boundary}")));
    let mut pieces = Vec::with_capacity(parts.len() * 2 + 1);
    for (head, part) in wrapped.heads.into_iter().zip(parts) {
        pieces.push(Piece::Text(head.into()));
        pieces.push(Piece::Range(*part));
    }
    pieces.push(Piece::Text(wrapped.trailer.into()));
    pieces
}

fn slice(body: &Bytes, range: ByteRange) -> Bytes {
    let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(body.len());
    body.slice(at(range.first)..at(range.last.saturating_add(1)))
}

/// Every value of a header, joined as one list.
fn joined<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<std::borrow::Cow<'h, str>> {
    let mut values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let first = values.next()?;
    let mut rest = values.peekable();
    if rest.peek().is_none() {
        return Some(first.into());
    }
    Some(rest.fold(first.to_owned(), |list, value| list + ", " + value).into())
}
