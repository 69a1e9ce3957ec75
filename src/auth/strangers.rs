//! How often may an address ask, of those who have no token yet?
//!
//! Counted in memory, by the address as far as it is known. Who has a token is
//! counted by that, in [`super::allowance`].

use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::Arc,
    time::Duration,
};

use governor::{
    Quota, RateLimiter, clock::Clock as _, middleware::NoOpMiddleware,
    state::keyed::HashMapStateStore,
};

use super::{Visitor, allowance::Ticks};
use crate::clock::Clock;

/// Addresses that are remembered before those at rest are forgotten.
const MANY: usize = 10_000;

type Key = Option<IpAddr>;

/// What strangers ask of one kind.
pub struct Strangers {
    minutes: RateLimiter<Key, HashMapStateStore<Key>, Ticks, NoOpMiddleware<Duration>>,
    ticks: Ticks,
}

impl Strangers {
    /// Lets every address ask `rate` times a minute, all of them at once if it likes.
    pub fn new(rate: NonZeroU32, clock: Arc<dyn Clock>) -> Self {
        let ticks = Ticks::new(clock);
        let store = HashMapStateStore::default();
        Self { minutes: RateLimiter::new(Quota::per_minute(rate), store, ticks.clone()), ticks }
    }

    /// Counts a question, or answers how many seconds to wait. Visitors whose address
    /// nobody knows share one.
    pub fn admit(&self, visitor: Option<&Visitor>) -> Result<(), u64> {
        if self.minutes.len() > MANY {
            self.minutes.retain_recent();
        }
        let address = visitor.and_then(|visitor| visitor.address).map(|address| match address {
            // Whoever has one address of a network has all of them.
            IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64)),
            ip @ IpAddr::V4(_) => ip,
        });
        self.minutes
            .check_key(&address)
            // A whole second at least, and none too early.
            .map_err(|too_soon| too_soon.wait_time_from(self.ticks.now()).as_secs() + 1)
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::clock::HandClock;

    #[test]
    fn every_address_has_its_own_share_and_a_network_has_one() {
        let clock = HandClock::at("2026-11-20T07:00:00Z".parse().unwrap());
        let strangers = Strangers::new(NonZeroU32::new(2).unwrap(), clock.clone());
        let ask = |address: &str| {
            let visitor = Visitor { address: address.parse().ok(), https: false };
            strangers.admit(Some(&visitor))
        };
        assert!(ask("192.0.2.1").is_ok() && ask("192.0.2.1").is_ok());
        assert_eq!(ask("192.0.2.1"), Err(31));
        assert!(ask("192.0.2.2").is_ok());
        assert!(ask("2001:db8::1").is_ok() && ask("2001:db8::2").is_ok());
        assert!(ask("2001:db8::3").is_err());
        assert!(ask("2001:db8:0:1::3").is_ok());
        assert!(ask("nobody knows").is_ok() && strangers.admit(None).is_ok());
        assert!(strangers.admit(None).is_err());
        clock.pass(SignedDuration::from_secs(31));
        assert!(ask("192.0.2.1").is_ok());
    }
}
