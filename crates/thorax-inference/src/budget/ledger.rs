//! The ledger: who may be on the shelf. Pure bookkeeping in whole MiB, without threads and without networks, so that every rule
//! is tested by calling it.
//!
//! What it learns from a device that had less memory than was accounted is forgotten after a while without another such
//! failure, each time a longer while: the memory may have been another program's for a minute only.

use super::BudgetTooSmall;

/// Bytes of a MiB.
pub const MIB: u64 = 1 << 20;

/// Passes without a failure until what was learned is forgotten for the first time, and the most that this ever becomes.
const PATIENCE: u64 = 64;
const LONGEST_PATIENCE: u64 = 8192;

/// What a network needs.
#[derive(Debug, Clone)]
pub struct Need {
    /// Its name.
    pub name: String,
    /// MiB while it is loaded and runs on batches of one film, of two, and so on; at least one figure.
    pub by_films: Vec<u64>,
}

/// What became of a wish for a network.
#[derive(Debug, PartialEq, Eq)]
pub enum Grant {
    /// Something must be given back first.
    Wait,
    /// It is loaded.
    Resident,
    /// There is room for it once these are dropped.
    Room(Vec<usize>),
}

/// The ledger; every figure in MiB.
#[derive(Debug)]
pub struct Ledger {
    budget: Option<u64>,
    fixed: u64,
    needs: Vec<Need>,
    /// Films of the largest batch (see [`Self::new`]).
    batch: usize,
    places: Vec<Place>,
    used: u64,
    peak: u64,
    /// Counts leases; a place remembers when it was last used by it.
    moment: u64,
    /// How many wait for the shelf to themselves, and whether somebody has it.
    wants_quiet: usize,
    is_quiet: bool,
    learned: Learned,
    patience: u64,
    calm: u64,
    failures: u64,
}

#[derive(Debug, Default)]
struct Place {
    state: State,
    /// What it is accounted with.
    held: u64,
    last_used: u64,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Absent,
    Resident,
    Leased,
}

/// What failures taught; all of it is forgotten together.
#[derive(Debug, Default)]
struct Learned {
    /// The budget that is kept to instead of the operator's.
    limit: Option<u64>,
    /// For each network the films that go through it together; 0 when it failed alone with one.
    films: Vec<Option<usize>>,
    /// For each network by how much its need was underestimated.
    factor: Vec<u64>,
}

impl Learned {
    fn nothing(networks: usize) -> Self {
        Self { limit: None, films: vec![None; networks], factor: vec![1; networks] }
    }

    fn is_nothing(&self) -> bool {
        self.limit.is_none() && self.films.iter().all(Option::is_none) && self.factor.iter().all(|&one| one == 1)
    }
}

impl Ledger {
    /// A ledger for networks of these needs beside what is always there. The batch becomes as large as lets all networks in together:
    /// taking turns costs more than small batches do. Where not even one film at a time lets them, it becomes as large as lets the
    /// largest network in.
    ///
    /// # Errors
    /// [`BudgetTooSmall`] when one of them does not fit even with one film.
    pub fn new(budget: Option<u64>, fixed: u64, needs: Vec<Need>) -> Result<Self, BudgetTooSmall> {
        let each = |films: usize| needs.iter().map(move |need| at(need, films));
        let together = |films: usize| each(films).sum::<u64>();
        let largest = |films: usize| each(films).max().unwrap_or(0);
        let largest_batch = needs.iter().map(|need| need.by_films.len()).min().unwrap_or(1).max(1);
        let fits = |needed: u64| budget.is_none_or(|budget| fixed + needed <= budget);
        let batches = (1..=largest_batch).rev();
        let all = batches.clone().find(|&films| fits(together(films)));
        let Some(batch) = all.or_else(|| batches.clone().find(|&films| fits(largest(films)))) else {
            let largest = needs.into_iter().max_by_key(|need| at(need, 1));
            let (name, needed) = largest.map(|need| (need.name.clone(), at(&need, 1))).unwrap_or_default();
            return Err(BudgetTooSmall {
                budget: budget.unwrap_or(0) * MIB,
                needed: needed * MIB,
                name,
                fixed: fixed * MIB,
            });
        };
        let networks = needs.len();
        Ok(Self {
            budget,
            fixed,
            needs,
            batch,
            places: (0..networks).map(|_| Place::default()).collect(),
            used: fixed,
            peak: fixed,
            moment: 0,
            wants_quiet: 0,
            is_quiet: false,
            learned: Learned::nothing(networks),
            patience: PATIENCE,
            calm: 0,
            failures: 0,
        })
    }

    /// Takes a network for use, making room for it: the one not used for longest goes first. A network that is alone is always
    /// let in, so that whoever waits gets it once the others are back.
    pub fn lease(&mut self, network: usize) -> Grant {
        if self.is_quiet || self.wants_quiet > 0 || self.places[network].state == State::Leased {
            return Grant::Wait;
        }
        self.moment += 1;
        if self.places[network].state == State::Resident {
            self.take(network);
            return Grant::Resident;
        }
        let need = self.reservation(network);
        let Some(dropped) = self.who_makes_room(need) else { return Grant::Wait };
        for &network in &dropped {
            self.leave(network);
        }
        self.places[network].held = need;
        self.used += need;
        self.peak = self.peak.max(self.used);
        self.take(network);
        Grant::Room(dropped)
    }

    fn take(&mut self, network: usize) {
        let place = &mut self.places[network];
        place.state = State::Leased;
        place.last_used = self.moment;
    }

    fn leave(&mut self, network: usize) {
        let place = &mut self.places[network];
        place.state = State::Absent;
        self.used -= std::mem::take(&mut place.held);
    }

    /// Networks that nobody uses, the one not used for longest first.
    fn idle(&self) -> Vec<usize> {
        let is_idle = |&network: &usize| self.places[network].state == State::Resident;
        let mut idle: Vec<usize> = (0..self.places.len()).filter(is_idle).collect();
        idle.sort_by_key(|&network| self.places[network].last_used);
        idle
    }

    /// The idle networks that must go for this need; `None` when not even all of them are enough.
    fn who_makes_room(&self, need: u64) -> Option<Vec<usize>> {
        let fits = |used: u64| used == self.fixed || self.limit().is_none_or(|limit| used + need <= limit);
        let mut used = self.used;
        let mut dropped = Vec::new();
        let mut idle = self.idle().into_iter();
        while !fits(used) {
            let oldest = idle.next()?;
            used -= self.places[oldest].held;
            dropped.push(oldest);
        }
        Some(dropped)
    }

    /// A network comes back: loaded and in order, or gone.
    pub fn give_back(&mut self, network: usize, is_loaded: bool) {
        if !is_loaded {
            self.leave(network);
            return;
        }
        self.places[network].state = State::Resident;
        if self.learned.films[network] == Some(0) {
            self.learned.films[network] = Some(1);
        }
        self.calm += 1;
        if self.calm >= self.patience && !self.learned.is_nothing() {
            self.learned = Learned::nothing(self.places.len());
            self.patience = (self.patience * 2).min(LONGEST_PATIENCE);
        }
    }

    /// The device had no memory for a network that is under way; it has not been given back yet. When others were accounted
    /// beside it, they were too many: from now on the budget is what they took. When it was alone, its need is more than was
    /// thought.
    pub fn ran_out(&mut self, network: usize) {
        self.failures += 1;
        self.calm = 0;
        let others = self.used - self.places[network].held;
        if others > self.fixed {
            self.learned.limit = Some(self.limit().map_or(others, |limit| limit.min(others)));
        } else {
            self.learned.factor[network] = (self.learned.factor[network] * 2).min(8);
        }
    }

    /// Says that somebody wants the shelf to himself: nothing more is lent until he had it.
    pub fn want_quiet(&mut self) {
        self.wants_quiet += 1;
    }

    /// The shelf for one alone: the networks that are to be dropped; `None` while others are under way.
    pub fn quiet(&mut self) -> Option<Vec<usize>> {
        if self.is_quiet || self.places.iter().any(|place| place.state == State::Leased) {
            return None;
        }
        self.wants_quiet -= 1;
        self.is_quiet = true;
        let idle = self.idle();
        for &network in &idle {
            self.leave(network);
        }
        // Whoever has it may take all there is.
        let all = self.budget.unwrap_or_else(|| self.fixed + self.largest());
        self.peak = self.peak.max(all);
        Some(idle)
    }

    /// Ends what [`Ledger::quiet`] began.
    pub fn end_quiet(&mut self) {
        self.is_quiet = false;
    }

    /// With everything to itself a network ran with so many films at a time; 0 when not even with one.
    pub fn ran_alone(&mut self, network: usize, films: usize) {
        if films < self.films(network) || films == 0 {
            self.learned.films[network] = Some(films);
        }
    }

    /// Whether a network failed with everything to itself and one film, and has not run since.
    pub fn is_hopeless(&self, network: usize) -> bool {
        self.learned.films[network] == Some(0)
    }

    /// Films that go through a network together at most.
    pub fn films(&self, network: usize) -> usize {
        self.learned.films[network].unwrap_or(self.batch).clamp(1, self.batch)
    }

    /// Films of the largest batch.
    pub const fn batch(&self) -> usize {
        self.batch
    }

    /// What a network is accounted with while it is loaded.
    pub fn reservation(&self, network: usize) -> u64 {
        let needed = at(&self.needs[network], self.films(network)) * self.learned.factor[network];
        self.budget.map_or(needed, |budget| needed.min(budget - self.fixed))
    }

    fn largest(&self) -> u64 {
        (0..self.needs.len()).map(|network| self.reservation(network)).max().unwrap_or(0)
    }

    /// Whether not all networks fit together.
    pub fn is_tight(&self) -> bool {
        let all: u64 = (0..self.needs.len()).map(|network| self.reservation(network)).sum();
        self.limit().is_some_and(|limit| self.fixed + all > limit)
    }

    /// What a network may take that has everything to itself.
    pub fn all_but_fixed(&self) -> Option<u64> {
        self.budget.map(|budget| budget - self.fixed)
    }

    fn limit(&self) -> Option<u64> {
        self.learned.limit.or(self.budget)
    }

    /// What is kept to instead of the operator's budget.
    pub const fn lowered_to(&self) -> Option<u64> {
        self.learned.limit
    }

    /// What is always there.
    pub const fn fixed(&self) -> u64 {
        self.fixed
    }

    /// What is accounted now, and the most that this ever was.
    pub const fn used(&self) -> (u64, u64) {
        (self.used, self.peak)
    }

    /// How often the device had too little memory.
    pub const fn failures(&self) -> u64 {
        self.failures
    }

    /// Whether a network is loaded, and whether it is so without being used.
    pub fn is_loaded(&self, network: usize) -> (bool, bool) {
        let state = &self.places[network].state;
        (*state != State::Absent, *state == State::Resident)
    }
}

fn at(need: &Need, films: usize) -> u64 {
    let index = films.saturating_sub(1).min(need.by_films.len().saturating_sub(1));
    need.by_films.get(index).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Networks that need so much, with one film and with two.
    fn ledger(budget: Option<u64>, fixed: u64, needs: &[(u64, u64)]) -> Ledger {
        let need =
            |(index, &(one, two)): (usize, &(u64, u64))| Need { name: format!("n{index}"), by_films: vec![one, two] };
        Ledger::new(budget, fixed, needs.iter().enumerate().map(need).collect()).unwrap()
    }

    /// Uses a network once and leaves it loaded.
    fn touch(ledger: &mut Ledger, network: usize) -> Grant {
        let grant = ledger.lease(network);
        assert_ne!(grant, Grant::Wait);
        ledger.give_back(network, true);
        grant
    }

    #[test]
    fn the_batch_is_the_largest_that_lets_all_networks_in_together_or_else_the_largest_one() {
        let batch = |budget, needs: &[(u64, u64)]| {
            let ledger = ledger(budget, 5, needs);
            (ledger.batch(), ledger.is_tight())
        };
        assert_eq!(batch(Some(29), &[(5, 9), (10, 15)]), (2, false));
        assert_eq!(batch(Some(28), &[(5, 9), (10, 15)]), (1, false));
        assert_eq!(batch(Some(20), &[(5, 9), (10, 15)]), (1, false), "rather one film at a time than turns with two");
        assert_eq!(batch(Some(20), &[(8, 9), (10, 15)]), (2, true));
        assert_eq!(batch(Some(19), &[(8, 9), (10, 15)]), (1, true));
        assert_eq!(batch(None, &[(5, 9), (10, 15)]), (2, false));
        let need = Need { name: "large".to_owned(), by_films: vec![10] };
        let error = Ledger::new(Some(14), 5, vec![need]).unwrap_err();
        assert_eq!((error.budget, error.fixed, error.needed), (14 * MIB, 5 * MIB, 10 * MIB));
    }

    #[test]
    fn the_one_not_used_for_longest_goes_and_only_where_that_is_enough() {
        let mut ledger = ledger(Some(30), 0, &[(10, 10), (10, 10), (10, 10), (20, 20)]);
        for network in [0, 1, 2] {
            assert_eq!(touch(&mut ledger, network), Grant::Room(Vec::new()));
        }
        assert_eq!(touch(&mut ledger, 0), Grant::Resident);
        assert_eq!(ledger.lease(1), Grant::Resident);
        assert_eq!(ledger.lease(3), Grant::Room(vec![2, 0]), "1 is in use, 2 was used before 0");
        assert_eq!(ledger.lease(0), Grant::Wait);
        ledger.give_back(1, false);
        assert_eq!(ledger.lease(0), Grant::Room(Vec::new()));
        assert_eq!(ledger.used(), (30, 30));
    }

    #[test]
    fn running_out_lowers_the_budget_to_what_the_others_took() {
        let mut ledger = ledger(Some(40), 2, &[(10, 10); 4]);
        for network in [0, 1] {
            touch(&mut ledger, network);
        }
        ledger.lease(2);
        ledger.ran_out(2);
        ledger.give_back(2, false);
        assert_eq!((ledger.lowered_to(), ledger.failures(), ledger.is_tight()), (Some(22), 1, true));
        assert_eq!(touch(&mut ledger, 3), Grant::Room(vec![0]), "two fit beside what is always there, not three");
    }

    #[test]
    fn a_network_that_runs_out_alone_needs_more_than_was_thought() {
        let mut ledger = ledger(Some(30), 0, &[(10, 10), (10, 10)]);
        ledger.lease(0);
        ledger.ran_out(0);
        ledger.give_back(0, false);
        assert_eq!((ledger.lowered_to(), ledger.reservation(0), ledger.reservation(1)), (None, 20, 10));
        ledger.lease(0);
        ledger.ran_out(0);
        ledger.give_back(0, false);
        assert_eq!(ledger.reservation(0), 30, "never more than the budget");
        assert_eq!(touch(&mut ledger, 0), Grant::Room(Vec::new()));
        assert_eq!(ledger.lease(1), Grant::Room(vec![0]));
    }

    #[test]
    fn whoever_wants_quiet_gets_it_before_anybody_starts_anew() {
        let mut ledger = ledger(Some(40), 2, &[(10, 10); 4]);
        touch(&mut ledger, 0);
        ledger.lease(1);
        ledger.want_quiet();
        assert_eq!(ledger.quiet(), None, "1 is under way");
        assert_eq!(ledger.lease(0), Grant::Wait);
        ledger.give_back(1, true);
        assert_eq!(ledger.quiet(), Some(vec![0, 1]));
        assert_eq!(ledger.used().0, 2);
        ledger.want_quiet();
        assert_eq!((ledger.quiet(), ledger.lease(0)), (None, Grant::Wait), "one at a time");
        ledger.end_quiet();
        assert_eq!(ledger.quiet(), Some(Vec::new()));
        ledger.end_quiet();
        assert_eq!(ledger.lease(0), Grant::Room(Vec::new()));
    }

    #[test]
    fn smaller_batches_take_less_and_hopeless_is_only_until_it_works() {
        let mut ledger = ledger(None, 0, &[(10, 15), (10, 15)]);
        assert_eq!((ledger.films(0), ledger.reservation(0)), (2, 15));
        ledger.ran_alone(0, 2);
        assert_eq!(ledger.films(0), 2, "nothing learned");
        ledger.ran_alone(0, 1);
        assert_eq!((ledger.films(0), ledger.reservation(0), ledger.films(1)), (1, 10, 2));
        ledger.ran_alone(0, 0);
        assert!(ledger.is_hopeless(0) && ledger.films(0) == 1);
        touch(&mut ledger, 0);
        assert!(!ledger.is_hopeless(0));
    }

    #[test]
    fn what_was_learned_is_forgotten_later_each_time() {
        let mut ledger = ledger(Some(40), 0, &[(10, 10); 4]);
        for patience in [PATIENCE, 2 * PATIENCE] {
            touch(&mut ledger, 0);
            ledger.lease(1);
            ledger.ran_out(1);
            ledger.give_back(1, false);
            ledger.ran_alone(1, 0);
            for pass in 0..patience {
                assert_eq!(ledger.lowered_to(), Some(10), "pass {pass}");
                touch(&mut ledger, 0);
            }
            assert!(ledger.lowered_to().is_none() && !ledger.is_hopeless(1));
        }
    }
}
