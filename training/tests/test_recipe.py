"""The recipe, step by step, against OpenCV, Pillow and arithmetic."""

import cv2
import numpy as np
import pytest
from PIL import Image
from thorax_training import quality, recipe


def test_crop_rounds_half_up():
    assert recipe.border_window((25, 100), 0.06) == (slice(2, 25 - 2), slice(6, 100 - 6))


def test_depth8_matches_the_contract_at_both_ends():
    film = np.array([[0, 128, 129, 65535]], np.uint16)
    assert recipe.depth8(film).tolist() == [[0, 0, 1, 255]]


def test_resize_and_clahe_are_the_libraries_own():
    film = np.random.default_rng(0).integers(0, 256, (300, 260), np.uint8)
    expected = np.asarray(Image.fromarray(film).resize((224, 224), Image.Resampling.BILINEAR))
    assert np.array_equal(recipe.resize(film, 224, 224), expected)
    assert np.array_equal(recipe.clahe(film, 2.0, 8, 8), cv2.createCLAHE(2.0, (8, 8)).apply(film))


def test_equalising_undoes_a_tone_curve():
    film = np.random.default_rng(0).integers(0, 200, (300, 260), np.uint8)
    assert np.array_equal(recipe.equalize(film), cv2.equalizeHist(film))
    darker = np.round((np.arange(200) / 200) ** 1.2 * 255).astype(np.uint8)
    assert len(np.unique(darker)) < 200, "the curve merges some levels"
    assert np.abs(recipe.equalize(darker[film]).astype(int) - recipe.equalize(film)).mean() < 2


def test_letters_are_painted_over_and_wide_things_stay():
    film = np.full((200, 200), 60, np.uint8)
    film[80:180, 60:140] = 200
    marked = film.copy()
    marked[20:34, 20:23] = 255
    marked[31:34, 20:30] = 255
    covered = recipe.cover_letters(marked)
    assert covered[20:34, 20:30].max() < 100
    assert np.array_equal(covered[90:170, 70:130], film[90:170, 70:130])


def test_normalize_keeps_one_channel_in_unit_range():
    values = recipe.normalize(np.full((224, 224), 255, np.uint8), recipe.VIEWS["whole"])
    assert values.shape == (1, 1, 224, 224) and values.dtype == np.float32 and values.max() == 1.0


def test_flat_and_small_films_are_refused_with_reasons():
    limits = {"minimum_short_side": 180, "maximum_aspect": 2.0, "minimum_contrast": 10.0, "minimum_sharpness": 5.0}
    assert quality.reasons(np.zeros((64, 200), np.uint8), limits) == list(limits)


def test_the_valley_between_two_lungs_is_measured_by_the_lower_one():
    apart = np.tile([0.0, 0.9, 0.9, 0.9, 0.0, 0.3, 0.0, 0.6, 0.6, 0.6, 0.0], (2, 1))
    assert quality.separation(apart) == pytest.approx(1 - 0.3 / 1.8)
    for one_hill in ([0.0, 0.2, 0.9, 0.9, 0.3, 0.0], [0.0] * 6, [0.7] * 6, [1.0]):
        assert quality.separation(np.array([one_hill])) == pytest.approx(0)


@pytest.mark.parametrize("slant", [0.0, 0.15, -0.15, 0.2])
def test_a_valley_may_go_down_a_little_sideways(slant):
    row, column = np.mgrid[0:32, 0:32]
    beside = np.abs(column - 15.5 - slant * (row - 15.5))
    lungs = ((beside >= 2.5) & (beside < 9.5)).astype(np.float32)
    assert quality.separation(lungs) > 0.75
    assert slant == 0 or quality._valley(quality._profile(lungs, 0.0)) < quality.separation(lungs) - 0.05


def test_one_train_film_in_a_thousand_may_have_no_two_lungs():
    measured, separations = np.array([[200, 1.1, 40.0, 20.0]]), np.concatenate([[0.1, 0.745], np.full(998, 0.99)])
    limit = quality.limits_from(measured, separations)["minimum_separation"]
    assert limit == 0.74 and (separations < limit).sum() == 1


def test_lung_box_leaves_one_part_in_a_hundred_outside():
    lungs = np.array([[0.1, 0.5, 0.2, 0.0], [0.0, 1.0, 1.0, 0.3]], np.float32)
    assert recipe.lung_box(lungs) == pytest.approx((0.255, 0.505, 0.745, 0.995))
    assert recipe.lung_box(np.full((8, 8), 0.51)) is None


def test_crop_lungs_keeps_the_box_and_leaves_a_film_without_lungs_whole():
    size, right = (50, 100), np.array([[0.0, 1.0]])
    assert recipe.lung_window(size, 0.0, right) == (slice(1, 50), slice(51, 100))
    assert recipe.lung_window(size, 1.0, right) == (slice(0, 50), slice(2, 100))
    assert recipe.lung_window(size, 0.0, np.zeros((2, 2))) == (slice(0, 50), slice(0, 100))


def test_what_is_shown_is_what_is_cut_out():
    size, right = (50, 100), np.array([[0.0, 1.0]])
    assert recipe.shown(size, recipe.VIEWS["whole"]) == pytest.approx((0.06, 0.06, 0.88, 0.88))
    lungs = ({"step": "crop_lungs", "margin": 0.0}, {"step": "crop_border", "fraction": 0.1})
    # 49 x 49 pixels from (51, 1) on, without 5 on each side.
    assert recipe.shown(size, lungs, right) == pytest.approx((0.56, 0.12, 0.39, 0.78))
    film = np.arange(5000, dtype=np.uint8).reshape(size)
    assert np.array_equal(recipe.to_pixels(film, lungs, right), film[6:45, 56:95])
