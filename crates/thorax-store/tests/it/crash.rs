//! kill -9 at any moment: nothing is lost, nothing is done twice. The worker is this test program, started again to run
//! [`worker`] only; it says each step on a line, and is killed after a line that chance chose.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use thorax_domain::job::{JobState, Progress};
use thorax_domain::prediction::Diagnosis;
use thorax_domain::review::PredictionStatus;
use thorax_domain::user::Role;
use thorax_store::jobs::JobFilter;
use thorax_store::predictions::PredictionFilter;
use thorax_store::{Settings, Store};

use crate::databases::{Fresh, on_both};
use crate::sums;
use crate::world::{LEASE, any, at, patient, result, take_in, user};

const DATABASE: &str = "THORAX_TEST_CRASH_DATABASE";
const NOW: &str = "THORAX_TEST_CRASH_SECONDS";
const JOBS: u64 = 30;

/// Works until the queue is empty. As a test of its own it has no database and does nothing.
#[tokio::test]
async fn worker() {
    let Ok(address) = std::env::var(DATABASE) else { return };
    let seconds: u64 = std::env::var(NOW).unwrap().parse().unwrap();
    let store = Store::open(&address, &Settings::default()).await.unwrap();
    // Printed past the test harness, which keeps what a test prints for itself.
    let say = |step: &str| {
        use std::io::Write as _;
        writeln!(std::io::stderr(), "step {step}").unwrap();
    };
    loop {
        let claimed = store.jobs().claim("worker", any(2), at(seconds), LEASE).await.unwrap();
        if claimed.is_empty() {
            break;
        }
        for lease in claimed {
            say("claimed");
            let progress = Progress { stage: "elm".into(), done: 3, total: 6 };
            let lease = store.jobs().progress(&lease, &progress, at(seconds), LEASE).await.unwrap();
            say("half");
            store.jobs().complete(&lease, &result(Diagnosis::Covid, 0.9), at(seconds), &[]).await.unwrap();
            say("done");
        }
    }
}

/// Starts the worker and kills it after so many steps; says whether it had work to the end.
fn run_worker(address: &str, seconds: u64, steps: usize) -> bool {
    let mut worker = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::worker", "--nocapture", "--test-threads", "1"])
        .env(DATABASE, address)
        .env(NOW, seconds.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(worker.stderr.take().unwrap()).lines();
    let said = lines.map_while(Result::ok).filter(|line| line.starts_with("step ")).take(steps).count();
    worker.kill().unwrap();
    worker.wait().unwrap();
    said == steps
}

async fn a_worker_killed_at_any_moment_loses_and_doubles_nothing(fresh: &Fresh) {
    let doctor = user(fresh, "doctor", Role::Doctor).await;
    let someone = patient(fresh, "Anna Abel", "R-1").await;
    for seconds in 0..JOBS {
        take_in(fresh, someone, doctor, seconds).await;
    }
    let mut random = StdRng::seed_from_u64(20);
    let mut seconds = 1000;
    let mut kills = 0;
    while run_worker(&fresh.address, seconds, random.random_range(1..25)) {
        kills += 1;
        seconds += 1000; // Long after every lease.
        fresh.jobs().reap(at(seconds)).await.unwrap();
    }
    // The last one may have been killed in its last moment, with nothing left to do.
    fresh.jobs().reap(at(seconds + 1000)).await.unwrap();
    assert!(kills >= 3, "{kills}");
    let dead = JobFilter { state: Some(JobState::Dead), ..JobFilter::default() };
    let done = JobFilter { state: Some(JobState::Done), ..JobFilter::default() };
    let (dead, done) = (fresh.jobs().count(&dead).await.unwrap(), fresh.jobs().count(&done).await.unwrap());
    assert_eq!(dead + done, JOBS, "a job that was killed three times is given up, and no other is lost");
    let completed = PredictionFilter { status: Some(PredictionStatus::Completed), ..PredictionFilter::default() };
    assert_eq!(fresh.predictions().count(doctor, &completed).await.unwrap(), done);
    assert_eq!(fresh.statistics().summary().await.unwrap().total, done);
    sums::check_all(fresh, "after the crashes").await;
}

on_both!(a_worker_killed_at_any_moment_loses_and_doubles_nothing);
