"""Costs and shares by class: every way of writing them, and one sentence for what is wrong."""

import numpy as np
import pytest

from focalsweep.data.class_numbers import class_shares, cost_matrix
from focalsweep.errors import UserError

NAMES = ("a", "b", "c")
COUNTS = np.array([60, 30, 10])


def shares(given):
    return class_shares(given, class_names=NAMES, counts=COUNTS, scenario="clinic")


def test_costs_by_list_by_name_and_by_pair_are_the_same_matrix():
    matrix = ((0.0, 2.0, 2.0), (1.0, 0.0, 3.0), (5.0, 5.0, 0.0))
    assert cost_matrix(matrix, class_names=NAMES) == matrix
    named = {"c": 5.0, "a": 2.0, "b": {"c": 3.0, "a": 1.0}}
    assert cost_matrix(named, class_names=NAMES) == matrix


def test_a_right_decision_costs_nothing_unless_its_cost_is_given():
    named = {"a": 2.0, "b": {"a": 1.0, "b": 0.5, "c": 1.0}, "c": 2.0}
    assert np.diag(cost_matrix(named, class_names=NAMES)).tolist() == [0.0, 0.5, 0.0]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (((0.0, 1.0), (1.0, 0.0)), "one row for each of the 3 classes in the order `a`, `b`, `c`"),
        (((0, 1, 1), (1, 0), (1, 1, 0)), "one number in the row of `b` for each of the 3 classes"),
        ({"a": 1.0, "b": 1.0}, "Received: nothing for `c`"),
        ({"a": 1.0, "b": 1.0, "d": 1.0}, "names the class `d`, which the data do not have"),
        ({"a": 1.0, "b": {"a": 1.0}, "c": 1.0}, "`decision.costs.b` must name every class"),
        ({"a": 1.0, "b": {"x": 1.0}, "c": 1.0}, "`decision.costs.b` names the class `x`"),
        (((0, 1, 1), (-1, 4, -1), (1, 1, 0)), "must be costs, not gains"),
    ],
)
def test_costs_that_do_not_fit_the_classes_are_refused_by_name(given, words):
    with pytest.raises(UserError) as caught:
        cost_matrix(given, class_names=NAMES)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_shares_add_up_to_exactly_one():
    assert shares((0.33, 0.33, 0.33)) == pytest.approx((1 / 3, 1 / 3, 1 / 3))
    assert shares({"c": 0.5, "b": 0.3, "a": 0.2}) == pytest.approx((0.2, 0.3, 0.5))


def test_classes_that_are_not_named_share_the_rest_as_in_the_data():
    assert shares({"c": 0.1}) == pytest.approx((0.6, 0.3, 0.1))
    assert shares({"a": 0.2}) == pytest.approx((0.2, 0.6, 0.2))
    assert shares({}) == pytest.approx((0.6, 0.3, 0.1))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((0.5, 0.5), "one share for each of the 3 classes"),
        ((0.5, 0.5, 0.5), "add up to 1. Received: a sum of 1.5 over `a`, `b`, `c`"),
        ((0.5, 0.5, 0.0), "Received: 0 for `c`"),
        ({"a": 1.2}, "Received: 1.2 for `a`"),
        ({"a": 0.5, "b": 0.5}, "must leave a share to `c`"),
        ({"d": 0.5}, "`decision.priors.clinic` names the class `d`"),
    ],
)
def test_shares_that_cannot_be_shares_are_refused_by_name(given, words):
    with pytest.raises(UserError) as caught:
        shares(given)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_class_is_known_by_other_spellings_of_its_name_where_one_fits():
    assert cost_matrix({"true": 5.0, "false": 1.0}, class_names=("False", "True")) == (
        (0.0, 1.0),
        (5.0, 0.0),
    )
    assert cost_matrix({"1.0": 5.0, "2": 1.0}, class_names=("1", "2"))[0] == (0.0, 5.0)
    with pytest.raises(UserError, match="names the class `no`"):
        cost_matrix({"no": 1.0, "yes": 1.0}, class_names=("NO", "No", "yes"))
    with pytest.raises(UserError, match="Received: `True` twice"):
        cost_matrix({"true": 5.0, "True": 1.0}, class_names=("False", "True"))
