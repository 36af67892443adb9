//! Made-up X-rays, what six networks say of them, and what doctors make of it.

use sea_orm::Value;
use std::time::Duration;
use thorax_domain::clock::Timestamp;
use thorax_domain::prediction::{
    Diagnosis, Distribution, EngineIdentity, ModelScore, NetworkIdentity, Precision, Provenance,
};
use thorax_domain::xray::Sha256;
use uuid::Uuid;

use super::people::whole;
use super::{Generator, Rows};
use crate::error::{Result, StoreError};
use crate::jobs::{provenance as stored, score};
use crate::tallies::{CONSENSUS, Counted, Difference, band};

const NETWORKS: [&str; 6] = ["aspen", "birch", "cedar", "dogwood", "elm", "fir"];
/// How often each diagnosis is the true one.
const SHARES: [(Diagnosis, f64); 4] = [
    (Diagnosis::Normal, 0.52),
    (Diagnosis::LungOpacity, 0.26),
    (Diagnosis::Covid, 0.15),
    (Diagnosis::ViralPneumonia, 0.07),
];
const TIMINGS: &str = r#"{"decode":11.0,"preprocess":9.0,"gate":24.0,"inference":640.0,"total":684.0}"#;
const GATE: &str = r#"{"accepted":true,"reasons":[]}"#;
const REASONS: &str = r#"[{"code":"prediction_set","message":"More than one diagnosis cannot be ruled out."}]"#;
const BUNDLE: &str = "made-up";

pub(super) fn provenance() -> Result<(String, String)> {
    let network =
        |name: &&str| NetworkIdentity { name: (*name).to_owned(), sha256: "0".repeat(64), precision: Precision::F32 };
    stored(&Provenance {
        bundle: BUNDLE.to_owned(),
        bundle_sha256: "0".repeat(64),
        recipe: "none: these rows are made up".to_owned(),
        coverage: 0.9,
        conformal_threshold: 0.2,
        minimum_votes: 4,
        networks: NETWORKS.iter().map(network).collect(),
        engine: EngineIdentity { name: "none".to_owned(), version: "0".to_owned() },
        program: env!("CARGO_PKG_VERSION").to_owned(),
        input_sha256: String::new(),
        forced: false,
    })
}

/// What the made-up networks say of one film.
struct Opinions {
    truth: Diagnosis,
    scores: Vec<ModelScore>,
    mean: Distribution,
}

impl Generator {
    fn distribution(&mut self, truth: Diagnosis, sharpness: f64) -> Result<Distribution> {
        let mut weights = [0.0; 4];
        for (place, diagnosis) in Diagnosis::ALL.into_iter().enumerate() {
            let towards = if diagnosis == truth { sharpness } else { 0.0 };
            weights[place] = (towards + 1.6 * self.chance()).exp();
        }
        let sum: f64 = weights.iter().sum();
        let of =
            |one: Diagnosis| Diagnosis::ALL.iter().position(|other| *other == one).map_or(0.0, |at| weights[at] / sum);
        Distribution::new(of).map_err(|_| StoreError::Corrupt("made-up probabilities"))
    }

    fn opinions(&mut self) -> Result<Opinions> {
        let mut chance = self.chance();
        let mut truth = Diagnosis::Normal;
        for (diagnosis, share) in SHARES {
            truth = diagnosis;
            if chance < share {
                break;
            }
            chance -= share;
        }
        // One film is plain and another is not; the networks mostly see the same.
        let plain = 5.5 * self.chance().sqrt();
        let mut scores = Vec::with_capacity(NETWORKS.len());
        for name in NETWORKS {
            let probabilities = self.distribution(truth, plain)?;
            let diagnosis = probabilities.top();
            scores.push(ModelScore {
                name: name.to_owned(),
                diagnosis,
                confidence: probabilities.of(diagnosis),
                probabilities,
                milliseconds: 80.0 + 60.0 * self.chance(),
            });
        }
        let of = |one: Diagnosis| scores.iter().map(|score| score.probabilities.of(one).get()).sum::<f64>() / 6.0;
        let mean = Distribution::new(of).map_err(|_| StoreError::Corrupt("made-up probabilities"))?;
        Ok(Opinions { truth, scores, mean })
    }

    /// One X-ray, its prediction and perhaps a review.
    pub(super) fn reading(
        &mut self,
        rows: &mut Rows,
        difference: &mut Difference,
        at: Timestamp,
        recent: bool,
    ) -> Result<()> {
        let patient = self.patient(rows, at);
        let opinions = self.opinions()?;
        let doctors = std::mem::take(&mut self.doctors);
        let (uploader, reviewer) = (*self.pick(&doctors), *self.pick(&doctors));
        self.doctors = doctors;
        let xray = self.id(at);
        let source = *self.pick(&["upload", "upload", "upload", "api", "dicom", "cli"]);
        let hash = Sha256::from_bytes(&rand::RngExt::random(&mut self.random));
        let age = i32::from(patient.born.years_until(at.date()));
        let made: Vec<Value> = vec![
            xray.into(),
            patient.id.into(),
            hash.as_str().into(),
            None::<String>.into(),
            (400_000 + whole(self.chance() * 900_000.0)).into(),
            "png".into(),
            1024_i32.into(),
            1024_i32.into(),
            8_i32.into(),
            (if self.chance() < 0.7 { "PA" } else { "AP" }).into(),
            source.into(),
            age.into(),
            uploader.uuid().into(),
            at.micros().into(),
        ];
        rows.xray_images.push(made);
        let top = opinions.mean.top();
        let confidence = opinions.mean.of(top).get();
        let mut one = Counted {
            id: self.id(at),
            xray_id: xray,
            patient_id: patient.id,
            status: "completed".to_owned(),
            source: source.to_owned(),
            created_at: at.micros(),
            final_diagnosis: Some(top.name().to_owned()),
            consensus_confidence: Some(confidence),
            is_validated: self.chance() < if recent { 0.2 } else { 0.94 },
            inconclusive: confidence < 0.62,
            corrected_label: None,
        };
        if one.is_validated && opinions.truth != top {
            one.corrected_label = Some(opinions.truth.name().to_owned());
        }
        let signed = one.is_validated.then(|| (reviewer.uuid(), at.plus(Duration::from_hours(2))));
        predict(rows, &one, &opinions, uploader.uuid(), signed);
        self.beside(rows, &one, &opinions);
        difference.add(&one)?;
        let votes: Vec<(&str, &str)> = std::iter::once((CONSENSUS, top.name()))
            .chain(opinions.scores.iter().map(|score| (score.name.as_str(), score.diagnosis.name())))
            .collect();
        difference.votes(&votes, 1);
        if one.is_validated {
            difference.review(&votes, opinions.truth.name(), 1);
        }
        Ok(())
    }

    fn beside(&self, rows: &mut Rows, one: &Counted, opinions: &Opinions) {
        let probabilities = serde_json::to_string(&opinions.mean).unwrap_or_default();
        let possible = Diagnosis::ALL.into_iter().filter(|diagnosis| opinions.mean.of(*diagnosis).get() > 0.2);
        let names: Vec<&str> = possible.map(Diagnosis::name).collect();
        let details: Vec<Value> = vec![
            one.id.into(),
            probabilities.into(),
            serde_json::to_string(&names).unwrap_or_default().into(),
            (if one.inconclusive { REASONS } else { "[]" }).into(),
            GATE.into(),
            self.provenance.as_str().into(),
            TIMINGS.into(),
            None::<String>.into(),
            BUNDLE.into(),
        ];
        rows.prediction_details.push(details);
        for (position, opinion) in opinions.scores.iter().enumerate() {
            rows.model_scores.push(score(one.id, position, opinion, Some(0.7)));
        }
    }
}

fn predict(rows: &mut Rows, one: &Counted, opinions: &Opinions, asked: Uuid, signed: Option<(Uuid, Timestamp)>) {
    let agreement =
        opinions.scores.iter().filter(|score| Some(score.diagnosis.name()) == one.final_diagnosis.as_deref());
    let verdict = if one.corrected_label.is_some() { "corrected" } else { "confirmed" };
    let completed = Timestamp::from_micros(one.created_at).plus(Duration::from_millis(900)).micros();
    let made: Vec<Value> = vec![
        one.id.into(),
        one.xray_id.into(),
        one.patient_id.into(),
        one.source.as_str().into(),
        one.status.as_str().into(),
        asked.into(),
        false.into(),
        one.created_at.into(),
        completed.into(),
        one.final_diagnosis.clone().into(),
        one.consensus_confidence.into(),
        one.consensus_confidence.map(band).into(),
        i32::try_from(agreement.count()).unwrap_or(0).into(),
        6_i32.into(),
        one.inconclusive.into(),
        one.is_validated.into(),
        signed.map(|(_, at)| at.micros()).into(),
        signed.map(|(by, _)| by).into(),
        signed.map(|_| verdict).into(),
        one.corrected_label.clone().into(),
        None::<String>.into(),
    ];
    rows.predictions.push(made);
    if let Some((by, at)) = signed {
        let review: Vec<Value> = vec![
            one.id.into(),
            at.micros().into(),
            by.into(),
            verdict.into(),
            one.corrected_label.clone().into(),
            "".into(),
        ];
        rows.reviews.push(review);
    }
}
