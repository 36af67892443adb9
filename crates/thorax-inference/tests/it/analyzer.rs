//! The analyzer on the toy bundle: votes, gate, memory budget, queue, batches.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use thorax_domain::prediction::{Consensus, Diagnosis};
use thorax_imaging::{GrayImage, Pixels};
use thorax_inference::analyzer::{AnalysisError, Analyzer, Reading, Request, Settings, SubmitError, Ticket, Urgency};
use thorax_inference::bundle::Bundle;

use crate::toy::{
    Behaviour, Door, FOOTPRINT, LOCATOR, NETWORKS, ToyEngine, add_locator, edit, edit_golden, expected, logits, open,
    open_with_lungs, request, write_bundle,
};

/// Grey of a film that the toy calls COVID, and one that it refuses at the gate.
const LIGHT: u8 = 200;
const DARK: u8 = 10;

fn settings() -> Settings {
    Settings { threads: 2, ..Settings::default() }
}

fn consensus(analyzer: &Analyzer, request: &Request) -> Consensus {
    analyzer.submit(request).unwrap().wait().unwrap().prediction.consensus.unwrap()
}

fn codes(consensus: &Consensus) -> Vec<&str> {
    consensus.reasons.iter().map(|reason| reason.code.as_str()).collect()
}

fn assert_probabilities(consensus: &Consensus, expected: [f64; 4]) {
    let given = consensus.probabilities.unwrap();
    for (diagnosis, expected) in Diagnosis::ALL.into_iter().zip(expected) {
        assert!((given.of(diagnosis).get() - expected).abs() < 1e-6, "{diagnosis}: {given:?}");
    }
}

#[test]
fn six_votes_make_the_pool_of_calibrated_vectors() {
    let (analyzer, _, _folder) = open(Behaviour::default(), settings());
    let reading = analyzer.submit(&request(LIGHT)).unwrap().wait().unwrap();
    assert!(reading.prediction.gate.accepted);
    let consensus = reading.prediction.consensus.unwrap();
    assert_probabilities(&consensus, expected(&[0, 1, 2, 3, 4, 5], f32::from(LIGHT) / 255.0));
    assert_eq!(consensus.final_diagnosis, Some(Diagnosis::Covid));
    assert_eq!((consensus.agreement, consensus.models_voted), (6, 6));
    let order: Vec<&str> = consensus.models.iter().map(|model| model.name.as_str()).collect();
    assert_eq!(order, NETWORKS);
    assert_eq!(reading.maps.len(), 6);
    // The toy's map has its heat on the right.
    assert!(reading.maps.iter().all(|map| map.heat.at(0.75, 0.5) > map.heat.at(0.25, 0.5)));
    assert!(reading.agreement_map.is_some());
}

#[test]
fn networks_that_read_the_lungs_get_them_and_their_maps_lie_there() {
    let (plain, _, _folder) = open(Behaviour::default(), settings());
    assert_eq!(plain.submit(&request(LIGHT)).unwrap().wait().unwrap().lungs, None);
    let folder = tempfile::tempdir().unwrap();
    write_bundle(folder.path());
    add_locator(folder.path(), &["two", "three"]);
    let bundle = Bundle::open(folder.path()).unwrap();
    assert!(bundle.describe_views().starts_with("lungs: crop_lungs 0 > "), "{}", bundle.describe_views());
    let analyzer = Analyzer::open(bundle, Arc::new(ToyEngine::default()), settings()).unwrap();
    // Dark on the left, light on the right, where the toy's lungs are.
    let halves = |index: u32| if index % 32 < 16 { DARK } else { LIGHT };
    let film = GrayImage::new(32, 32, Pixels::U8((0..32 * 32).map(halves).collect())).unwrap();
    let reading = analyzer.submit(&Request { film, force: true, ..request(LIGHT) }).unwrap().wait().unwrap();
    assert_eq!(reading.lungs.unwrap().values(), [0.0, 1.0]);
    let consensus = reading.prediction.consensus.unwrap();
    let covid = |name: usize| consensus.models[name].probabilities.of(Diagnosis::Covid).get();
    let wanted = |voter: usize, mean: f32| expected(&[voter], mean)[0];
    let (light, mean) = (f32::from(LIGHT) / 255.0, (f32::from(LIGHT) + f32::from(DARK)) / 510.0);
    assert!((covid(2) - wanted(2, light)).abs() < 1e-6 && (covid(3) - wanted(3, light)).abs() < 1e-6);
    assert!((covid(1) - wanted(1, mean)).abs() < 1e-2, "the others see the whole film");
    for map in reading.maps {
        let left = map.heat.at(0.25, 0.5);
        let is_cut = ["two", "three"].contains(&map.name.as_str());
        assert_eq!(is_cut, left == 0.0, "{}: {left}", map.name);
        assert!(map.lung_share.is_some_and(|share| share > 0.5));
    }
    let refused = analyzer.submit(&request(DARK)).unwrap().wait().unwrap();
    assert_eq!(refused.lungs, None, "the gate refused");
}

#[test]
fn cells_count_by_the_lung_that_they_show() {
    let folder = tempfile::tempdir().unwrap();
    write_bundle(folder.path());
    add_locator(folder.path(), &["two"]);
    edit(folder.path(), "bundle.toml", "outside = 1000000.0", "outside = 0.5");
    let open = || Analyzer::open(Bundle::open(folder.path()).unwrap(), Arc::new(ToyEngine::default()), settings());
    let error = open().err().unwrap().to_string();
    assert!(error.contains("logit 0 of zero"), "golden values know how cells are weighed: {error}");
    edit_golden(folder.path(), "\"logits\": 1e-4, \"probability\": 1e-6", "\"logits\": 1.0, \"probability\": 1.0");
    let reading = open().unwrap().submit(&request(LIGHT)).unwrap().wait().unwrap();
    let consensus = reading.prediction.consensus.unwrap();
    // The lungs are the right half, whose evidence for COVID is 2 more than that of the left one; each half counts 0.5 more than it
    // shows lung. Who sees nothing but the right half weighs its cells alike.
    let mean = f32::from(LIGHT) / 255.0;
    for (index, model) in consensus.models.iter().enumerate() {
        let more = if index == 2 { 0.0 } else { 0.75 - 0.25 };
        let powers = logits(index, mean).map(|logit| f64::from(logit) / 2.0);
        let covid = (powers[0] + more / 2.0).exp();
        let wanted = covid / (covid + powers[1..].iter().map(|power| power.exp()).sum::<f64>());
        let given = model.probabilities.of(Diagnosis::Covid).get();
        assert!((given - wanted).abs() < 1e-6, "{}: {given}, not {wanted}", model.name);
    }
}

#[test]
fn a_film_without_two_lungs_side_by_side_is_refused_unless_forced() {
    let folder = tempfile::tempdir().unwrap();
    write_bundle(folder.path());
    add_locator(folder.path(), &["two"]);
    // The toy's locator finds one lung in the right half.
    edit(folder.path(), "bundle.toml", "minimum_separation = 0.0", "minimum_separation = 0.5");
    let bundle = Bundle::open(folder.path()).unwrap();
    let analyzer = Analyzer::open(bundle, Arc::new(ToyEngine::default()), settings()).unwrap();
    let codes = |reading: &Reading| -> Vec<_> {
        reading.prediction.gate.reasons.iter().map(|one| (one.code.clone(), one.measured, one.limit)).collect()
    };
    let by_lungs = [("no_two_lungs".to_owned(), 0.0, 0.5)];
    let refused = analyzer.submit(&request(LIGHT)).unwrap().wait().unwrap();
    assert_eq!(codes(&refused), by_lungs);
    assert!(!refused.prediction.gate.accepted && refused.prediction.consensus.is_none() && refused.lungs.is_none());
    let forced = analyzer.submit(&Request { force: true, ..request(LIGHT) }).unwrap().wait().unwrap();
    assert_eq!(codes(&forced), by_lungs);
    assert!(forced.prediction.consensus.unwrap().reasons.iter().any(|one| one.code == "gate_overridden"));
    let by_both = analyzer.submit(&request(DARK)).unwrap().wait().unwrap();
    assert_eq!(codes(&by_both).len(), 2, "what the classifier says stands beside it");
    assert_eq!(codes(&by_both)[1..], by_lungs);
}

#[test]
fn a_locator_that_breaks_off_or_gives_nan_is_an_error_of_the_film() {
    let behaviours = [
        Behaviour { panics: Some(LOCATOR), ..Behaviour::default() },
        Behaviour { is_not_finite: Some(LOCATOR), ..Behaviour::default() },
    ];
    for behaviour in behaviours {
        let folder = tempfile::tempdir().unwrap();
        write_bundle(folder.path());
        add_locator(folder.path(), &["two"]);
        let engine = Arc::new(ToyEngine { behaviour: Arc::new(behaviour) });
        let analyzer = Analyzer::open(Bundle::open(folder.path()).unwrap(), engine, settings()).unwrap();
        for _ in 0..2 {
            let error = analyzer.submit(&request(LIGHT)).unwrap_err();
            assert!(matches!(error, SubmitError::Locate(_)), "{error}");
            assert!(error.to_string().contains("lungs could not be located"), "{error}");
        }
    }
}

#[test]
fn a_network_that_fails_panics_or_gives_nan_never_votes() {
    let behaviours = [
        Behaviour { fails: Some(2), ..Behaviour::default() },
        Behaviour { panics: Some(2), ..Behaviour::default() },
        Behaviour { is_not_finite: Some(2), ..Behaviour::default() },
    ];
    for behaviour in behaviours {
        let (analyzer, behaviour, _folder) = open(behaviour, settings());
        // Twice: the network that panicked must be usable, or fail, again.
        for _ in 0..2 {
            let consensus = consensus(&analyzer, &request(LIGHT));
            assert_eq!(consensus.models_voted, 5, "{behaviour:?}");
            assert!(consensus.models.iter().all(|model| model.name != "two"));
            assert_probabilities(&consensus, expected(&[0, 1, 3, 4, 5], f32::from(LIGHT) / 255.0));
            assert!(codes(&consensus).contains(&"network_failed"));
            assert!(consensus.reasons.iter().any(|reason| reason.message.starts_with("two did not vote")));
        }
    }
}

#[test]
fn fewer_than_four_votes_give_no_diagnosis() {
    let (analyzer, _, _folder) = open(Behaviour::default(), settings());
    let networks = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let three = consensus(&analyzer, &Request { networks: networks(&["one", "two", "five"]), ..request(LIGHT) });
    assert_eq!((three.final_diagnosis, three.models_voted, three.inconclusive), (None, 3, true));
    assert_eq!(codes(&three), ["too_few_votes"]);
    let four =
        consensus(&analyzer, &Request { networks: networks(&["one", "two", "three", "five"]), ..request(LIGHT) });
    assert_eq!(four.final_diagnosis, Some(Diagnosis::Covid));
    let unknown = analyzer.submit(&Request { networks: networks(&["six"]), ..request(LIGHT) }).unwrap_err();
    assert!(matches!(unknown, SubmitError::UnknownNetwork(_)));
}

#[test]
fn a_set_of_several_classes_is_inconclusive() {
    let (analyzer, _, _folder) = open(Behaviour::default(), settings());
    let sure = consensus(&analyzer, &request(255));
    assert!(!sure.inconclusive && sure.prediction_set == [Diagnosis::Covid], "{sure:?}");
    // At middle grey three classes have a probability above 1 - 0.8.
    let unsure = consensus(&analyzer, &request(128));
    assert!(unsure.inconclusive && unsure.prediction_set.len() == 3, "{unsure:?}");
    assert_eq!(codes(&unsure), ["prediction_set"]);
}

#[test]
fn the_gate_refuses_with_measures_and_force_is_recorded() {
    let (analyzer, behaviour, _folder) = open(Behaviour::default(), settings());
    let reading = analyzer.submit(&request(DARK)).unwrap().wait().unwrap();
    assert!(!reading.prediction.gate.accepted && reading.prediction.consensus.is_none() && reading.maps.is_empty());
    let reason = &reading.prediction.gate.reasons[0];
    assert_eq!(reason.code, "not_chest");
    assert!(reason.measured < reason.limit);
    // Refused by the ruler: no network sees it at all.
    let before = behaviour.films.load(Ordering::Relaxed);
    let small = thorax_imaging::GrayImage::new(8, 40, thorax_imaging::Pixels::U8(vec![200; 320])).unwrap();
    let reading = analyzer.submit(&Request { film: small, ..request(LIGHT) }).unwrap().wait().unwrap();
    let found: Vec<&str> = reading.prediction.gate.reasons.iter().map(|reason| reason.code.as_str()).collect();
    assert_eq!(found, ["too_small", "cropped"]);
    assert_eq!(behaviour.films.load(Ordering::Relaxed), before);
    // Forced: read, and marked.
    let forced = analyzer.submit(&Request { force: true, ..request(DARK) }).unwrap().wait().unwrap();
    assert!(!forced.prediction.gate.accepted);
    let consensus = forced.prediction.consensus.unwrap();
    assert!(consensus.final_diagnosis.is_some() && consensus.inconclusive);
    assert!(codes(&consensus).contains(&"gate_overridden"));
}

#[test]
fn without_the_gates_network_nothing_is_read() {
    let (analyzer, _, _folder) = open(Behaviour { fails: Some(0), ..Behaviour::default() }, settings());
    let error = analyzer.submit(&request(LIGHT)).unwrap().wait().unwrap_err();
    assert!(error.to_string().contains("gate"), "{error}");
}

#[test]
fn a_caution_needs_a_known_age() {
    let (analyzer, _, _folder) = open(Behaviour::default(), settings());
    let with = |age_years| consensus(&analyzer, &Request { age_years, ..request(LIGHT) });
    assert!(codes(&with(Some(18))).contains(&"caution"));
    assert!(!codes(&with(Some(17))).contains(&"caution"));
    assert!(!codes(&with(None)).contains(&"caution"));
}

#[test]
fn the_result_is_the_same_in_every_memory_mode_and_the_budget_holds() {
    let (resident, _, _folder) = open(Behaviour::default(), settings());
    let expected = consensus(&resident, &request(LIGHT));
    assert_eq!(resident.memory().accounted, 6 * FOOTPRINT);
    for networks in [1, 2, 5] {
        let budget = networks * FOOTPRINT;
        let (analyzer, behaviour, _folder) =
            open(Behaviour::default(), Settings { memory_budget: Some(budget), ..settings() });
        for _ in 0..3 {
            let mut given = consensus(&analyzer, &request(LIGHT));
            for (model, reference) in given.models.iter_mut().zip(&expected.models) {
                model.milliseconds = reference.milliseconds;
            }
            assert_eq!(given, expected);
        }
        let memory = analyzer.memory();
        assert!(memory.accounted_peak <= budget, "{memory:?}");
        assert!(behaviour.loads.load(Ordering::Relaxed) > 6, "networks had to be loaded again");
    }
}

#[test]
fn a_full_queue_refuses_and_concurrent_films_share_passes() {
    let door = Arc::new(Door::default());
    let behaviour = Behaviour { door: Some(Arc::clone(&door)), ..Behaviour::default() };
    let (analyzer, behaviour, _folder) = open(behaviour, Settings { queue: 4, batch: Some(4), ..settings() });
    // The workers take films out of the queue until both stand at the door; then the queue fills up.
    let mut tickets = Vec::new();
    let refused = loop {
        match analyzer.submit(&request(LIGHT)) {
            Ok(ticket) => tickets.push(ticket),
            Err(error) => break error,
        }
        assert!(tickets.len() < 100, "the queue never filled");
    };
    assert!(matches!(refused, SubmitError::Busy(busy) if busy.limit == 4), "{refused}");
    door.open();
    for ticket in tickets {
        let consensus = ticket.wait().unwrap().prediction.consensus.unwrap();
        assert_probabilities(&consensus, expected(&[0, 1, 2, 3, 4, 5], f32::from(LIGHT) / 255.0));
    }
    assert!(behaviour.largest_batch.load(Ordering::Relaxed) > 1);
}

/// A door that opens at the latest when a test ends, so that one that fails does not wait for ever.
struct Latch(Arc<Door>);

impl Drop for Latch {
    fn drop(&mut self) {
        self.0.open();
    }
}

/// One worker, one film a pass, and a routine film of the first grey that stands at the door until it opens.
fn behind_a_door(queue: usize) -> (Analyzer, Arc<Behaviour>, Ticket, Latch, tempfile::TempDir) {
    let door = Arc::new(Door::default());
    let behaviour = Behaviour { door: Some(Arc::clone(&door)), ..Behaviour::default() };
    let (analyzer, behaviour, folder) =
        open(behaviour, Settings { threads: 1, batch: Some(1), queue, ..Settings::default() });
    let latch = Latch(door);
    let first = submit(&analyzer, ROUTINE[0], Urgency::Routine);
    latch.0.wait_for_one();
    (analyzer, behaviour, first, latch, folder)
}

fn submit(analyzer: &Analyzer, grey: u8, urgency: Urgency) -> Ticket {
    analyzer.submit(&Request { urgency, ..request(grey) }).unwrap()
}

/// The greys of the films in the order in which their passes began.
fn order(behaviour: &Behaviour) -> Vec<u8> {
    behaviour.passes.lock().unwrap().iter().map(|&(grey, _)| grey).collect()
}

/// A grey of an urgent film, and those of routine ones.
const URGENT: u8 = 250;
const ROUTINE: [u8; 3] = [180, 190, 210];

#[test]
fn an_urgent_film_overtakes_what_waits_and_what_is_under_way() {
    let (analyzer, behaviour, first, latch, _folder) = behind_a_door(8);
    let routine = [ROUTINE[1], ROUTINE[2]].map(|grey| submit(&analyzer, grey, Urgency::Routine));
    let urgent = submit(&analyzer, URGENT, Urgency::Stat);
    drop(latch);
    for ticket in routine.into_iter().chain([urgent, first]) {
        ticket.wait().unwrap();
    }
    let order = order(&behaviour);
    assert_eq!((order.len(), order[0]), (24, ROUTINE[0]));
    assert_eq!(order[1..7], [URGENT; 6], "after the one pass that ran when it came");
}

#[test]
fn routine_films_get_on_however_many_urgent_ones_come() {
    let (analyzer, behaviour, first, latch, _folder) = behind_a_door(64);
    let urgent: Vec<Ticket> = (0..20).map(|_| submit(&analyzer, URGENT, Urgency::Stat)).collect();
    drop(latch);
    for ticket in urgent.into_iter().chain([first]) {
        ticket.wait().unwrap();
    }
    let order = order(&behaviour);
    let routine: Vec<usize> = (0..order.len()).filter(|&place| order[place] != URGENT).collect();
    assert_eq!(order.len(), 126);
    assert_eq!(routine, [0, 13, 26, 39, 52, 65], "after twelve urgent passes one of the others");
}

#[test]
fn a_queue_full_of_routine_films_lets_urgent_ones_in() {
    let (analyzer, behaviour, first, latch, _folder) = behind_a_door(2);
    let routine = [ROUTINE[1], ROUTINE[2]].map(|grey| submit(&analyzer, grey, Urgency::Routine));
    assert!(analyzer.submit(&request(LIGHT)).is_err());
    let urgent = [(); 2].map(|()| submit(&analyzer, URGENT, Urgency::Stat));
    let refused = analyzer.submit(&Request { urgency: Urgency::Stat, ..request(URGENT) });
    assert!(matches!(refused, Err(SubmitError::Busy(busy)) if busy.limit == 2), "theirs is bounded, too");
    drop(latch);
    for ticket in urgent.into_iter().chain(routine).chain([first]) {
        ticket.wait().unwrap();
    }
    assert_eq!(order(&behaviour)[1..13], [URGENT; 12]);
}

#[test]
fn who_waits_for_room_gets_it_when_those_before_have_gone() {
    let (analyzer, _, first, latch, _folder) = behind_a_door(1);
    let gone = submit(&analyzer, LIGHT, Urgency::Routine);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| analyzer.submit_waiting(&request(LIGHT)).unwrap().wait().unwrap());
        drop((first, gone, latch));
        assert!(waiting.join().unwrap().prediction.consensus.is_some());
    });
}

#[test]
fn films_that_wait_for_company_share_passes() {
    // Longer than any test: only company ends it.
    let wait = Duration::from_hours(1);
    let (analyzer, behaviour, _folder) =
        open(Behaviour::default(), Settings { batch: Some(3), batch_wait: wait, ..settings() });
    for ticket in ROUTINE.map(|grey| submit(&analyzer, grey, Urgency::Routine)) {
        ticket.wait().unwrap();
    }
    assert_eq!(*behaviour.passes.lock().unwrap(), [(ROUTINE[0], 3); 6]);
}

#[test]
fn an_urgent_film_waits_for_no_company() {
    let wait = Duration::from_hours(1);
    let (analyzer, behaviour, _folder) =
        open(Behaviour::default(), Settings { batch: Some(4), batch_wait: wait, ..settings() });
    let routine = submit(&analyzer, ROUTINE[0], Urgency::Routine);
    submit(&analyzer, URGENT, Urgency::Stat).wait().unwrap();
    assert_eq!(order(&behaviour), [URGENT; 6]);
    drop(analyzer);
    assert_eq!(routine.wait().unwrap_err(), AnalysisError::Closed);
}

#[test]
fn a_film_that_stays_alone_goes_when_it_has_waited() {
    let wait = Duration::from_millis(20);
    let (analyzer, behaviour, _folder) = open(Behaviour::default(), Settings { batch_wait: wait, ..settings() });
    submit(&analyzer, ROUTINE[0], Urgency::Routine).wait().unwrap();
    assert_eq!(*behaviour.passes.lock().unwrap(), [(ROUTINE[0], 1); 6]);
}

#[test]
fn nobody_waits_for_a_dropped_ticket() {
    let door = Arc::new(Door::default());
    let behaviour = Behaviour { door: Some(Arc::clone(&door)), ..Behaviour::default() };
    let (analyzer, behaviour, _folder) =
        open(behaviour, Settings { threads: 1, batch: Some(1), ..Settings::default() });
    let first = analyzer.submit(&request(LIGHT)).unwrap();
    let dropped = analyzer.submit(&request(LIGHT)).unwrap();
    drop(dropped);
    door.open();
    first.wait().unwrap();
    let last = analyzer.submit(&request(LIGHT)).unwrap();
    last.wait().unwrap();
    assert_eq!(
        behaviour.films.load(Ordering::Relaxed),
        12,
        "two films through six networks, the dropped one through none"
    );
}

#[test]
fn provenance_names_what_the_result_depends_on() {
    let (analyzer, _, _folder) = open(Behaviour::default(), settings());
    let names = ["one".to_owned()];
    let origin =
        thorax_inference::analyzer::Origin { networks: &names, input_sha256: "ab", forced: true, program: "0.1.0" };
    let provenance = analyzer.provenance(origin).unwrap();
    assert_eq!(provenance.bundle, "toy");
    assert_eq!(provenance.bundle_sha256, analyzer.bundle().hash());
    assert_eq!(provenance.networks.len(), 1);
    assert_eq!(provenance.engine.name, "toy");
    assert!(provenance.forced && provenance.recipe.contains("resize"));
}

#[test]
fn a_ticket_tells_how_many_networks_have_looked() {
    let door = Arc::new(Door::default());
    let behaviour = Behaviour { door: Some(Arc::clone(&door)), ..Behaviour::default() };
    let (analyzer, _, _folder) = open(behaviour, settings());
    let ticket = analyzer.submit(&request(LIGHT)).unwrap();
    assert_eq!(ticket.progress(), (0, 6));
    assert!(ticket.wait_for(Duration::ZERO).is_none());
    door.open();
    let reading = loop {
        if let Some(reading) = ticket.wait_for(Duration::from_mins(1)) {
            break reading.unwrap();
        }
    };
    assert!(reading.prediction.consensus.is_some());
    assert_eq!(ticket.progress(), (6, 6));
}

/// Networks that read the lungs of the films below; the other two and the gate's read the whole film.
const LUNG_READERS: [&str; 3] = ["two", "three", "four"];

#[test]
fn networks_that_need_no_lungs_start_while_they_are_looked_for() {
    let locating = Arc::new(Door::default());
    let latch = Latch(Arc::clone(&locating));
    let behaviour = Behaviour { locating: Some(locating), ..Behaviour::default() };
    let (analyzer, behaviour, _folder) = open_with_lungs(&LUNG_READERS, behaviour, settings());
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| consensus(&analyzer, &request(LIGHT)));
        latch.0.wait_for_one();
        behaviour.wait_for_passes(3);
        assert_eq!(order(&behaviour), [LIGHT; 3], "the others wait");
        latch.0.open();
        assert_probabilities(&reading.join().unwrap(), expected(&[0, 1, 2, 3, 4, 5], f32::from(LIGHT) / 255.0));
    });
    assert_eq!(behaviour.passes.lock().unwrap().len(), 6);
}

#[test]
fn votes_that_are_in_before_the_lungs_are_found_wait_for_them() {
    let locating = Arc::new(Door::default());
    let latch = Latch(Arc::clone(&locating));
    let behaviour = Behaviour { locating: Some(locating), ..Behaviour::default() };
    let (analyzer, behaviour, _folder) = open_with_lungs(&[], behaviour, settings());
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| analyzer.submit(&request(LIGHT)).unwrap().wait().unwrap());
        behaviour.wait_for_passes(6);
        latch.0.open();
        let reading = reading.join().unwrap();
        assert_eq!(reading.lungs.unwrap().values(), [0.0, 1.0]);
        assert!(reading.maps.iter().all(|map| map.lung_share.is_some()));
    });
}

#[test]
fn no_routine_pass_starts_while_the_lungs_of_an_urgent_film_are_looked_for() {
    let locating = Arc::new(Door::default());
    let latch = Latch(Arc::clone(&locating));
    let behaviour = Behaviour { locating: Some(locating), ..Behaviour::default() };
    let settings = Settings { threads: 1, ..settings() };
    let (analyzer, behaviour, _folder) = open_with_lungs(&LUNG_READERS, behaviour, settings);
    std::thread::scope(|scope| {
        let reading = |grey, urgency| {
            let analyzer = &analyzer;
            scope.spawn(move || submit(analyzer, grey, urgency).wait().unwrap())
        };
        let urgent = reading(URGENT, Urgency::Stat);
        behaviour.wait_for_passes(3);
        let routine = reading(ROUTINE[0], Urgency::Routine);
        // Time to do what is wrong; what is right needs none.
        std::thread::sleep(Duration::from_millis(50));
        latch.0.open();
        urgent.join().unwrap();
        routine.join().unwrap();
    });
    let (first, last) = ([URGENT; 6], [ROUTINE[0]; 6]);
    assert_eq!(order(&behaviour), [first, last].concat());
}

#[test]
fn a_film_whose_lungs_cannot_be_found_holds_up_no_other() {
    // Longer than any test: only company ends it, so that both films are in one round.
    let wait = Duration::from_hours(1);
    let locating = Arc::new(Door::default());
    let latch = Latch(Arc::clone(&locating));
    let behaviour = Behaviour { locating: Some(locating), unlocatable: Some(ROUTINE[0]), ..Behaviour::default() };
    let settings = Settings { batch: Some(2), batch_wait: wait, ..settings() };
    let (analyzer, behaviour, _folder) = open_with_lungs(&LUNG_READERS, behaviour, settings);
    std::thread::scope(|scope| {
        let hopeless = scope.spawn(|| analyzer.submit(&request(ROUTINE[0])).unwrap_err());
        latch.0.wait_for_one();
        let other = scope.spawn(|| analyzer.submit(&request(ROUTINE[1])).unwrap().wait().unwrap());
        behaviour.wait_for_passes(3);
        assert!(behaviour.passes.lock().unwrap().iter().all(|&(_, films)| films == 2));
        latch.0.open();
        assert!(matches!(hopeless.join().unwrap(), SubmitError::Locate(_)));
        let consensus = other.join().unwrap().prediction.consensus.unwrap();
        assert_probabilities(&consensus, expected(&[0, 1, 2, 3, 4, 5], f32::from(ROUTINE[1]) / 255.0));
    });
    assert_eq!(behaviour.passes.lock().unwrap()[3..], [(ROUTINE[1], 1); 3], "the film that left was not waited for");
}
