"""Parsing and quoting for Hydra's grammar."""

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from focalsweep.config.overrides import parse, quoted

PIECES = st.sampled_from(
    ["a", "é", " ", "'", '"', "\\", "{", "}", "$", "=", ",", "[", "(", "~", "#"]
)


@given(st.lists(PIECES, max_size=8).map("".join))
def test_a_quoted_value_is_read_as_it_stands(value: str):
    while "${" in value:  # an interpolation stays one
        value = value.replace("${", "$")
    override = OverridesParser.create().parse_override(f"key={quoted(value)}")
    config = OmegaConf.create({"key": override.value()})
    assert config.key == value


@pytest.mark.parametrize(
    "path", ["/data/a b.csv", "C:\\new\\x'y.csv", "/tmp/é (1)=x,y.csv", "~/t.csv", "a\\", "a#b"]
)
def test_a_path_that_the_grammar_cannot_read_is_taken_as_it_stands(path: str):
    (override,) = parse([f"dataset.path={path}"], ())
    assert override.value() == path


def test_what_the_grammar_can_read_keeps_its_meaning():
    given = ["a=3", "b=[1,x]", "c={d: 1.5}", "e=null", "f='3'", "+g=true", "h=a b"]
    values = [override.value() for override in parse(given, ())]
    assert values == [3, [1, "x"], {"d": 1.5}, None, "3", True, "a b"]


@pytest.mark.parametrize("typed", ["1.0", "1.50", "True", "true", "007", "1e3", "nan"])
def test_a_name_of_a_column_or_a_word_is_taken_as_it_is_typed(typed: str):
    overrides = [
        f"dataset.target={typed}",
        f"+dataset.groups={typed}",
        f"dataset.missing=[{typed}]",
    ]
    values = [override.value() for override in parse(overrides, ())]
    assert values == [typed, typed, [typed]]


def test_a_list_of_names_may_hold_any_letters_and_none_stays_none():
    overrides = ["dataset.target=[Größe,1.0,'a, b',null]", "dataset.groups=null", "trials=1.0"]
    values = [override.value() for override in parse(overrides, ())]
    assert values == [["Größe", "1.0", "a, b", "null"], None, 1.0]
