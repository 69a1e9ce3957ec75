//! Bodies on their way to a visitor: bytes in memory, or pieces of a large file.
//!
//! A large file is read a piece at a time, when the socket has taken the one
//! before, so a slow visitor holds one piece and no more.

use std::{
    error::Error,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use http::{HeaderValue, Method, Response, header};
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::{is_head, pages};
use crate::{
    apps::{
        serve::{Body, Piece, Served},
        site::range::ByteRange,
    },
    store::{Store, StoreError},
};

type BoxError = Box<dyn Error + Send + Sync>;

/// The body of any answer of the node.
pub enum VisitorBody {
    /// Bytes in memory.
    Full(Full<Bytes>),
    /// Anything else.
    Boxed(UnsyncBoxBody<Bytes, BoxError>),
    /// An answer of the API.
    Api(axum::body::Body),
}

impl VisitorBody {
    /// A body of these bytes.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self::Full(Full::new(bytes.into()))
    }

    /// A body that is made as it is sent.
    pub fn stream(pieces: BoxStream<'static, io::Result<Bytes>>) -> Self {
        let frames = pieces.map(|piece| piece.map(Frame::data));
        Self::Boxed(StreamBody::new(frames).map_err(Into::into).boxed_unsync())
    }

    /// A body that the API made.
    pub fn from_api(body: axum::body::Body) -> Self {
        Self::Api(body)
    }
}

impl HttpBody for VisitorBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.get_mut() {
            Self::Full(body) => Pin::new(body).poll_frame(context).map_err(|never| match never {}),
            Self::Boxed(body) => Pin::new(body).poll_frame(context),
            Self::Api(body) => Pin::new(body).poll_frame(context).map_err(Into::into),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Full(body) => body.is_end_stream(),
            Self::Boxed(body) => body.is_end_stream(),
            Self::Api(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Full(body) => body.size_hint(),
            Self::Boxed(body) => body.size_hint(),
            Self::Api(body) => body.size_hint(),
        }
    }
}

/// Makes the response that `served` describes.
pub(super) fn respond(
    store: &Arc<dyn Store>,
    served: Served,
    method: &Method,
) -> Response<VisitorBody> {
    let Served { status, mut headers, body } = served;
    let body = match body {
        Body::Empty => VisitorBody::bytes(Bytes::new()),
        Body::Whole(bytes) => VisitorBody::bytes(bytes),
        Body::Pieces { blob, parts } => {
            let length: u64 = parts.iter().map(Piece::length).sum();
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
            VisitorBody::Boxed(pieces(store.clone(), blob, parts))
        }
        Body::Page => {
            let mut page = pages::page(status, "");
            if is_head(method) {
                let length = page.body().size_hint().exact().unwrap_or(0);
                page.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
                *page.body_mut() = VisitorBody::bytes(Bytes::new());
            }
            page.headers_mut().extend(headers);
            return page;
        }
        Body::Function { .. } => {
            let mut answer = pages::no_function();
            answer.headers_mut().extend(headers);
            return answer;
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// Reads the parts of a large content as they are sent.
fn pieces(store: Arc<dyn Store>, blob: i64, parts: Vec<Piece>) -> UnsyncBoxBody<Bytes, BoxError> {
    let state = (store, parts.into_iter(), None::<ByteRange>);
    let frames = stream::try_unfold(state, move |(store, mut parts, mut left)| async move {
        loop {
            if let Some(range) = left.take() {
                let piece = store.blob_piece(blob, range.first).await?;
                // The length was promised; a body that ends early must say so.
                let piece =
                    piece.ok_or_else(|| StoreError::Backend("content is lost".to_owned()))?;
                let wanted = usize::try_from(range.length()).unwrap_or(usize::MAX);
                let piece = piece.slice(..piece.len().min(wanted));
                let next = range.first + piece.len() as u64;
                let rest =
                    (next <= range.last).then_some(ByteRange { first: next, last: range.last });
                return Ok::<_, StoreError>(Some((Frame::data(piece), (store, parts, rest))));
            }
            match parts.next() {
                None => return Ok(None),
                Some(Piece::Text(text)) => {
                    return Ok(Some((Frame::data(text), (store, parts, None))));
                }
                Some(Piece::Range(range)) => left = Some(range),
            }
        }
    });
    StreamBody::new(Box::pin(frames)).map_err(Into::into).boxed_unsync()
}
