//! Answers held in memory: bodies by file and encoding, headers by kind.
//!
//! Bounded by bytes; what is asked least goes first. What of an answer is
//! shared, and what lies side by side, was measured: see
//! `docs/performance.md`. Reads nothing from the store itself.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue,
    header::{
        ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, LAST_MODIFIED,
        REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
    },
};

use super::site::negotiate::Encoding;

/// Names a file's answers in memory.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct FileKey(u64);

/// A file in one encoding, ready to be sent. It is copied out of the cache: its
/// parts go into the response as they are.
#[derive(Clone)]
pub(super) struct Answer {
    pub(super) kind: &'static Kind,
    pub(super) own: Own,
    pub(super) body: Bytes,
}

/// Values of headers that no two files share.
#[derive(Clone)]
pub(super) struct Own {
    pub(super) etag: HeaderValue,
    pub(super) modified: HeaderValue,
}

/// Headers that all files of a media type, cache rule and encoding share. Being
/// few they stay in the processor's cache, where a map for each file would not
/// (measured over 5,000 files).
pub(super) struct Kind {
    /// With a body; `ETag` and `Last-Modified` are there to be replaced.
    pub(super) whole: HeaderMap,
    /// The same of a 304.
    pub(super) unchanged: HeaderMap,
}

/// Media type, cache rule, encoding, and whether other encodings exist.
type KindKey = (String, &'static str, Encoding, bool);

/// Answers held in memory, bounded by their bytes.
pub struct Answers {
    pub(super) cache: quick_cache::sync::Cache<(FileKey, Encoding), Answer, Weigh>,
    /// Bounded by the media types there are; asked when an answer is made.
    kinds: Mutex<HashMap<KindKey, &'static Kind>>,
    next_key: AtomicU64,
    /// Longest body that is held.
    pub(super) largest: u64,
}

#[derive(Clone)]
pub(super) struct Weigh;

impl quick_cache::Weighter<(FileKey, Encoding), Answer> for Weigh {
    fn weight(&self, _: &(FileKey, Encoding), answer: &Answer) -> u64 {
        // Map entry, entity tag and counters.
        answer.body.len() as u64 + 512
    }
}

impl Answers {
    /// Room for `bytes` of answers.
    pub fn new(bytes: u64) -> Self {
        let likely = usize::try_from(bytes / 8_192).unwrap_or(usize::MAX).clamp(64, 1 << 20);
        let cache = quick_cache::sync::Cache::with_weighter(likely, bytes, Weigh);
        let kinds = Mutex::default();
        Self { cache, kinds, next_key: AtomicU64::new(0), largest: bytes / 16 }
    }

    /// The headers of a kind of file, made once and kept for good: there are as
    /// many as media types in use, and a count of references to one would be
    /// written by every request.
    pub(super) fn kind(
        &self,
        media: &str,
        cache: &'static str,
        encoding: Encoding,
        varies: bool,
    ) -> &'static Kind {
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        let kind = kinds.entry((media.to_owned(), cache, encoding, varies));
        kind.or_insert_with(|| Box::leak(Box::new(Kind::new(media, cache, encoding, varies))))
    }

    /// A key that was never given before.
    pub fn new_key(&self) -> FileKey {
        FileKey(self.next_key.fetch_add(1, Ordering::Relaxed))
    }

    /// Drops the answers of some files.
    pub fn forget(&self, keys: impl Iterator<Item = FileKey>) {
        const ALL: [Encoding; 4] =
            [Encoding::Identity, Encoding::Gzip, Encoding::Zstd, Encoding::Brotli];
        for key in keys {
            for encoding in ALL {
                self.cache.remove(&(key, encoding));
            }
        }
    }

    /// Bytes held, bytes allowed, answers held.
    pub fn facts(&self) -> (u64, u64, u64) {
        (self.cache.weight(), self.cache.capacity(), self.cache.len() as u64)
    }
}

impl Kind {
    fn new(media: &str, cache: &'static str, encoding: Encoding, varies: bool) -> Self {
        let mut headers = HeaderMap::with_capacity(12);
        let media_type: &'static str = Box::leak(media.into());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        headers.insert(ETAG, HeaderValue::from_static(""));
        headers.insert(LAST_MODIFIED, HeaderValue::from_static(""));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers
            .insert(REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin"));
        if varies {
            headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        }
        if encoding != Encoding::Identity {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding.token()));
        }
        let mut unchanged = headers.clone();
        for name in [CONTENT_TYPE, CONTENT_ENCODING, ACCEPT_RANGES] {
            unchanged.remove(name);
        }
        Self { whole: headers, unchanged }
    }
}

impl Own {
    /// The entity tag as text.
    pub(super) fn tag(&self) -> &str {
        self.etag.to_str().unwrap_or_default()
    }
}

/// Headers of a kind with a file's own values.
pub(super) fn named(kind: &HeaderMap, own: Own) -> HeaderMap {
    let mut headers = kind.clone();
    headers.insert(ETAG, own.etag);
    headers.insert(LAST_MODIFIED, own.modified);
    headers
}

/// A header value made of what this program wrote itself.
pub(super) fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or_else(|_| HeaderValue::from_static(""))
}
