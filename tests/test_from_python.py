"""A sweep from Python is the command line's sweep, and its model predicts in another process."""

from __future__ import annotations

import doctest
import gc
import json
import re
import subprocess
import sys
import zipfile

import keras
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

import focalsweep
from focalsweep import from_python
from focalsweep.bundle import MANIFEST, NETWORK, bundle_of, read_bundle, write_bundle
from focalsweep.cli import main
from focalsweep.errors import UserError
from focalsweep.evidence.final_model import load_final_model
from focalsweep.evidence.loss_point import loss_point
from focalsweep.losses.posterior import corrected_log_proba
from focalsweep.report.snippet import keras_snippet

SMALL = {
    "trials": 2,
    "epochs": 2,
    "evaluation": "quick",
    "model": "linear",
    "progress": False,
    "overrides": ["references=false"],
}
ARMS = ["cross_entropy", "class_weighted", "focal_gamma"]
BINARY_ARMS = ["binary_cross_entropy", "binary_focal"]


def mixed_rows(rows=140):
    rng = np.random.default_rng(0)
    y = np.where(rng.random(rows) < 0.25, "rare", "common")
    X = pd.DataFrame(
        {
            "size": rng.normal(size=rows) + 2 * (y == "rare"),
            "town": rng.choice(["Bonn", "Ulm", "Kiel"], rows),
            "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, rows), "D"),
            "flag": rng.random(rows) < 0.5,
        }
    )
    X.loc[3:8, "size"] = np.nan
    X.loc[10:20, "town"] = None
    return X, y


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("python")


@pytest.fixture(scope="module")
def found(folder):
    X, y = mixed_rows()
    return focalsweep.sweep(X, y, arms=ARMS, folder=folder / "mixed", **SMALL)


@pytest.fixture(scope="module")
def labelled(folder):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(120, 4))
    Y = (X[:, :3] + rng.normal(size=(120, 3)) > [0.5, 1.0, 0.0]).astype(int)
    names = ["happy", "sad", "calm"]
    return X, focalsweep.sweep(
        X, Y, arms=BINARY_ARMS, class_names=names, folder=folder / "labels", **SMALL
    )


@pytest.fixture(scope="module")
def exported(found, folder):
    return found.export(folder / "model.focalsweep")


def test_importing_the_package_imports_nothing_slow():
    code = "import sys, focalsweep; print(sorted({'tensorflow', 'pandas'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_function_is_not_hidden_by_a_module(found):
    assert callable(focalsweep.sweep)
    assert found.path.is_dir()


def test_python_and_the_command_line_give_the_same_numbers(found, folder):
    X, y = mixed_rows()
    X.assign(label=y).to_parquet(folder / "rows.parquet")
    arguments = ["dataset=csv", f"dataset.path={folder / 'rows.parquet'}", "dataset.target=label"]
    small = ["trials=2", "epochs=2", "evaluation=quick", "model=linear", "references=false"]
    more = ["tracking=none", f"arms=[{','.join(ARMS)}]", f"hydra.run.dir={folder / 'typed'}"]
    assert main(["sweep", *arguments, *small, *more]) == 0
    typed, python = focalsweep.load(folder / "typed"), found
    for field in ("arms", "comparisons", "verdict", "surfaces", "snippet", "budget", "evaluation"):
        assert getattr(typed.result, field) == getattr(python.result, field)
    pd.testing.assert_frame_equal(typed.trials, python.trials)
    np.testing.assert_array_equal(typed.predict_proba(X), python.predict_proba(X))


def test_the_outcome_shows_verdict_arms_and_trials(found):
    assert str(found.verdict) == found.verdict.text == str(found)
    assert found.arms["arm"].tolist() == ARMS
    assert set(found.trials["arm"]) == set(ARMS)
    assert found.decision_weights.index.tolist() == ["common", "rare"]
    assert found.verdict.decision in repr(found)


def test_a_notebook_shows_a_table_in_which_text_is_escaped(found):
    shown = found._repr_html_()
    assert shown.count("<tr>") == 1 + len(ARMS)
    assert all(arm in shown for arm in ARMS)


def test_the_report_is_returned_and_written(found, tmp_path):
    page = found.to_html(tmp_path / "report.html")
    assert page.lower().startswith("<!doctype html>")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == page


def test_the_same_call_on_the_same_folder_gives_the_stored_result(found, folder):
    X, y = mixed_rows()
    again = focalsweep.sweep(X, y, arms=ARMS, folder=folder / "mixed", **SMALL)
    assert again.result == found.result
    with pytest.raises(ValueError, match="holds a sweep with another `dataset"):
        focalsweep.sweep(X.assign(size=1.0), y, arms=ARMS, folder=folder / "mixed", **SMALL)


@pytest.mark.parametrize("arm", ARMS)
def test_the_ready_loss_trains_a_keras_model(found, arm):
    X, y = mixed_rows()
    model = keras.models.clone_model(found.best_model(arm))
    model.compile(optimizer="adam", loss=found.best_loss(arm, sparse=True))
    codes = (y == "rare").astype(np.int32)
    history = model.fit(found.preprocess(X), codes, epochs=1, verbose=0)
    assert np.isfinite(history.history["loss"]).all()


def test_the_model_is_the_kept_one_and_predict_goes_all_the_way(found):
    X, _ = mixed_rows()
    logits = found.best_model().predict(found.preprocess(X), batch_size=1024, verbose=0)
    point = loss_point(found.result.arms[0].best)
    assert found.verdict.arm == "cross_entropy"
    expected = np.exp(corrected_log_proba(logits, weight=point.weight, gamma=point.gamma))
    np.testing.assert_allclose(found.predict_proba(X), expected, rtol=1e-5)
    assert set(found.predict(X[["when", "flag", "town", "size"]])) <= {"common", "rare"}


def test_labels_have_thresholds_a_sigmoid_loss_and_predictions_of_0_and_1(labelled):
    X, found = labelled
    assert found.decision_weights.index.tolist() == ["happy", "sad", "calm"]
    assert found.decision_weights.name == "threshold"
    assert found.predict(X).shape == (120, 3)
    loss = found.best_loss("binary_focal")
    zeros = np.zeros((2, 3), np.float32)
    assert float(loss(zeros, zeros)) > 0
    with pytest.raises(ValueError, match="`sparse` must be False"):
        found.best_loss(sparse=True)


def test_predictions_are_in_the_type_of_y_in_memory_from_the_folder_and_in_a_file(tmp_path):
    X, y = mixed_rows(80)
    codes = (y == "rare").astype(np.int64) + 1
    found = focalsweep.sweep(
        X,
        codes,
        class_names=["none", "common", "rare"],
        arms=["cross_entropy"],
        folder=tmp_path / "run",
        **SMALL | {"trials": 1, "epochs": 1},
    )
    decided = found.predict(X)
    assert decided.dtype == np.int64
    assert 0.3 < (decided == codes).mean() <= 1.0
    np.testing.assert_array_equal(focalsweep.load(tmp_path / "run").predict(X), decided)
    X.to_parquet(tmp_path / "new.parquet")
    file = str(found.export(tmp_path / "m"))
    out = tmp_path / "out.csv"
    assert main(["predict", file, str(tmp_path / "new.parquet"), "--proba", "--to", str(out)]) == 0
    read = pd.read_csv(out)
    assert read.columns.tolist() == ["class", "proba_common", "proba_rare"]
    np.testing.assert_array_equal(read["class"], decided)


@pytest.mark.parametrize("arm", ARMS)
def test_pasted_code_decides_every_row_as_the_model_does(found, arm):
    X, _ = mixed_rows()
    best = next(each.best for each in found.result.arms if each.name == arm)
    assert len(set(best.decision_weights)) == 2  # they matter here
    code = found.snippet
    if arm != found.verdict.arm:
        code = keras_snippet(
            best,
            "focal",
            class_names=["common", "rare"],
            class_counts=[100, 40],
            optimizer="adamw",
            batch_size=32,
        )
    names = {"model": found.best_model(arm)}
    exec(compile(code, "snippet", "exec"), names)
    pasted = np.array(names["class_names"])[names["predict"](found.preprocess(X))]
    decided = bundle_of(found.path, arm).load().decide(X)
    np.testing.assert_array_equal(pasted, decided)
    if arm == found.verdict.arm:
        np.testing.assert_array_equal(pasted, found.predict(X))


def test_pasted_code_decides_every_label_as_the_model_does(labelled):
    X, found = labelled
    names = {"model": found.best_model()}
    exec(compile(found.snippet, "snippet", "exec"), names)
    np.testing.assert_array_equal(names["predict"](found.preprocess(X)), found.predict(X))


def test_sparse_rows_go_in_as_they_are(folder):
    rng = np.random.default_rng(2)
    X, y = csr_array(rng.poisson(0.3, (80, 30))), rng.integers(0, 2, 80)
    found = focalsweep.sweep(X, y, arms=["cross_entropy"], folder=folder / "sparse", **SMALL)
    assert found.predict_proba(X).shape == (80, 2)


def test_new_rows_are_read_as_the_text_of_training_was_written(folder):
    rng = np.random.default_rng(3)
    numbers, moments = rng.normal(0, 900, 80).round(1), pd.date_range("2024-01-01", periods=80)
    written = [f"{number:,.1f}".translate(str.maketrans(",.", ".,")) + " €" for number in numbers]
    X = pd.DataFrame({"price": written, "sold": moments.strftime("%d/%m/%Y 14:05")})
    y = np.where(numbers > 0, ">0", "<=0")
    small = SMALL | {"trials": 1, "epochs": 1}
    found = focalsweep.sweep(X, y, arms=["cross_entropy"], folder=folder / "written", **small)
    read = X.assign(price=numbers, sold=moments + pd.Timedelta(hours=14, minutes=5))
    whole = found.predict_proba(read)
    assert np.ptp(whole[:, 0]) > 0
    for row in (0, 40):
        np.testing.assert_allclose(found.predict_proba(X[row : row + 1])[0], whole[row], rtol=1e-5)
    with pytest.raises(ValueError, match=r"with decimal commas\. Received: `12\.5` in row 1"):
        found.predict(X[:1].assign(price="12.5"))


ROLES = {
    "groups and weights": {"groups": np.arange(80) // 4, "weights": 1.0 + np.arange(80) % 3},
    "time": {"time": np.arange(80)},
    "split": {"split": np.where(np.arange(80) < 60, "train", "test")},
}


@pytest.mark.parametrize(
    "roles",
    ["groups and weights", *(pytest.param(r, marks=pytest.mark.slow) for r in ("time", "split"))],
)
def test_what_is_known_of_rows_goes_in_as_arrays(roles):
    X, y = mixed_rows(80)
    small = SMALL | {"trials": 1, "epochs": 1}
    found = focalsweep.sweep(X, y, arms=["cross_entropy"], **small, **ROLES[roles]).result
    how = found.evaluation
    if roles == "split":
        assert (how.kind, how.test_rows) == ("holdout", 20)
    elif roles == "time":
        assert how.test_rows == 26  # two windows behind the first third
    else:
        assert how.test_rows == 40
        assert any("weighted by `dataset.weights`" in note for note in found.dataset.notes)


def test_a_temporary_folder_lives_as_long_as_the_outcome():
    X, y = mixed_rows(80)
    small = SMALL | {"trials": 1, "epochs": 1}
    path = (found := focalsweep.sweep(X, y, arms=["cross_entropy"], **small)).path
    assert (path / "report.html").is_file()
    del found
    gc.collect()
    assert not path.exists()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"arms": ["focal"]}, "`arms` names `focal`, which is not known"),
        ({"arms": ["focal_gamma"]}, "`arms` must include `cross_entropy`"),
        ({"evaluation": "nest"}, "`evaluation=nest` is not known"),
        ({"trials": 0}, "`trials`"),
        ({"minutes": 0}, "`minutes` must be > 0"),
        ({"minutes": 0.0001}, "`minutes=0.0001` is less than the least that pays"),
        ({"model": lambda n_features, n_classes: None}, "`model` must be a function of a module"),
        ({"model": {"_target_": "no_such.module"}}, "Python finds no module"),
        ({"feature_names": list("abcd")}, "`X` is a DataFrame"),
        ({"overrides": ["dataset=yeast"]}, "`X` and `y` are the data"),
        ({"overrides": ["dataset.groups=town"]}, "give `groups=` to `sweep`"),
        ({"overrides": ["dataset.decimal=,"]}, "give `decimal=` to `sweep`"),
        ({"missing": ["a"], "y": ["a", "b"] * 30}, "30 of 60 rows without one"),
        ({"overrides": ["vary={seed: [1, 2]}"]}, "`vary` makes several sweeps"),
        ({"config": "quick"}, "There is no sweep `quick`"),
        ({"y": [0, 1]}, "`X` and `y` must have one entry a row each"),
    ],
)
def test_what_is_wrong_is_a_value_error_of_one_sentence(change, sentence, tmp_path):
    X, y = mixed_rows(60)
    settings = {"y": y, "arms": ARMS, **SMALL, "folder": tmp_path / "run"} | change
    with pytest.raises(ValueError, match=re.escape(sentence)) as caught:
        focalsweep.sweep(X, **settings)
    assert isinstance(caught.value, UserError)
    assert not (tmp_path / "run").exists()


def test_a_folder_without_a_result_is_refused(tmp_path):
    with pytest.raises(ValueError, match="must be the folder of a finished sweep"):
        focalsweep.load(tmp_path)


# Export and predict -------------------------------------------------------------------------------


def test_a_fresh_process_elsewhere_predicts_bit_for_bit_the_same(
    found, exported, tmp_path, monkeypatch
):
    X, _ = mixed_rows()
    X.assign(other=1)[["when", "other", "flag", "town", "size"]].to_csv(
        tmp_path / "new.csv", index=False, sep=";"
    )
    target = tmp_path / "elsewhere" / "model.focalsweep"
    target.parent.mkdir()
    target.write_bytes(exported.read_bytes())
    command = [sys.executable, "-m", "focalsweep", "predict", "model.focalsweep", "../new.csv"]
    options = ["--delimiter", "semicolon", "--to", "out.csv", "--proba"]
    subprocess.run([*command, *options], cwd=target.parent, check=True, capture_output=True)
    out = pd.read_csv(target.parent / "out.csv", dtype="str")
    assert out.columns.tolist() == ["class", "proba_common", "proba_rare"]
    models = found.path / "models"
    kept = load_final_model(
        models / "cross_entropy.keras",
        facts=models / "cross_entropy.json",
        preprocessor=models / "preprocessor.npz",
    )
    np.testing.assert_array_equal(out.iloc[:, 1:].map(float), kept.probabilities(X))
    assert out["class"].tolist() == kept.decide(X).tolist()


def test_labels_are_predicted_from_their_file(labelled, folder, tmp_path, capsys):
    X, found = labelled
    assert main(["export", str(found.path), "--to", str(tmp_path / "m")]) == 0
    pd.DataFrame(X, columns=[f"x{i}" for i in range(4)]).to_parquet(tmp_path / "new.parquet")
    capsys.readouterr()
    assert main(["predict", str(tmp_path / "m"), str(tmp_path / "new.parquet")]) == 0
    (tmp_path / "out.csv").write_text(capsys.readouterr().out)
    out = pd.read_csv(tmp_path / "out.csv")
    assert out.columns.tolist() == ["happy", "sad", "calm"]
    np.testing.assert_array_equal(out, found.predict(X))


def test_the_manifest_says_what_the_file_holds(found, exported):
    with zipfile.ZipFile(exported) as archive:
        manifest = json.loads(archive.read(MANIFEST))
        assert b"cross_entropy" in archive.read("config.yaml")
    assert manifest["model"]["columns"] == ["size", "town", "when", "flag"]
    assert manifest["model"]["kinds"] == ["number", "text", "date", "boolean"]
    assert manifest["verdict"] == found.verdict.text
    assert len(manifest["data_sha256"]) == 64
    assert manifest["loss"]["alpha"] == [1.0, 1.0]


ROWS = "size,town,when,flag\n1.5,Bonn,2024-03-01,True\n,Ulm,,False\n"


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (ROWS.replace("size", "sizes"), "Missing: `size`"),
        (ROWS.replace("1.5", "big"), "Column `size` must hold numbers"),
        (ROWS.replace("2024-03-01", "soon"), "Column `when` must hold dates"),
        (ROWS.replace("2024-03-01", "01/02/2024"), "day and month are clear"),
        (ROWS.replace("True", "perhaps"), "Column `flag` must hold true and false"),
        (ROWS.replace("True", "7").replace("False", "0"), "Column `flag` must hold true and false"),
        ("size,town,when,flag\n", "`DATA` must hold rows"),
        (ROWS.replace(",", ";"), "`--delimiter=semicolon`"),
        (None, "`DATA` must name an existing file"),
    ],
)
def test_rows_that_do_not_fit_are_one_sentence_and_nothing_written(
    rows, sentence, exported, tmp_path, capsys
):
    file = tmp_path / "new.csv"
    if rows is not None:
        file.write_text(rows)
    out = tmp_path / "out.csv"
    assert main(["predict", str(exported), str(file), "--to", str(out)]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1
    assert not out.exists()


def changed(exported, **parts):
    with zipfile.ZipFile(exported) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    return content | parts


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda whole: b"text", "must be a file of `focalsweep export`"),
        (lambda whole: whole[: len(whole) // 2], "must be a file of `focalsweep export`"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_is_no_export_is_one_sentence(damage, sentence, exported, tmp_path, capsys):
    file = tmp_path / "m"
    if damage is not None:
        file.write_bytes(damage(exported.read_bytes()))
    assert main(["predict", str(file), str(tmp_path / "new.csv")]) == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("part", "content", "sentence"),
    [
        (MANIFEST, b"{}", "must be a file of `focalsweep export`"),
        (MANIFEST, b'{"format": "focalsweep-model", "format_version": 99}', "version 99"),
        (MANIFEST, b'{"format": "focalsweep-model", "format_version": 1}', "must be a file"),
        (NETWORK, b"other", "is damaged"),
    ],
)
def test_changed_parts_are_found(part, content, sentence, exported, tmp_path):
    with zipfile.ZipFile(tmp_path / "m", "w") as archive:
        for name, each in changed(exported, **{part: content}).items():
            archive.writestr(name, each)
    with pytest.raises(UserError, match=sentence):
        read_bundle(tmp_path / "m")


def test_an_export_is_the_same_file_each_time(found, exported, tmp_path):
    config = (found.path / "config.yaml").read_text()
    write_bundle(bundle_of(found.path), tmp_path / "again", config=config)
    assert (tmp_path / "again").read_bytes() == exported.read_bytes()


def test_export_refuses_what_is_no_run_and_arms_that_are_not_there(found, tmp_path, capsys):
    assert main(["export", str(tmp_path)]) == 2
    assert main(["export", str(found.path), "--arm", "focal"]) == 2
    assert "`arm` must be one of" in capsys.readouterr().err


def test_the_examples_in_the_docstrings_are_true():
    outcome = doctest.testmod(from_python)
    assert outcome.attempted > 0
    assert outcome.failed == 0
