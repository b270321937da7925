"""What is said about a sweep before it is started: right, and without training."""

import subprocess
import sys
from pathlib import Path

import pytest

from focalsweep.config.compose import compose_sweep
from focalsweep.deadline import Deadline
from focalsweep.inspection import inspect_plan
from focalsweep.prepare import prepare
from focalsweep.report.inspection_words import cost_sentences
from focalsweep.time_limit.pace import counted_pace, scale_of
from focalsweep.time_limit.schedule import schedule
from focalsweep.training.population import PopulationTrainer

SMALL = (
    "tracking=none",
    "dataset=synthetic",
    "dataset.rows=90",
    "dataset.ratio=3",
    "model=linear",
    "arms=[cross_entropy,focal_gamma]",
)


def plan_of(*overrides):
    return prepare(compose_sweep("smoke", [*SMALL, *overrides]).config)


def whole(plan):
    """The schedule of everything that is asked for."""
    return schedule(plan, plan.dataset, deadline=Deadline())


def inspected(*overrides, timing=False):
    return inspect_plan(whole(plan_of(*overrides)), command="focalsweep sweep", timing=timing)


def test_models_are_those_that_the_sweep_trains():
    cost = inspected().cost
    # 2 arms: 2 trials on 2 inner folds of 3 searches; the chosen point again on the same folds,
    # with 2 seeds in 2 outer folds, and once on all rows to be kept.
    assert cost.models == 2 * (2 * 2 * 3 + 2 * 3 + 2 * 2 + 1)
    assert (cost.arms, cost.trials, cost.epochs) == (2, 2, 2)


def test_suspects_are_counted_where_they_would_be_looked_for():
    with_suspects = inspected("dataset.drop_suspects=true").cost
    one_arm_more = inspected("arms=[cross_entropy,focal_gamma,class_weighted]").cost
    # 3 scopes of 2 inner folds, 2 refits, all rows; 3 parts each.
    assert with_suspects.models == one_arm_more.models + 3 * (3 * 2 + 2 + 1)
    assert with_suspects.memory.views > one_arm_more.memory.views


def test_the_evaluation_is_the_one_that_the_rule_for_large_data_chose():
    nested = inspected().evaluation
    assert (nested.kind, nested.folds, len(nested.test_rows)) == ("nested", 2, 2)
    assert sum(nested.test_rows) == 90
    found = inspected("evaluation.holdout_above=80")
    assert (found.evaluation.kind, found.evaluation.folds) == ("holdout", 1)
    assert len(found.evaluation.test_rows) == 1
    assert any("`evaluation.holdout_above`=80" in message for message in found.messages)


def test_a_sweep_that_varies_a_setting_says_so():
    said = inspected("vary={dataset.ratio: [2, 8]}").messages
    assert any("varies `dataset.ratio`" in message and "2 values" in message for message in said)


def test_steps_are_timed_only_where_that_is_wanted(monkeypatch):
    chunks = []
    train = PopulationTrainer.train

    def watched(self, members, **options):
        chunks.extend(members)
        return train(self, members, **options)

    monkeypatch.setattr(PopulationTrainer, "train", watched)
    assert inspected().cost.seconds is None
    assert chunks == []
    assert inspected(timing=True).cost.seconds >= 0.0
    assert {member.key.study for chunk in chunks for member in chunk} == {"calibration"}


def test_memory_grows_with_the_rows():
    few, many = (inspected(f"dataset.rows={rows}").cost.memory for rows in (90, 900))
    assert many.table == pytest.approx(10 * few.table, rel=0.01)
    assert many.views == pytest.approx(10 * few.views, rel=0.02)
    assert many.base == few.base


OUTSIDE = """
# @package loss.{name}
label: A loss of Keras
family: focal
_target_: {target}
options: {{from_logits: true, alpha: 1.0}}
search: {{gamma: {{low: 0.0, high: 5.0}}}}
baselines: [{{gamma: 2.0}}]
"""


def test_a_loss_of_keras_makes_a_sweep_mixed_and_its_models_are_timed_alone(tmp_path, monkeypatch):
    (tmp_path / "loss").mkdir()
    arm = OUTSIDE.format(name="of_keras", target="keras.losses.CategoricalFocalCrossentropy")
    (tmp_path / "loss" / "of_keras.yaml").write_text(arm.lstrip())
    arms = "arms=[cross_entropy,focal_gamma,of_keras]"
    plan = prepare(compose_sweep("smoke", [*SMALL, arms], config_dir=tmp_path).config)
    timed = []

    def seconds(trainer, *, chunk_size):
        timed.append((type(trainer).__name__, chunk_size))
        return 10.0 if chunk_size == 1 else 0.1

    monkeypatch.setattr("focalsweep.time_limit.timed_training.seconds_per_member_epoch", seconds)
    monkeypatch.setattr("focalsweep.time_limit.pace._slowness", lambda: 1.0)
    cost = inspect_plan(whole(plan), command="focalsweep sweep").cost
    assert not cost.one_by_one
    assert (cost.alone, cost.compiled_anew) == (("of_keras",), ())
    assert timed == [("OneByOneTrainer", 1), ("PopulationTrainer", cost.chunk_size)]
    third = cost.models / 3
    training = cost.epochs * (10.0 * third + 0.1 * 2 * third)
    after = counted_pace(plan).seconds_after_training(scale_of(plan))
    assert cost.seconds == pytest.approx(training + after)
    first, *_ = cost_sentences(cost)
    assert first.endswith(
        f"models of `of_keras` train one after another, of all others {cost.chunk_size} models "
        "train side by side."
    )


# Not `ru_maxrss`, which begins at what the process of the tests holds.
PEAK_OF_A_SWEEP = """
import re, sys
from pathlib import Path
from focalsweep.cli import main
status = main(["sweep", *sys.argv[1:]])
kibibytes = re.search(r"VmHWM:\\s+([0-9]+) kB", Path("/proc/self/status").read_text())[1]
print(status, int(kibibytes) * 1024, file=sys.stderr)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from /proc")
@pytest.mark.parametrize(
    "overrides",
    [("dataset.rows=200",), ("dataset.rows=60000", "dataset.features=30", "epochs=1", "trials=1")],
)
def test_the_estimated_peak_is_near_the_measured_one(overrides, tmp_path):
    given = ["--config-name", "smoke", *SMALL, *overrides]
    command = [sys.executable, "-c", PEAK_OF_A_SWEEP, *given, f"hydra.run.dir={tmp_path / 'run'}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    status, measured = map(int, done.stderr.strip().splitlines()[-1].split())
    assert status == 0
    # Measured 0.9 to 1.1; the rest is for other allocators and other versions of libraries.
    assert 0.6 < inspected(*overrides).cost.memory.total / measured < 1.8
