//! The memory budget: which networks are resident. A network is loaded when it is needed, stays while there is room, and the
//! one not used for longest goes first. A ledger in bytes decides, not the operating system.

use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::engine::Session;

/// What the ledger keeps of the networks.
pub struct Shelf {
    budget: Option<u64>,
    footprints: Vec<u64>,
    books: Mutex<Books>,
    returned: Condvar,
}

#[derive(Default)]
struct Books {
    places: Vec<Place>,
    used: u64,
    peak: u64,
    /// Counts leases; a place remembers when it was last used by it.
    moment: u64,
}

#[derive(Default)]
struct Place {
    state: State,
    last_used: u64,
}

#[derive(Default)]
enum State {
    #[default]
    Absent,
    Resident(Box<dyn Session>),
    Leased,
}

/// A budget that not even the largest network fits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the memory budget of {} MiB is too small: the largest network, {name}, needs {} MiB", budget >> 20, needed.div_ceil(1 << 20))]
pub struct BudgetTooSmall {
    /// The budget in bytes.
    pub budget: u64,
    /// Bytes that the largest network needs.
    pub needed: u64,
    /// Its name.
    pub name: String,
}

/// The right to use one network alone.
pub struct Lease {
    network: usize,
    /// The session, where it was resident; otherwise the holder loads one and puts it here.
    pub session: Option<Box<dyn Session>>,
}

impl Shelf {
    /// A shelf for networks of these names and footprints.
    ///
    /// # Errors
    /// [`BudgetTooSmall`] when one of them does not fit alone.
    pub fn new(budget: Option<u64>, networks: Vec<(String, u64)>) -> Result<Self, BudgetTooSmall> {
        if let (Some(budget), Some((name, needed))) = (budget, networks.iter().max_by_key(|(_, bytes)| *bytes))
            && *needed > budget
        {
            return Err(BudgetTooSmall { budget, needed: *needed, name: name.clone() });
        }
        let places = networks.iter().map(|_| Place::default()).collect();
        let footprints = networks.into_iter().map(|(_, bytes)| bytes).collect();
        Ok(Self {
            budget,
            footprints,
            books: Mutex::new(Books { places, ..Books::default() }),
            returned: Condvar::new(),
        })
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a network for use, making room for it. Waits while others hold it or the room it needs. Nobody may hold two, so
    /// that somebody can always go on.
    pub fn lease(&self, network: usize) -> Lease {
        let mut books = self.books();
        loop {
            if let Some(lease) = self.take(&mut books, network) {
                return lease;
            }
            books = self.returned.wait(books).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A lease with the network's session or with room for it; `None` while it must wait.
    fn take(&self, books: &mut Books, network: usize) -> Option<Lease> {
        books.moment += 1;
        let moment = books.moment;
        let place = &mut books.places[network];
        match std::mem::replace(&mut place.state, State::Leased) {
            State::Leased => return None,
            State::Resident(session) => {
                place.last_used = moment;
                return Some(Lease { network, session: Some(session) });
            }
            State::Absent => place.state = State::Absent,
        }
        while self.budget.is_some_and(|budget| books.used + self.footprints[network] > budget) {
            let idle = books.places.iter().enumerate().filter(|(_, place)| matches!(place.state, State::Resident(_)));
            let (oldest, _) = idle.min_by_key(|(_, place)| place.last_used)?;
            books.places[oldest].state = State::Absent;
            books.used -= self.footprints[oldest];
        }
        books.used += self.footprints[network];
        books.peak = books.peak.max(books.used);
        let place = &mut books.places[network];
        place.state = State::Leased;
        place.last_used = moment;
        Some(Lease { network, session: None })
    }

    /// Gives a network back; without a session its room is free again.
    pub fn give_back(&self, lease: Lease) {
        let mut books = self.books();
        if let Some(session) = lease.session {
            books.places[lease.network].state = State::Resident(session);
        } else {
            books.places[lease.network].state = State::Absent;
            books.used -= self.footprints[lease.network];
        }
        self.returned.notify_all();
    }

    /// Whether a network is loaded and nobody uses it.
    pub fn is_idle(&self, network: usize) -> bool {
        matches!(self.books().places[network].state, State::Resident(_))
    }

    /// What the ledger says now.
    pub fn report(&self) -> MemoryReport {
        let books = self.books();
        let resident = books.places.iter().map(|place| !matches!(place.state, State::Absent)).collect();
        MemoryReport {
            budget: self.budget,
            accounted: books.used,
            accounted_peak: books.peak,
            process_peak: process_peak(),
            footprints: self.footprints.clone(),
            resident,
        }
    }
}

/// Memory as the ledger and the operating system see it, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryReport {
    /// What the operator allows for networks.
    pub budget: Option<u64>,
    /// What the networks loaded now are accounted with.
    pub accounted: u64,
    /// The most that this ever was.
    pub accounted_peak: u64,
    /// The most that the whole process ever held, as the operating system measured it; `None` where it does not tell.
    pub process_peak: Option<u64>,
    /// What each network is accounted with.
    pub footprints: Vec<u64>,
    /// Which networks are loaded now.
    pub resident: Vec<bool>,
}

/// The peak resident set of this process, which Linux writes into `/proc/self/status`.
fn process_peak() -> Option<u64> {
    let status = std::fs::read_to_string(Path::new("/proc/self/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Batch, EngineError, Tensor};

    struct Nothing;
    impl Session for Nothing {
        fn run(&mut self, _: &Batch, _: &[&str]) -> Result<Vec<Tensor>, EngineError> {
            Ok(Vec::new())
        }
    }

    fn shelf(budget: u64, footprints: &[u64]) -> Shelf {
        let networks = footprints.iter().enumerate().map(|(index, &bytes)| (format!("n{index}"), bytes)).collect();
        Shelf::new(Some(budget), networks).unwrap()
    }

    /// Uses a network once; tells whether it was resident.
    fn touch(shelf: &Shelf, network: usize) -> bool {
        let mut lease = shelf.lease(network);
        let resident = lease.session.is_some();
        lease.session.get_or_insert_with(|| Box::new(Nothing));
        shelf.give_back(lease);
        resident
    }

    #[test]
    fn refuses_a_budget_below_the_largest_with_both_figures() {
        let networks = vec![("small".to_owned(), 10 << 20), ("large".to_owned(), 90 << 20)];
        let error = Shelf::new(Some(50 << 20), networks).err().unwrap();
        assert_eq!(
            error.to_string(),
            "the memory budget of 50 MiB is too small: the largest network, large, needs 90 MiB"
        );
    }

    #[test]
    fn drops_the_one_not_used_for_longest() {
        let shelf = shelf(20, &[10, 10, 10]);
        assert!(!touch(&shelf, 0));
        assert!(!touch(&shelf, 1));
        assert!(touch(&shelf, 0));
        assert!(!touch(&shelf, 2));
        assert!(touch(&shelf, 0), "0 was used after 1, so 1 had to go");
        assert!(!touch(&shelf, 1));
        let report = shelf.report();
        assert_eq!((report.accounted, report.accounted_peak), (20, 20));
    }

    #[test]
    fn a_failed_load_frees_its_room() {
        let shelf = shelf(10, &[10, 10]);
        let lease = shelf.lease(0);
        shelf.give_back(lease);
        assert_eq!(shelf.report().accounted, 0);
        assert!(!touch(&shelf, 1));
    }

    #[test]
    fn who_finds_no_room_waits_for_it() {
        let shelf = shelf(10, &[10, 10]);
        let mut first = shelf.lease(0);
        first.session = Some(Box::new(Nothing));
        std::thread::scope(|scope| {
            let second = scope.spawn(|| touch(&shelf, 1));
            shelf.give_back(first);
            assert!(!second.join().unwrap());
        });
        assert!(!shelf.is_idle(0) && shelf.is_idle(1));
    }
}
