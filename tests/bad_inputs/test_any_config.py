"""Whatever a setting is set to: `focalsweep inspect` describes the plan or says what is wrong."""

import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from focalsweep.cli import main
from focalsweep.config.compose import compose_sweep
from focalsweep.config.explain import dotted

SMALL = [
    "--config-name=smoke",
    "dataset=synthetic",
    "dataset.rows=60",
    "dataset.ratio=2",
    "model=linear",
    "tracking=none",
]
DEFAULTS = {
    key: value
    for key, value in dotted(compose_sweep("smoke", SMALL[1:]).config.model_dump(by_alias=True))
    if not re.search(r"\.\d+(\.|$)", key)  # of a list, which is set as a whole
}
GROUPS = {
    "dataset": ["glass", "digits", "two_part_minority", "multi_label_synthetic", "csv", "none"],
    "model": ["mlp", "resnet_mlp", "cosine_head", "none"],
    "evaluation": ["holdout", "nested", "none"],
    "optimizer": ["sgd", "adam", "none"],
    "sampler": ["random", "tpe", "cmaes", "none"],
}
ODD = st.one_of(
    st.sampled_from(["null", "true", "''", "[]", "{}", "[1,2]", "[a]", "[[0,1],[5,0]]", "{a: 1}"]),
    st.sampled_from(["inf", "-inf", "nan", "1e-300", "1e300", "${seed}", "${seed", "???", "a/b"]),
    st.text(max_size=8),
)
NUMBERS = st.one_of(st.integers(-2, 60).map(str), st.floats(-2, 2).map(str))


@st.composite
def overrides(draw):
    """Return up to two keys with values of the right sort or of any, and perhaps a group."""
    given = []
    for key in draw(st.lists(st.sampled_from(list(DEFAULTS)), max_size=2, unique=True)):
        numeric = type(DEFAULTS[key]) in (int, float) and draw(st.booleans())
        sign = draw(st.sampled_from(["", "", "", "", "+", "++"]))
        given.append(f"{sign}{key}={draw(NUMBERS if numeric else st.one_of(ODD, NUMBERS))}")
    chosen = draw(st.sampled_from([None, None, *GROUPS]))
    if chosen is not None:
        given.append(f"{chosen}={draw(st.sampled_from(GROUPS[chosen]))}")
    return given


def check(given, folder, capsys):
    """Run the command: a page and no word of error, or one sentence and no page."""
    page = folder / "page.html"
    page.unlink(missing_ok=True)
    # An override that starts with a minus is an option, and argparse says what is wrong with it.
    status = main(["inspect", "--no-timing", f"--output={page}", *SMALL, *given])
    shown = capsys.readouterr()
    assert "Traceback" not in shown.out + shown.err
    if status:
        assert status == 2
        assert re.fullmatch(r"focalsweep: [^\n]+\.\n", shown.err), shown.err
    else:
        assert shown.err == ""
    assert page.exists() is (status == 0)
    return status


@settings(
    max_examples=30,
    deadline=None,
    # The folder is the same for all examples, and the page in it is removed before each.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(chosen=overrides())
def test_any_settings_are_planned_or_refused(chosen, tmp_path, capsys, monkeypatch, without_torch):
    monkeypatch.chdir(tmp_path)
    check(chosen, tmp_path, capsys)


def test_the_settings_above_are_fine_by_themselves(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert check([], tmp_path, capsys) == 0
