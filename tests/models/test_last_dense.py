import keras
import pytest

from focalsweep.errors import UserError
from focalsweep.models.last_dense import check_last_dense, last_dense
from focalsweep.models.linear import linear
from focalsweep.models.mlp import mlp
from focalsweep.models.residual_mlp import residual_mlp


@pytest.mark.parametrize(
    "model",
    [
        linear(n_features=4, n_classes=3),
        mlp(n_features=4, n_classes=3, hidden=(3,)),
        residual_mlp(n_features=4, n_classes=3, width=3, blocks=1),
        keras.Sequential([keras.Input((4,)), keras.layers.Dense(5), keras.layers.Dense(3)]),
    ],
    ids=lambda model: model.name,
)
def test_the_last_dense_layer_is_the_one_that_gives_the_logits(model):
    layer = last_dense(model)
    assert layer.output is model.outputs[0]
    assert layer.units == 3
    check_last_dense(model, arms=["ldam"])


def ending_in(*layers):
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), *layers])


@pytest.mark.parametrize(
    "model",
    [
        ending_in(keras.layers.Dense(3, activation="softmax")),
        ending_in(keras.layers.Activation("linear")),
        ending_in(keras.layers.EinsumDense("ab,bc->ac", output_shape=3)),
        keras.Sequential([keras.layers.Dense(3)]),
    ],
    ids=["activation", "activation layer", "another layer", "not built"],
)
def test_another_end_is_refused_where_an_arm_needs_it_and_named_with_a_way_out(model):
    assert last_dense(model) is None
    check_last_dense(model, arms=[])
    with pytest.raises(UserError) as caught:
        check_last_dense(model, arms=["ldam", "two_stage"])
    message = str(caught.value)
    for part in ("`ldam`, `two_stage`", "`keras.layers.Dense`", model.layers[-1].name, "`arms`"):
        assert part in message
