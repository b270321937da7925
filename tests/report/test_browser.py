"""The written page in a real browser: at two widths, light and dark, nothing cut or overlapping."""

from __future__ import annotations

import pytest

from focalsweep.report.page import SECTIONS
from focalsweep.report.write import REPORT_FILE, write_outputs
from screenshots.page_checks import faults, opened

WIDTHS = (1280, 400)
CASES = {
    "full": {},
    "crowded": {},
    "usual": {},
    "log-loss": {"objective": "log_loss", "references": False, "chosen": "cross_entropy"},
    "two classes, holdout": {"classes": 2, "kind": "holdout"},
    "few labels": {},
    "many labels": {},
}


# Each page takes five seconds: where another case shows the same plots, one width is slow.
SLOW_LIGHT = {("usual", 1280), ("log-loss", 1280), ("two classes, holdout", 400)}
SLOW_DARK = {("full", 400), ("few labels", 1280), ("many labels", 400)}


def pages(cases, slow):
    return [
        pytest.param(case, width, marks=[pytest.mark.slow] if (case, width) in slow else [])
        for case in cases
        for width in WIDTHS
    ]


LIGHT = pages(CASES, SLOW_LIGHT)
DARK = pages(["full", "few labels", "many labels"], SLOW_DARK)


@pytest.fixture(scope="module")
def reports(full, crowded, usual, few_labels, many_labels, make_result, tmp_path_factory):
    ready = {"full": full, "crowded": crowded, "usual": usual}
    ready |= {"few labels": few_labels, "many labels": many_labels}
    folders = {}
    for case, arguments in CASES.items():
        made = ready.get(case) or make_result(**arguments)
        folders[case] = tmp_path_factory.mktemp("report")
        write_outputs(made.result, made.trials, folders[case])
    return folders


@pytest.mark.parametrize(("case", "width"), LIGHT)
def test_nothing_is_cut_empty_or_overlapping(chromium, reports, case, width):
    with opened(chromium, reports[case] / REPORT_FILE, width=width) as (page, complaints):
        assert faults(page) == []
        assert complaints == []


@pytest.mark.parametrize(("case", "width"), DARK)
def test_the_dark_page_can_be_read_too(chromium, reports, case, width):
    report = reports[case] / REPORT_FILE
    with opened(chromium, report, width=width, scheme="dark") as (page, complaints):
        assert faults(page) == []
        assert complaints == []
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 28)"


def test_every_section_appears_when_its_data_is_there(chromium, reports, full):
    with opened(chromium, reports["full"] / REPORT_FILE, width=1280) as (page, _):
        keys = page.eval_on_selector_all("section", "nodes => nodes.map(node => node.id)")
        assert keys == [
            "verdict",
            *(section.key for section in SECTIONS if section.present(full.result)),
        ]
        assert len(keys) == len(SECTIONS)
        assert page.locator("#verdict .badge").bounding_box()["y"] < 400


@pytest.mark.parametrize("key", ["differences", "surface-focal_gamma_tau", "recall"])
def test_a_plot_of_its_own_is_whole(chromium, reports, key):
    path = reports["full"] / "plots" / f"{key}.html"
    with opened(chromium, path, width=400) as (page, complaints):
        assert faults(page) == []
        assert complaints == []


def test_a_click_on_a_name_hides_its_arm(chromium, reports):
    with opened(chromium, reports["full"] / REPORT_FILE, width=1280) as (page, _):
        button = page.locator("#plot-progress button").first
        hidden = "plot => plot.data.filter(trace => trace.visible === false).length"
        assert page.locator("#figure-progress").evaluate(hidden) == 0
        button.click()
        assert page.locator("#figure-progress").evaluate(hidden) > 0
        assert button.get_attribute("aria-pressed") == "false"


def test_a_printed_page_fits_the_paper(chromium, reports):
    with opened(chromium, reports["full"] / REPORT_FILE, width=720) as (page, _):
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        widths = page.eval_on_selector_all(
            ".js-plotly-plot .main-svg", "nodes => nodes.map(node => node.clientWidth)"
        )
        assert max(widths) <= 640
        assert page.evaluate("document.documentElement.scrollWidth") <= 720
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == (
            "rgb(255, 255, 255)"
        )


FAULTY = {
    "<div style='width:900px'>wide</div>": "pixels wide in a window of 400",
    "<section id='bare'><h2>Bare</h2></section>": "section #bare is empty",
    "<div style='overflow:hidden; width:40px'><p style='width:200px'>cut words</p></div>": "is cut",
    "<p>one</p><p style='margin-top:-3rem; height:3rem'>two</p>": "overlaps",
    "<p style='color:#ddd; background:#fff'>faint</p>": '"faint" is hard to see',
    "<table><thead><tr><th>head</th></tr></thead><tbody></tbody></table>": "has no rows",
}


@pytest.mark.parametrize("body", FAULTY)
def test_the_checks_find_what_is_wrong(chromium, tmp_path, body):
    path = tmp_path / "faulty.html"
    path.write_text(f"<!doctype html><body style='background:#fff'>{body}", encoding="utf-8")
    with opened(chromium, path, width=400) as (page, _):
        assert any(FAULTY[body] in fault for fault in faults(page))
