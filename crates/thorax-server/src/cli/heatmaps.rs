//! Where the networks looked, as files: for each network and for all together a picture and the raw grid.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use thorax_domain::DECISION_SUPPORT;
use thorax_domain::prediction::Diagnosis;
use thorax_imaging::GrayImage;
use thorax_imaging::encode;
use thorax_imaging::heat::Heat;
use thorax_inference::analyzer::Reading;

use crate::new_file;
use crate::record::Record;

/// How much the hottest place covers the film.
const OPACITY: f32 = 0.55;
/// What the map of all networks is called among theirs.
const TOGETHER: &str = "agreement";

/// The raw grid beside its picture.
#[derive(Serialize)]
struct Grid<'a> {
    file: &'a str,
    sha256: &'a str,
    network: &'a str,
    /// The diagnosis whose evidence is shown.
    diagnosis: Option<&'a str>,
    lung_share: Option<f64>,
    /// The part of the film that the grid covers, in its pixels.
    field: Rectangle,
    width: usize,
    height: usize,
    /// Row by row from the top left, 0 to 1.
    values: &'a [f32],
    bundle_sha256: &'a str,
    notice: &'static str,
}

#[derive(Serialize)]
struct Rectangle {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

/// Writes the maps of one film into `folder`, as `<first 16 digits of the content's hash>-<network>.png` and `.json`.
pub fn write(folder: &Path, record: &Record, film: &GrayImage, reading: &Reading) -> Result<()> {
    let maps = reading.maps.iter().map(|map| (map.name.as_str(), &map.heat, map.lung_share));
    let together = reading.agreement_map.iter().map(|heat| (TOGETHER, heat, None));
    for (network, heat, lung_share) in maps.chain(together) {
        one(folder, record, film, reading, Map { network, heat, lung_share })?;
    }
    Ok(())
}

#[derive(Clone, Copy)]
struct Map<'a> {
    network: &'a str,
    heat: &'a Heat,
    lung_share: Option<f64>,
}

fn one(folder: &Path, record: &Record, film: &GrayImage, reading: &Reading, map: Map<'_>) -> Result<()> {
    let sha256 = record.sha256.as_deref().unwrap_or_default();
    let stem = format!("{}-{}", sha256.get(..16).unwrap_or(sha256), map.network);
    let field = reading.field;
    let picture = encode::overlay(film, map.heat, field, OPACITY)?;
    let consensus = record.prediction.as_ref();
    let grid = Grid {
        file: &record.file,
        sha256,
        network: map.network,
        diagnosis: consensus.and_then(|consensus| consensus.final_diagnosis).map(Diagnosis::name),
        lung_share: map.lung_share,
        field: Rectangle { left: field.left, top: field.top, width: field.width, height: field.height },
        width: map.heat.width(),
        height: map.heat.height(),
        values: map.heat.values(),
        bundle_sha256: &record.provenance.bundle_sha256,
        notice: DECISION_SUPPORT,
    };
    for (extension, bytes) in [("png", picture), ("json", serde_json::to_vec(&grid)?)] {
        let path = folder.join(&stem).with_added_extension(extension);
        new_file::write(&path, &bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
