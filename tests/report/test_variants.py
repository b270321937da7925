from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from focalsweep.report.variants import print_variants, variants_frame, write_variants


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
