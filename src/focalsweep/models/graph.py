"""Read the graph of a Keras model: which calls of its layers belong to it.

`layer.input` and `layer.output` are those of the first time that a layer was called, which may be
another model's: `Sequential.add` calls all layers anew each time, and a body may serve several
models. What belongs to a model is what its output was made of. For that there is no public name, as
of Keras 3.15: `_keras_history` and `_inbound_nodes` are read here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras


@dataclass(frozen=True, kw_only=True, eq=False)
class Call:
    """Hold one call of a layer, operation or model inside a model.

    Parameters
    ----------
    operation : keras.Operation
        A layer, a model inside, or an operation such as a sum.
    inputs, outputs : list of KerasTensor
        What it was given and what it made.
    is_plain : bool
        Whether it was called with nothing but these inputs: no mask, no state. (What a graph says
        of `training` does not count, because a model that is told it tells all its layers.)
    """

    operation: Any
    inputs: list[keras.KerasTensor]
    outputs: list[keras.KerasTensor]
    is_plain: bool

    @property
    def is_inside(self) -> bool:
        """Whether this is a model with a graph, whose own calls may stand in its place."""
        alone = len(self.inputs) == len(self.outputs) == 1
        return self.is_plain and alone and is_graph(self.operation)


def is_graph(model: Any) -> bool:
    """Tell whether a model is nothing but its graph: functional, or a Sequential that is built.

    A subclass with a `call` of its own is not, whatever it tells of inputs and outputs.
    """
    if not isinstance(model, keras.Sequential | keras.Function):
        return False
    return is_of_keras(type(model).call) and bool(getattr(model, "outputs", None))


def is_of_keras(kind: Any) -> bool:
    """Tell whether a class or function is Keras's own."""
    return str(kind.__module__).partition(".")[0] == "keras"


def calls(model: keras.Model) -> list[Call]:
    """Return the calls that a model with a graph consists of, inputs left out.

    They stand in the order of the model's layers, each of which follows those that it needs; a
    layer that is called twice has two. None for any other model.
    """
    if not is_graph(model):
        return []
    nodes: dict[int, Any] = {}
    given = {id(tensor) for tensor in model.inputs}
    waiting = list(model.outputs)
    while waiting:
        tensor = waiting.pop()
        if id(tensor) in given:
            continue
        operation, index, _ = tensor._keras_history
        node = operation._inbound_nodes[index]
        if id(node) not in nodes:
            nodes[id(node)] = node
            waiting += node.input_tensors
    operations = model.layers if isinstance(model, keras.Sequential) else model.operations
    return [
        Call(
            operation=operation,
            inputs=list(node.input_tensors),
            outputs=list(node.output_tensors),
            is_plain=_only_inputs(node.arguments),
        )
        for operation in operations
        for node in operation._inbound_nodes
        if id(node) in nodes
    ]


def flat_calls(model: keras.Model) -> Iterator[Call]:
    """Yield the calls of a model, those of models inside it with a graph in their place."""
    for call in calls(model):
        if call.is_inside:
            yield from flat_calls(call.operation)
        else:
            yield call


def last_call(model: keras.Model) -> Call | None:
    """Return the call whose output is the model's; None where its layer is called once more."""
    if not is_graph(model) or len(model.outputs) != 1:
        return None
    last = model.outputs[0]._keras_history.operation
    found = [call for call in calls(model) if call.operation is last]
    return found[0] if len(found) == 1 else None


def _only_inputs(arguments: Any) -> bool:
    more = [value for name, value in arguments.kwargs.items() if name != "training"]
    return len(arguments.args) == 1 and all(value is None for value in more)
