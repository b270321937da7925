"""Models and losses of a user's file: swept from Python, kept, exported, and read again."""

from __future__ import annotations

import functools
import sys

import keras
import numpy as np
import pandas as pd
import pytest

import focalsweep
from focalsweep import from_python
from focalsweep.cli import main
from focalsweep.errors import UserError
from focalsweep.evidence.arm_facts import KerasLoss
from focalsweep.evidence.loss_point import outside_loss

SMALL = {
    "arms": ["cross_entropy", "focal_gamma"],
    "trials": 1,
    "epochs": 1,
    "evaluation": "quick",
    "progress": False,
    "overrides": ["references=false"],
}
MODULE = "models_of_a_user"
SOURCE = """
import keras


@keras.saving.register_keras_serializable(package="user")
class Scaled(keras.layers.Layer):
    def build(self, input_shape):
        self.factor = self.add_weight(name="factor", shape=(input_shape[-1],), initializer="ones")

    def call(self, inputs):
        return inputs * self.factor


def functional(*, n_features, n_classes):
    inputs = keras.Input((n_features,))
    hidden = keras.layers.Dense(4, activation="relu")(inputs)
    both = keras.layers.Concatenate()([inputs, hidden])
    return keras.Model(inputs, keras.layers.Dense(n_classes)(both))


def sequential(*, n_features, n_classes):
    layers = [keras.Input((n_features,)), keras.layers.Dense(4), keras.layers.Dense(n_classes)]
    return keras.Sequential(layers)


@keras.saving.register_keras_serializable(package="user")
class Subclassed(keras.Model):
    def __init__(self, n_classes, **options):
        super().__init__(**options)
        self.given = {"n_classes": n_classes}
        self.scaled = Scaled()
        self.logits = keras.layers.Dense(n_classes)

    def call(self, inputs):
        return self.logits(self.scaled(inputs))

    def get_config(self):
        return {**super().get_config(), **self.given}


def words(n_features, n_classes):
    inputs = keras.Input((n_features,), dtype="int32")
    mean = keras.layers.GlobalAveragePooling1D()(keras.layers.Embedding(50, 8)(inputs))
    return keras.Model(inputs, keras.layers.Dense(n_classes)(mean))


def embedding():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(7, activation="tanh")])
"""
LOSS = """# @package loss.of_keras
label: Keras's focal loss
family: focal
_target_: keras.losses.CategoricalFocalCrossentropy
options: {from_logits: true, alpha: 1.0}
search: {gamma: {low: 0.0, high: 5.0}}
baselines: [{gamma: 2.0}]
"""


@pytest.fixture(scope="module")
def user(tmp_path_factory):
    """The folder of a user, who has a module there."""
    folder = tmp_path_factory.mktemp("user")
    (folder / f"{MODULE}.py").write_text(SOURCE)
    (folder / "conf" / "loss").mkdir(parents=True)
    (folder / "conf" / "loss" / "of_keras.yaml").write_text(LOSS)
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))
    sys.modules.pop(MODULE, None)


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    y = np.repeat(["common", "rare"], [70, 30])
    return pd.DataFrame(rng.normal(size=(100, 3)) + (y == "rare")[:, None], columns=list("abc")), y


def module():
    return __import__(MODULE)


def predict_from_file(found, X, folder, *options, arm=None):
    """Export, and return what `focalsweep predict` writes for the rows of a CSV file."""
    found.export(folder / "model.focalsweep", arm=arm)
    X.to_csv(folder / "rows.csv", index=False)
    files = [str(folder / name) for name in ("model.focalsweep", "rows.csv", "out.csv")]
    assert main(["predict", *files[:2], "--to", files[2], *options]) == 0
    return pd.read_csv(files[2])


def test_a_sequential_model_of_a_file_is_swept_by_the_command_and_read_in_python(
    user, rows, tmp_path, monkeypatch, capsys
):
    X, y = rows
    X.assign(label=y).to_csv(tmp_path / "rows.csv", index=False)
    monkeypatch.chdir(tmp_path)
    command = "sweep dataset=csv dataset.path=rows.csv dataset.target=label evaluation=quick "
    command += f"model=linear model._target_={MODULE}.sequential trials=1 epochs=1 tracking=none "
    command += "references=false arms=[cross_entropy,focal_gamma,ldam] hydra.run.dir=run"
    assert main(command.split()) == 0
    found = focalsweep.load("run")
    names = [type(layer).__name__ for layer in found.best_model("ldam").layers]
    assert names == ["InputLayer", "Dense", "CosineHead"]
    # Finished, it opens whatever the code is now; begun, it goes on with the same code only.
    source = user / f"{MODULE}.py"
    try:
        for now in (SOURCE.replace("Dense(4)", "Dense(64)"), None):
            source.unlink() if now is None else source.write_text(now)
            capsys.readouterr()
            assert main(command.split()) == 0
            said = " ".join(capsys.readouterr().out.split())
            what = "is gone" if now is None else "was edited"
            assert f"`{MODULE}.py` {what}" in said
            assert "what follows is its stored result" in said
            assert focalsweep.load("run").predict(X).shape == (100,)
        source.write_text(SOURCE.replace("Dense(4)", "Dense(64)"))
        (tmp_path / "run" / "result.json").unlink()
        assert main(command.split()) == 2
        assert f"(`{MODULE}.py` was edited), and results of both" in capsys.readouterr().err
    finally:
        source.write_text(SOURCE)


def test_an_own_functional_model_goes_from_a_sweep_to_an_exported_file(user, rows, tmp_path):
    X, y = rows
    found = focalsweep.sweep(X, y, model=module().functional, **SMALL)
    assert [type(layer).__name__ for layer in found.best_model().layers].count("Concatenate") == 1
    assert predict_from_file(found, X, tmp_path)["class"].tolist() == found.predict(X).tolist()


def test_a_subclassed_model_with_a_custom_layer_is_read_where_its_module_is_named(
    user, rows, tmp_path, monkeypatch, capsys
):
    X, y = rows
    found = focalsweep.sweep(X, y, model=module().Subclassed, **SMALL)
    assert "Subclassed" in {type(layer).__name__ for layer in found.best_model().layers}
    expected = found.predict(X).tolist()
    found.export(tmp_path / "model.focalsweep")
    X.to_csv(tmp_path / "rows.csv", index=False)
    # As in a process that has not imported the user's module.
    monkeypatch.delitem(sys.modules, MODULE)
    for name in ("user>Scaled", "user>Subclassed"):
        monkeypatch.delitem(keras.saving.get_custom_objects(), name)
    capsys.readouterr()
    files = [str(tmp_path / name) for name in ("model.focalsweep", "rows.csv", "out.csv")]
    command = ["predict", *files[:2], "--to", files[2]]
    assert main(command) == 2
    assert "`--import MODULE`" in capsys.readouterr().err
    assert main([*command, "--import", MODULE]) == 0
    assert pd.read_csv(files[2])["class"].tolist() == expected


def test_frozen_features_embed_each_fold_once_and_export_both_parts(
    user, rows, monkeypatch, tmp_path
):
    X, y = rows
    embedded = []
    own = keras.Model.predict

    def predict(model, given, *args, **options):
        made = own(model, given, *args, **options)
        embedded.append(made.shape)
        return made

    monkeypatch.setattr(keras.Model, "predict", predict)
    found = focalsweep.sweep(
        X,
        y,
        model={
            "_target_": "focalsweep.models.frozen_features.frozen_features",
            "embedding": f"{MODULE}.embedding",
        },
        **SMALL,
    )
    assert {width for _, width in embedded} == {7}
    # A search has a view for each inner fold and one for its refit; one search is on all rows.
    evaluation = found.result.evaluation
    assert len(embedded) == (evaluation.inner_folds + 1) * (evaluation.outer_folds + 1)
    assert found.best_model().layers[-1].input.shape[-1] == 7
    assert predict_from_file(found, X, tmp_path)["class"].tolist() == found.predict(X).tolist()


def test_an_arm_with_a_keras_loss_gives_that_loss_and_exports(user, rows, tmp_path):
    X, y = rows
    arms = ["cross_entropy", "of_keras"]
    found = focalsweep.sweep(
        X, y, **{**SMALL, "arms": arms}, model="linear", config_dir=user / "conf"
    )
    loss = found.best_loss("of_keras")
    assert type(loss) is keras.losses.CategoricalFocalCrossentropy
    assert loss.gamma == found.result.arms[1].best.keras_loss.arguments["gamma"]
    with pytest.raises(ValueError, match="`sparse` must be False"):
        found.best_loss("of_keras", sparse=True)
    assert type(found.best_loss("cross_entropy")) is not type(loss)
    written = predict_from_file(found, X, tmp_path, "--proba", arm="of_keras")
    assert set(written["class"]) <= {"common", "rare"}


def test_a_loss_that_cannot_be_imported_is_refused_with_the_way_out():
    gone = KerasLoss(path="no_such_module.Loss", arguments={})
    with pytest.raises(ValueError, match=r"`no_such_module.Loss` must be importable.*PYTHONPATH"):
        outside_loss(gone, sparse=False)


def test_a_model_of_words_gets_their_numbers_and_learns_from_them(user):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 50, size=(400, 6))
    y = np.isin(X, [7, 8, 21, 22]).any(axis=1)
    budget = {"trials": 1, "epochs": 25}
    found = focalsweep.sweep(X, y, model=module().words, **{**SMALL, **budget})
    np.testing.assert_array_equal(found.preprocess(X), X)
    # Scaled to between -2 and 2 they are words 0 and 1, which say next to nothing.
    assert found.arms["argmax_score"].min() > 0.75
    assert "as they are: `x0`, `x1`" in " ".join(found.result.dataset.notes)
    with pytest.raises(ValueError, match="takes integers, so every column must hold whole numbers"):
        focalsweep.sweep(X + 0.5, y, model=module().words, **{**SMALL, **budget})


def test_functions_of_a_notebook_are_models_by_the_name_they_have_there(monkeypatch):
    notebook = sys.modules["__main__"]
    monkeypatch.setattr(notebook, "short", lambda n_classes: None, raising=False)
    known = from_python._component(notebook.short)
    assert known == {"_target_": "__main__.short"}
    wide = functools.partial(notebook.short, width=8)
    assert from_python._component(wide) == {**known, "width": 8}
    with pytest.raises(UserError, match="`model` must be a function of a module or of the"):
        from_python._component(lambda n_classes: None)
