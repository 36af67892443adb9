"""Training all layers: what a batch goes through, what is drawn, what is stored."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed; see requirements.lock")
pytest.importorskip("scipy", reason="scipy is not installed; see requirements.lock")

from thorax_training import heads, quantise  # noqa: E402
from thorax_training.tuning import mixing, network, trial, variation  # noqa: E402

SIDE = 32


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(1)


def _films(count=6):
    line = torch.linspace(0, 1, SIDE)
    return (line[None, None, :, None] * line[None, None, None, :]).repeat(count, 1, 1, 1)


def test_varied_films_keep_shape_and_range_and_differ_from_each_other():
    varied = variation.vary(_films())
    assert varied.shape == (6, 1, SIDE, SIDE)
    assert varied.min() >= 0 and varied.max() <= 1
    assert len({film.sum().item() for film in varied}) == 6


def test_compression_loses_little_of_a_smooth_film():
    smooth = _films()
    assert (variation._compress(smooth) - smooth).abs().max() < 0.12
    assert (variation._compress(smooth) - smooth).abs().max() > 0


def test_borrowed_tones_are_the_partners_in_the_films_own_order():
    films, partners = _films(2), torch.rand(2, 1, SIDE, SIDE)
    taken = mixing.borrow_tones(films, partners, share=1.0).flatten(1)
    order = films.flatten(1).argsort(1)
    assert (taken.gather(1, order).diff(dim=1) >= -1e-6).all()
    assert torch.equal(mixing.borrow_tones(films, partners, share=0.0), films)


def test_partners_come_from_another_source_and_where_asked_have_the_same_label():
    source, label = np.repeat([0, 1, 2], 20), np.tile([0, 0, 0, 1], 15)
    chosen, rng = np.arange(60), np.random.default_rng(0)
    of = rng.choice(chosen, 40)
    partners = mixing.other_source(source, chosen, rng, of)
    assert (source[partners] != source[of]).all()
    partners = mixing.same_label(source, label, chosen, rng, of)
    assert (source[partners] != source[of]).all() and (label[partners] == label[of]).all()


def test_a_film_whose_label_has_one_source_is_its_own_partner():
    source, label = np.array([0, 0, 1]), np.array([1, 1, 0])
    of = np.array([0, 1])
    assert (mixing.same_label(source, label, np.arange(3), np.random.default_rng(0), of) == of).all()


def test_sources_of_a_label_with_one_mean_lie_nowhere_apart():
    label, source = torch.tensor([0] * 8), torch.tensor([0] * 4 + [1] * 4)
    alike = torch.randn(4, 5).repeat(2, 1)
    assert mixing.apart(alike, label, source) < 1e-6
    assert mixing.apart(alike + source[:, None] * 3.0, label, source) > 0.5


def test_a_layer_gives_the_logits_of_its_head():
    rng = np.random.default_rng(2)
    features = rng.normal(3, 2, (50, 7)).astype(np.float32)
    weights, bias = rng.normal(size=(4, 7)), rng.normal(size=4)
    head = heads.Head(weights.astype(np.float32), bias.astype(np.float32))
    given = network.Layer(head, features)(torch.from_numpy(features)).detach().numpy()
    assert np.allclose(given, head.logits(features), atol=1e-4)


def test_stored_weights_are_those_of_int8_and_small_ones_stay():
    module = torch.nn.Sequential(torch.nn.Conv2d(8, 32, 3), torch.nn.Conv2d(2, 2, 1))
    stored = network.as_stored(module)
    coded, scale = quantise.quantise_tensor(module[0].weight.detach().numpy(), 0)
    assert np.allclose(stored[0].weight.detach().numpy(), coded * scale.reshape(-1, 1, 1, 1))
    assert torch.equal(stored[1].weight, module[1].weight)
    assert not torch.equal(stored[0].weight, module[0].weight)


def test_half_way_lies_in_the_middle():
    start, end = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
    middle = trial.between(start, end, 0.5)
    assert torch.allclose(middle.weight, (start.weight + end.weight) / 2)
    assert torch.equal(trial.between(start, end, 1.0).weight, end.weight)
