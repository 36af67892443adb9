//! The memory budget: which networks are resident. A network is loaded when it is needed, stays while there is room, and the
//! one not used for longest goes first. A ledger in MiB decides ([`ledger`]), not the operating system; when the device has
//! less than the ledger thought, somebody may have the shelf to himself ([`Shelf::quiet`]).

mod ledger;

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::engine::{DeviceMemory, Room, Session};
use ledger::{Grant, Ledger};
pub use ledger::{MIB, Need};

/// What the ledger keeps of the networks.
pub struct Shelf {
    books: Mutex<Books>,
    /// Something was given back, or quiet has ended.
    returned: Condvar,
}

struct Books {
    ledger: Ledger,
    /// The sessions of the networks that are loaded and not under way.
    sessions: Vec<Option<Box<dyn Session>>>,
}

/// A budget that not even the largest network fits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the memory budget of {} MiB is too small: the largest network, {name}, needs {} MiB{}",
    budget >> 20, needed.div_ceil(MIB), beside(*fixed)
)]
pub struct BudgetTooSmall {
    /// The budget in bytes.
    pub budget: u64,
    /// Bytes that the largest network needs.
    pub needed: u64,
    /// Its name.
    pub name: String,
    /// Bytes that the engine itself and the locator take beside it.
    pub fixed: u64,
}

fn beside(fixed: u64) -> String {
    if fixed == 0 { String::new() } else { format!(" beside {} MiB that are always taken", fixed.div_ceil(MIB)) }
}

/// The right to use one network alone. Dropping it gives the network back: loaded where a session is in it, gone where not.
pub struct Lease<'a> {
    shelf: &'a Shelf,
    network: usize,
    /// The session, where it was resident; otherwise the holder loads one and puts it here.
    pub session: Option<Box<dyn Session>>,
    /// The room that a session to be loaded is given.
    pub room: Room,
    /// Films that go through it together at most.
    pub films: usize,
}

impl Lease<'_> {
    /// Says that the device had no memory for it, and gives it back.
    pub fn ran_out(self) {
        self.shelf.books().ledger.ran_out(self.network);
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let mut books = self.shelf.books();
        books.ledger.give_back(self.network, self.session.is_some());
        books.sessions[self.network] = self.session.take();
        self.shelf.returned.notify_all();
    }
}

/// The shelf for one alone: everything is dropped, and nobody else gets a network until this is dropped, too.
pub struct Quiet<'a> {
    shelf: &'a Shelf,
    /// All there is.
    pub room: Room,
}

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        self.shelf.books().ledger.end_quiet();
        self.shelf.returned.notify_all();
    }
}

impl Shelf {
    /// A shelf for networks of these needs, within a budget in bytes, of which some MiB are always taken.
    ///
    /// # Errors
    /// [`BudgetTooSmall`] when one of them does not fit alone.
    pub fn new(budget: Option<u64>, fixed: u64, needs: Vec<Need>) -> Result<Self, BudgetTooSmall> {
        let sessions = needs.iter().map(|_| None).collect();
        let ledger = Ledger::new(budget.map(|bytes| bytes / MIB), fixed, needs)?;
        Ok(Self { books: Mutex::new(Books { ledger, sessions }), returned: Condvar::new() })
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, books: MutexGuard<'a, Books>) -> MutexGuard<'a, Books> {
        self.returned.wait(books).unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a network for use, making room for it. Waits while others hold it, the room it needs, or all of the shelf. Nobody
    /// may hold two, so that somebody can always go on.
    pub fn lease(&self, network: usize) -> Lease<'_> {
        let mut books = self.books();
        loop {
            match books.ledger.lease(network) {
                Grant::Wait => books = self.wait(books),
                Grant::Resident => break,
                Grant::Room(dropped) => {
                    books.let_go(&dropped);
                    break;
                }
            }
        }
        let session = books.sessions[network].take();
        let ledger = &books.ledger;
        let limit = ledger.all_but_fixed().map(|_| ledger.reservation(network) * MIB);
        let room = Room { limit, is_tight: ledger.is_tight() };
        Lease { shelf: self, network, session, room, films: ledger.films(network) }
    }

    /// Waits until everything that is under way is back, drops it all, and keeps everybody else off. Whoever asks holds no
    /// lease.
    pub fn quiet(&self) -> Quiet<'_> {
        let mut books = self.books();
        books.ledger.want_quiet();
        let dropped = loop {
            match books.ledger.quiet() {
                Some(dropped) => break dropped,
                None => books = self.wait(books),
            }
        };
        books.let_go(&dropped);
        let limit = books.ledger.all_but_fixed().map(|mib| mib * MIB);
        Quiet { shelf: self, room: Room { limit, is_tight: true } }
    }

    /// With everything to itself a network ran with so many films at a time; 0 when not even with one.
    pub fn ran_alone(&self, network: usize, films: usize) {
        self.books().ledger.ran_alone(network, films);
    }

    /// Whether a network failed with everything to itself and one film, and has not run since.
    pub fn is_hopeless(&self, network: usize) -> bool {
        self.books().ledger.is_hopeless(network)
    }

    /// Films that go through a network together at most.
    pub fn films(&self, network: usize) -> usize {
        self.books().ledger.films(network)
    }

    /// Films that go through the networks together at most.
    pub fn batch(&self) -> usize {
        self.books().ledger.batch()
    }

    /// Whether a network is loaded and nobody uses it.
    pub fn is_idle(&self, network: usize) -> bool {
        self.books().ledger.is_loaded(network).1
    }

    /// What the ledger says now, beside what the device says.
    pub fn report(&self, device: DeviceMemory) -> MemoryReport {
        let books = self.books();
        let (ledger, networks) = (&books.ledger, 0..books.sessions.len());
        let (used, peak) = ledger.used();
        MemoryReport {
            budget: ledger.all_but_fixed().map(|mib| (mib + ledger.fixed()) * MIB),
            lowered_to: ledger.lowered_to().map(|mib| mib * MIB),
            fixed: ledger.fixed() * MIB,
            accounted: used * MIB,
            accounted_peak: peak * MIB,
            process_peak: DeviceMemory::of_this_process().peak,
            device,
            footprints: networks.clone().map(|network| ledger.reservation(network) * MIB).collect(),
            resident: networks.clone().map(|network| ledger.is_loaded(network).0).collect(),
            films: networks.map(|network| ledger.films(network)).collect(),
            out_of_memory: ledger.failures(),
        }
    }
}

impl Books {
    /// Lets go of sessions while the books are locked, so that their memory is free before anybody counts on it.
    fn let_go(&mut self, dropped: &[usize]) {
        for &network in dropped {
            self.sessions[network] = None;
        }
    }
}

/// Memory as the ledger, the device and the operating system see it, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryReport {
    /// What the operator allows for networks; `None` without a limit.
    pub budget: Option<u64>,
    /// What the ledger keeps to instead, since the device had less; goes back up after a while.
    pub lowered_to: Option<u64>,
    /// What the engine itself and the locator take of the budget all the time.
    pub fixed: u64,
    /// What is accounted now: [`Self::fixed`] and the networks that are loaded.
    pub accounted: u64,
    /// The most that this ever was.
    pub accounted_peak: u64,
    /// The most main memory that the whole process ever held, as the operating system measured it; `None` where it does not tell.
    pub process_peak: Option<u64>,
    /// The memory that the networks live in, as measured: main memory, or a graphics card's.
    pub device: DeviceMemory,
    /// What each network is accounted with while it is loaded.
    pub footprints: Vec<u64>,
    /// Which networks are loaded now.
    pub resident: Vec<bool>,
    /// Films that go through each network together at most.
    pub films: Vec<usize>,
    /// How often the device had no memory for what the ledger had allowed.
    pub out_of_memory: u64,
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
        let need = |(index, &mib): (usize, &u64)| Need { name: format!("n{index}"), by_films: vec![mib] };
        Shelf::new(Some(budget * MIB), 0, footprints.iter().enumerate().map(need).collect()).unwrap()
    }

    /// Uses a network once; tells whether it was resident.
    fn touch(shelf: &Shelf, network: usize) -> bool {
        let mut lease = shelf.lease(network);
        let resident = lease.session.is_some();
        lease.session.get_or_insert_with(|| Box::new(Nothing));
        resident
    }

    fn report(shelf: &Shelf) -> MemoryReport {
        shelf.report(DeviceMemory::default())
    }

    #[test]
    fn refuses_a_budget_below_the_largest_with_both_figures() {
        let need = |name: &str, mib| Need { name: name.to_owned(), by_films: vec![mib] };
        let refused =
            |fixed| Shelf::new(Some(50 * MIB), fixed, vec![need("small", 10), need("large", 90)]).err().unwrap();
        let words = "the memory budget of 50 MiB is too small: the largest network, large, needs 90 MiB";
        assert_eq!(refused(0).to_string(), words);
        assert_eq!(refused(5).to_string(), format!("{words} beside 5 MiB that are always taken"));
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
        assert_eq!((report(&shelf).accounted, report(&shelf).accounted_peak), (20 * MIB, 20 * MIB));
    }

    #[test]
    fn a_failed_load_frees_its_room() {
        let shelf = shelf(10, &[10, 10]);
        drop(shelf.lease(0));
        assert_eq!(report(&shelf).accounted, 0);
        assert!(!touch(&shelf, 1));
    }

    #[test]
    fn who_finds_no_room_waits_for_it() {
        let shelf = shelf(10, &[10, 10]);
        let mut first = shelf.lease(0);
        first.session = Some(Box::new(Nothing));
        std::thread::scope(|scope| {
            let second = scope.spawn(|| touch(&shelf, 1));
            drop(first);
            assert!(!second.join().unwrap());
        });
        assert!(!shelf.is_idle(0) && shelf.is_idle(1));
    }

    #[test]
    fn quiet_waits_for_what_is_under_way_and_keeps_the_others_off() {
        let shelf = shelf(30, &[10, 10, 10]);
        touch(&shelf, 2);
        let first = shelf.lease(0);
        std::thread::scope(|scope| {
            let quiet = scope.spawn(|| {
                let quiet = shelf.quiet();
                assert_eq!(report(&shelf).resident, [false; 3]);
                assert_eq!(quiet.room, Room { limit: Some(30 * MIB), is_tight: true });
            });
            drop(first);
            quiet.join().unwrap();
        });
        assert!(!touch(&shelf, 2), "it was dropped");
    }
}
