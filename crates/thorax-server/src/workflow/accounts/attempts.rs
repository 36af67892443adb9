//! How often somebody tries: so many times in a span, counted by address and by user name, in memory.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use thorax_domain::clock::Timestamp;

/// Most who are counted at the same time; beyond it those whose span is over are forgotten.
const CROWD: usize = 50_000;

/// Whose attempts are counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Who {
    /// Those of an address; of IPv6 the network counts, since one machine has all of it.
    Address(String),
    /// Those for a user name, whether there is such a user or not.
    Name(String),
    /// New accounts from an address.
    Registrations(String),
}

impl Who {
    /// The address as it is counted.
    #[must_use]
    pub fn address(ip: &str) -> Self {
        Self::Address(network(ip))
    }

    /// New accounts from an address.
    #[must_use]
    pub fn registrations(ip: &str) -> Self {
        Self::Registrations(network(ip))
    }

    /// The user name as it is counted.
    #[must_use]
    pub fn name(name: &str) -> Self {
        Self::Name(name.trim().chars().take(64).collect::<String>().to_lowercase())
    }

    /// How often, in which span.
    const fn allowed(&self) -> (u32, Duration) {
        match self {
            Self::Address(_) => (50, Duration::from_mins(15)),
            Self::Name(_) => (super::WRONG_PASSWORDS, super::LOCK),
            Self::Registrations(_) => (20, Duration::from_hours(1)),
        }
    }
}

fn network(ip: &str) -> String {
    match ip.parse() {
        Ok(IpAddr::V6(ip)) => format!("{:x?}", &ip.segments()[..4]),
        _ => ip.to_owned(),
    }
}

#[derive(Debug, Clone, Copy)]
struct Count {
    begun: Timestamp,
    times: u32,
}

/// The attempts of everybody.
#[derive(Debug, Default)]
pub struct Attempts(Mutex<HashMap<Who, Count>>);

impl Attempts {
    /// Counts an attempt before it is made, so that many at once do not slip through.
    ///
    /// # Errors
    /// How long to wait, where there were too many.
    pub fn begin(&self, who: &Who, now: Timestamp) -> Result<(), Duration> {
        let (allowed, span) = who.allowed();
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= CROWD {
            counts.retain(|who, count| now.since(count.begun) < who.allowed().1);
        }
        let count = counts.entry(who.clone()).or_insert(Count { begun: now, times: 0 });
        if now.since(count.begun) >= span {
            *count = Count { begun: now, times: 0 };
        }
        if count.times >= allowed {
            return Err(span.saturating_sub(now.since(count.begun)));
        }
        count.times += 1;
        Ok(())
    }

    /// Takes back one attempt, which was no wrong one.
    pub fn succeeded(&self, who: &Who) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(who) {
            count.times = count.times.saturating_sub(1);
        }
    }

    /// Forgets somebody's attempts.
    pub fn forget(&self, who: &Who) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(who);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_attempt_in_a_quarter_of_an_hour_waits() {
        let attempts = Attempts::default();
        let (who, start) = (Who::name(" Anna "), Timestamp::from_micros(0));
        for _ in 0..5 {
            assert_eq!(attempts.begin(&who, start), Ok(()));
        }
        let later = start.plus(Duration::from_mins(1));
        assert_eq!(attempts.begin(&Who::name("anna"), later), Err(Duration::from_mins(14)));
        assert_eq!(attempts.begin(&Who::name("berta"), later), Ok(()));
        assert_eq!(attempts.begin(&who, start.plus(Duration::from_mins(15))), Ok(()));
    }

    #[test]
    fn right_attempts_do_not_count_and_unlocking_forgets() {
        let attempts = Attempts::default();
        let (who, now) = (Who::name("anna"), Timestamp::from_micros(0));
        for _ in 0..100 {
            assert_eq!(attempts.begin(&who, now), Ok(()));
            attempts.succeeded(&who);
        }
        for _ in 0..6 {
            let _ = attempts.begin(&who, now);
        }
        assert!(attempts.begin(&who, now).is_err());
        attempts.forget(&who);
        assert_eq!(attempts.begin(&who, now), Ok(()));
    }

    #[test]
    fn a_network_of_version_six_is_one_address() {
        assert_eq!(Who::address("2001:db8:1:2:3::4"), Who::address("2001:db8:1:2::9"));
        assert_ne!(Who::address("192.0.2.1"), Who::address("192.0.2.2"));
    }
}
