"""ONNX models whose weights are stored in half precision."""

from pathlib import Path

import numpy as np

SMALL = 64
"""Weights with fewer numbers than this stay as they are."""
LARGEST = 65504.0
"""The largest number of half precision."""


def store_in_half_precision(file: Path) -> None:
    """Rewrite an .onnx file: its weights as float16, each converted to float32 before it is used.

    A runtime converts them once, when it loads the file. What is computed stays float32.
    """
    import onnx
    from onnx import numpy_helper

    model = onnx.load(file)
    graph = model.graph
    casts = []
    for tensor in list(graph.initializer):
        numbers = numpy_helper.to_array(tensor)
        if numbers.dtype != np.float32 or numbers.size < SMALL or np.abs(numbers).max() > LARGEST:
            continue
        stored = f"{tensor.name}.float16"
        casts.append(onnx.helper.make_node("Cast", [stored], [tensor.name], to=onnx.TensorProto.FLOAT))
        graph.initializer.remove(tensor)
        graph.initializer.append(numpy_helper.from_array(numbers.astype(np.float16), stored))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.save(model, file)
