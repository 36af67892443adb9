//! Which network a worker that is free takes, so that all workers end together. Pure arithmetic, no threads.

/// So many networks are put in order by trying every order; of more the longest goes first, which is nearly as good.
const TRIED: usize = 6;

/// The place in `ready` of the network to start now; all costs in milliseconds, and `ready` not empty. Networks of `soon` can
/// be started by whoever is free next. `busy` says how long each other worker has to go.
pub fn first(ready: &[f64], soon: &[f64], busy: &[f64]) -> usize {
    let is_tried = ready.len() + soon.len() <= TRIED;
    let end = |place: usize| {
        let workers = [busy, &[ready[place]]].concat();
        earliest_end(&workers, &[&ready[..place], &ready[place + 1..], soon].concat())
    };
    let ends: Vec<f64> = (0..ready.len()).map(|place| if is_tried { end(place) } else { 0.0 }).collect();
    let earlier =
        |&one: &usize, &other: &usize| ends[one].total_cmp(&ends[other]).then(ready[other].total_cmp(&ready[one]));
    (0..ready.len()).min_by(earlier).unwrap_or_default()
}

/// When the last worker is done at the earliest, each taking another network as soon as it is free.
fn earliest_end(workers: &[f64], costs: &[f64]) -> f64 {
    let free = (0..workers.len()).min_by(|&one, &other| workers[one].total_cmp(&workers[other]));
    let (Some(free), false) = (free, costs.is_empty()) else {
        return workers.iter().copied().fold(0.0, f64::max);
    };
    let end = |place: usize| {
        let mut later = workers.to_vec();
        later[free] += costs[place];
        earliest_end(&later, &[&costs[..place], &costs[place + 1..]].concat())
    };
    (0..costs.len()).map(end).fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LITE0: f64 = 4.8;
    const LITE1: f64 = 6.3;
    const MIDDLING: f64 = 9.3;
    const XCEPTION: f64 = 22.8;
    const DINO: f64 = 32.0;

    /// Longest first ends at 43.2 ms here.
    #[test]
    fn two_workers_end_together() {
        assert_eq!(first(&[XCEPTION, MIDDLING], &[DINO, LITE1, LITE0], &[7.4]), 1);
        assert_eq!(first(&[XCEPTION, DINO, LITE1, LITE0], &[], &[1.9]), 0);
        assert!((earliest_end(&[7.4, MIDDLING], &[XCEPTION, DINO, LITE1, LITE0]) - 41.3).abs() < 1e-9);
    }

    #[test]
    fn of_those_that_end_alike_the_longest_goes_first() {
        assert_eq!(first(&[LITE0, DINO, LITE1], &[], &[]), 1);
        assert_eq!(first(&[LITE0, DINO, LITE1], &[XCEPTION], &[0.0, 0.0, 0.0]), 1);
    }

    #[test]
    fn many_networks_go_longest_first() {
        let many: Vec<f64> = (1..=40).map(f64::from).collect();
        assert_eq!(first(&many, &many, &[3.0]), 39);
    }
}
