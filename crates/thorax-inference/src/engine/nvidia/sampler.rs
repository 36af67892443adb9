//! A thread that looks at a meter while there is work, and remembers the most that it saw.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Time between two looks.
const BETWEEN: Duration = Duration::from_millis(10);

/// The thread; it ends with this.
pub struct Sampler {
    watch: Arc<Watch>,
    thread: Option<JoinHandle<()>>,
}

struct Watch {
    meter: Box<dyn Fn() -> Option<u64> + Send + Sync>,
    state: Mutex<State>,
    changed: Condvar,
    /// The most that was seen; 0 for nothing.
    peak: AtomicU64,
}

#[derive(Default)]
struct State {
    /// How many work now.
    busy: usize,
    closing: bool,
}

impl Watch {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self) {
        if let Some(seen) = (self.meter)() {
            self.peak.fetch_max(seen, Ordering::Relaxed);
        }
    }

    fn watch(&self) {
        let mut state = self.state();
        while !state.closing {
            if state.busy == 0 {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            drop(state);
            self.look();
            state = self.state();
            if !state.closing {
                (state, _) = self.changed.wait_timeout(state, BETWEEN).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }
}

/// Ends somebody's work, also where it panicked.
struct Working<'a>(&'a Watch);

impl Drop for Working<'_> {
    fn drop(&mut self) {
        self.0.look();
        self.0.state().busy -= 1;
    }
}

impl Sampler {
    /// Starts a thread for a meter that gives bytes, or nothing.
    pub fn start(meter: impl Fn() -> Option<u64> + Send + Sync + 'static) -> Self {
        let watch = Arc::new(Watch {
            meter: Box::new(meter),
            state: Mutex::default(),
            changed: Condvar::new(),
            peak: AtomicU64::new(0),
        });
        let watched = Arc::clone(&watch);
        // Without a thread there is still a look at the end of each piece of work.
        let thread = std::thread::Builder::new().name("thorax-card".to_owned()).spawn(move || watched.watch()).ok();
        Self { watch, thread }
    }

    /// Does something while the meter is watched.
    pub fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        let mut state = self.watch.state();
        state.busy += 1;
        if state.busy == 1 {
            self.watch.changed.notify_all();
        }
        drop(state);
        let _working = Working(&self.watch);
        work()
    }

    /// The most that was seen; `None` for nothing.
    pub fn peak(&self) -> Option<u64> {
        Some(self.watch.peak.load(Ordering::Relaxed)).filter(|&peak| peak > 0)
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.watch.state().closing = true;
        self.watch.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_the_most_that_it_saw_while_there_was_work() {
        let held = Arc::new(AtomicU64::new(0));
        let (meter, looks) = (Arc::clone(&held), Arc::new(AtomicU64::new(0)));
        let counted = Arc::clone(&looks);
        let sampler = Sampler::start(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            Some(meter.load(Ordering::Relaxed))
        });
        assert_eq!(sampler.peak(), None);
        sampler.during(|| {
            held.store(7, Ordering::Relaxed);
            // What comes and goes inside of the work is seen, too.
            let before = looks.load(Ordering::Relaxed);
            while looks.load(Ordering::Relaxed) < before + 2 {
                std::thread::yield_now();
            }
            held.store(1, Ordering::Relaxed);
        });
        assert_eq!(sampler.peak(), Some(7));
        held.store(9, Ordering::Relaxed);
        sampler.during(|| ());
        assert_eq!(sampler.peak(), Some(9), "there is a look at the end of each piece of work");
    }
}
