//! Pictures of a patient: the film, its samples, and where the networks looked. Each only through the permission check of the
//! store, each written down, and none kept by anybody on the way.

use axum::body::Bytes;
use axum::extract::{Path, Query};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use thorax_domain::audit::{Action, Object};
use thorax_domain::ids::{PredictionId, XRayId};
use thorax_domain::xray::XRayImage;
use thorax_imaging::clahe::Clahe;
use thorax_imaging::heat::Heat;
use thorax_imaging::recipe::{Field, depth8};
use thorax_imaging::{GrayImage, Pixels, encode};
use thorax_store::HeatGrid;

use super::visit::{Visit, id};
use crate::web::{AppState, WebError, cached};
use crate::workflow::sandbox::SandboxError;

/// A browser may keep a picture, and asks each time whether it may still show it.
const ASK_AGAIN: &str = "private, no-cache";
/// What the samples begin with.
const MAGIC: &[u8; 4] = b"TXR1";
/// Quality of a film with its contrast raised, as the worker keeps it.
const QUALITY: u8 = 95;

/// Which picture of a film.
#[derive(Debug, Deserialize)]
pub struct Wanted {
    #[serde(default)]
    pub clahe: String,
}

/// `GET /xrays/{id}/image.png?clahe=`
pub async fn image(
    visit: Visit,
    Path(xray): Path<String>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, WebError> {
    let is_clear = matches!(wanted.clahe.as_str(), "1" | "true");
    let xray = find(&visit, &xray, if is_clear { "clahe" } else { "image" }).await?;
    let etag = format!("\"{}-{}\"", xray.sha256, if is_clear { "clahe" } else { "film" });
    if is_known(&headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, etag), (CACHE_CONTROL, ASK_AGAIN.to_owned())]).into_response());
    }
    let (kind, bytes) = if is_clear {
        ("image/jpeg", clear(&visit.app, &xray).await?)
    } else {
        ("image/png", png(&visit.app, &xray).await?)
    };
    Ok(picture(kind, etag, bytes))
}

/// `GET /xrays/{id}/pixels`: a head of 16 bytes (magic, columns, rows, bits, nothing), then the samples, all little-endian.
pub async fn pixels(visit: Visit, Path(xray): Path<String>, headers: HeaderMap) -> Result<Response, WebError> {
    let xray = find(&visit, &xray, "pixels").await?;
    let etag = format!("\"{}-pixels\"", xray.sha256);
    if is_known(&headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, etag), (CACHE_CONTROL, ASK_AGAIN.to_owned())]).into_response());
    }
    let film = decoded(&visit.app, &xray).await?;
    Ok(picture("application/octet-stream", etag, Bytes::from(samples(&film))))
}

fn samples(film: &GrayImage) -> Vec<u8> {
    let bits: u16 = if matches!(film.pixels(), Pixels::U8(_)) { 8 } else { 16 };
    let mut bytes = MAGIC.to_vec();
    bytes.extend(film.width().to_le_bytes());
    bytes.extend(film.height().to_le_bytes());
    bytes.extend(bits.to_le_bytes());
    bytes.extend([0; 2]);
    match film.pixels() {
        Pixels::U8(samples) => bytes.extend(samples),
        Pixels::U16(samples) => bytes.extend(samples.iter().flat_map(|sample| sample.to_le_bytes())),
    }
    bytes
}

/// `GET /predictions/{id}/heat/{name}`: `agreement.png`, or a network's name and `.png`. Transparent where it is cold, of the
/// film's shape.
pub async fn heat(visit: Visit, Path((prediction, name)): Path<(String, String)>) -> Result<Response, WebError> {
    let prediction: PredictionId = id(&prediction)?;
    let name = name.strip_suffix(".png").ok_or(WebError::NotFound)?;
    let (store, viewer) = (visit.app.store.predictions(), visit.viewer());
    let grid = match name {
        "agreement" => store.agreement_map(viewer, prediction).await?,
        network => store.heat(viewer, prediction, network).await?,
    };
    let grid = grid.ok_or(WebError::NotFound)?;
    let detail = store.find(viewer, prediction).await?.ok_or(WebError::NotFound)?;
    let xray = visit.app.store.xrays().find(viewer, detail.row.xray_id).await?.ok_or(WebError::NotFound)?;
    let event = visit.event(Action::View, Object::Prediction, prediction).about(xray.patient_id);
    visit.note(event.with("heat", name)).await?;
    let field = detail.field.as_ref().and_then(field).unwrap_or(Field::whole(xray.width, xray.height));
    let etag = format!("\"{prediction}-{name}\"");
    let bytes = apart(move || Ok(encode::layer(&grown(&grid)?, field, (xray.width, xray.height))?)).await?;
    Ok(picture("image/png", etag, Bytes::from(bytes)))
}

fn grown(grid: &HeatGrid) -> anyhow::Result<Heat> {
    let side = |cells: u32| usize::try_from(cells).unwrap_or(usize::MAX);
    Ok(Heat::new(side(grid.width()), side(grid.height()), grid.values().to_vec())?)
}

/// Where on the film the networks looked.
fn field(kept: &serde_json::Value) -> Option<Field> {
    let side = |name: &str| kept.get(name)?.as_f64();
    Some(Field { left: side("left")?, top: side("top")?, width: side("width")?, height: side("height")? })
}

/// The X-ray, where the visitor may see it, written down.
async fn find(visit: &Visit, xray: &str, what: &str) -> Result<XRayImage, WebError> {
    let xray: XRayId = id(xray)?;
    let found = visit.app.store.xrays().find(visit.viewer(), xray).await?.ok_or(WebError::NotFound)?;
    let event = visit.event(Action::View, Object::XRay, xray).about(found.patient_id);
    visit.note(event.with("what", what)).await?;
    Ok(found)
}

fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    known.split(',').any(|one| one.trim().trim_start_matches("W/") == etag)
}

fn picture(kind: &'static str, etag: String, bytes: Bytes) -> Response {
    let headers = [(CONTENT_TYPE, kind.to_owned()), (ETAG, etag), (CACHE_CONTROL, ASK_AGAIN.to_owned())];
    (headers, bytes).into_response()
}

/// The film as PNG, from the cache where it is there.
async fn png(app: &AppState, xray: &XRayImage) -> Result<Bytes, WebError> {
    let (services, film) = (AppState::clone(app), xray.clone());
    cached::film(app, &format!("{}-png", xray.sha256), async move {
        let film = decoded(&services, &film).await?;
        Ok(Bytes::from(apart(move || Ok(encode::png(&film)?)).await?))
    })
    .await
}

/// The film with its contrast raised: as the worker kept it, or made now.
async fn clear(app: &AppState, xray: &XRayImage) -> Result<Bytes, WebError> {
    if let Some(kept) = &xray.clahe
        && let Some(bytes) = app.blobs.get(kept).await?
    {
        return Ok(bytes);
    }
    let (services, film) = (AppState::clone(app), xray.clone());
    cached::film(app, &format!("{}-clahe", xray.sha256), async move {
        let film = decoded(&services, &film).await?;
        let bytes = apart(move || {
            let clear = thorax_imaging::clahe::clahe(&depth8(&film), &Clahe::default())?;
            Ok(encode::jpeg(&clear, QUALITY)?)
        });
        Ok(Bytes::from(bytes.await?))
    })
    .await
}

/// The film's samples, decoded in a process of its own.
async fn decoded(app: &AppState, xray: &XRayImage) -> Result<GrayImage, WebError> {
    let bytes = app.blobs.get(&xray.sha256).await?.ok_or(WebError::NotFound)?;
    match app.sandbox.decode(&bytes).await {
        Ok((_, film)) => Ok(film),
        Err(SandboxError::Refused(why)) => Err(WebError::UnsupportedType(why)),
        Err(SandboxError::Excess(why)) => Err(WebError::UnsupportedType(why.to_owned())),
        Err(error @ SandboxError::Failed(_)) => Err(WebError::Internal(error.into())),
    }
}

/// Work that takes a core for a while, away from the threads that answer.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> anyhow::Result<T> + Send + 'static) -> Result<T, WebError> {
    Ok(tokio::task::spawn_blocking(work).await.map_err(anyhow::Error::new).flatten()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_come_after_a_head_of_sixteen_bytes() {
        let film = GrayImage::new(2, 1, Pixels::U16(vec![1, 0x0203])).unwrap();
        let bytes = samples(&film);
        assert_eq!(&bytes[..4], b"TXR1");
        assert_eq!(bytes[4..], [2, 0, 0, 0, 1, 0, 0, 0, 16, 0, 0, 0, 1, 0, 3, 2]);
        let film = GrayImage::new(1, 1, Pixels::U8(vec![7])).unwrap();
        assert_eq!(samples(&film)[12..], [8, 0, 0, 0, 7]);
    }
}
