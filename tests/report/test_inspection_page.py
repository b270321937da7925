"""The page of `focalsweep inspect`: whole in a browser, and every fact on it."""

import html
import re

import pytest

from focalsweep.errors import UserError
from focalsweep.report.inspection_page import render_inspection, write_inspection
from screenshots.page_checks import faults, opened
from tests.report.inspected import HOSTILE, inspection

CASES = {
    "few": {},
    "labels": {"multi_label": True, "counts": (400, 300, 5)},
    "crowded": {"counts": tuple(range(4000, 0, -40)), "columns": 400, "nested": False},
    "bare": {"columns": 0, "warnings": (), "seconds": None, "counts": (30, 20)},
}


def text_of(page):
    """Return the words of a page without its scripts and styles."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_the_page_holds_the_facts():
    text = text_of(render_inspection(inspection()))
    for said in (
        "1,000 rows, 3 columns, 3 classes",
        "imbalance ratio (largest over smallest class) 90",
        "models of a sweep 1,234",
        "time of training here about 75.0 s",
        "memory at the peak about 1.1 GiB",
        "rows that equal another row 17",
        "Sentence three.",
        "one column for each of 3 levels",
        "the program with its libraries 1.0 GiB",
        "focalsweep sweep dataset=csv 'dataset.path=my file.csv'",
    ):
        assert said in text


def test_names_of_the_user_are_text_and_never_markup():
    page = render_inspection(inspection())
    assert HOSTILE not in page
    assert HOSTILE in text_of(page)


def test_labels_are_called_labels():
    text = text_of(render_inspection(inspection(multi_label=True)))
    assert "mean imbalance ratio 33.7" in text
    assert "neighbours without the label" in text
    assert "Rows without any label: 12" in text


def test_nothing_is_missing_where_no_column_lacks_anything():
    assert 'id="plot-missing"' in render_inspection(inspection())
    assert 'id="plot-missing"' not in render_inspection(inspection(columns=0))


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize(
    ("case", "scheme"), [*((case, "light") for case in CASES), ("labels", "dark")]
)
def test_nothing_is_cut_empty_or_overlapping(chromium, tmp_path, case, width, scheme):
    path = write_inspection(inspection(**CASES[case]), tmp_path / "page.html")
    with opened(chromium, path, width=width, scheme=scheme) as (page, complaints):
        assert faults(page) == []
        assert complaints == []


def test_a_page_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="`--output` must name a file that can be written"):
        write_inspection(inspection(), tmp_path / "file" / "page.html")
