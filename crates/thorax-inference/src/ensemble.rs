//! From logits to one calibrated opinion: temperature per network (Guo et al. 2017), logarithmic opinion pool, split-conformal
//! prediction set (Vovk et al. 2005; score 1 − p, Sadinle et al. 2019).

use thorax_domain::prediction::{Consensus, Diagnosis, Distribution, ModelScore, Probability, Reason};

use crate::bundle::Bundle;

/// Softmax of scores divided by a temperature.
#[must_use]
pub fn softmax(scores: &[f64], temperature: f64) -> Vec<f64> {
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = scores.iter().map(|score| ((score - largest) / temperature).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

/// What one network said of one film, or why it did not vote.
#[derive(Debug, Clone)]
pub struct Ballot {
    /// The network's index in the bundle.
    pub network: usize,
    /// Its logits in the order of the bundle's labels, and its milliseconds; or why there are none.
    pub vote: Result<([f64; 4], f64), String>,
}

/// What is known of the film beside the votes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Circumstances {
    /// The patient's age in years, where known.
    pub age_years: Option<u16>,
    /// Whether the gate refused and was overridden.
    pub overridden: bool,
}

/// One network's calibrated opinion; `None` when its logits are not finite.
fn score(bundle: &Bundle, network: usize, logits: &[f64; 4], milliseconds: f64) -> Option<(ModelScore, [f64; 4])> {
    let network = &bundle.networks()[network];
    if logits.iter().any(|logit| !logit.is_finite()) {
        return None;
    }
    let probabilities: [f64; 4] = softmax(logits, network.temperature).try_into().ok()?;
    let distribution = distribution(bundle, &probabilities)?;
    let diagnosis = distribution.top();
    let confidence = distribution.of(diagnosis);
    let score =
        ModelScore { name: network.name.clone(), diagnosis, confidence, probabilities: distribution, milliseconds };
    Some((score, probabilities))
}

fn distribution(bundle: &Bundle, probabilities: &[f64; 4]) -> Option<Distribution> {
    let of = |diagnosis: Diagnosis| {
        bundle.labels().iter().position(|&label| label == diagnosis).map_or(f64::NAN, |index| probabilities[index])
    };
    Distribution::new(of).ok()
}

/// The votes' geometric mean, renormalised: the logarithmic opinion pool (Genest and Zidek 1986), which is softmax of the mean of
/// the networks' logits, each divided by its temperature.
fn pool(votes: &[[f64; 4]]) -> [f64; 4] {
    let mut sums = [0.0; 4];
    for probabilities in votes {
        for (sum, probability) in sums.iter_mut().zip(probabilities) {
            // One network that is entirely sure against a class does not silence the others.
            *sum += probability.max(f64::MIN_POSITIVE).ln();
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "there are six networks")]
    let powers = sums.map(|sum| (sum / votes.len() as f64).exp());
    let total: f64 = powers.iter().sum();
    powers.map(|power| power / total)
}

/// The consensus of the ballots. A network that failed, or whose numbers are not finite, does not vote and is named in the
/// reasons; too few votes give no diagnosis.
#[must_use]
pub fn consensus(bundle: &Bundle, ballots: &[Ballot], circumstances: Circumstances) -> Consensus {
    let mut models = Vec::new();
    let mut votes = Vec::new();
    let mut reasons = Vec::new();
    for ballot in ballots {
        let scored = ballot.vote.as_ref().map_err(Clone::clone).and_then(|(logits, milliseconds)| {
            score(bundle, ballot.network, logits, *milliseconds).ok_or_else(|| "its output is not finite".to_owned())
        });
        match scored {
            Ok((model, probabilities)) => {
                models.push(model);
                votes.push(probabilities);
            }
            Err(why) => {
                let name = &bundle.networks()[ballot.network].name;
                reasons.push(reason("network_failed", format!("{name} did not vote: {why}")));
            }
        }
    }
    if circumstances.overridden {
        reasons.push(reason("gate_overridden", "The gate refused this film and was overridden.".to_owned()));
    }
    let minimum = bundle.manifest().ensemble.minimum_votes;
    if votes.len() < minimum {
        let text =
            format!("{} of {} networks voted; a diagnosis needs {minimum}.", votes.len(), bundle.networks().len());
        reasons.push(reason("too_few_votes", text));
        return undecided(models, reasons);
    }
    let Some(probabilities) = distribution(bundle, &pool(&votes)) else {
        reasons.push(reason("network_failed", "the votes do not add up to a distribution".to_owned()));
        return undecided(models, reasons);
    };
    decided(bundle, probabilities, models, reasons, circumstances)
}

fn decided(
    bundle: &Bundle,
    probabilities: Distribution,
    models: Vec<ModelScore>,
    mut reasons: Vec<Reason>,
    circumstances: Circumstances,
) -> Consensus {
    let diagnosis = probabilities.top();
    let set = prediction_set(probabilities, bundle.manifest().ensemble.conformal_threshold);
    if set.len() > 1 {
        let names: Vec<&str> = set.iter().map(|one| one.name()).collect();
        let coverage = bundle.manifest().ensemble.coverage * 100.0;
        let text = format!("At {coverage:.0} % coverage these cannot be told apart: {}.", names.join(", "));
        reasons.push(reason("prediction_set", text));
    }
    for caution in &bundle.manifest().caution {
        if caution.label == diagnosis && circumstances.age_years.is_some_and(|age| age >= caution.minimum_age) {
            reasons.push(reason("caution", caution.message.clone()));
        }
    }
    Consensus {
        final_diagnosis: Some(diagnosis),
        consensus_confidence: Some(probabilities.of(diagnosis)),
        probabilities: Some(probabilities),
        agreement: models.iter().filter(|model| model.diagnosis == diagnosis).count(),
        models_voted: models.len(),
        inconclusive: set.len() > 1 || circumstances.overridden,
        prediction_set: set,
        reasons,
        models,
    }
}

const fn undecided(models: Vec<ModelScore>, reasons: Vec<Reason>) -> Consensus {
    Consensus {
        final_diagnosis: None,
        consensus_confidence: None,
        probabilities: None,
        prediction_set: Vec::new(),
        agreement: 0,
        models_voted: models.len(),
        inconclusive: true,
        reasons,
        models,
    }
}

/// Every class whose score 1 − p is within the threshold, likeliest first; never without the likeliest itself.
fn prediction_set(probabilities: Distribution, threshold: f64) -> Vec<Diagnosis> {
    let of = |one: &Diagnosis| probabilities.of(*one).get();
    let top = probabilities.top();
    let mut set: Vec<Diagnosis> =
        Diagnosis::ALL.into_iter().filter(|one| *one == top || 1.0 - of(one) <= threshold).collect();
    set.sort_by(|one, other| of(other).total_cmp(&of(one)));
    set
}

fn reason(code: &str, message: String) -> Reason {
    Reason { code: code.to_owned(), message }
}

/// Probabilities of a distribution in the order of the bundle's labels.
#[must_use]
pub fn in_label_order(bundle: &Bundle, distribution: &Distribution) -> [f64; 4] {
    bundle.labels().map(|label| Probability::get(distribution.of(label)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn votes_are_pooled_by_their_geometric_mean() {
        let pooled = pool(&[[0.8, 0.1, 0.05, 0.05], [0.2, 0.4, 0.2, 0.2]]);
        // Square roots of 0.16, 0.04, 0.01 and 0.01.
        let wanted = [0.5, 0.25, 0.125, 0.125];
        assert!(pooled.iter().zip(wanted).all(|(one, wanted)| (one - wanted).abs() < 1e-12), "{pooled:?}");
    }

    #[test]
    fn no_vote_is_lost_in_a_zero() {
        let pooled = pool(&[[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]]);
        assert!((pooled[0] - 0.5).abs() < 1e-12 && (pooled[1] - 0.5).abs() < 1e-12, "{pooled:?}");
    }
}
