"""Reduced precisions: half's roundings, the rule by which one is allowed, what the bundle then says of it."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from thorax_training import half, packages, quantise, reduced
from thorax_training.paths import Paths

PATHS = Paths.default()


def _session(model):
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def _product(factor=1.0):
    """Return a graph `image` `[N, 4]` @ weights + 1, its weights large enough to be stored as int8."""
    weights = np.random.default_rng(0).normal(0, factor, (4, 512)).astype(np.float32)
    tensors = {"weights": weights, "one": np.ones(1, np.float32)}
    nodes = [
        helper.make_node("MatMul", ["image", "weights"], ["product"], name="product"),
        helper.make_node("Add", ["product", "one"], ["sum"], name="sum"),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 4])
    result = helper.make_tensor_value_info("sum", TensorProto.FLOAT, ["N", 512])
    graph = helper.make_graph(
        nodes, "g", [image], [result], [numpy_helper.from_array(v, k) for k, v in tensors.items()]
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


IMAGE = np.random.default_rng(1).random((3, 4), dtype=np.float32)


def test_unpacking_gives_the_plain_weights():
    packed, plain = quantise.quantise(_product())
    assert any(node.op_type == "DequantizeLinear" for node in packed.graph.node)
    unpacked = quantise.unpack(packed)
    weights = {item.name: numpy_helper.to_array(item) for item in unpacked.graph.initializer}
    expected = {item.name: numpy_helper.to_array(item) for item in plain.graph.initializer}
    assert weights.keys() == expected.keys()
    assert all(np.array_equal(weights[name], expected[name]) for name in expected)


def test_every_result_is_rounded_to_half():
    packed, plain = quantise.quantise(_product())
    weights = numpy_helper.to_array(next(item for item in plain.graph.initializer if item.name == "weights"))
    result = _session(half.emulate(packed)).run(None, {"image": IMAGE})[0]

    def to_half(values):
        return values.astype(np.float16).astype(np.float32)

    expected = to_half(to_half(to_half(IMAGE) @ to_half(weights)) + 1.0)
    # Another order of summation may tip a rounding to its neighbour.
    assert np.mean(result == expected) > 0.99
    assert np.allclose(result, expected, rtol=2**-10, atol=2**-11)
    assert not np.array_equal(result, _session(packed).run(None, {"image": IMAGE})[0])


def test_what_overflows_half_is_infinite_and_weights_beyond_it_are_refused():
    model = _product(5_000.0)
    with pytest.raises(ValueError, match="beyond half's range"):
        half.emulate(_product(1e6))
    result = _session(half.emulate(model)).run(None, {"image": IMAGE * 100})[0]
    assert np.isinf(result).any()


def test_an_operator_that_nobody_thought_of_is_refused():
    model = _product()
    model.graph.node[1].op_type = "Sub"
    with pytest.raises(ValueError, match="Sub"):
        half.emulate(model)


@pytest.mark.parametrize(("largest", "expected"), [(0.08, 0.1), (0.0801, 0.11), (0.4, 0.5), (0.0036, 0.0045), (8, 10)])
def test_tolerance_is_a_quarter_more_rounded_up_to_two_digits(largest, expected):
    assert reduced.tolerated(largest) == expected


def _report():
    networks = {"a": {"sha256": "1", "reduced": ["int8", "bf16"]}, "b": {"sha256": "2", "reduced": []}}
    golden = {
        "networks": {"a": {"f32": 0.001, "int8": 0.08, "bf16": 0.02}, "b": {"f32": 0.3}},
        "ensemble": {"cpu": 0.0036, "gpu": 0.001},
    }
    settings = {"temperatures": [1.5, 2.0]}
    return {"networks": networks, "golden": golden, "settings": settings}


def _manifest():
    networks = [
        {"name": "a", "sha256": "1", "temperature": 1.5},
        {"name": "b", "sha256": "2", "temperature": 2.0, "reduced": ["fp16"]},
    ]
    return {"network": networks, "golden": {"file": "golden.json", "sha256": ""}}


def test_a_bundle_says_what_was_measured_of_it():
    content, golden = _manifest(), {"tolerance": {"logits": 0.02}}
    reduced.mark(content, golden, _report())
    assert content["network"][0]["reduced"] == ["int8", "bf16"]
    assert "reduced" not in content["network"][1]
    assert golden["tolerance"] == {"logits": 0.02, "reduced": {"logits": 0.1, "probability": 0.0045}}


def test_a_report_of_another_bundle_does_not_fit():
    assert reduced.fits(_manifest(), _report())
    for change in ({"sha256": "3"}, {"temperature": 1.6}, {"name": "c"}):
        content = _manifest()
        content["network"][0].update(change)
        assert not reduced.fits(content, _report()), change


@pytest.mark.skipif(not (PATHS.metrics / "precision.json").exists(), reason="no reduced precision was measured")
def test_the_bundle_in_the_repository_says_what_was_measured_of_it():
    import tomllib

    content = tomllib.loads((PATHS.bundle / "bundle.toml").read_text())
    golden = json.loads((PATHS.bundle / "golden.json").read_text())
    report = json.loads((PATHS.metrics / "precision.json").read_text())
    assert reduced.fits(content, report)
    before = json.dumps([content, golden])
    reduced.mark(content, golden, report)
    assert json.dumps([content, golden]) == before
    assert packages.sha256_of(PATHS.bundle / "golden.json") == content["golden"]["sha256"]


class TestRule:
    """Needs what the measures need."""

    @pytest.fixture(autouse=True)
    def precision(self):
        pytest.importorskip("scipy", reason="scipy is not installed; see requirements.lock")
        from thorax_training import precision

        self.precision = precision

    def _objection(self, name="a", parameters=20_000_000, **changed):
        val = {"covid_auroc": 0.90, "top_class_changes": 20, "largest_probability_change": 0.2, "films": 508}
        network = {"name": name, "parameters": parameters}
        return self.precision.objection({**val, **changed}, {"covid_auroc": 0.904}, network, "gate")

    def test_figures_within_the_limits_are_allowed(self):
        assert self._objection(covid_auroc=0.8991) is None

    def test_each_limit_is_kept(self):
        assert "COVID AUROC" in self._objection(covid_auroc=0.8989)
        assert "21 of 508" in self._objection(top_class_changes=21)
        assert "0.20" in self._objection(parameters=5_000_000)
        assert self._objection(parameters=5_000_000, largest_probability_change=0.05) is None
        assert "gate" in self._objection(name="gate", top_class_changes=0)

    def test_an_engine_takes_the_first_that_is_allowed(self):
        allowed = {"a": ["int8", "bf16"], "b": ["bf16", "fp16"], "c": []}
        assert self.precision.combination(allowed, ("int8", "bf16")) == {"a": "int8", "b": "bf16", "c": "f32"}
        assert self.precision.combination(allowed, ("fp16",)) == {"a": "f32", "b": "fp16", "c": "f32"}

    def test_figures_of_equal_probabilities_are_equal(self):
        probabilities = np.random.default_rng(0).dirichlet(np.ones(4), 40)
        row = self.precision.row(probabilities, probabilities, np.arange(40) % 4)
        assert (row["top_class_changes"], row["largest_probability_change"]) == (0, 0.0)


@pytest.mark.skipif(not (PATHS.bundle / "bundle.toml").exists(), reason="no bundle in models/")
def test_networks_open_in_bf16_close_to_their_golden_values():
    pytest.importorskip("openvino", reason="openvino is not installed; see requirements.lock")
    pytest.importorskip("scipy", reason="scipy is not installed; see requirements.lock")
    import tomllib

    from thorax_training import lungs, precision, runners

    content = tomllib.loads((PATHS.bundle / "bundle.toml").read_text())
    network = next(one for one in content["network"] if one["name"] == "xception")
    try:
        run = runners.open_graph(PATHS.bundle / network["file"], "bf16")
    except ValueError as error:
        pytest.skip(str(error))
    film, images, found = next(precision._golden(PATHS, content))
    told = run(images[network["view"]])
    steps = next(tuple(view["recipe"]) for view in content["view"] if view["name"] == network["view"])
    logits = lungs.logits(told[0], [found], steps, content)[0]
    apart = precision._apart(film["networks"][network["name"]], told, logits)
    assert 1e-3 < apart < 1.0


def test_the_half_graph_of_a_network_is_valid():
    file = PATHS.bundle / "mobilenetv2.onnx"
    if not file.exists():
        pytest.skip("no bundle in models/")
    model = half.emulate(onnx.load(file))
    assert not any(node.op_type == "DequantizeLinear" for node in model.graph.node)
    image = np.random.default_rng(0).random((1, 1, 224, 224), dtype=np.float32)
    cam = _session(model).run(["cam"], {"image": image})[0]
    assert np.isfinite(cam).all() and np.array_equal(cam, cam.astype(np.float16).astype(np.float32))
