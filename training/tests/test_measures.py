"""The measures against scikit-learn and against numbers worked out by hand."""

import numpy as np
import pytest

pytest.importorskip("scipy", reason="scipy is not installed; see requirements.lock")
sklearn_metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed; see requirements.lock")

from thorax_training import calibration, heads, measures  # noqa: E402


@pytest.fixture
def scores():
    rng = np.random.default_rng(0)
    label = rng.integers(0, 4, 300)
    logits = rng.normal(0, 1, (300, 4)) + 1.5 * np.eye(4)[label]
    return logits, label


def test_auroc_equals_sklearn_with_ties(scores):
    logits, label = scores
    rounded = logits[:, 0].round(1)
    assert measures.auroc(rounded, label == 0) == pytest.approx(sklearn_metrics.roc_auc_score(label == 0, rounded))


def test_balanced_accuracy_equals_sklearn(scores):
    logits, label = scores
    predicted = logits.argmax(axis=1)
    assert measures.balanced_accuracy(predicted, label) == pytest.approx(
        sklearn_metrics.balanced_accuracy_score(label, predicted)
    )


def test_calibration_error_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.6, 0.4]])
    label = np.array([0, 1, 0, 0])
    assert measures.calibration_error(probabilities, label) == pytest.approx(0.5 * 0.4 + 0.5 * 0.4)


def test_temperature_is_recovered(scores):
    logits, label = scores
    base = calibration.fit_temperature(logits, label)
    assert calibration.fit_temperature(logits * 3.0, label) == pytest.approx(3.0 * base, rel=1e-3)


def test_conformal_threshold_is_the_right_rank_and_covers():
    rng = np.random.default_rng(1)
    probabilities = heads.softmax(rng.normal(0, 2, (4000, 4)))
    label = np.array([rng.choice(4, p=row) for row in probabilities])
    threshold = calibration.conformal_threshold(probabilities[:2000], label[:2000], 0.9)
    sets = calibration.prediction_sets(probabilities[2000:], threshold)
    assert sets[np.arange(2000), label[2000:]].mean() == pytest.approx(0.9, abs=0.025)


def test_conformal_threshold_of_few_films_is_one():
    assert calibration.conformal_threshold(np.full((3, 4), 0.25), np.zeros(3, int), 0.9) == 1.0


def test_operating_points_reach_what_they_are_chosen_for():
    score, positive = np.linspace(0, 1, 200), np.arange(200) % 3 == 0
    points = calibration.operating_points(score, positive, 0.95)
    assert (score[positive] >= points["screening"]).mean() >= 0.95
    assert (score[~positive] < points["confirmation"]).mean() >= 0.95
    assert points["confirmation"] >= points["screening"]
    apart = calibration.operating_points(np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True]), 0.95)
    assert apart["screening"] == apart["confirmation"] == 0.8


def test_the_pool_is_softmax_of_the_mean_of_scaled_logits():
    logits, temperatures = np.random.default_rng(3).normal(0, 3, (6, 5, 4)), np.linspace(0.8, 2.5, 6).reshape(-1, 1, 1)
    calibrated = heads.softmax(logits / temperatures)
    assert calibration.pool(calibrated) == pytest.approx(heads.softmax((logits / temperatures).mean(axis=0)), abs=1e-9)
    certain = np.array([[[1.0, 0.0]], [[0.0, 1.0]]])
    assert calibration.pool(certain) == pytest.approx(0.5), "no vote is lost in a zero"
