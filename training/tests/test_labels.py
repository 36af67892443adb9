"""What each label is worth in a collection that no head has seen, on made-up films."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("scipy", reason="scipy is not installed; see requirements.lock")

from thorax_training import labels  # noqa: E402
from thorax_training.dataset import LABELS, Films  # noqa: E402

NORMAL, OPACITY = LABELS.index("Normal"), LABELS.index("Lung Opacity")


def _films() -> Films:
    """Eighty films of NIH, half normal, half with an opacity, and one of each other source; every second in the test split."""
    source = np.array(["nih-chestxray14"] * 80 + ["ieee8023", "covid-cxnet"])
    count = len(source)
    label = np.where(np.arange(count) % 4 < 2, NORMAL, OPACITY)
    empty = np.array([""] * count)
    return Films(
        file=empty,
        source=source,
        patient=np.arange(count).astype(str),
        label=label,
        split=np.where(np.arange(count) % 2 == 0, "test", "train"),
        age=np.full(count, np.nan),
        licence=empty,
    )


def _certain(label: np.ndarray) -> np.ndarray:
    return np.eye(len(LABELS))[label] * 0.9 + 0.025


def test_a_label_is_held_against_the_other_films_of_its_collection_only() -> None:
    films = _films()
    wrong = np.where(films.label == NORMAL, OPACITY, NORMAL)
    unseen = {name: _certain(wrong if name == "nih-chestxray14" else films.label) for name in labels.COLLECTIONS}
    known = labels.Known(_certain(films.label), np.full((len(films), 4), 0.25), np.arange(len(films)) * 1.0)
    rows = labels.rows_of(films, unseen, known)
    assert [(row["collection"], row["label"]) for row in rows] == [
        ("nih-chestxray14", "Lung Opacity"),
        ("nih-chestxray14", "Normal"),
    ]
    for row in rows:
        assert row["films"] == 40
        assert row["unseen"]["auroc"] == 0.0
        assert row["known"]["auroc"] == 1.0
        assert row["border"]["auroc"] == 0.5
        assert (row["named"], row["others_named"]) == (0.0, 1.0)
    assert rows[0]["sharpness"] == pytest.approx(1.0 - rows[1]["sharpness"])


def test_a_figure_of_too_few_films_is_none() -> None:
    films = _films()
    few = Films(**{**vars(films), "split": np.array(["train"] * len(films))})
    told = {name: _certain(films.label) for name in labels.COLLECTIONS}
    rows = labels.rows_of(few, told, labels.Known(_certain(films.label), _certain(films.label), np.zeros(len(films))))
    assert rows[0]["known"] is None
    assert rows[0]["sharpness"] == 0.5
