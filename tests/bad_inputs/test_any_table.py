"""Whatever lies in a table: `focalsweep inspect` describes it or refuses it, and never crashes."""

import csv
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from focalsweep.config.compose import compose_sweep
from focalsweep.config.record import validate
from focalsweep.deadline import Deadline
from focalsweep.errors import UserError
from focalsweep.inspection import inspect_plan
from focalsweep.prepare import prepare
from focalsweep.report.inspection_page import render_inspection
from focalsweep.time_limit.schedule import schedule

WORDS = st.sampled_from(["a", "b", "c", "train", "test", "yes", "no", "é", "", " ", "NA", "1"])
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=12)
CELLS = {
    "whole numbers": st.integers(-3, 3).map(str),
    "any whole numbers": st.integers().map(str),
    "numbers": st.floats().map(str),
    "booleans": st.booleans().map(str),
    "dates": st.dates().map(str),
    "moments": st.datetimes().map(str),
    "words": WORDS,
    "texts": TEXTS,
    "nothing": st.just(""),
    "one value": st.just("x"),
    "all kinds": st.one_of(WORDS, TEXTS, st.integers().map(str), st.floats().map(str)),
}
NAMES = st.one_of(
    st.sampled_from(["x", "label", "8", "a,b", 'a"b', "", " ", "é", "`", "<b>", "{x}", "nan"]),
    TEXTS,
)
ROLES = ("groups", "split", "time", "weights")


@st.composite
def tables(draw):
    """Return a CSV, mostly with classes that can be learned, and settings that name columns."""
    rows = draw(st.sampled_from([0, 1, 7, 30, 40]))
    names = draw(st.lists(NAMES, min_size=1, max_size=5, unique_by=str.strip))
    columns = [
        draw(st.lists(draw(st.sampled_from(list(CELLS.values()))), min_size=rows, max_size=rows))
        for _ in names
    ]
    target = names[-1]
    if seldom_not(draw):
        classes, target = draw(st.integers(1, 3)), "class"
        names.append(target)
        columns.append([f"c{row % classes}" for row in range(rows)])
    if not seldom_not(draw):
        target = draw(st.lists(st.sampled_from(names), max_size=3))
    policies = st.sampled_from(["error", "drop", "merge", "keep"])
    given = {key: draw(st.sampled_from(names)) for key in ROLES if not seldom_not(draw)}
    out = io.StringIO()
    csv.writer(out).writerows([names, *zip(*columns, strict=True)])
    return out.getvalue(), target, {**given, "rare_classes": draw(policies)}


def seldom_not(draw):
    """Return True, but False once in twelve times."""
    return draw(st.integers(0, 11)) != 5


@pytest.fixture(scope="module")
def composed():
    """Return the config of a small sweep on a CSV; the path and the target are set later."""
    given = ["dataset=csv", "dataset.path=my.csv", "dataset.target=label", "tracking=none"]
    return compose_sweep("smoke", given).config.model_dump(by_alias=True, mode="json")


def inspect(composed, folder, content, *, target="label", **given):
    """Go through everything that the command does before it prints, and return the page."""
    path = folder / "my.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    named = {"path": str(path), "target": target, **given}
    config = {**composed, "dataset": {**composed["dataset"], **named}}
    try:
        plan = prepare(validate(config))
        planned = schedule(plan, plan.dataset, deadline=Deadline())
        return render_inspection(inspect_plan(planned, command="focalsweep sweep", timing=False))
    except UserError as error:
        refusal = str(error)
    assert refusal.endswith(".")
    assert "\n" not in refusal
    return None


SETTINGS = settings(
    max_examples=30,
    deadline=None,
    # The config and the folder are the same for all examples, and nothing is left in them.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@SETTINGS
@given(tables())
def test_a_table_of_any_columns_is_described_or_refused(composed, tmp_path, table):
    content, target, given = table
    inspect(composed, tmp_path, content, target=target, **given)


@SETTINGS
@given(st.one_of(st.binary(max_size=300), st.text(max_size=300)))
def test_any_bytes_are_refused_in_a_sentence(composed, tmp_path, content):
    content = content if isinstance(content, bytes) else content.encode("utf-8", "replace")
    inspect(composed, tmp_path, content)


@SETTINGS
@given(st.integers(0, 900), st.text(max_size=6))
def test_a_table_with_something_strewn_in_is_described_or_refused(composed, tmp_path, at, strewn):
    content = "x,z,label\n" + "".join(
        f"{row % 7}.5,w{row % 3},{'ab'[row % 2]}\n" for row in range(40)
    )
    strewn = strewn.encode("utf-8", "replace").decode()
    inspect(composed, tmp_path, content[:at] + strewn + content[at:])


def test_a_table_like_those_above_is_described(composed, tmp_path):
    content = "x,label\n" + "".join(f"{row % 7}.5,{'ab'[row % 2]}\n" for row in range(40))
    assert "What limits any loss" in inspect(composed, tmp_path, content)
