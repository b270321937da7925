"""`focalsweep inspect` from the command line: it says what it found and trains nothing."""

import re

import numpy as np
import pandas as pd
import pytest

from focalsweep.cli import main

ROWS = 240


@pytest.fixture
def inspect(tmp_path, monkeypatch, capsys):
    """Run the command in an empty folder; return the status and what it printed, in one line."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        status = main(["inspect", *arguments])
        shown = capsys.readouterr()
        assert "Traceback" not in shown.out + shown.err
        return status, " ".join(shown.out.split()), shown.err

    return run


@pytest.fixture
def mixed(tmp_path):
    """Write a CSV with every kind of column, one that says nothing, and 8 rows of a third class."""
    rng = np.random.default_rng(0)
    label = np.array(["big"] * 182 + ["mid"] * 50 + ["few"] * 8)
    frame = pd.DataFrame(
        {
            "height": rng.normal(size=ROWS) + (label == "mid"),
            "colour": rng.choice(["red", "green", "blue"], size=ROWS),
            "member": rng.choice([True, False], size=ROWS),
            "since": pd.date_range("2020-01-01", periods=ROWS).strftime("%Y-%m-%d"),
            "same": 1,
            "age": np.where(rng.random(ROWS) < 0.25, np.nan, rng.normal(size=ROWS)),
            "label": label,
        }
    )
    frame.sample(frac=1.0, random_state=0).to_csv(tmp_path / "my.csv", index=False)
    return "dataset=csv", "dataset.path=my.csv", "dataset.target=label"


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", ["yeast", "glass"])
def test_a_bundled_set_is_described_and_nothing_but_the_page_is_written(inspect, name, tmp_path):
    status, shown, error = inspect(f"dataset={name}", "--no-timing")
    assert (status, error) == (0, "")
    assert files(tmp_path) == [f"runs/inspect-{name}.html"]
    for heading in (
        "Imbalance ratio",
        "Columns",
        "What limits any loss",
        "How scores would be made",
        "What the sweep would cost here",
        "What it could see",
    ):
        assert heading in shown
    assert f"Sweep: focalsweep sweep dataset={name} Page: runs/inspect-{name}.html" in shown


def test_a_table_of_mixed_columns_is_described_column_by_column(inspect, mixed, tmp_path):
    status, shown, _ = inspect(*mixed, "--no-timing", "--output", "here/page.html")
    assert status == 0
    assert files(tmp_path) == ["here/page.html", "my.csv"]
    assert "`few` has 8 rows: differences between losses below" in shown
    page = (tmp_path / "here" / "page.html").read_text()
    rows = dict(re.findall(r'<tr><th scope="row" class="name">(\w+)</th>(.*?)</tr>', page))
    cells = {name: re.findall(r"<td[^>]*>(.*?)</td>", row) for name, row in rows.items()}
    kinds = {name: cells[name][0] for name in ("height", "colour", "member", "age")}
    assert kinds == {
        "height": "number",
        "colour": "category",
        "member": "boolean",
        "age": "number",
    }
    assert cells["height"][1] == ""
    assert 0.15 < float(cells["age"][1].rstrip("%")) / 100 < 0.35
    assert cells["height"][2] == "1"
    assert cells["colour"][2] == "3"
    assert cells["age"][2] == "2"  # the value, and whether there is one
    assert cells["same"][2] == "0"
    assert 'id="plot-class-counts"' in page
    assert 'id="plot-missing"' in page
    assert "focalsweep sweep dataset=csv dataset.path=my.csv dataset.target=label" in page


def test_time_is_measured_by_default_and_still_nothing_is_trained(inspect, tmp_path):
    data = ["dataset=synthetic", "dataset.rows=90", "dataset.ratio=3"]
    status, shown, _ = inspect("--config-name", "smoke", *data, "model=linear")
    assert status == 0
    assert "timed just now" in shown
    assert "Sweep: focalsweep sweep --config-name smoke dataset=synthetic" in shown
    assert files(tmp_path) == ["runs/inspect-synthetic.html"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["dataset=yeest"], "`dataset=yeast`"),
        (["trails=3"], "`trials`"),
        (["dataset=csv", "dataset.path=none.csv", "dataset.target=y"], "none.csv"),
        (["model.activation=rellu", "--no-timing"], "rellu"),
        (["--config-name", "smokee"], "`smoke`"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_wrong_is_one_sentence_and_nothing_is_written(inspect, arguments, words, tmp_path):
    status, shown, error = inspect(*arguments)
    assert (status, shown) == (2, "")
    assert re.fullmatch(r"focalsweep: [^\n]+\.\n", error)
    assert words in error
    assert files(tmp_path) == []


def test_a_page_that_cannot_be_written_is_one_sentence(inspect, tmp_path):
    (tmp_path / "file").write_text("")
    status, _, error = inspect(
        "dataset=glass", "--no-timing", "--output", str(tmp_path / "file" / "page.html")
    )
    assert status == 2
    assert "`--output`" in error
