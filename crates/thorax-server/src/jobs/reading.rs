//! The work of a job: fetch the file, have it decoded, have it read, keep the picture with its contrast raised.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use thorax_domain::clock::Stopwatch;
use thorax_domain::ids::{PatientId, UserId};
use thorax_domain::job::{Lease, Priority, Progress};
use thorax_domain::user::{Role, Viewer};
use thorax_domain::xray::XRayImage;
use thorax_imaging::clahe::Clahe;
use thorax_imaging::heat::Heat;
use thorax_imaging::{GrayImage, encode, recipe};
use thorax_inference::analyzer::{AnalysisError, Analyzer, Origin, Reading, Request, SubmitError, Ticket, Urgency};
use thorax_store::jobs::{NetworkHeat, NewResult};
use thorax_store::{HeatGrid, StoreError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::attempt::AttemptError;
use crate::app::{App, PROGRAM};
use crate::workflow::sandbox::SandboxError;

/// How long the thread that waits for the networks looks away.
const GLANCE: Duration = Duration::from_millis(50);
/// Quality of the picture that is kept with its contrast raised.
const QUALITY: u8 = 95;

/// The program itself, as it looks at what it reads.
const PROGRAM_VIEWER: Viewer = Viewer { user: UserId::from_uuid(Uuid::nil()), role: Role::Admin };

/// Reads the X-ray of a job; says what came out, and whose it is.
pub async fn read(
    app: Arc<App>,
    lease: Lease,
    say: watch::Sender<Progress>,
) -> Result<(NewResult, PatientId), AttemptError> {
    let clock = Stopwatch::start();
    let analyzer = app.networks.opened().await;
    let analyzer =
        analyzer.map_err(|why| AttemptError::passing("the networks are not open here", anyhow::anyhow!("{why}")))?;
    let (xray, forced) = find(&app, &lease).await?;
    let steps = u32::try_from(analyzer.bundle().networks().len()).unwrap_or(u32::MAX);
    say.send_replace(Progress { stage: "decode".to_owned(), done: 0, total: steps });
    let (decoding, film) = decode(&app, &xray).await?;
    tracing::debug!(stage = "decode", milliseconds = decoding, "stage ended");
    say.send_replace(Progress { stage: "networks".to_owned(), done: 0, total: steps });
    let urgency = urgency(lease.priority);
    let request = Request { film, age_years: xray.age_years, networks: Vec::new(), force: forced, urgency };
    let wants_clahe = xray.clahe.is_none();
    let (reading, request, analyzer, mut timings, clear) = {
        let app = Arc::clone(&app);
        let digest = digest(&xray);
        // Dropping this future, as when the lease is lost, ends the thread's waiting, too.
        let gone = CancellationToken::new();
        let _tell = gone.clone().drop_guard();
        let task = tokio::task::spawn_blocking(move || {
            let ticket = analyzer.submit_waiting(&request)?;
            let mut timings = BTreeMap::new();
            // The networks are at it meanwhile.
            let clear = if wants_clahe { raise_contrast(&app, digest, &request.film, &mut timings) } else { None };
            let reading = wait(&ticket, &say, &gone)?;
            Ok::<_, AttemptError>((reading, request, analyzer, timings, clear))
        });
        task.await.map_err(|error| AttemptError::passing("reading broke off", error))??
    };
    tracing::debug!(stage = "networks", milliseconds = reading.milliseconds.inference, "stage ended");
    if let Some(clear) = clear {
        keep_clear(&app, &xray, clear).await;
    }
    timings.insert("decode".to_owned(), decoding);
    let result = result(&analyzer, &xray, &request, reading, (timings, clock.total()))?;
    Ok((result, xray.patient_id))
}

/// Somebody may be waiting for whatever is no part of a large batch.
fn urgency(priority: Priority) -> Urgency {
    if priority > Priority::BATCH { Urgency::Stat } else { Urgency::Routine }
}

/// The X-ray of a job, and whether the gate is to be overridden.
async fn find(app: &App, lease: &Lease) -> Result<(XRayImage, bool), AttemptError> {
    // What is gone was deleted meanwhile, and its job with it.
    let prediction = app.store.predictions().find(PROGRAM_VIEWER, lease.prediction).await?;
    let row = prediction.ok_or(AttemptError::Lost)?.row;
    let xray = app.store.xrays().find(PROGRAM_VIEWER, row.xray_id).await?.ok_or(AttemptError::Lost)?;
    Ok((xray, row.forced))
}

/// The film of an X-ray, and how many milliseconds decoding it took.
async fn decode(app: &App, xray: &XRayImage) -> Result<(f64, GrayImage), AttemptError> {
    let bytes = match app.blobs.get(&xray.sha256).await {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Err(AttemptError::Hopeless("its file is not there any more".to_owned())),
        Err(StoreError::Damaged) => {
            return Err(AttemptError::Hopeless("its file is damaged where it is kept".to_owned()));
        }
        Err(error) => return Err(AttemptError::passing("its file could not be fetched", error)),
    };
    match app.sandbox.decode(&bytes).await {
        Ok((film, image)) => Ok((film.milliseconds, image)),
        Err(SandboxError::Refused(why)) => Err(AttemptError::Hopeless(why)),
        // It came in once within the same limits, so it may again when the machine is less busy.
        Err(SandboxError::Excess(why)) => Err(AttemptError::passing(why, anyhow::anyhow!("over the limits"))),
        Err(SandboxError::Failed(error)) => Err(AttemptError::passing("its file could not be decoded", error)),
    }
}

/// Waits for the networks and says how far they are.
fn wait(ticket: &Ticket, say: &watch::Sender<Progress>, gone: &CancellationToken) -> Result<Reading, AttemptError> {
    loop {
        if let Some(reading) = ticket.wait_for(GLANCE) {
            return Ok(reading?);
        }
        if gone.is_cancelled() {
            return Err(AttemptError::Lost);
        }
        let (done, total) = ticket.progress();
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        say.send_if_modified(|progress| {
            let is_news = progress.done != small(done);
            progress.done = small(done);
            progress.total = small(total);
            is_news
        });
    }
}

impl From<AnalysisError> for AttemptError {
    fn from(error: AnalysisError) -> Self {
        Self::passing("the networks broke off", error)
    }
}

impl From<SubmitError> for AttemptError {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Busy(busy) => Self::passing("the networks have too much to do", busy),
            SubmitError::Recipe(refused) => Self::Hopeless(refused.to_string()),
            SubmitError::UnknownNetwork(unknown) => Self::Hopeless(unknown.to_string()),
            SubmitError::Locate(error) => Self::passing("the lungs could not be located", error),
        }
    }
}

/// Names the film among those with their contrast raised: by its file and the depth of the result.
fn digest(xray: &XRayImage) -> [u8; 32] {
    use sha2::Digest;
    sha2::Sha256::new_with_prefix([0]).chain_update(xray.sha256.as_str()).finalize().into()
}

/// The film with its contrast raised, as JPEG. Without it the result is as good, so that an error is only logged.
fn raise_contrast(
    app: &App,
    digest: [u8; 32],
    film: &GrayImage,
    timings: &mut BTreeMap<String, f64>,
) -> Option<Vec<u8>> {
    let watch = Stopwatch::start();
    // A JPEG has 8 bits, and OpenCV equalises what it has read: depth first, contrast second.
    let film = recipe::depth8(film);
    let clear = app.clahe.clahe(digest, &film, &Clahe::default());
    let clear = clear.inspect_err(|error| tracing::warn!(%error, "the contrast could not be raised")).ok()?;
    let encoded = encode::jpeg(&clear, QUALITY);
    timings.insert("clahe".to_owned(), watch.total());
    encoded.inspect_err(|error| tracing::warn!(%error, "the picture could not be encoded")).ok()
}

async fn keep_clear(app: &App, xray: &XRayImage, clear: Vec<u8>) {
    let kept = async {
        let name = app.blobs.put(Bytes::from(clear)).await?;
        app.store.xrays().set_clahe(xray.id, &name).await
    };
    if let Err(error) = kept.await {
        tracing::warn!(%error, "the picture with its contrast raised could not be kept");
    }
}

fn result(
    analyzer: &Analyzer,
    xray: &XRayImage,
    request: &Request,
    reading: Reading,
    (mut timings, total): (BTreeMap<String, f64>, f64),
) -> Result<NewResult, AttemptError> {
    let origin = Origin { networks: &[], input_sha256: xray.sha256.as_str(), forced: request.force, program: PROGRAM };
    let provenance = analyzer.provenance(origin).map_err(|unknown| AttemptError::Hopeless(unknown.to_string()))?;
    let stages = reading.milliseconds;
    timings.insert("preprocess".to_owned(), stages.preprocess);
    timings.insert("gate".to_owned(), stages.gate);
    timings.insert("inference".to_owned(), stages.inference);
    timings.insert("total".to_owned(), total);
    let field = reading.field;
    let heat = reading.maps.iter().map(|map| NetworkHeat {
        name: map.name.clone(),
        grid: grid(&map.heat),
        lung_share: map.lung_share,
    });
    Ok(NewResult {
        heat: heat.collect(),
        agreement_map: reading.agreement_map.as_ref().and_then(grid),
        field: Some(json!({"left": field.left, "top": field.top, "width": field.width, "height": field.height})),
        prediction: reading.prediction,
        provenance,
        timings,
    })
}

fn grid(heat: &Heat) -> Option<HeatGrid> {
    let side = |cells: usize| u32::try_from(cells).ok();
    HeatGrid::new(side(heat.width())?, side(heat.height())?, heat.values().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_part_of_a_large_batch_is_urgent() {
        assert_eq!(urgency(Priority::BATCH), Urgency::Routine);
        assert_eq!([Priority::NORMAL, Priority::URGENT].map(urgency), [Urgency::Stat; 2]);
    }
}
