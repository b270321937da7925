from __future__ import annotations

import json
import math
import os

import jsonschema
import pandas as pd
import pytest

from focalsweep.errors import UserError
from focalsweep.evidence.facts import Interval
from focalsweep.evidence.result import SCHEMA_VERSION
from focalsweep.report.frames import trials_frame
from focalsweep.report.plots.gallery import all_plots
from focalsweep.report.schema import SCHEMA_PATH
from focalsweep.report.write import read_result, write_outputs, write_text


@pytest.fixture(scope="module")
def run_dir(usual, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "new"
    write_outputs(usual.result, usual.trials, folder)
    return folder


def test_a_run_folder_holds_result_trials_report_and_plots(usual, run_dir):
    plots = {f"{plot.key}.html" for plot in all_plots(usual.result, usual.trials)}
    assert {path.name for path in run_dir.iterdir()} == {
        "result.json",
        "trials.csv",
        "report.html",
        "plots",
    }
    assert {path.name for path in (run_dir / "plots").iterdir()} == plots | {"plotly.min.js"}


def test_what_was_written_is_read_back_exactly(usual, run_dir):
    assert read_result(run_dir) == usual.result
    pd.testing.assert_frame_equal(
        trials_frame(run_dir / "trials.csv"), usual.trials, check_dtype=False
    )


def test_an_interval_without_ends_is_written_read_back_and_drawn(make_result, tmp_path):
    made = make_result()
    unknown = {"interval": Interval(low=-math.inf, high=math.inf)}
    result = made.result.model_copy(
        update={
            "arms": tuple(
                arm.model_copy(
                    update={
                        "argmax_interval": unknown["interval"],
                        "decision_interval": unknown["interval"],
                        "difference": arm.difference and arm.difference.model_copy(update=unknown),
                    }
                )
                for arm in made.result.arms
            ),
            "comparisons": tuple(c.model_copy(update=unknown) for c in made.result.comparisons),
        }
    )
    write_outputs(result, made.trials, tmp_path)
    assert read_result(tmp_path) == result
    text = (tmp_path / "result.json").read_text()
    assert "Infinity" not in text
    schema = json.loads(SCHEMA_PATH.read_text())
    jsonschema.Draft202012Validator(schema).validate(json.loads(text))
    for page in (tmp_path / "plots").glob("*.html"):
        assert "Infinity" not in page.read_text(encoding="utf-8"), page.name


def test_the_report_is_made_again_from_the_files_alone(run_dir, tmp_path):
    write_outputs(read_result(run_dir), trials_frame(run_dir / "trials.csv"), tmp_path)
    for name in ("report.html", "result.json", "trials.csv"):
        assert (tmp_path / name).read_bytes() == (run_dir / name).read_bytes()


def test_plots_of_an_earlier_result_do_not_stay(usual, tmp_path):
    write_text(tmp_path / "plots" / "response-delta.html", "old")
    write_outputs(usual.result, usual.trials, tmp_path)
    assert not (tmp_path / "plots" / "response-delta.html").exists()


def test_a_write_that_is_interrupted_leaves_the_former_file(tmp_path, monkeypatch):
    write_text(tmp_path / "a.txt", "former")

    def interrupted(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(OSError, match="disk full"):
        write_text(tmp_path / "a.txt", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "former"


def test_a_folder_without_a_result_is_a_user_error(tmp_path):
    with pytest.raises(UserError, match=r"must be the folder of a finished sweep.*result\.json"):
        read_result(tmp_path)


@pytest.mark.parametrize("text", ["{", "{}", "[1]"])
def test_a_result_of_another_kind_is_a_user_error(tmp_path, text):
    write_text(tmp_path / "result.json", text)
    with pytest.raises(UserError, match=f"must be a result of schema version {SCHEMA_VERSION}"):
        read_result(tmp_path)


def test_a_result_of_another_version_is_a_user_error(usual, tmp_path):
    other = usual.result.model_copy(update={"schema_version": 99})
    write_text(tmp_path / "result.json", other.model_dump_json())
    with pytest.raises(UserError, match=f"schema version {SCHEMA_VERSION}"):
        read_result(tmp_path)
