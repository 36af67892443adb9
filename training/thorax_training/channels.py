"""The one grey channel of a film as the three that a backbone wants, in a node of its own.

The trace of `image * scale` copies the channel by broadcasting. Not every engine gets over that once it fuses the
normalisation with the convolution behind it (OpenVINO did not compile Inception-V3 then); a Concat is plain to all.
"""

from __future__ import annotations

import onnx
from onnx import helper

IMAGE = "image"
RGB = "rgb"


def spread(model: onnx.ModelProto) -> None:
    """Put `rgb`, the channel three times, where a graph reads `image`; a graph that has it already stays as it is."""
    if any(RGB in node.output for node in model.graph.node):
        return
    readers = [index for index, node in enumerate(model.graph.node) if IMAGE in node.input]
    if not readers:
        raise ValueError(f"the graph does not read {IMAGE}")
    for index in readers:
        node = model.graph.node[index]
        node.input[:] = [RGB if name == IMAGE else name for name in node.input]
    copies = helper.make_node("Concat", [IMAGE] * 3, [RGB], name=RGB, axis=1)
    model.graph.node.insert(readers[0], copies)
