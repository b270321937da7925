from __future__ import annotations

import math
from typing import get_args

import pytest

from focalsweep.evidence.facts import Interval
from focalsweep.evidence.result import Decision
from focalsweep.metrics.objective import LABEL_OBJECTIVES, OBJECTIVES, objective_label
from focalsweep.report.wording import (
    axis_words,
    chosen_words,
    decision_tone,
    decision_words,
    difference_interval,
    duration,
    number,
    objective_hint,
    objective_interval,
    outcome_words,
    percent,
    positive_weights,
    rows_words,
    score,
    spread,
)


@pytest.mark.parametrize("decision", get_args(Decision))
def test_every_decision_has_words_and_a_tone(decision):
    assert decision_words(decision, "single_label", "macro_f1")[0].isupper()
    assert decision_tone(decision) in {"change", "keep", "unsure"}


@pytest.mark.parametrize("decision", get_args(Decision))
def test_no_decision_about_labels_speaks_of_classes(decision):
    assert "class" not in decision_words(decision, "multi_label", "macro_f1")
    assert "decision weights" not in decision_words(decision, "multi_label", "macro_f1")


@pytest.mark.parametrize("name", LABEL_OBJECTIVES)
def test_every_objective_of_labels_has_a_name_and_a_hint(name):
    assert objective_label(name)
    assert "class" not in objective_hint(name, "multi_label")


def test_under_costs_the_decision_layer_is_what_is_used():
    assert (
        decision_words("use_decision_weights", "single_label", "macro_f1") == "Use decision weights"
    )
    assert (
        decision_words("use_decision_weights", "single_label", "cost") == "Use the decision layer"
    )


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_has_a_name_and_a_hint(name):
    assert objective_label(name)
    assert objective_hint(name)


@pytest.mark.parametrize(
    ("name", "axis"),
    [
        ("log_loss", "log-loss (lower is better)"),
        ("cost", "mean cost a row (lower is better)"),
        ("macro_f1", "macro-F1"),
    ],
)
def test_an_axis_says_so_where_lower_is_better(name, axis):
    assert axis_words(name) == axis
    assert axis.startswith(objective_label(name))


@pytest.mark.parametrize(
    ("value", "signed", "text"),
    [
        (0.6234, False, "0.623"),
        (0.0123, True, "+0.012"),
        (-0.0123, True, "-0.012"),
        (-0.0123, False, "-0.012"),
        (-0.0001, True, "0.000"),
        (math.nan, False, "n/a"),
    ],
)
def test_a_score_has_three_decimals_and_a_difference_its_sign(value, signed, text):
    assert score(value, signed=signed) == text


def test_what_is_surely_ahead_is_never_said_to_be_open(usual):
    made = usual.result.comparisons[0]
    ahead = made.model_copy(
        update={"outcome": "undecided", "interval": Interval(low=0.002, high=0.008)}
    )
    assert outcome_words(ahead, "not_enough_data").startswith("Ahead, but not surely")
    open_ = ahead.model_copy(update={"interval": Interval(low=-0.002, high=0.008)})
    assert outcome_words(open_, "not_enough_data") == "Cannot be told from this data"


def test_an_interval_without_an_end_is_unknown():
    unknown, known = Interval(low=-math.inf, high=math.inf), Interval(low=-0.01, high=0.02)
    assert objective_interval(unknown, "macro_f1") == "unknown"
    assert difference_interval(unknown, "cost") == "unknown"
    assert difference_interval(known, "macro_f1") == "-0.010 to +0.020"
    assert difference_interval(known, "cost") == "costs 0.01 more to saves 0.02"


@pytest.mark.parametrize("share", [0.9991, 0.99999, 0.0001])
def test_a_probability_is_never_rounded_to_certainty(share):
    assert percent(share) not in {"0%", "0.0%", "100%", "100.0%"}


def test_certainty_itself_is_said():
    assert percent(1.0) == "100%"
    assert percent(math.nan) == "n/a"


def test_numbers_have_four_significant_digits():
    assert number(0.00031623) == "0.0003162"
    assert number(math.inf) == "n/a"


def test_a_range_of_one_value_is_that_value():
    assert spread([1.5, 1.5]) == "1.5"
    assert spread([2.0, 0.5]) == "0.5 to 2"


@pytest.mark.parametrize(("seconds", "text"), [(3.21, "3.2 s"), (125, "2.1 min"), (7200, "2.0 h")])
def test_a_duration_has_the_unit_that_a_person_would_use(seconds, text):
    assert duration(seconds) == text


def test_chosen_words_leave_out_nuisance_and_coordinates(make_result):
    arm = make_result(
        classes=5, arms=["cross_entropy", "focal_gamma_alpha"], chosen="focal_gamma_alpha"
    ).result.arms[1]
    parameters = arm.best.parameters | {"learning_rate": 0.001}
    lines = chosen_words(arm.best.model_copy(update={"parameters": parameters}))
    assert len(lines) == 2
    assert lines[0].startswith("gamma ")
    assert lines[1].startswith("alpha ")
    assert "delta" not in " ".join(lines)
    assert "learning" not in " ".join(lines)


@pytest.mark.parametrize(
    ("count", "short", "text"),
    [
        (7.0, False, "7"),
        (7.333, False, "7.3"),
        (731.333, False, "731"),
        (12_345.0, False, "12,345"),
        (12_345.0, True, "12k"),
        (9_999.0, True, "9,999"),
    ],
)
def test_a_mean_number_of_rows_has_a_decimal_only_where_it_matters(count, short, text):
    assert rows_words(count, short=short) == text


def test_a_label_that_every_training_row_has_is_left_out_of_the_range(few_labels):
    best = few_labels.result.arms[-1].best
    changed = {"alpha": (1.0, 2.0, 3.0), "alpha_negative": (0.0, 1.0, 1.5), "parameters": {}}
    assert math.isnan(positive_weights(best.model_copy(update=changed))[0])
    assert chosen_words(best.model_copy(update=changed)) == []
    changed["alpha"] = (1.0, 2.0, 4.5)
    assert chosen_words(best.model_copy(update=changed)) == ["pos_weight 2 to 3"]
