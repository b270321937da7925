"""What the schema refuses, and the sentence that says so."""

from typing import Any

import pytest

from focalsweep.config.compose import compose_sweep
from focalsweep.config.explain import fields, missing_values, typed
from focalsweep.config.record import validate
from focalsweep.errors import UserError


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    """The plain content of a valid config."""
    return compose_sweep("smoke").config.model_dump(mode="json", by_alias=True)


def changed(content: Any, path: list[str], value: Any) -> Any:
    """Return a copy of nested dictionaries with one value set."""
    name, *rest = path
    return {**content, name: changed(content[name], rest, value) if rest else value}


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        # types
        ("trials", "3", "`trials` must be a whole number; received `trials=3`."),
        ("trials", 2.5, "`trials` must be a whole number; received `trials=2.5`."),
        ("trials", True, "`trials` must be a whole number; received `trials=true`."),
        ("trials", None, "`trials` must be a whole number; received `trials=null`."),
        ("epochs", [1], "`epochs` must be a whole number; received `epochs=[1]`."),
        ("minutes", "1", "`minutes` must be a number; received `minutes=1`."),
        ("references", "perhaps", "`references` must be true or false; received"),
        ("question", 3, "`question` must be text; received `question=3`."),
        ("optimizer.batch_size", "big", "`optimizer.batch_size` must be a whole number or 'auto'"),
        ("loss.focal_gamma.search.gamma.high", "x", "`loss.focal_gamma.search.gamma.high` must be"),
        # ranges
        ("trials", 0, "`trials` must be >= 1; received `trials=0`."),
        ("epochs", 0, "`epochs` must be >= 1; received `epochs=0`."),
        ("seed", -1, "`seed` must be >= 0; received `seed=-1`."),
        ("minutes", 0, "`minutes` must be > 0; received `minutes=0`."),
        ("dataset.factor", 0, "`dataset.factor` must be > 0; received `dataset.factor=0`."),
        ("dataset.factor", float("inf"), "`dataset.factor` must be a finite number"),
        ("optimizer.learning_rate", float("nan"), "`optimizer.learning_rate` must be a finite nu"),
        ("verdict.confidence", 2, "`verdict.confidence` must be < 1"),
        ("evaluation.inner_folds", 1, "`evaluation.inner_folds` must be >= 2"),
        ("evaluation.test_fraction", 1, "`evaluation.test_fraction` must be < 1"),
        # choices and names
        ("objective", "f1", "`objective` must be 'macro_f1', 'micro_f1', 'balanced_accuracy',"),
        ("dataset.profile", "expo", "`dataset.profile` must be 'none', 'exp' or 'step'"),
        ("name", "../a", "`name` must be text that matches"),
        ("model._target_", "mlp", "`model._target_` must be text that matches"),
        # unknown and missing keys
        ("trails", 3, "`trails` is not a known key; the nearest known name is `trials`."),
        ("verdict.confidense", 1, "the nearest known name is `verdict.confidence`."),
        ("loss.focal_gamma.lable", "x", "nearest known name is `loss.focal_gamma.label`."),
        ("loss.focal_gamma.search.gamma.max", 3, "expected one of `loss.focal_gamma.search.gamma."),
        ("loss.focal_gamma", {}, "`loss.focal_gamma._target_` has no value; add"),
        (
            "optimizer.search.momentum",
            {"low": 0, "high": 1},
            "`optimizer.search.momentum` is not a known",
        ),
        # values that contradict each other
        ("arms", [], "`arms` must be a list of one or more values; received `arms=[]`."),
        ("arms", ["focal_gamma"], "`arms` must include `cross_entropy`"),
        ("arms", ["cross_entropy"] * 2, "`arms` names `cross_entropy` more than once"),
        ("arms", ["cross_entropy", "mine"], "`loss` must hold one entry for each of `arms`"),
        (
            "loss.focal_gamma.search.gamma.low",
            99,
            "`loss.focal_gamma.search.gamma` must have `low`",
        ),
        ("loss.focal_gamma.search.gamma.log", True, "must have `low` > 0 where `log` is true"),
        ("loss.focal_gamma.baselines", [{"tau": 1}], "`tau`, but the arm searches `gamma`"),
        ("loss.focal_gamma.baselines", [{"gamma": 99}], "outside the searched range: gamma=99"),
        ("loss.focal_gamma.options", {"gamma": 1}, "`gamma` both in `options` and in `search`"),
        ("optimizer.learning_rate", 10, "learning_rate=10.0 outside the searched range"),
        ("optimizer.search.learning_rate.vector", True, "has a vector in `search.learning_rate`"),
        ("optimizer.momentum", 0.9, "`momentum`, which `adamw` ignores; use optimizer=sgd"),
        ("optimizer.kind", "adam", "`weight_decay`, which `adam` ignores; use optimizer=adamw"),
        ("evaluation.folds", 1, "`evaluation` must have `folds` >= 2 when nested"),
        ("evaluation.kind", "holdout", "`evaluation` has `folds` or `repeats`, which a holdout ig"),
        ("verdict.regrettable_difference", 0, "`smallest_difference` <= `regrettable_difference`"),
        ("vary", {}, "`vary` must hold one key with a list of values"),
        ("vary", {"seed": [1], "trials": [2]}, "`vary` must hold one key with a list of values"),
        ("vary", {"seed": []}, "`vary` must hold one key with a list of values"),
    ],
)
def test_every_refusal_is_one_sentence_with_the_full_key(
    whole: dict[str, Any], key: str, value: Any, expected: str
):
    with pytest.raises(UserError) as caught:
        validate(changed(whole, key.split("."), value))
    message = str(caught.value)
    assert expected in message
    assert message.startswith("`")
    assert message.endswith(".")
    assert "\n" not in message


def test_the_unchanged_content_is_accepted(whole: dict[str, Any]):
    assert validate(whole).name == "smoke"


def test_a_missing_key_is_named_with_the_way_to_give_it(whole: dict[str, Any]):
    verdict = {name: value for name, value in whole["verdict"].items() if name != "confidence"}
    with pytest.raises(UserError, match=r"`verdict\.confidence` has no value; add `verdict\.conf"):
        validate({**whole, "verdict": verdict})


def test_content_that_is_no_mapping_is_refused():
    with pytest.raises(UserError, match=r"must be .*; received"):
        validate([1, 2])


def test_fields_are_known_inside_named_entries_and_nowhere_else():
    assert set(fields(["loss", "any_arm", "search", "gamma"])) >= {"low", "high", "log", "vector"}
    assert "momentum" in fields(["optimizer"])
    assert fields(["trials"]) == []
    assert fields(["nothing", "here"]) == []


def test_values_are_written_as_typed_in_an_override():
    assert typed({"a": [1, 2.5, "x"], "b": None, "c": True}) == "{a:[1,2.5,x],b:null,c:true}"


def test_missing_values_show_the_command():
    assert missing_values(["dataset.path"]) == (
        "`dataset.path` has no value; add `dataset.path=FILE`."
    )
