"""Mappings by class are read with any names, as they are typed."""

import doctest

import pytest

from focalsweep.config import class_mappings as module
from focalsweep.config.class_mappings import take_mappings
from focalsweep.config.compose import compose_sweep
from focalsweep.errors import UserError

GIVEN = ["dataset=csv", "dataset.path=my.csv", "dataset.target=label"]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("{'<=50K': 1, '>50K': 5}", {"<=50K": 1, ">50K": 5}),
        ('{"<30":1,">30":5}', {"<30": 1, ">30": 5}),
        ("{naïve: 5, größer als: 1}", {"naïve": 5, "größer als": 1}),
        ("{true: 5, False: 1, null: 2}", {"true": 5, "False": 1, "null": 2}),
        ("{1.0: 5, 01: 1, 1e3: 2}", {"1.0": 5, "01": 1, "1e3": 2}),
        ("{'a, b': 1, 'k: v': 2, '{x}': 3, 'a=b': 4}", {"a, b": 1, "k: v": 2, "{x}": 3, "a=b": 4}),
        ("{'it''s': 1, 'say \"no\"': 2, 😀: 3}", {"it's": 1, 'say "no"': 2, "😀": 3}),
        ("{rare:5,common:1e-3}", {"rare": 5, "common": 0.001}),
        ("{yes: {no: 2.5, maybe: 1}, no: 1, maybe: 1}", None),
    ],
)
def test_names_stay_as_they_are_typed(typed, expected):
    costs = compose_sweep("smoke", [*GIVEN, f"decision.costs={typed}"]).config.decision.costs
    expected = expected or {"yes": {"no": 2.5, "maybe": 1}, "no": 1, "maybe": 1}
    assert costs == expected
    assert all(isinstance(name, str) for name in costs)


def test_shares_of_a_scenario_have_such_names_too():
    typed = "decision.priors={clinic: {'>50K': 0.1}, ward: [0.9, 0.1]}"
    priors = compose_sweep("smoke", [*GIVEN, typed]).config.decision.priors
    assert priors == {"clinic": {">50K": 0.1}, "ward": (0.9, 0.1)}


@pytest.mark.parametrize("typed", ["{>50K: 1}", "{a, b}", "{a: 1", "{'a: 1}"])
def test_what_is_no_mapping_is_refused_with_a_form_that_is(typed):
    with pytest.raises(UserError, match=r"`decision\.costs` must be a mapping by class") as caught:
        take_mappings([f"decision.costs={typed}"])
    way_out = str(caught.value).rpartition('`"')[2].rstrip('".`')
    assert take_mappings([way_out])[1] == {"decision.costs": {"<30": 1, ">30": 5}}


def test_lists_and_interpolations_are_left_to_hydra():
    given = ["decision.costs=[[0,1],[5,0]]", "decision.costs={a: ${trials}}", "trials=3"]
    assert take_mappings(given) == (given, {})


def test_the_examples_are_true():
    assert doctest.testmod(module).failed == 0
