"""Configs with unknown keys, values out of range and options that contradict each other."""

import pytest

from tests.bad_inputs.bad import Bad

SMALL = ("dataset=synthetic", "dataset.rows=90", "dataset.ratio=3", "model=linear")


def setting(*given: str, key: str, way_out: str, sweep: bool = False) -> Bad:
    return Bad(given=(*SMALL, *given), key=key, way_out=way_out, sweep=sweep)


BAD = {
    "an unknown key": setting("colour=red", key="colour", way_out="expected one of"),
    "a misspelt key": setting(
        "dataset.rare_clases=drop", key="dataset.rare_clases", way_out="`dataset.rare_classes`"
    ),
    "a key of another source": setting(
        "dataset.path=my.csv", key="dataset.path", way_out="expected one of"
    ),
    "a key below a number": setting("trials.most=3", key="trials.most", way_out="is one value"),
    "a value without a key": setting("=3", key="=3", way_out="write `KEY=VALUE`"),
    "an override that cannot be read": setting("trials=[1,", key="trials=[1,", way_out="expected"),
    "several runs in one": setting("trials=1,2", key="trials", way_out="one command for each"),
    "a setting of Hydra's": setting("hydra.verbose=true", key="hydra.verbose", way_out="only"),
    "a group left out": setting("~model", key="~model", way_out="a sweep needs"),
    "an unknown dataset": Bad(
        given=("dataset=yeest",), key="dataset=yeest", way_out="dataset=yeast"
    ),
    "two datasets": Bad(given=("dataset=[yeast,glass]",), key="dataset", way_out="one option"),
    "an unknown arm": setting("arms=[cross_entropy,focl]", key="arms", way_out="`focal"),
    "no arm": setting("arms=[]", key="arms", way_out="one or more values"),
    "no list of arms": setting("arms=cross_entropy", key="arms", way_out="`arms=[cross_entropy"),
    "no control arm": setting("arms=[focal_gamma]", key="arms", way_out="must include"),
    "the key of an arm that is not run": setting(
        "arms=[cross_entropy]",
        "loss.focal_gamma.search.gamma.high=3",
        key="loss.focal_gamma.search.gamma.high",
        way_out="add `focal_gamma` to them",
    ),
    "text for a number": setting("trials=many", key="trials", way_out="must be a whole number"),
    "nothing for a number": setting("trials=null", key="trials", way_out="must be a whole number"),
    "infinity for a number": setting("dataset.factor=inf", key="dataset.factor", way_out="must be"),
    "zero trials": setting("trials=0", key="trials", way_out=">= 1", sweep=True),
    "a negative seed": setting("seed=-1", key="seed", way_out=">= 0"),
    "half of the labels wrong": setting(
        "dataset.label_noise=0.5", key="dataset.label_noise", way_out="< 0.5"
    ),
    "a factor of zero": setting("dataset.factor=0", key="dataset.factor", way_out="> 0"),
    "an unknown profile": setting("dataset.profile=long", key="dataset.profile", way_out="'exp'"),
    "a name that is no folder": setting("dataset.name=a/b", key="dataset.name", way_out="match"),
    "rows that are too few": setting("dataset.rows=2", key="dataset.rows", way_out="must"),
    "rows without number": setting("dataset.rows=1.5", key="dataset.rows", way_out="whole number"),
    "a source that is not there": setting(
        "dataset._target_=no_such_module_anywhere.load", key="dataset._target_", way_out="finds no"
    ),
    "a source that is no path": setting(
        "dataset._target_=load", key="dataset._target_", way_out="must be text that matches"
    ),
    "a source that returns nothing": Bad(
        given=("dataset=callable", "dataset.function=os.getcwd"),
        key="os.getcwd",
        way_out="must return",
    ),
    "one fold": setting("evaluation.folds=1", key="evaluation", way_out="`folds` >= 2"),
    "one inner fold": setting(
        "evaluation.inner_folds=1", key="evaluation.inner_folds", way_out=">= 2"
    ),
    "more folds than rows": setting(
        "evaluation.folds=500", key="evaluation.folds", way_out="choose another number", sweep=True
    ),
    "more inner folds than rows": setting(
        "evaluation.inner_folds=500", key="evaluation.inner_folds", way_out="choose another number"
    ),
    "folds of a holdout": setting(
        "evaluation=holdout", "++evaluation.folds=3", key="evaluation", way_out="use nested"
    ),
    "a test part of nothing": setting(
        "evaluation=holdout",
        "evaluation.test_fraction=0.001",
        key="evaluation.test_fraction",
        way_out="choose one nearer to 0.5",
    ),
    "a test part of everything": setting(
        "evaluation=holdout",
        "evaluation.test_fraction=1",
        key="evaluation.test_fraction",
        way_out="< 1",
    ),
    "costs as objective without costs": setting(
        "objective=cost", key="decision.costs", way_out="give one row of costs a class", sweep=True
    ),
    "costs of two classes for three": setting(
        "decision.costs=[[0,1],[1,0]]", key="decision.costs", way_out="each of the 3 classes"
    ),
    "gains for costs": setting(
        "decision.costs=[[5,0,0],[0,5,0],[0,0,5]]", key="decision.costs", way_out="change the sign"
    ),
    "costs of text": setting("decision.costs=dear", key="decision.costs", way_out="such as"),
    "shares of unknown classes": setting(
        "decision.priors={clinic: {ill: 0.1}}",
        key="decision.priors.clinic",
        way_out="expected one of",
    ),
    "shares beyond one": setting(
        "decision.priors={clinic: [0.9, 0.9, 0.9]}",
        key="decision.priors.clinic",
        way_out="add up to 1",
    ),
    "weight decay of adam": setting(
        "optimizer=adam",
        "++optimizer.weight_decay=0.1",
        key="optimizer",
        way_out="use optimizer=adamw",
    ),
    "a learning rate outside its range": setting(
        "optimizer.learning_rate=100", key="optimizer", way_out="outside the searched range"
    ),
    "an empty range": setting(
        "optimizer.search.learning_rate.low=1",
        key="optimizer.search.learning_rate",
        way_out="`low` <",
    ),
    "a batch of nothing": setting(
        "optimizer.batch_size=0", key="optimizer.batch_size", way_out=">= 1"
    ),
    "a register without a model": setting(
        "tracking=mlflow",
        "tracking.models=false",
        "tracking.register=mine",
        key="tracking",
        way_out="set `models` to true",
    ),
    "two keys to vary": setting("vary={seed: [1], trials: [1]}", key="vary", way_out="such as"),
    "no value to vary": setting("vary={seed: []}", key="vary", way_out="such as"),
    "a model without units": setting("model=mlp", "model.hidden=[0]", key="model", way_out="units"),
    "a model that drops everything": setting(
        "model=mlp", "model.dropout=2", key="model", way_out="between 0 and 1"
    ),
    "half of an interpolation": setting(
        "dataset.name=${seed", key="dataset.name", way_out="write `${KEY}`"
    ),
    "an interpolation of nothing": setting(
        "trials=${sead}", key="trials", way_out="mend the interpolation"
    ),
    "rows beyond any memory": setting(
        "dataset.rows=1000000000000", key="dataset", way_out="give fewer rows"
    ),
    "an unknown sweep": Bad(
        given=("--config-name", "smokee"), key="smokee", way_out="the nearest known name is `smoke`"
    ),
    "a folder of configs that is none": Bad(
        given=("--config-dir", "nowhere"), key="--config-dir", way_out="folder"
    ),
    "a sweep file that is no YAML": Bad(
        given=("--config-dir", "mine", "--config-name", "sweep"),
        files={"mine/sweep.yaml": "arms: [a\nb: :"},
        key="sweep",
        way_out="mend",
    ),
    "a sweep file that is empty": Bad(
        given=("--config-dir", "mine", "--config-name", "sweep"),
        files={"mine/sweep.yaml": ""},
        key="arms",
        way_out="such as",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_inspect_says_in_one_sentence_what_is_wrong(what, refused):
    refused(BAD[what], "inspect")


@pytest.mark.parametrize("what", [what for what, bad in BAD.items() if bad.sweep])
def test_sweep_says_the_same_before_anything_is_written(what, refused):
    refused(BAD[what], "sweep")


# What only a sweep asks: where runs are tracked, and what is varied.
OF_A_SWEEP = {
    "a store that is none": setting(
        "tracking=mlflow",
        "tracking.uri=pigeon://loft",
        key="tracking.uri",
        way_out="sqlite",
    ),
    "an unknown key to vary": setting("vary={sead: [1]}", key="sead", way_out="`seed`"),
}


@pytest.mark.parametrize("what", OF_A_SWEEP)
def test_sweep_refuses_what_inspect_does_not_need(what, refused):
    refused(OF_A_SWEEP[what], "sweep")


# Where something else stands in the place of the output.
OCCUPIED = {
    "inspect": Bad(
        given=(*SMALL, "--output", "file/page.html"),
        files={"file": ""},
        key="--output",
        way_out="choose another",
    ),
    "sweep": Bad(
        given=(*SMALL, "tracking=none", "hydra.run.dir=file/run"),
        files={"file": ""},
        key="hydra.run.dir",
        way_out="choose another",
    ),
}


def test_a_page_in_the_place_of_a_file_is_refused(refused_in_part):
    shown = refused_in_part(OCCUPIED["inspect"], "inspect")
    assert "Columns" in shown


def test_a_run_folder_in_the_place_of_a_file_is_refused(refused_in_part):
    shown = refused_in_part(OCCUPIED["sweep"], "sweep")
    assert "Imbalance ratio" in shown
