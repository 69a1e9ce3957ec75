//! How much may be fetched: by one request, by an app at once, by all, by the minute.
//!
//! Calls that run side by side share their time: what counts is how long at least one
//! of a request's calls was under way. Nothing here waits; what is too much is refused.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::error::{NetCode, NetError};
use crate::config::Config;

/// How much of its time a request must have left for a call to begin.
const RESERVE: Duration = Duration::from_secs(1);
/// Largest answer that a rule may allow.
pub const LARGEST: u64 = 8 << 20;
/// Rules whose calls by the minute are counted at once.
const COUNTED: usize = 10_000;

/// What may be fetched.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Calls of one request.
    pub calls: u32,
    /// Time of one call.
    pub call: Duration,
    /// Time of all calls of one request.
    pub total: Duration,
    /// Calls of one app at once.
    pub app: u32,
    /// Calls of all apps at once.
    pub all: u32,
    /// Bytes of the body of a request, and of an answer.
    pub bytes: u64,
    /// Bytes of answers that are kept.
    pub kept: u64,
    /// Rows of the log.
    pub log: u64,
}

impl Limits {
    /// The limits of a node.
    pub fn of(config: &Config) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let by_cores = u32::try_from(cores * 10).unwrap_or(100).clamp(20, 100);
        Self {
            calls: config.fetch_calls,
            call: Duration::from_millis(config.fetch_ms),
            total: Duration::from_millis(config.fetch_total_ms),
            app: config.fetch_app,
            all: if config.fetch_all == 0 { by_cores } else { config.fetch_all },
            bytes: config.fetch_bytes,
            kept: config.fetch_cache_bytes,
            log: config.fetch_log,
        }
    }
}

/// What one request has spent.
#[derive(Default)]
pub struct Spending {
    spent: Mutex<Spent>,
}

#[derive(Default)]
struct Spent {
    /// By when the request has to be answered.
    by: Option<Instant>,
    calls: u32,
    /// Calls under way, and since when there are any.
    running: u32,
    since: Option<Instant>,
    /// Time during which there were any before.
    before: Duration,
}

impl Spending {
    /// Notes by when the request has to be answered.
    pub fn ends(&self, by: Instant) {
        held(&self.spent).by = Some(by);
    }

    /// Begins a call: how long it may take, or why there is none.
    pub fn begin(&self, limits: &Limits) -> Result<Running<'_>, NetError> {
        let now = Instant::now();
        let mut spent = held(&self.spent);
        if spent.calls >= limits.calls {
            let what = format!("a request may make {} calls", limits.calls);
            return Err(NetError::new(NetCode::Limit, what));
        }
        let left = spent.by.map(|by| by.saturating_duration_since(now));
        if left.is_some_and(|left| left < RESERVE) {
            let what = "less than a second of the request's time is left";
            return Err(NetError::new(NetCode::Budget, what));
        }
        let used = spent.before + spent.since.map_or(Duration::ZERO, |since| now - since);
        let total = limits.total.saturating_sub(used);
        if total.is_zero() {
            let what = format!("the request's calls took {:?} already", limits.total);
            return Err(NetError::new(NetCode::Budget, what));
        }
        spent.calls += 1;
        spent.running += 1;
        spent.since.get_or_insert(now);
        let most = limits.call.min(total);
        Ok(Running { spent: &self.spent, most: left.map_or(most, |left| most.min(left)) })
    }
}

/// A call under way.
pub struct Running<'s> {
    spent: &'s Mutex<Spent>,
    /// How long it may take.
    pub most: Duration,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut spent = held(self.spent);
        spent.running -= 1;
        if spent.running == 0
            && let Some(since) = spent.since.take()
        {
            spent.before += since.elapsed();
        }
    }
}

/// Calls under way, of each app and of all.
#[derive(Default)]
pub struct Places(Arc<Mutex<Taken>>);

#[derive(Default)]
struct Taken {
    all: u32,
    apps: HashMap<i64, u32>,
}

impl Places {
    /// Takes a place for a call of an app, or says that there is none.
    pub fn take(&self, app: i64, limits: &Limits) -> Result<Place, NetError> {
        let mut taken = held(&self.0);
        if taken.all >= limits.all {
            let what = format!("{} calls of all apps are under way", limits.all);
            return Err(NetError::new(NetCode::Limit, what));
        }
        let of_app = taken.apps.entry(app).or_default();
        if *of_app >= limits.app {
            let what = format!("{} calls of this app are under way", limits.app);
            return Err(NetError::new(NetCode::Limit, what));
        }
        *of_app += 1;
        taken.all += 1;
        Ok(Place { places: self.0.clone(), app })
    }

    /// How many are taken.
    pub fn taken(&self) -> u32 {
        held(&self.0).all
    }
}

/// A place that is given back when it goes.
pub struct Place {
    places: Arc<Mutex<Taken>>,
    app: i64,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = held(&self.places);
        taken.all -= 1;
        if let Some(of_app) = taken.apps.get_mut(&self.app) {
            *of_app -= 1;
            if *of_app == 0 {
                taken.apps.remove(&self.app);
            }
        }
    }
}

/// Calls by the minute, for each rule that counts them.
#[derive(Default)]
pub struct Rates(Mutex<HashMap<(Option<i64>, String), Bucket>>);

/// Thousandths of calls that may be made now, as of a moment in milliseconds.
struct Bucket {
    held: u64,
    at: i64,
}

impl Rates {
    /// Takes a call from what a rule allows by the minute.
    pub fn take(
        &self,
        rule: (Option<i64>, &str),
        rate: u32,
        burst: Option<u32>,
        now: i64,
    ) -> Result<(), NetError> {
        const CALL: u64 = 60_000;
        let most = u64::from(burst.unwrap_or(rate).max(1)) * CALL;
        let mut buckets = held(&self.0);
        if buckets.len() >= COUNTED {
            // One that has not been used for a minute is full again, or nearly.
            buckets.retain(|_, bucket| now - bucket.at < 60_000);
        }
        let key = (rule.0, rule.1.to_owned());
        let bucket = buckets.entry(key).or_insert(Bucket { held: most, at: now });
        let passed = u64::try_from(now - bucket.at).unwrap_or(0);
        bucket.held = bucket.held.saturating_add(passed.saturating_mul(u64::from(rate))).min(most);
        bucket.at = bucket.at.max(now);
        if bucket.held < CALL {
            let what = format!("`{}` may be called {rate} times a minute", rule.1);
            return Err(NetError::new(NetCode::Rate, what));
        }
        bucket.held -= CALL;
        Ok(())
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        calls: 5,
        call: Duration::from_secs(4),
        total: Duration::from_secs(4),
        app: 5,
        all: 7,
        bytes: 1 << 20,
        kept: 0,
        log: 0,
    };

    fn code<T>(result: Result<T, NetError>) -> Option<NetCode> {
        result.err().map(|error| error.code)
    }

    #[test]
    fn a_sixth_call_of_a_request_is_one_too_many() {
        let spending = Spending::default();
        for _ in 0..5 {
            assert!(spending.begin(&LIMITS).is_ok());
        }
        assert_eq!(code(spending.begin(&LIMITS)), Some(NetCode::Limit));
    }

    #[tokio::test(start_paused = true)]
    async fn calls_side_by_side_share_their_time_and_calls_in_a_row_add_up() {
        let spending = Spending::default();
        let wait = |ms| tokio::time::advance(Duration::from_millis(ms));
        let (one, two) = (spending.begin(&LIMITS).unwrap(), spending.begin(&LIMITS).unwrap());
        wait(1_500).await;
        drop((one, two));
        // Between calls nothing is counted.
        wait(10_000).await;
        let third = spending.begin(&LIMITS).unwrap();
        assert_eq!(third.most, Duration::from_millis(2_500));
        wait(2_500).await;
        drop(third);
        assert_eq!(code(spending.begin(&LIMITS)), Some(NetCode::Budget));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_ends_with_its_request_and_does_not_begin_in_its_last_second() {
        let spending = Spending::default();
        spending.ends(Instant::now() + Duration::from_secs(3));
        assert_eq!(spending.begin(&LIMITS).unwrap().most, Duration::from_secs(3));
        tokio::time::advance(Duration::from_millis(2_001)).await;
        assert_eq!(code(spending.begin(&LIMITS)), Some(NetCode::Budget));
    }

    #[test]
    fn a_place_is_given_back_whatever_happens() {
        let places = Places::default();
        let of_one: Vec<_> = (0..5).map(|_| places.take(1, &LIMITS).unwrap()).collect();
        assert_eq!(code(places.take(1, &LIMITS)), Some(NetCode::Limit));
        let more = (places.take(2, &LIMITS).unwrap(), places.take(2, &LIMITS).unwrap());
        assert_eq!(code(places.take(3, &LIMITS)), Some(NetCode::Limit));
        drop(of_one);
        assert!(places.take(1, &LIMITS).is_ok());
        drop(more);
        assert_eq!(places.taken(), 0);
        assert!(held(&places.0).apps.is_empty());
    }

    #[test]
    fn a_rule_allows_a_burst_and_then_its_rate() {
        let rates = Rates::default();
        let take = |now| code(rates.take((None, "a.example"), 60, Some(2), now));
        assert_eq!([take(0), take(0)], [None, None]);
        assert_eq!(take(999), Some(NetCode::Rate));
        assert_eq!([take(1_000), take(1_000)], [None, Some(NetCode::Rate)]);
        // However long nobody asks, it is never more than the burst.
        assert_eq!([take(90_000), take(90_000)], [None, None]);
        assert_eq!(take(90_000), Some(NetCode::Rate));
        assert_eq!(code(rates.take((Some(1), "a.example"), 60, None, 0)), None);
        // A clock that is set back gives nothing away.
        assert_eq!(take(0), Some(NetCode::Rate));
    }
}
