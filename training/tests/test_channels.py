"""The copies of the grey channel: nothing but a node more, and in all networks of the bundle."""

import tomllib

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from thorax_training import channels
from thorax_training.paths import Paths

BUNDLE = Paths.default().bundle
needs_bundle = pytest.mark.skipif(not (BUNDLE / "bundle.toml").exists(), reason="no bundle in models/")


def _scaled_by_broadcast():
    scale = np.array([1.0, 2.0, 3.0], np.float32).reshape(1, 3, 1, 1)
    shapes = (("image", ["N", 1, 4, 4]), ("scaled", ["N", 3, 4, 4]))
    image, scaled = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes)
    node = helper.make_node("Mul", ["image", "scale"], ["scaled"])
    graph = helper.make_graph([node], "g", [image], [scaled], [numpy_helper.from_array(scale, "scale")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _run(model):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"image": np.arange(32, dtype=np.float32).reshape(2, 1, 4, 4)})[0]


def test_a_graph_computes_the_same_with_the_copies_in_front():
    model = _scaled_by_broadcast()
    before = _run(model)
    channels.spread(model)
    onnx.checker.check_model(model)
    assert [node.op_type for node in model.graph.node] == ["Concat", "Mul"]
    assert np.array_equal(_run(model), before)


def test_the_copies_are_put_there_once():
    model = _scaled_by_broadcast()
    channels.spread(model)
    once = model.SerializeToString()
    channels.spread(model)
    assert model.SerializeToString() == once


def test_a_graph_without_the_input_is_refused():
    model = _scaled_by_broadcast()
    model.graph.node[0].input[0] = "scale"
    with pytest.raises(ValueError, match="does not read image"):
        channels.spread(model)


@needs_bundle
def test_every_network_of_the_bundle_reads_the_copies():
    for network in tomllib.loads((BUNDLE / "bundle.toml").read_text())["network"]:
        nodes = onnx.load(BUNDLE / network["file"]).graph.node
        (reader,) = (node for node in nodes if "image" in node.input)
        assert (reader.op_type, list(reader.output)) == ("Concat", ["rgb"]), network["name"]
