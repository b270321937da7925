from __future__ import annotations

import io
import re
from pathlib import Path

import pandas as pd
import pytest
from plotly.offline import get_plotlyjs
from rich.console import Console

from focalsweep.report.variants import (
    print_variants,
    render_variants,
    variants_frame,
    write_variants,
    write_variants_page,
)


@pytest.fixture
def results(make_result, tmp_path) -> dict[Path, object]:
    return {tmp_path / f"ratio={k}": make_result(classes=k).result for k in (2, 5)}


def test_there_is_one_row_a_variant_and_arm(results):
    frame = variants_frame(results)
    assert list(frame["variant"].unique()) == ["ratio=2", "ratio=5"]
    assert not frame.duplicated(["variant", "arm"]).any()
    assert frame["chosen_gamma"].notna().sum() == 2


def test_the_table_is_written_beside_the_run_folders(results, tmp_path):
    path = write_variants(results)
    assert path == tmp_path / "variants.csv"
    pd.testing.assert_frame_equal(pd.read_csv(path), variants_frame(results), check_dtype=False)


def test_the_printed_table_names_each_variant_its_verdict_and_its_arms(results):
    console = Console(file=io.StringIO(), width=80)
    print_variants(console, results)
    text = console.file.getvalue()
    assert text.index("ratio=2") < text.index("ratio=5")
    assert text.count("Use focal loss, 97%") == 2
    assert text.count("focal_gamma_tau") == 2
    assert max(map(len, text.splitlines())) <= 80


def test_the_table_says_what_outer_folds_chose(results):
    frame = variants_frame(results).set_index(["variant", "arm"])
    for folder, result in results.items():
        gammas = [fold.parameters["gamma"] for fold in result.arms[-1].folds]
        row = frame.loc[(folder.name, "focal_gamma_tau")]
        assert row["folds_gamma_low"] == min(gammas)
        assert row["folds_gamma_high"] == max(gammas)
        assert row["folds_gamma_low"] <= row["folds_gamma_middle"] <= row["folds_gamma_high"]


def test_the_page_shows_verdicts_drift_and_plots_and_needs_nothing_else(results, tmp_path):
    path = write_variants_page(results)
    assert path == tmp_path / "variants.html"
    page = path.read_text(encoding="utf-8")
    for anchor in ("plot-drift-gamma", "plot-drift-tau", "plot-variant-scores"):
        assert page.count(f'id="{anchor}"') == 1
    assert '<a href="ratio%3D2/report.html">ratio=2</a>' in page
    assert page.count("Use focal loss") == 2
    own = page.replace(get_plotlyjs(), "")
    assert len(own) < len(page) / 10
    assert not re.search(r'(src|href)="(?!ratio%3D)', own)


def test_the_page_of_arms_without_numbers_says_so(make_result, tmp_path):
    plain = make_result(arms=("cross_entropy",), chosen="cross_entropy").result
    page = render_variants({tmp_path / "x=1": plain, tmp_path / "x=2": plain})
    assert "No arm of this sweep has a number to search." in page
    assert "plot-drift" not in page
