"""What `focalsweep inspect` prints: all of it, in 80 columns, the user's text as it is."""

import io

import pytest
from rich.console import Console

from focalsweep.report.inspection_terminal import print_inspection, print_page
from tests.report.inspected import inspection


def printed(made, *, width=80):
    console = Console(file=io.StringIO(), width=width, highlight=False)
    print_inspection(console, made)
    return console.file.getvalue()


def words(text):
    return " ".join(text.split())


def test_everything_is_said():
    text = words(printed(inspection()))
    for said in (
        "1,000 rows, 3 columns, 3 classes",
        "Imbalance ratio 90",
        "Sentence three.",
        "Dates turned to days: `day`.",
        "`id` is different in every row: leave it out.",
        "3 columns (2 numbers, 1 category) become 5 for the model; 2 of them are not used.",
        "split 2 times into 2 outer folds of about 200 test rows",
        "again with 1 seed and",
        "Smallest class: 7 to 8 training rows in each outer fold.",
        "The arm `smote` is left out.",
        "1,234 models: 3 arms with 12 trials",
        "About 75.0 s at most",
        "About 1.1 GiB of memory",
        "`rare` has 10 rows: differences below 0.1 are likely to be missed.",
        "focalsweep sweep dataset=csv 'dataset.path=my file.csv'",
    ):
        assert said in text


def test_a_holdout_and_labels_have_words_of_their_own():
    text = words(printed(inspection(nested=False, multi_label=True)))
    assert "Holdout: one test split of 200 rows; the search runs on the other 800." in text
    assert "Rarest label: 8 training rows outside the test split." in text
    assert "cardinality" in text
    assert "12 (1.3%)" in text


def test_what_was_not_measured_is_not_claimed():
    text = words(printed(inspection(seconds=None)))
    assert "was not measured (`--no-timing`)" in text
    assert "timed just now" not in text


def test_a_heading_without_anything_under_it_is_left_out():
    assert "Check before you trust" in printed(inspection())
    assert "Check before you trust" not in printed(inspection(warnings=()))


@pytest.mark.parametrize("columns", [3, 500])
def test_lines_fit_and_the_table_of_columns_stays_short(columns):
    lines = printed(inspection(columns=columns)).splitlines()
    assert max(len(line) for line in lines if not line.startswith("Sweep:")) <= 80
    assert len(lines) < 140


def test_many_columns_of_one_treatment_share_a_line():
    text = words(printed(inspection(columns=60)))
    assert "column 20, column 22 number 100% 14 x 0 not used: constant and 12 more" in text
    assert "more ..." not in text


def test_a_path_stays_in_one_line(tmp_path):
    console = Console(file=io.StringIO(), width=20)
    print_page(console, tmp_path / "inspect-a_long_name.html")
    assert str(tmp_path / "inspect-a_long_name.html") in console.file.getvalue()
