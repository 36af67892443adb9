//! A prediction, from the store's to the page's: how far it is, the opinions, the consensus, where it comes from.

use std::collections::BTreeMap;

use thorax_domain::prediction::{self, Diagnosis, Distribution};
use thorax_domain::review::PredictionStatus;
use thorax_store::predictions::{PredictionDetail, Score, Standing};

use super::rows::status;
use super::visit::moment;
use crate::web::progress;
use crate::web::view::{
    Confidence, Opinion, Outcome, Progress, Provenance, ReadNetwork, Reading, Refusal, Reviewed, Stage,
};

/// What there is to show of a prediction. `standing` where it is not final; `titles` are what people call the networks.
pub fn reading(detail: &PredictionDetail, standing: Option<Standing>, titles: &[(String, String)]) -> Reading {
    match detail.row.status {
        PredictionStatus::Pending | PredictionStatus::Running => Reading::Working(working(detail, standing)),
        PredictionStatus::Refused => Reading::Refused(refusals(detail.gate.as_ref())),
        PredictionStatus::Cancelled => Reading::Cancelled,
        PredictionStatus::Failed => {
            let why = detail.error.clone().unwrap_or_else(|| "it could not be read".to_owned());
            Reading::Failed(super::forms::sentence(&why))
        }
        PredictionStatus::Completed => Reading::Completed(Box::new(outcome(detail, titles))),
    }
}

fn working(detail: &PredictionDetail, standing: Option<Standing>) -> Progress {
    let Some(standing) = standing else {
        let status = status(detail.row.status);
        return Progress { status, stage: status.title().to_owned(), done: 0, total: 0, ahead: None };
    };
    let is_waiting = standing.status == PredictionStatus::Pending;
    let now = progress::Progress::new(detail.row.id, standing);
    Progress {
        status: status(detail.row.status),
        stage: now.stage,
        done: u64::from(now.done),
        total: u64::from(now.total),
        ahead: is_waiting.then_some(now.ahead),
    }
}

/// What the gate holds against a film.
fn refusals(verdict: Option<&prediction::Verdict>) -> Vec<Refusal> {
    let refusal = |one: &prediction::Refusal| Refusal {
        code: one.code.clone(),
        message: one.message.clone(),
        measured: one.measured,
        limit: one.limit,
    };
    verdict.map(|verdict| verdict.reasons.iter().map(refusal).collect()).unwrap_or_default()
}

fn outcome(detail: &PredictionDetail, titles: &[(String, String)]) -> Outcome {
    let row = &detail.row;
    Outcome {
        diagnosis: row.final_diagnosis,
        confidence: row.consensus_confidence.map(Confidence),
        probabilities: detail.probabilities.as_ref().map(four),
        prediction_set: detail.prediction_set.clone(),
        coverage: detail.provenance.as_ref().map_or(0.0, |one| one.coverage),
        agreement: u64::from(row.agreement),
        voted: u64::from(row.models_voted),
        inconclusive: row.inconclusive,
        reasons: detail.reasons.iter().map(|reason| reason.message.clone()).collect(),
        forced: row.forced.then(|| refusals(detail.gate.as_ref())),
        opinions: detail.scores.iter().map(|score| opinion(score, titles)).collect(),
        provenance: provenance(detail.provenance.as_ref()),
        timings: stages(&detail.timings),
        completed: moment(row.completed_at.unwrap_or(row.created_at)),
    }
}

/// The four probabilities in the order of `Diagnosis::ALL`.
fn four(of: &Distribution) -> [f64; 4] {
    Diagnosis::ALL.map(|one| of.of(one).get())
}

fn opinion(score: &Score, titles: &[(String, String)]) -> Opinion {
    let opinion = &score.score;
    let title = titles.iter().find(|(name, _)| *name == opinion.name).map_or(&opinion.name, |(_, title)| title);
    Opinion {
        name: opinion.name.clone(),
        title: title.clone(),
        diagnosis: opinion.diagnosis,
        confidence: Confidence(opinion.confidence.get()),
        probabilities: four(&opinion.probabilities),
        milliseconds: opinion.milliseconds,
        lung_share: score.lung_share.map(Confidence),
        heat: score.has_heat,
    }
}

fn provenance(kept: Option<&prediction::Provenance>) -> Provenance {
    let Some(kept) = kept else {
        return Provenance {
            bundle: String::new(),
            bundle_sha256: String::new(),
            recipe: String::new(),
            conformal_threshold: 0.0,
            minimum_votes: 0,
            engine: String::new(),
            program: String::new(),
            input_sha256: String::new(),
            networks: Vec::new(),
        };
    };
    let network = |one: &prediction::NetworkIdentity| ReadNetwork {
        name: one.name.clone(),
        sha256: one.sha256.clone(),
        precision: one.precision,
    };
    Provenance {
        bundle: kept.bundle.clone(),
        bundle_sha256: kept.bundle_sha256.clone(),
        recipe: kept.recipe.clone(),
        conformal_threshold: kept.conformal_threshold,
        minimum_votes: kept.minimum_votes as u64,
        engine: format!("{} {}", kept.engine.name, kept.engine.version),
        program: kept.program.clone(),
        input_sha256: kept.input_sha256.clone(),
        networks: kept.networks.iter().map(network).collect(),
    }
}

/// The stages in the order in which they happen; others after them.
fn stages(timings: &BTreeMap<String, f64>) -> Vec<Stage> {
    const ORDER: [&str; 6] = ["decode", "preprocess", "gate", "inference", "clahe", "total"];
    let place = |name: &str| ORDER.iter().position(|one| *one == name).unwrap_or(ORDER.len());
    let mut stages: Vec<Stage> =
        timings.iter().map(|(name, took)| Stage { name: name.clone(), milliseconds: *took }).collect();
    stages.sort_by_key(|stage| place(&stage.name));
    stages
}

/// What a doctor made of it, where one did.
pub fn reviewed(detail: &PredictionDetail) -> Option<Reviewed> {
    let row = &detail.row;
    let verdict = row.review_verdict?;
    let at = row.validated_at.or(row.completed_at).unwrap_or(row.created_at);
    Some(Reviewed {
        verdict: verdict.to_string(),
        label: if row.is_validated { row.label() } else { None },
        notes: detail.notes.clone().unwrap_or_default(),
        by: row.reviewer_name.clone().unwrap_or_else(|| "a doctor whose account is gone".to_owned()),
        at: moment(at),
        validated: row.is_validated,
    })
}
