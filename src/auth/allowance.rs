//! How often may a token call? So many calls a minute, and so many a day.
//!
//! Both are counted in memory: a call costs no write. The calls of the day are
//! written down with the other counts, so a node that is killed forgets the last
//! seconds of them. Who calls without a token is not counted here.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use fazt_tools::{Code, Problem, view};
use governor::{
    Quota, RateLimiter, clock, middleware::NoOpMiddleware, state::keyed::HashMapStateStore,
};
use jiff::Timestamp;

use crate::{
    clock::Clock,
    store::{Spent, Token},
};

const DAY: i64 = 86_400;

/// Tokens that are remembered before those at rest are forgotten.
const MANY: usize = 1_024;

/// The calls of every token.
pub(super) struct Allowance {
    rate: NonZeroU32,
    minutes: RateLimiter<String, HashMapStateStore<String>, Ticks, NoOpMiddleware<Duration>>,
    ticks: Ticks,
    /// By the token's name; only tokens with a budget are here.
    days: Mutex<HashMap<String, Day>>,
}

/// The calls of a token that has a budget.
struct Day {
    token: i64,
    budget: u32,
    spent: Spent,
    written: Spent,
}

impl Allowance {
    /// Lets every token make `rate` calls a minute, all of them at once if it likes.
    pub(super) fn new(rate: NonZeroU32, clock: Arc<dyn Clock>) -> Self {
        let ticks = Ticks::new(clock);
        let store = HashMapStateStore::default();
        let minutes = RateLimiter::new(Quota::per_minute(rate), store, ticks.clone());
        Self { rate, minutes, ticks, days: Mutex::default() }
    }

    /// Takes over what is stored of a token's day, unless that is known.
    pub(super) fn know(&self, found: &Token) {
        let mut days = self.days.lock().unwrap_or_else(PoisonError::into_inner);
        let name = &found.token.name;
        // A new token may have the name of one that was revoked.
        if days.get(name).is_some_and(|day| day.token == found.id) {
            return;
        }
        days.remove(name);
        if let Some(budget) = found.token.budget {
            let (token, spent) = (found.id, found.spent);
            days.insert(name.clone(), Day { token, budget, spent, written: spent });
        }
    }

    /// Counts a call of the token, or refuses it.
    pub(super) fn admit(&self, token: &str, now: Timestamp) -> Result<(), Problem> {
        if self.minutes.len() > MANY {
            self.minutes.retain_recent();
        }
        if let Err(too_soon) = self.minutes.check_key(&token.to_owned()) {
            let wait = too_soon.wait_time_from(clock::Clock::now(&self.ticks));
            // A whole second at least, and none too early.
            let wait = wait.as_secs() + 1;
            let what = format!("token {token} makes more than {} calls a minute", self.rate);
            return Err(Problem::new(Code::RateLimited, what)
                .hint(format!(
                    "try again in {wait} s; the setting `limits.token_rate` says how many"
                ))
                .detail("retry_after", wait));
        }
        let mut days = self.days.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(day) = days.get_mut(token) else { return Ok(()) };
        let today = day_of(now);
        if day.spent.day != today {
            day.spent = Spent { day: today, calls: 0 };
        }
        if day.spent.calls >= day.budget {
            return Err(spent(token, day.budget, now));
        }
        day.spent.calls += 1;
        Ok(())
    }

    /// A token's budget and the calls it made today; `None` without a budget.
    pub(super) fn of(&self, token: &str, now: Timestamp) -> Option<(u32, u32)> {
        let days = self.days.lock().unwrap_or_else(PoisonError::into_inner);
        days.get(token).map(|day| (day.budget, calls_on(day_of(now), day.spent)))
    }

    /// What is not yet written down.
    pub(super) fn unwritten(&self) -> Vec<(i64, Spent)> {
        let days = self.days.lock().unwrap_or_else(PoisonError::into_inner);
        let days = days.values().filter(|day| day.spent != day.written);
        days.map(|day| (day.token, day.spent)).collect()
    }

    /// Notes what was written down, and forgets tokens that are at rest.
    pub(super) fn note_written(&self, written: &[(i64, Spent)], now: Timestamp) {
        let mut days = self.days.lock().unwrap_or_else(PoisonError::into_inner);
        for (token, spent) in written {
            for day in days.values_mut().filter(|day| day.token == *token) {
                day.written = *spent;
            }
        }
        let today = day_of(now);
        days.retain(|_, day| day.spent != day.written || day.spent.day == today);
        drop(days);
        self.minutes.retain_recent();
    }
}

fn spent(token: &str, budget: u32, now: Timestamp) -> Problem {
    let opens = (day_of(now) + 1) * DAY;
    let wait = opens - now.as_second();
    let opens_at = Timestamp::from_second(opens).unwrap_or(now);
    let opens = view::moment(opens_at);
    let what = format!("token {token} has made the {budget} calls it may make a day");
    Problem::new(Code::BudgetSpent, what)
        .hint(format!("it may call again from {opens} UTC on"))
        .detail("budget", budget)
        .detail("opens_at", opens_at.to_string())
        .detail("retry_after", wait)
}

/// The calls of what is stored that were made today.
pub(super) fn calls_today(spent: Spent, now: Timestamp) -> u32 {
    calls_on(day_of(now), spent)
}

fn calls_on(day: i64, spent: Spent) -> u32 {
    if spent.day == day { spent.calls } else { 0 }
}

/// Days since 1970, by UTC.
fn day_of(now: Timestamp) -> i64 {
    now.as_second().div_euclid(DAY)
}

/// Time that only goes on. The clock of the day may be set back; a limiter that
/// saw that would keep everybody out until the old time is reached again.
#[derive(Clone)]
pub(super) struct Ticks {
    clock: Arc<dyn Clock>,
    seen: Arc<Mutex<(Timestamp, Duration)>>,
}

impl Ticks {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let seen = Arc::new(Mutex::new((clock.now(), Duration::ZERO)));
        Self { clock, seen }
    }
}

impl clock::Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        let now = self.clock.now();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, ticks) = *seen;
        let passed = now.duration_since(last).try_into().unwrap_or(Duration::ZERO);
        *seen = (now, ticks + passed);
        seen.1
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::clock::HandClock;

    fn allowance(rate: u32) -> (Allowance, Arc<HandClock>) {
        let clock = HandClock::at("2026-11-20T23:59:00Z".parse().unwrap());
        (Allowance::new(NonZeroU32::new(rate).unwrap(), clock.clone()), clock)
    }

    #[test]
    fn a_clock_that_is_set_back_keeps_nobody_out() {
        let (calls, clock) = allowance(60);
        let call = || calls.admit("ci", clock.now()).is_ok();
        assert!((0..60).all(|_| call()) && !call());
        clock.pass(SignedDuration::from_hours(-1));
        assert!(!call());
        clock.pass(SignedDuration::from_secs(1));
        assert!(call() && !call());
    }

    #[test]
    fn tokens_at_rest_are_forgotten() {
        let (calls, clock) = allowance(60);
        for n in 0..2 * MANY {
            calls.admit(&format!("token {n}"), clock.now()).unwrap();
        }
        assert_eq!(calls.minutes.len(), 2 * MANY);
        clock.pass(SignedDuration::from_mins(2));
        calls.admit("another", clock.now()).unwrap();
        assert!(calls.minutes.len() <= 1, "{}", calls.minutes.len());
        calls.note_written(&[], clock.now());
    }
}
