"""Several target columns that are no labels, and what cannot be asked where rows have several."""

import numpy as np
import pytest

from tests.bad_inputs.bad import CSV, LABELS, MULTI_LABEL, ROWS, Bad, labels, table

FEW = (np.arange(ROWS) < 3).astype(int)


def multi(
    content: str, *more: str, key: str, way_out: str, target: str = "[rain,wind]", sweep=False
) -> Bad:
    return Bad(
        given=(*LABELS[:2], f"dataset.target={target}", *MULTI_LABEL, *more),
        files={"my.csv": content},
        key=key,
        way_out=way_out,
        sweep=sweep,
    )


BAD = {
    "a column that is not binary": multi(
        labels(wind=np.arange(ROWS) % 3), key="dataset.target", way_out="leave it out", sweep=True
    ),
    "a column with gaps": multi(
        labels(wind=[1, None] * 20), key="dataset.target", way_out="fill them with 0"
    ),
    "a column that is not there": multi(
        labels(), target="[rain,wnd]", key="dataset.target", way_out="The nearest is `wind`"
    ),
    "a column twice": multi(
        labels(), target="[rain,wind,rain]", key="dataset.target", way_out="remove the repetition"
    ),
    "no column": multi(labels(), target="[]", key="dataset.target", way_out="choose"),
    "a list in the list": multi(
        labels(), target="[[rain],wind]", key="dataset.target", way_out="must be"
    ),
    "one column as labels": multi(
        labels(),
        "dataset.multi_label=true",
        target="[rain]",
        key="dataset.multi_label",
        way_out="name them all",
    ),
    "rows with two labels where one is wanted": multi(
        labels(), "dataset.multi_label=false", key="dataset.multi_label", way_out="multi_label=null"
    ),
    "one label in every row": multi(
        labels(rain=1, wind=0), key="dataset.target", way_out="choose other columns"
    ),
    "a label that is never there": multi(
        labels(wind=0),
        key="dataset.rare_classes",
        way_out="`dataset.rare_classes=drop`",
        sweep=True,
    ),
    "a label that is always there": multi(
        labels(wind=1), key="dataset.rare_classes", way_out="`dataset.rare_classes=drop`"
    ),
    "no label that is not rare": multi(
        labels(rain=FEW, wind=FEW),
        "dataset.rare_classes=drop",
        key="dataset.rare_classes",
        way_out="collect more rows",
    ),
    "labels to be merged": multi(
        labels(wind=FEW),
        "dataset.rare_classes=merge",
        key="dataset.rare_classes",
        way_out="set `dataset.rare_classes=drop`",
    ),
    "arms for one class a row": Bad(
        given=(*LABELS, "arms=[cross_entropy,focal_gamma]"),
        files={"my.csv": labels()},
        key="arms",
        way_out="--config-name multi_label",
        sweep=True,
    ),
    "arms for labels on classes": Bad(
        given=(*CSV, "arms=[binary_cross_entropy,binary_focal]"),
        files={"my.csv": table()},
        key="arms",
        way_out="`arms=[cross_entropy",
        sweep=True,
    ),
    "an arm that makes rows": multi(
        labels(),
        "+loss.pos_weighted.rows=focalsweep.data.resampling.smote",
        key="loss.pos_weighted.rows",
        way_out="remove",
    ),
    "costs": multi(
        labels(),
        "decision.costs=[[0,1],[5,0]]",
        key="decision.costs",
        way_out="set `decision.costs=null`",
        sweep=True,
    ),
    "class shares": multi(
        labels(),
        "decision.priors={clinic:{rain:0.1}}",
        key="decision.priors",
        way_out="set `decision.priors=null`",
    ),
    "a profile": multi(
        labels(),
        "dataset.profile=exp",
        "dataset.factor=10",
        key="dataset.profile",
        way_out="set `dataset.profile=none`",
    ),
    "label noise": multi(
        labels(), "dataset.label_noise=0.1", key="dataset.label_noise", way_out="label_noise=0`"
    ),
    "suspects to be dropped": multi(
        labels(),
        "dataset.drop_suspects=true",
        key="dataset.drop_suspects",
        way_out="set `dataset.drop_suspects=false`",
    ),
    "an objective about classes": multi(
        labels(), "objective=geometric_mean", key="objective", way_out="set `objective=macro_f1`"
    ),
    "more folds than rows": multi(
        labels(), "evaluation.folds=50", key="evaluation.folds", way_out="choose another number"
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_inspect_says_in_one_sentence_what_is_wrong(what, refused):
    refused(BAD[what], "inspect")


@pytest.mark.parametrize("what", [what for what, bad in BAD.items() if bad.sweep])
def test_sweep_says_the_same_before_anything_is_written(what, refused):
    refused(BAD[what], "sweep")
