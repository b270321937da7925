"""One network, a hidden layer of 8 and the logits, in every way in which Keras models are written.

Each takes what a user's function takes; all of them draw the same weights and must train alike.
"""

from __future__ import annotations

import keras

layers = keras.layers


def hidden():
    return layers.Dense(8, activation="relu")


def functional(n_features, n_classes):
    inputs = keras.Input((n_features,))
    return keras.Model(inputs, layers.Dense(n_classes)(hidden()(inputs)))


def sequential(n_features, n_classes):
    return keras.Sequential([keras.Input((n_features,)), hidden(), layers.Dense(n_classes)])


def input_layer(n_features, n_classes):
    first = layers.InputLayer(shape=(n_features,))
    return keras.Sequential([first, hidden(), layers.Dense(n_classes)])


def without_input(n_classes):
    return keras.Sequential([hidden(), layers.Dense(n_classes)])


def added(n_features, n_classes):
    """Every `add` calls all layers anew."""
    model = keras.Sequential()
    for layer in (keras.Input((n_features,)), hidden(), layers.Dense(n_classes)):
        model.add(layer)
    return model


def built(n_features, n_classes):
    model = without_input(n_classes)
    model.build((None, n_features))
    return model


def called(n_features, n_classes):
    model = without_input(n_classes)
    model(keras.ops.zeros((1, n_features)))
    return model


def compiled(n_features, n_classes):
    model = sequential(n_features, n_classes)
    model.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True))
    return model


def any_arguments(**given):
    return sequential(**given)


def from_config(n_features, n_classes):
    return keras.Sequential.from_config(sequential(n_features, n_classes).get_config())


def cloned(n_features, n_classes):
    return keras.models.clone_model(functional(n_features, n_classes))


def body_and_head(n_features, n_classes):
    body = keras.Sequential([keras.Input((n_features,)), hidden()])
    return keras.Sequential([body, keras.Sequential([layers.Dense(n_classes)])])


def sequential_head(n_features, n_classes):
    inputs = keras.Input((n_features,))
    head = keras.Sequential([layers.Dense(n_classes)])
    return keras.Model(inputs, head(hidden()(inputs)))


def part_of_another(n_features, n_classes):
    """Its layers were called before, by a model that goes on."""
    larger = keras.Sequential([*sequential(n_features, n_classes).layers, layers.Softmax()])
    larger.build((None, n_features))
    larger.pop()
    return larger


def lists(n_features, n_classes):
    inputs = keras.Input((n_features,))
    return keras.Model([inputs], [layers.Dense(n_classes)(hidden()(inputs))])


def mappings(n_features, n_classes):
    inputs = keras.Input((n_features,), name="rows")
    return keras.Model({"rows": inputs}, {"logits": layers.Dense(n_classes)(hidden()(inputs))})


def batch_of_one_size(n_features, n_classes):
    first = keras.Input((n_features,), batch_size=4)
    return keras.Sequential([first, hidden(), layers.Dense(n_classes)])


class OfGraph(keras.Model):
    """Subclassed and functional."""

    def __init__(self, n_features, n_classes):
        inputs = keras.Input((n_features,))
        super().__init__(inputs=inputs, outputs=layers.Dense(n_classes)(hidden()(inputs)))


class OfSequential(keras.Sequential):
    def __init__(self, n_features, n_classes):
        super().__init__([keras.Input((n_features,)), hidden(), layers.Dense(n_classes)])


class Subclassed(keras.Model):
    def __init__(self, n_classes):
        super().__init__()
        self.hidden, self.logits = hidden(), layers.Dense(n_classes)

    def call(self, inputs, training=None):
        return self.logits(self.hidden(inputs))


class SubclassedAndBuilt(Subclassed):
    def __init__(self, n_features, n_classes):
        super().__init__(n_classes)
        self.build((None, n_features))

    def build(self, input_shape):
        self.hidden.build(input_shape)
        self.logits.build((None, 8))


class AroundSequential(keras.Model):
    def __init__(self, n_features, n_classes):
        super().__init__()
        self.network = sequential(n_features, n_classes)

    def call(self, inputs):
        return self.network(inputs)


class OfGraphWithItsOwnCall(OfGraph):
    def call(self, inputs, training=None):
        return super().call(inputs, training=training)


def subclassed_and_called(n_features, n_classes):
    model = Subclassed(n_classes)
    model(keras.ops.zeros((1, n_features)))
    return model


IN_A_POPULATION = (
    functional,
    sequential,
    input_layer,
    without_input,
    added,
    built,
    called,
    compiled,
    any_arguments,
    from_config,
    cloned,
    body_and_head,
    sequential_head,
    part_of_another,
    lists,
    mappings,
    batch_of_one_size,
    OfGraph,
    OfSequential,
)
ONE_BY_ONE = (
    Subclassed,
    SubclassedAndBuilt,
    AroundSequential,
    OfGraphWithItsOwnCall,
    subclassed_and_called,
)
