"""Composing one command: what it gives, and one sentence for everything that is wrong."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from focalsweep.config.compose import compose_sweep, compose_variants
from focalsweep.config.decision_schema import DecisionConfig
from focalsweep.errors import UserError

OWN_SWEEP = """
defaults:
  - config
  - override /dataset: mine
  - _self_
question: Mine?
arms: [cross_entropy, my_arm]
"""
OWN_DATASET = """
_target_: focalsweep.data.digits.load_digits
name: mine
rare_classes: error
profile: none
factor: 1.0
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A user's folder with a sweep, a dataset and an arm that inherits from `focal_gamma`."""
    folder = tmp_path / "it's (mine), really"
    for group in ("dataset", "loss"):
        (folder / group).mkdir(parents=True)
    (folder / "my_sweep.yaml").write_text(OWN_SWEEP)
    (folder / "dataset" / "mine.yaml").write_text(OWN_DATASET)
    (folder / "loss" / "my_arm.yaml").write_text(
        "defaults: [focal_gamma@_here_, _self_]\nlabel: mine\nsearch: {gamma: {high: 4}}\n"
    )
    return folder


def sentence(*overrides: str, name: str = "smoke", config_dir: Path | None = None) -> str:
    with pytest.raises(UserError) as caught:
        compose_variants(name, overrides, config_dir=config_dir)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    assert "hydra.cc" not in message
    return message


def test_top_level_knobs_are_overridden():
    config = compose_sweep(
        "smoke", ["trials=3", "epochs=4", "objective=mcc", "seed=7", "minutes=1"]
    ).config
    assert (config.trials, config.epochs, config.objective, config.seed, config.minutes) == (
        3, 4, "mcc", 7, 1.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    "override",
    [
        "arms=[cross_entropy,focal_gamma]",
        "arms='[cross_entropy, focal_gamma]'",
        'arms="[cross_entropy,focal_gamma]"',
        "arms=['cross_entropy', 'focal_gamma']",
    ],
)
def test_exactly_the_named_arms_are_loaded_in_order(override: str):
    config = compose_sweep("smoke", [override]).config
    assert config.arms == ("cross_entropy", "focal_gamma")
    assert list(config.loss) == ["cross_entropy", "focal_gamma"]


def test_nested_values_of_an_arm_are_overridden_with_and_without_naming_arms():
    ranged = "loss.focal_gamma.search.gamma.high=3"
    for arms in ([], ["arms=[cross_entropy,focal_gamma]"]):
        for overrides in ([ranged, *arms], [*arms, ranged]):
            config = compose_sweep("smoke", overrides).config
            assert config.loss["focal_gamma"].search["gamma"].high == 3.0


def test_one_arm_and_one_number_in_a_list_are_replaced_by_position():
    config = compose_sweep("smoke", ["arms.2=focal_folklore", "model.hidden.0=8"]).config
    assert config.arms[2] == "focal_folklore"
    assert config.model.parameters["hidden"] == [8, 64]


def test_a_key_that_only_the_schema_knows_is_overridden_without_a_plus():
    low = "loss.focal_gamma.search.gamma.low=0.1"
    config = compose_sweep(
        "smoke",
        [low, "loss.focal_gamma.search.gamma.log=true", "loss.focal_gamma.baselines=[]"],
    ).config
    assert config.loss["focal_gamma"].search["gamma"].log


def test_groups_are_chosen_and_their_values_overridden_in_one_command():
    config = compose_sweep(
        "smoke", ["optimizer=sgd", "optimizer.momentum=0.5", "evaluation=holdout"]
    ).config
    assert config.optimizer.momentum == 0.5
    assert (config.evaluation.kind, config.evaluation.folds) == ("holdout", 1)


def test_the_command_line_beats_the_sweep_file_for_groups_and_values():
    assert compose_sweep("smoke", ["dataset=ecoli"]).config.dataset.name == "ecoli"
    assert compose_sweep("smoke", ["trials=5"]).config.trials == 5


def test_a_path_with_special_characters_arrives_as_it_is():
    path = "C:\\new\\it's é (1)=x,y.csv"
    config = compose_sweep(
        "smoke", ["dataset=csv", f"dataset.path={path}", "dataset.target=y"]
    ).config
    assert config.dataset.parameters["path"] == path


def test_the_run_folder_is_absolute_and_named_after_sweep_dataset_and_fingerprint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    run_dir = compose_sweep("smoke").run_dir
    assert run_dir.parent == tmp_path / "runs"
    assert run_dir.name.startswith("smoke-glass-")
    assert len(run_dir.name.rpartition("-")[2]) == 8


def test_the_same_command_names_the_same_folder_in_another_process(tmp_path: Path):
    code = (
        "from focalsweep.config.compose import compose_sweep; "
        "print(compose_sweep('smoke', ['trials=3']).run_dir)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(run.stdout.strip()).name == compose_sweep("smoke", ["trials=3"]).run_dir.name


def test_the_run_folder_can_be_chosen(tmp_path: Path):
    chosen = compose_sweep("smoke", [f"hydra.run.dir={tmp_path}/a (b)/${{dataset.name}}"])
    assert chosen.run_dir == tmp_path / "a (b)" / "glass"
    marked = compose_sweep("smoke", [f"hydra.run.dir={tmp_path}/{{fingerprint}}"])
    assert marked.run_dir.name == compose_sweep("smoke").run_dir.name.rpartition("-")[2]


def test_composing_leaves_logging_working_directory_and_tensorflow_alone(tmp_path: Path):
    code = """
import logging, os, sys
before = (os.getcwd(), list(logging.getLogger().handlers), logging.getLogger().level)
from focalsweep.config.compose import compose_sweep
compose_sweep("smoke")
assert (os.getcwd(), list(logging.getLogger().handlers), logging.getLogger().level) == before
assert os.listdir() == []
assert "tensorflow" not in sys.modules, "tensorflow was imported"
assert "mlflow" not in sys.modules, "mlflow was imported"
"""
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr


def test_composing_twice_in_one_process_keeps_nothing_of_the_first():
    first = compose_sweep("smoke", ["dataset=ecoli", "arms=[cross_entropy,logit_adjusted]"])
    assert compose_sweep("smoke") == compose_sweep("smoke")
    assert compose_sweep("smoke") != first
    assert not logging.getLogger("hydra").handlers


def test_a_users_own_folder_adds_sweeps_datasets_and_arms(own: Path):
    config = compose_sweep("my_sweep", ["trials=2"], config_dir=own).config
    assert config.dataset.target == "focalsweep.data.digits.load_digits"
    assert config.loss["my_arm"].label == "mine"
    assert config.loss["my_arm"].search["gamma"].high == 4.0
    assert config.name == "my_sweep"


def test_a_users_own_folder_serves_the_sweeps_of_the_package_too(own: Path):
    config = compose_sweep("smoke", ["dataset=mine"], config_dir=own).config
    assert config.dataset.name == "mine"


def test_a_varied_sweep_becomes_one_sweep_a_value_in_its_own_folder():
    variants = compose_variants("imbalance_ratio", ["vary={dataset.ratio: [1, 7.5]}"])
    assert [each.config.dataset.parameters["ratio"] for each in variants] == [1, 7.5]
    assert [each.run_dir.name for each in variants] == ["ratio=1", "ratio=7.5"]
    assert len({each.run_dir.parent for each in variants}) == 1
    assert all(each.config.vary is None for each in variants)


def test_a_sweep_that_varies_text_composes_once_a_value():
    variants = compose_variants("smoke", ["vary={objective: [mcc, log_loss]}"])
    assert [each.config.objective for each in variants] == ["mcc", "log_loss"]


def test_a_sweep_that_varies_nothing_is_one_sweep():
    assert compose_variants("smoke") == [compose_sweep("smoke")]


@pytest.mark.parametrize("arms", ["[cross_entropy]", "[cross_entropy,cross_entropy_cleaned]"])
def test_dropping_suspects_adds_the_cleaned_arm_once_behind_the_others(arms: str):
    overrides = [f"arms={arms}", "dataset.drop_suspects=true"]
    for given in (overrides, overrides[::-1]):
        config = compose_sweep("smoke", [*given, "loss.cross_entropy_cleaned.label=clean"]).config
        assert config.arms == tuple(config.loss) == ("cross_entropy", "cross_entropy_cleaned")
        assert config.loss["cross_entropy_cleaned"].label == "clean"
    assert "cross_entropy_cleaned" not in compose_sweep("smoke").config.arms


def test_dropping_suspects_works_with_a_users_own_dataset_file(own: Path):
    config = compose_sweep(
        "my_sweep", ["dataset.drop_suspects=true", "dataset.label_noise=0.1"], config_dir=own
    ).config
    assert config.arms == ("cross_entropy", "my_arm", "cross_entropy_cleaned")
    assert (config.dataset.drop_suspects, config.dataset.label_noise) == (True, 0.1)


def test_a_sweep_over_label_noise_is_one_sweep_a_share():
    variants = compose_variants("smoke", ["vary={dataset.label_noise: [0.0, 0.2]}"])
    assert [each.config.dataset.label_noise for each in variants] == [0.0, 0.2]


def test_costs_and_priors_are_lists_or_mappings_by_class_name():
    def decision(*overrides: str) -> DecisionConfig:
        return compose_sweep("smoke", overrides).config.decision

    assert decision() == DecisionConfig(costs=None, priors=None)
    assert decision("decision.costs=[[0,1],[5,0]]").costs == ((0.0, 1.0), (5.0, 0.0))
    assert decision("decision.costs={a: 5, 3: {a: 1.5}}").costs == {"a": 5.0, "3": {"a": 1.5}}
    priors = decision("decision.priors={here: [0.9, 0.1], there: {a: 0.5}}").priors
    assert priors == {"here": (0.9, 0.1), "there": {"a": 0.5}}


def test_costs_on_the_command_line_replace_those_of_the_sweep_file(own: Path):
    (own / "my_sweep.yaml").write_text(OWN_SWEEP + "decision: {costs: {a: 1, b: 2}}\n")
    given = compose_sweep("my_sweep", ["decision.costs={a: 7}"], config_dir=own)
    assert given.config.decision.costs == {"a": 7.0}


def test_rows_and_stream_of_an_arm_are_set_by_name():
    config = compose_sweep(
        "smoke",
        ["loss.focal_gamma.rows=focalsweep.data.resampling.smote", "loss.focal_gamma.stream=1"],
    ).config
    assert config.loss["focal_gamma"].rows == "focalsweep.data.resampling.smote"
    assert [arm.stream for arm in config.loss.values()] == [0, 0, 1]


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        # unknown keys, with the nearest known name
        ("trails=3", "`trails` is not a known key; the nearest known name is `trials`."),
        ("+trails=3", "`trails` is not a known key; the nearest known name is `trials`."),
        ("datset=yeast", "`datset` is not a known key; the nearest known name is `dataset`."),
        ("learning_rate=1", "the nearest known name is `optimizer.learning_rate`."),
        ("folds=3", "the nearest known name is `evaluation.folds`."),
        (
            "optimizer.lr=1",
            "`optimizer.lr` is not a known key; expected one of `optimizer.batch_size`,",
        ),
        (
            "model.hiden=[3]",
            "`model.hiden` is not a known key; the nearest known name is `model.hi",
        ),
        (
            "+dataset.fil=a",
            "`dataset.fil` is not a known key; the nearest known name is `dataset.f",
        ),
        ("+optimizer.lerning_rate=1", "the nearest known name is `optimizer.learning_rate`."),
        ("trials.first=3", "`trials` is one value and has no keys of its own."),
        (
            "loss.focal_gamma.serch.gamma.high=3",
            "`loss.focal_gamma.serch.gamma.high` is not a known key; the nearest known name is "
            "`loss.focal_gamma.search`.",
        ),
        ("loss.focal_gama.label=x", "the nearest known name is `loss.focal_gamma`."),
        (
            "loss.effective_number.label=x",
            "belongs to an arm that is not among `arms`; add `effective_number` to them.",
        ),
        # unknown options of groups
        ("dataset=yest", "`dataset=yest` is not known; the nearest known name is `dataset=yeast`."),
        ("tracking=wandb", "expected one of `tracking=mlflow`, `tracking=none`."),
        ("dataset=null", "`dataset=null` must name one option of `dataset`; expected one of"),
        ("~dataset", "`~dataset` is refused, because a sweep needs a `dataset`."),
        # arms
        ("arms=[cross_entropy,focal_gama]", "`arms` names `focal_gama`, which is not known; the"),
        ("arms=cross_entropy", "`arms` must be a list of names such as `arms=[cross_entropy,"),
        ("arms=cross_entropy,focal_gamma", "write `arms=[...]` for a list"),
        ("arms=[]", "`arms` must be a list of one or more values; received `arms=[]`."),
        ("arms=[focal_gamma]", "`arms` must include `cross_entropy`"),
        ("arms=[cross_entropy,cross_entropy]", "`arms` names `cross_entropy` more than once"),
        ("loss=focal_gamma", "arms are chosen by name: write `arms=["),
        # what the schema says is tested in test_explain.py; here, that it is asked
        ("trials=many", "`trials` must be a whole number; received `trials=many`."),
        ("trials=1,2", "`trials=1,2` stands for several runs"),
        ("name=a/b", "`name` must be text that matches"),
        (
            "loss.focal_gamma.search.gamma.high=big",
            "`loss.focal_gamma.search.gamma.high` must be a",
        ),
        ("loss.focal_gamma.search.gamma.log=true", "must have `low` > 0 where `log` is true"),
        ("loss.focal_gamma.search.gamma.neutral=6", "must have `neutral` in [0.0, 5.0]"),
        ("optimizer.momentum=0.9", "`momentum`, which `adamw` ignores; use optimizer=sgd"),
        ("vary={sed: [1]}", "`sed` is not a known key; the nearest known name is `seed`."),
        ("vary={seed: [1, x]}", "`seed` must be a whole number; received `seed=x`."),
        ("dataset.label_noise=0.5", "`dataset.label_noise` must be < 0.5; received"),
        ("dataset.drop_suspects=yes", "`dataset.drop_suspects` must be true or false; received"),
        ("selection=two", "`selection` must be 'best' or 'one_standard_error'; received"),
        ("objective=cost", "`objective=cost` needs `decision.costs`; give one row of costs a"),
        ("decision.costs=[1,2]", "`decision.costs` must be one row of numbers a class such as ["),
        ("decision.costs={a: x}", "or null; received `decision.costs={a:x}`."),
        ("decision.priors=[1,2]", "`decision.priors` must be a mapping from scenarios (letters,"),
        ("decision.priors={a b: [1]}", 'or null; received `decision.priors={"a b":[1]}`.'),
        ("decision.cost=1", "the nearest known name is `decision.costs`."),
        # missing values, interpolations
        ("question=???", "`question` has no value; add `question=VALUE`."),
        ("~trials", "`trials` has no value; add `trials=VALUE`."),
        ("question=${nothing}", "`question` cannot be resolved: Interpolation key 'nothing' not"),
        # syntax and Hydra's own settings
        ("quickstart", "to run that sweep write `--config-name quickstart`."),
        ("nonsense", "`nonsense` is not an override; write `KEY=VALUE`."),
        ("arms=[cross_entropy", "`arms=[cross_entropy` cannot be read; expected `KEY=VALUE`"),
        ("=3", "`=3` is not an override; write `KEY=VALUE`."),
        ("hydra.job.chdir=true", "`hydra.job.chdir` has no effect here"),
        ("hydra/job_logging=default", "`hydra/job_logging` has no effect here"),
        ("+dataset=glass", "The config of `smoke` cannot be composed: dataset appears more"),
        # targets
        ("dataset._target_=focalsweep.data.digits.load_digit", "nearest known name is `load_dig"),
        ("dataset._target_=focalsweep.dta.x", "but Python finds no module `focalsweep.dta`."),
        ("sampler._target_=tpe", "`sampler._target_` must be text that matches"),
        ("loss.focal_gamma.rows=smote", "`loss.focal_gamma.rows` must be text that matches"),
        (
            "loss.focal_gamma.rows=focalsweep.data.resampling.smot",
            "`loss.focal_gamma.rows` names `focalsweep.data.resampling.smot`, which is no function "
            "of its module; the nearest known name is `smote`.",
        ),
        (
            "loss.focal_gamma.rows=focalsweep.data.profile.thin",
            "`loss.focal_gamma.rows` names `focalsweep.data.profile.thin`, which cannot treat rows",
        ),
    ],
)
def test_every_mistake_is_one_sentence_with_the_full_key(override: str, expected: str):
    assert expected in sentence(override)


def test_csv_without_a_file_shows_the_two_overrides_that_it_needs(own: Path):
    csv = own / "dataset" / "mine.yaml"
    csv.write_text(OWN_DATASET + "path: ???\ntarget: ???\n")
    assert sentence("dataset=mine", config_dir=own) == (
        "`dataset.path` and `dataset.target` have no value; add "
        "`dataset.path=FILE dataset.target=COLUMN`."
    )
    assert "`dataset.target` has no value" in sentence(
        "dataset=mine", "dataset.path=a.csv", config_dir=own
    )


def test_an_unknown_sweep_names_the_nearest():
    assert sentence(name="quikstart") == (
        "There is no sweep `quikstart`; the nearest known name is `quickstart`."
    )
    assert "expected one of" in sentence(name="config")


def test_a_wrong_config_dir_is_named(tmp_path: Path):
    assert "`--config-dir` must be a folder" in sentence(config_dir=tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "defaults: [config, {override /dataset: yest}, _self_]\n",
            "nearest known name is `yeast`",
        ),
        ("defaults: [confg]\n", "asks for `confg`, which does not exist"),
        (OWN_SWEEP + "trails: 3\n", "`trails` is not a known key; the nearest known name is `tr"),
        (OWN_SWEEP + "verdict: {confidense: 1}\n", "nearest known name is `verdict.confidence`"),
        (OWN_SWEEP + "a: [\n", "A config file of `my_sweep` is not YAML; mend it: while parsing"),
        ("defaults: [config, _self_]\nquestion: What?\n", "`arms` must be a list of names"),
    ],
)
def test_a_mistake_in_a_users_own_sweep_is_one_sentence(own: Path, text: str, expected: str):
    (own / "my_sweep.yaml").write_text(text)
    assert expected in sentence(name="my_sweep", config_dir=own)
