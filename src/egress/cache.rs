//! Answers that are kept for as long as a rule says, and given again.
//!
//! Only what anybody may see: a GET without a secret, a cookie or `Authorization`,
//! answered with 2xx at the address that was asked for. Each app has its own.

use std::sync::Arc;

use super::wire::Answer;

/// Longest time that an answer is kept.
pub const LONGEST: u32 = 24 * 3_600;

/// What an answer is kept under.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Key([u8; 32]);

impl Key {
    /// The key of a request of an app; `None` where its answer is not kept.
    pub fn of(app: i64, method: &str, url: &str, headers: &[(String, String)]) -> Option<Self> {
        const PRIVATE: &[&str] = &["authorization", "cookie", "range"];
        let names = || headers.iter().map(|(name, _)| name.to_ascii_lowercase());
        if method != "GET" || names().any(|name| PRIVATE.contains(&name.as_str())) {
            return None;
        }
        // An answer may depend on any header, so all of them count.
        let mut headers: Vec<_> = names().zip(headers.iter().map(|(_, value)| value)).collect();
        headers.sort();
        let text = serde_json::json!([app, url, headers]).to_string();
        Some(Self(*blake3::hash(text.as_bytes()).as_bytes()))
    }
}

/// Answers, bounded by their bytes.
pub struct Kept {
    answers: quick_cache::sync::Cache<Key, Entry, Weigh>,
    most: u64,
}

#[derive(Clone)]
struct Entry {
    answer: Arc<Answer>,
    /// Until when it holds, in milliseconds.
    until: i64,
}

#[derive(Clone)]
struct Weigh;

impl quick_cache::Weighter<Key, Entry> for Weigh {
    fn weight(&self, _: &Key, entry: &Entry) -> u64 {
        entry.answer.size()
    }
}

impl Kept {
    /// Room for so many bytes.
    pub fn new(bytes: u64) -> Self {
        let likely = usize::try_from(bytes / 16_384).unwrap_or(0).max(16);
        let answers = quick_cache::sync::Cache::with_weighter(likely, bytes, Weigh);
        Self { answers, most: bytes }
    }

    /// The answer that still holds at `now`.
    pub fn get(&self, key: &Key, now: i64) -> Option<Arc<Answer>> {
        let found = self.answers.get(key)?;
        if now < found.until {
            return Some(found.answer);
        }
        self.answers.remove(key);
        None
    }

    /// Keeps an answer for so many seconds, if it may be.
    pub fn put(&self, key: Key, answer: &Answer, now: i64, seconds: u32) {
        let says = |name: &str, word: &str| {
            let found = answer.headers.iter().filter(|(known, _)| known == name);
            found.into_iter().any(|(_, value)| value.to_ascii_lowercase().contains(word))
        };
        let private = says("cache-control", "no-store")
            || says("cache-control", "private")
            || answer.headers.iter().any(|(name, _)| name == "set-cookie");
        let whole = (200..300).contains(&answer.status) && answer.status != 206;
        if !whole || private || answer.redirected || answer.size() > self.most / 4 {
            return;
        }
        let until = now + i64::from(seconds.min(LONGEST)) * 1_000;
        self.answers.insert(key, Entry { answer: Arc::new(answer.clone()), until });
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)]) -> Answer {
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Answer { status, headers, body: Bytes::from_static(b"body"), ..Answer::default() }
    }

    fn key(app: i64, method: &str, headers: &[(&str, &str)]) -> Option<Key> {
        let headers: Vec<_> =
            headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Key::of(app, method, "https://a.example/", &headers)
    }

    #[test]
    fn an_answer_holds_for_its_time_and_for_its_app() {
        let kept = Kept::new(1 << 20);
        let one = key(1, "GET", &[]).unwrap();
        kept.put(one, &answer(200, &[]), 0, 60);
        assert!(kept.get(&one, 59_999).is_some());
        assert!(kept.get(&key(2, "GET", &[]).unwrap(), 0).is_none());
        assert!(kept.get(&key(1, "GET", &[("Accept", "x")]).unwrap(), 0).is_none());
        assert!(kept.get(&one, 60_000).is_none());
        assert!(kept.get(&one, 0).is_none(), "what is over is dropped");
    }

    #[test]
    fn what_is_for_one_alone_is_not_kept() {
        assert!(key(1, "POST", &[]).is_none());
        for private in ["Authorization", "Cookie", "COOKIE", "Range"] {
            assert!(key(1, "GET", &[(private, "x")]).is_none(), "{private}");
        }
        let kept = Kept::new(1 << 20);
        let one = key(1, "GET", &[]).unwrap();
        for unfit in [
            answer(404, &[]),
            answer(206, &[]),
            answer(200, &[("set-cookie", "a=b")]),
            answer(200, &[("cache-control", "max-age=9, Private")]),
            answer(200, &[("cache-control", "no-store")]),
            Answer { redirected: true, ..answer(200, &[]) },
            Answer { body: vec![0; 1 << 19].into(), ..answer(200, &[]) },
        ] {
            kept.put(one, &unfit, 0, 60);
            assert!(kept.get(&one, 0).is_none(), "{:?}", unfit.headers);
        }
    }

    #[test]
    fn all_that_is_kept_has_a_bound() {
        let kept = Kept::new(64 << 10);
        for n in 0..1_000_i64 {
            let body = vec![0; 8 << 10].into();
            kept.put(key(n, "GET", &[]).unwrap(), &Answer { body, ..answer(200, &[]) }, 0, 60);
        }
        assert!(kept.answers.weight() <= 64 << 10, "{}", kept.answers.weight());
    }
}
