"""Pruners from their config files, and what is said where keys do not go together."""

from pathlib import Path

import pytest
import yaml
from optuna.pruners import NopPruner

from focalsweep.config.schema import PrunerConfig
from focalsweep.errors import UserError
from focalsweep.search.pruners import NO_PRUNING, make_pruning

CONF = Path(__file__).parents[2] / "conf" / "pruner"
PRUNERS = sorted(path.stem for path in CONF.glob("*.yaml"))


def config(name: str, **keys) -> PrunerConfig:
    content = yaml.safe_load((CONF / f"{name}.yaml").read_text()) | keys
    return PrunerConfig.model_validate(content)


def test_the_pruners_of_the_config_were_found():
    assert {"none", "median", "percentile", "successive_halving", "hyperband"} <= set(PRUNERS)


@pytest.mark.parametrize("name", PRUNERS)
def test_every_file_is_one_of_optuna_s_pruners_with_rungs_before_the_last_epoch(name):
    for epochs in (2, 3, 7, 20, 100):
        pruning = make_pruning(config(name), epochs=epochs, trials=50)
        assert type(pruning.make()).__module__.startswith("optuna.pruners.")
        assert list(pruning.rungs) == sorted(set(pruning.rungs))
        assert all(0 < rung < epochs for rung in pruning.rungs)
        assert (name == "none") == (not pruning.rungs)


def test_none_is_optuna_s_pruner_that_prunes_nothing():
    assert make_pruning(config("none"), epochs=1, trials=1) is NO_PRUNING
    assert isinstance(NO_PRUNING.make(), NopPruner)


def test_rungs_are_shares_of_the_epochs_or_follow_from_the_reduction_factor():
    assert make_pruning(config("median"), epochs=20, trials=9).rungs == (5, 10)
    assert make_pruning(config("median"), epochs=2, trials=9).rungs == (1,)
    halving = config("successive_halving", rungs=[0.1], reduction_factor=3)
    assert make_pruning(halving, epochs=20, trials=9).rungs == (2, 6, 18)


def test_a_pruner_that_waits_for_more_trials_than_there_are_is_noted():
    assert make_pruning(config("median"), epochs=20, trials=9).notes == ()
    (note,) = make_pruning(config("median"), epochs=20, trials=4).notes
    assert note.startswith("`pruner.n_startup_trials`=4 leaves none of 4 trials to prune")


@pytest.mark.parametrize(
    ("name", "keys", "sentence"),
    [
        ("none", {"rungs": [0.5]}, "`pruner.rungs` must be empty for a pruner that stops nothing"),
        ("median", {"rungs": []}, "`pruner.rungs` must hold the shares of the epochs"),
        ("median", {"n_warmup_steps": 3}, "`pruner.n_warmup_steps` says when trials are looked at"),
        ("hyperband", {"max_resource": 3}, "`pruner.max_resource` says when"),
        ("hyperband", {"rungs": [0.1, 0.2]}, "`pruner.rungs` must hold the first rung only"),
        ("median", {"n_startup_trials": -1}, "`pruner.n_startup_trials` cannot be used: Number of"),
        ("percentile", {"percentile": 101.0}, "`pruner.percentile` cannot be used: "),
        ("successive_halving", {"reduction_factor": 1}, "`pruner.reduction_factor` cannot be used"),
        ("median", {"startup": 3}, "`pruner.startup` is not a known key"),
        ("median", {"n_startup_trials": "3"}, "`pruner.n_startup_trials` must be"),
        (
            "median",
            {"_target_": "optuna.samplers.RandomSampler", "n_startup_trials": None},
            "`pruner.n_startup_trials` is not a known key",
        ),
    ],
)
def test_keys_that_do_not_go_together_are_one_sentence_that_names_the_key(name, keys, sentence):
    with pytest.raises(UserError) as error:
        make_pruning(config(name, **keys), epochs=20, trials=9)
    assert str(error.value).startswith(sentence)
    assert "\n" not in str(error.value)


def test_what_makes_no_pruner_is_refused():
    wrong = PrunerConfig.model_validate(
        {"_target_": "optuna.samplers.RandomSampler", "rungs": [0.5]}
    )
    with pytest.raises(UserError, match=r"`pruner\._target_` must name a pruner of Optuna"):
        make_pruning(wrong, epochs=20, trials=9)


def test_one_epoch_leaves_no_place_for_a_rung():
    with pytest.raises(UserError, match="`pruner` needs an epoch before the last one"):
        make_pruning(config("median"), epochs=1, trials=9)
