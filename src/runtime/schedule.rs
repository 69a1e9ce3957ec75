//! Whose turn is it, and at which worker? Decisions alone, about tickets it knows nothing
//! of.
//!
//! Each app has a queue; of those that wait, the one that has spent the least goes next.
//! An app holds at most all places but one, so that whatever it does another gets its
//! turn. A worker that waits for the host holds no place. Requests of one app may stand
//! in line at a worker that is busy only while no other app waits and all its requests
//! are quick, for that saves two wake-ups each.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

/// Requests that are quicker than this may stand in line at a worker.
const QUICK_US: u32 = 1_000;
/// Share of requests that wait for the host beyond which they do not, of 1,000.
const WAITS: u32 = 50;
/// Requests in line at one worker.
const LINE: usize = 16;
/// Kills in [`WINDOW`] that confine an app to one worker.
const KILLS: usize = 3;
/// How long a kill is remembered.
const WINDOW: Duration = Duration::from_mins(1);
/// How long a confined app waits at first after a kill; twice as long after each other.
const PAUSE: Duration = Duration::from_millis(250);
/// How long it waits at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);
/// Apps that are remembered while they do nothing.
const REMEMBERED: usize = 10_000;

/// What is to be done next.
#[derive(Debug, PartialEq)]
pub(super) enum Move<T> {
    /// A worker gets a ticket.
    Give(u64, T),
    /// A worker is started.
    Start,
}

/// What the schedule is held to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    /// Workers that may be busy at once.
    pub(super) busy: usize,
    /// Workers there may be, those that wait for the host included.
    pub(super) most: usize,
}

/// What one app may have under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Requests that run or stand in line.
    pub(super) in_flight: usize,
    /// Requests that wait for a turn.
    pub(super) queued: usize,
}

/// How a request went, as far as the schedule cares.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spent {
    /// Processor time.
    pub(super) cpu: Duration,
    /// From its turn to its end.
    pub(super) turn: Duration,
    /// Whether it waited for the host.
    pub(super) waited: bool,
}

struct App<T> {
    queue: VecDeque<(u64, T)>,
    under_way: usize,
    bounds: Bounds,
    /// Microseconds of the processor, as far as they count for its turn.
    spent: u64,
    /// Since when its next request waits.
    since: Instant,
    /// What a request usually takes, in microseconds.
    usual: u32,
    /// How many of 1,000 requests wait for the host.
    waits: u32,
    kills: VecDeque<Instant>,
    not_before: Option<Instant>,
}

#[derive(Default)]
struct Hand {
    /// Whose requests it has.
    app: i64,
    has: usize,
    /// Whether it waits for the host.
    waits: bool,
    /// Versions that are ready there.
    sites: Vec<u64>,
    since: Option<Instant>,
}

/// The queues and the workers.
pub(super) struct Schedule<T> {
    places: Places,
    apps: HashMap<i64, App<T>>,
    /// Apps whose queue is not empty.
    waiting: Vec<i64>,
    hands: BTreeMap<u64, Hand>,
    starting: usize,
    /// What the app that was served last had spent: where a new one begins.
    floor: u64,
}

impl<T> Schedule<T> {
    pub(super) fn new(places: Places) -> Self {
        Self {
            places,
            apps: HashMap::new(),
            waiting: Vec::new(),
            hands: BTreeMap::new(),
            starting: 0,
            floor: 0,
        }
    }

    /// Takes a ticket, unless its app has too many.
    pub(super) fn admit(
        &mut self,
        app: i64,
        site: u64,
        bounds: Bounds,
        ticket: T,
    ) -> Result<(), T> {
        if self.apps.len() >= REMEMBERED {
            self.apps.retain(|_, app| app.under_way > 0 || !app.queue.is_empty());
        }
        let floor = self.floor;
        let known = self.apps.entry(app).or_insert_with(|| App {
            queue: VecDeque::new(),
            under_way: 0,
            bounds,
            spent: floor,
            since: Instant::now(),
            usual: 0,
            waits: 0,
            kills: VecDeque::new(),
            not_before: None,
        });
        known.bounds = bounds;
        if known.under_way + known.queue.len() >= bounds.in_flight + bounds.queued {
            return Err(ticket);
        }
        if known.queue.is_empty() {
            if known.under_way == 0 {
                known.spent = known.spent.max(floor);
            }
            known.since = Instant::now();
            self.waiting.push(app);
        }
        known.queue.push_back((site, ticket));
        Ok(())
    }

    /// Puts back tickets of a worker that is gone: they are next, in their order.
    pub(super) fn put_back(&mut self, app: i64, tickets: Vec<(u64, T)>) {
        let Some(known) = self.apps.get_mut(&app) else { return };
        if known.queue.is_empty() && !tickets.is_empty() {
            self.waiting.push(app);
        }
        for ticket in tickets.into_iter().rev() {
            known.queue.push_front(ticket);
        }
    }

    /// What can be done now; asked again until nothing can.
    pub(super) fn next(&mut self, now: Instant) -> Option<Move<T>> {
        if self.waiting.is_empty() {
            return None;
        }
        let busy = self.hands.values().filter(|hand| hand.has > 0 && !hand.waits).count();
        let alone = self.waiting.len() == 1;
        let mut order = self.waiting.clone();
        if !alone {
            // Who waits gains on those who come: new apps without end starve nobody.
            order.sort_by_key(|app| {
                let waited = now.saturating_duration_since(self.apps[app].since).as_micros();
                let waited = u64::try_from(waited).unwrap_or(u64::MAX);
                self.apps[app].spent.saturating_sub(waited)
            });
        }
        for app in order {
            let known = &self.apps[&app];
            let paused = known.not_before.is_some_and(|until| until > now);
            if paused || known.under_way >= known.bounds.in_flight {
                continue;
            }
            let own = |hand: &&Hand| hand.has > 0 && hand.app == app;
            let mine = self.hands.values().filter(own);
            let (mine, all) = (mine.clone().filter(|hand| !hand.waits).count(), mine.count());
            // What waits for the host may not take the last workers from others either.
            if all >= self.places.most - self.places.busy {
                continue;
            }
            let confined = self.is_confined(app, now);
            let share = if confined { 1 } else { (self.places.busy - 1).max(1) };
            if busy < self.places.busy && mine < share && !(confined && all > 0) {
                let site = self.apps[&app].queue.front().map_or(0, |(site, _)| *site);
                if let Some(worker) = self.idle(site) {
                    return self.give(app, worker, now);
                }
                if self.starting == 0 && self.hands.len() < self.places.most {
                    self.starting += 1;
                    return Some(Move::Start);
                }
            }
            let known = &self.apps[&app];
            if alone && !confined && known.usual < QUICK_US && known.waits < WAITS {
                let line = self
                    .hands
                    .iter()
                    .filter(|(_, hand)| own(hand) && !hand.waits && hand.has < LINE);
                if let Some((worker, _)) = line.min_by_key(|(_, hand)| hand.has) {
                    let worker = *worker;
                    return self.give(app, worker, now);
                }
            }
        }
        None
    }

    /// The idle worker for a version: one that has it ready, else the emptiest, so that
    /// what is in reserve is what a new app gets.
    fn idle(&self, site: u64) -> Option<u64> {
        let mut idle = self.hands.iter().filter(|(_, hand)| hand.has == 0 && !hand.waits);
        let ready = idle.clone().find(|(_, hand)| hand.sites.contains(&site));
        let found = ready.or_else(|| {
            let first = idle.next()?;
            Some(idle.fold(first, |best, next| {
                if next.1.sites.len() < best.1.sites.len() { next } else { best }
            }))
        });
        found.map(|(worker, _)| *worker)
    }

    fn give(&mut self, app: i64, worker: u64, now: Instant) -> Option<Move<T>> {
        let known = self.apps.get_mut(&app)?;
        let (site, ticket) = known.queue.pop_front()?;
        known.under_way += 1;
        known.not_before = None;
        known.since = now;
        self.floor = known.spent;
        if known.queue.is_empty() {
            self.waiting.retain(|waiting| *waiting != app);
        }
        let hand = self.hands.get_mut(&worker)?;
        hand.app = app;
        hand.has += 1;
        hand.since = Some(now);
        if let Some(at) = hand.sites.iter().position(|ready| *ready == site) {
            hand.sites.remove(at);
        }
        hand.sites.push(site);
        Some(Move::Give(worker, ticket))
    }

    /// A worker has come up, or could not.
    pub(super) fn started(&mut self, worker: Option<u64>, now: Instant) {
        self.starting = self.starting.saturating_sub(1);
        if let Some(worker) = worker {
            self.hands.insert(worker, Hand { since: Some(now), ..Hand::default() });
        }
    }

    /// A request ended at a worker.
    pub(super) fn done(&mut self, worker: u64, app: i64, spent: Spent) {
        if let Some(hand) = self.hands.get_mut(&worker) {
            hand.has = hand.has.saturating_sub(1);
        }
        let Some(known) = self.apps.get_mut(&app) else { return };
        known.under_way = known.under_way.saturating_sub(1);
        let us = |time: Duration| u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
        known.spent += u64::from(us(spent.cpu).max(1));
        known.usual = known.usual - known.usual / 8 + us(spent.turn) / 8;
        known.waits = known.waits - known.waits / 16 + if spent.waited { 1_000 / 16 } else { 0 };
    }

    /// A worker waits for the host, or no longer does.
    pub(super) fn waits(&mut self, worker: u64, waits: bool) {
        if let Some(hand) = self.hands.get_mut(&worker) {
            hand.waits = waits;
        }
    }

    /// A worker has so many requests of an app less, which have not begun.
    pub(super) fn recalled(&mut self, worker: u64, app: i64, count: usize) {
        if let Some(hand) = self.hands.get_mut(&worker) {
            hand.has = hand.has.saturating_sub(count);
        }
        if let Some(known) = self.apps.get_mut(&app) {
            known.under_way = known.under_way.saturating_sub(count);
        }
    }

    /// A worker has forgotten a version.
    pub(super) fn forgot(&mut self, worker: u64, site: u64) {
        if let Some(hand) = self.hands.get_mut(&worker) {
            hand.sites.retain(|ready| *ready != site);
        }
    }

    /// A worker is gone, with so many requests of an app that do not end by `done`.
    pub(super) fn gone(&mut self, worker: u64, app: i64, unfinished: usize) {
        self.hands.remove(&worker);
        if let Some(known) = self.apps.get_mut(&app) {
            known.under_way = known.under_way.saturating_sub(unfinished);
        }
    }

    /// A worker had to be killed for an app, or died of it.
    pub(super) fn killed(&mut self, app: i64, cost: Duration, now: Instant) {
        let Some(known) = self.apps.get_mut(&app) else { return };
        known.spent += u64::try_from(cost.as_micros()).unwrap_or(u64::MAX).max(1);
        known.kills.push_back(now);
        while known.kills.front().is_some_and(|kill| now - *kill > WINDOW) {
            known.kills.pop_front();
        }
        if let Some(more) = known.kills.len().checked_sub(KILLS) {
            let pause = PAUSE.saturating_mul(1 << more.min(8)).min(LONGEST_PAUSE);
            known.not_before = Some(now + pause);
        }
    }

    fn is_confined(&self, app: i64, now: Instant) -> bool {
        let kills = self.apps.get(&app).map(|known| &known.kills);
        kills.is_some_and(|kills| {
            kills.iter().filter(|kill| now - **kill <= WINDOW).count() >= KILLS
        })
    }

    /// Whether one more worker should stand by.
    pub(super) fn wants_reserve(&mut self) -> bool {
        let wants = self.starting == 0 && self.hands.len() <= self.places.busy;
        if wants {
            self.starting += 1;
        }
        wants
    }

    /// Takes out the tickets that have waited too long.
    pub(super) fn expired(&mut self, is_over: impl Fn(&T) -> bool) -> Vec<T> {
        let mut over = Vec::new();
        for app in &self.waiting {
            let Some(known) = self.apps.get_mut(app) else { continue };
            let (gone, stay) = known.queue.drain(..).partition(|(_, ticket)| is_over(ticket));
            known.queue = stay;
            let gone: VecDeque<(u64, T)> = gone;
            over.extend(gone.into_iter().map(|(_, ticket)| ticket));
        }
        let apps = &self.apps;
        self.waiting.retain(|app| apps.get(app).is_some_and(|app| !app.queue.is_empty()));
        over
    }

    /// A worker that has been idle for `idle` and is one more than usual.
    pub(super) fn superfluous(&self, idle: Duration, now: Instant) -> Option<u64> {
        if self.hands.len() <= self.places.busy + 1 {
            return None;
        }
        let idle = self.hands.iter().filter(|(_, hand)| {
            hand.has == 0 && hand.since.is_some_and(|since| now - since >= idle)
        });
        idle.map(|(worker, _)| *worker).next_back()
    }

    /// Whether something waits, or there are more workers than usual.
    pub(super) fn is_restless(&self) -> bool {
        !self.waiting.is_empty() || self.hands.len() > self.places.busy + 1
    }

    /// Workers, and requests that wait.
    pub(super) fn sizes(&self) -> (usize, usize) {
        let queued = self.waiting.iter().filter_map(|app| self.apps.get(app));
        (self.hands.len(), queued.map(|app| app.queue.len()).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { in_flight: 32, queued: 64 };

    fn schedule(busy: usize, workers: u64) -> Schedule<&'static str> {
        let mut schedule = Schedule::new(Places { busy, most: busy + 16 });
        let now = Instant::now();
        for worker in 1..=workers {
            schedule.started(Some(worker), now);
        }
        schedule
    }

    fn moves(schedule: &mut Schedule<&'static str>) -> Vec<(u64, &'static str)> {
        let now = Instant::now();
        let mut given = Vec::new();
        while let Some(next) = schedule.next(now) {
            if let Move::Give(worker, ticket) = next {
                given.push((worker, ticket));
            }
        }
        given
    }

    #[tokio::test]
    async fn one_app_leaves_a_place_to_others() {
        let mut schedule = schedule(2, 3);
        let slow = Spent { turn: Duration::from_millis(50), ..Spent::default() };
        schedule.admit(1, 1, BOUNDS, "warm").expect("there is room");
        let first = moves(&mut schedule);
        schedule.done(first[0].0, 1, slow);
        for ticket in ["a", "b", "c"] {
            schedule.admit(1, 1, BOUNDS, ticket).expect("there is room");
        }
        let given = moves(&mut schedule);
        assert_eq!(given, [(first[0].0, "a")], "a slow app holds one of two places");
        schedule.admit(2, 2, BOUNDS, "other").expect("there is room");
        let given = moves(&mut schedule);
        assert_eq!(given.len(), 1);
        assert_eq!(given[0].1, "other");
        assert_ne!(given[0].0, first[0].0);
    }

    #[tokio::test]
    async fn quick_requests_of_one_app_stand_in_line_at_its_worker() {
        let mut schedule = schedule(2, 2);
        for ticket in ["a", "b", "c"] {
            schedule.admit(1, 1, BOUNDS, ticket).expect("there is room");
        }
        let given = moves(&mut schedule);
        assert_eq!(given.iter().map(|given| given.1).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert!(given.iter().all(|one| one.0 == given[0].0));
    }

    #[tokio::test]
    async fn requests_that_wait_for_the_host_get_workers_of_their_own() {
        let mut schedule = schedule(2, 4);
        schedule.admit(1, 1, BOUNDS, "a").expect("there is room");
        let a = moves(&mut schedule)[0].0;
        schedule.waits(a, true);
        schedule.admit(1, 1, BOUNDS, "b").expect("there is room");
        let b = moves(&mut schedule)[0].0;
        assert_ne!(a, b);
    }

    #[tokio::test]
    async fn of_those_that_wait_the_app_that_spent_least_is_next() {
        let mut schedule = schedule(2, 1);
        schedule.admit(1, 1, BOUNDS, "first").expect("there is room");
        let worker = moves(&mut schedule)[0].0;
        schedule.admit(2, 2, BOUNDS, "heavy").expect("there is room");
        schedule.admit(3, 3, BOUNDS, "light").expect("there is room");
        schedule.killed(2, Duration::from_secs(1), Instant::now());
        schedule.done(worker, 1, Spent::default());
        assert_eq!(moves(&mut schedule), [(worker, "light")]);
    }

    #[tokio::test(start_paused = true)]
    async fn apps_that_come_without_end_starve_nobody() {
        let mut schedule = schedule(2, 1);
        schedule.admit(1, 1, BOUNDS, "first").expect("there is room");
        let worker = moves(&mut schedule)[0].0;
        schedule.killed(2, Duration::from_secs(1), Instant::now());
        schedule.admit(2, 2, BOUNDS, "before").expect("there is room");
        schedule.killed(2, Duration::from_secs(1), Instant::now());
        for app in 3..10 {
            tokio::time::advance(Duration::from_millis(400)).await;
            schedule.admit(app, 3, BOUNDS, "new").expect("there is room");
            schedule.done(worker, app - 1, Spent::default());
            if moves(&mut schedule)[0].1 == "before" {
                return;
            }
        }
        panic!("it never had a turn");
    }

    #[tokio::test]
    async fn an_app_that_kills_its_workers_is_confined_and_pauses() {
        let mut schedule = schedule(4, 4);
        let now = Instant::now();
        schedule.admit(1, 1, BOUNDS, "a").expect("there is room");
        moves(&mut schedule);
        for _ in 0..KILLS {
            schedule.killed(1, Duration::from_secs(1), now);
        }
        schedule.admit(1, 1, BOUNDS, "b").expect("there is room");
        assert!(schedule.next(now).is_none(), "it pauses");
        assert!(schedule.next(now + PAUSE).is_none(), "its one worker is busy");
        schedule.gone(1, 1, 1);
        assert!(matches!(schedule.next(now + PAUSE), Some(Move::Give(_, "b"))));
    }

    #[tokio::test]
    async fn an_app_with_a_full_queue_is_refused_and_the_rest_is_not() {
        let mut schedule = schedule(2, 0);
        let bounds = Bounds { in_flight: 1, queued: 1 };
        assert!(schedule.admit(1, 1, bounds, "a").is_ok());
        assert!(schedule.admit(1, 1, bounds, "b").is_ok());
        assert_eq!(schedule.admit(1, 1, bounds, "c"), Err("c"));
        assert!(schedule.admit(2, 2, bounds, "d").is_ok());
    }
}
