"""The pages that people compare arms on, from the real server in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from focalsweep.evidence.result import SweepResult
from focalsweep.search.tracker import MirrorSummary
from screenshots import mlflow_pages


@pytest.fixture(scope="module")
def address(chromium: object, mirrored: MirrorSummary) -> Iterator[str]:
    """Serve the mirrored sweep; not before it is known that there is a browser."""
    with mlflow_pages.served(mirrored.uri) as address:
        yield address


def test_the_runs_table_shows_verdict_arms_and_scores(
    chromium_page: Page, address: str, mirrored: MirrorSummary, result: SweepResult
) -> None:
    page, best = chromium_page, result.verdict.arm
    mlflow_pages.open_runs(page, address, mirrored.experiment_id, arm=best)
    expect(page.get_by_text(result.verdict.text).first).to_be_visible()
    expect(page.get_by_text("verdict: use_focal")).to_be_visible()
    for arm in result.arms:
        expect(page.get_by_role("link", name=arm.name, exact=True)).to_be_visible()
    expect(page.get_by_text("score_high", exact=True).first).to_be_visible()
    for arm in result.arms:
        assert page.get_by_text(f"{arm.decision_score:g}").count() >= 1, arm.name
    expect(page.get_by_text(re.compile("^trial "))).to_have_count(0)


def test_the_charts_draw_every_arm(
    chromium_page: Page, address: str, mirrored: MirrorSummary, result: SweepResult
) -> None:
    page = chromium_page
    mlflow_pages.open_charts(page, address, mirrored.experiment_id, arm=result.verdict.arm)
    for title in ("score", "difference", "argmax_score", "best_so_far", "validation_score"):
        expect(page.get_by_text(title, exact=True).first).to_be_attached()
    bars = page.locator(".js-plotly-plot").first.locator(".bars .point")
    expect(bars).to_have_count(len(result.arms) + len(result.references))


def test_the_compare_page_of_three_arms_opens_with_names_scores_and_a_chart(
    chromium_page: Page, address: str, mirrored: MirrorSummary, result: SweepResult
) -> None:
    page = chromium_page
    arms = list(mlflow_pages.arm_runs(address, mirrored.experiment_id).items())[:3]
    runs = [run_id for _, run_id in arms]
    mlflow_pages.open_compare(page, address, mirrored.experiment_id, runs)
    for name, _ in arms:
        expect(page.get_by_text(name, exact=True).first).to_be_visible()
    # What it opens with: no clicking about.
    axes = page.locator(".js-plotly-plot .parcoords .axis-title, .js-plotly-plot .axis-title")
    expect(axes.filter(has_text=re.compile("^score$")).first).to_be_attached()
    expect(axes.filter(has_text=re.compile("^arm$")).first).to_be_attached()
    scores = {arm.name: arm.decision_score for arm in result.arms}
    shown = [float(number) for number in re.findall(r"\d\.\d+", page.locator("body").inner_text())]
    for name, _ in arms:  # the page rounds to three decimals
        assert any(abs(number - scores[name]) < 0.0006 for number in shown), name


def test_an_arms_page_shows_description_dataset_and_numbers(
    chromium_page: Page, address: str, mirrored: MirrorSummary, result: SweepResult
) -> None:
    page, best = chromium_page, result.verdict.arm
    run_id = mlflow_pages.arm_runs(address, mirrored.experiment_id)[best]
    mlflow_pages.open_run(page, address, mirrored.experiment_id, run_id, shows="Datasets")
    expect(page.get_by_text("This is the arm to train with.").first).to_be_attached()
    expect(page.get_by_text(re.compile(r"^yeast \(abab")).first).to_be_visible()
    expect(page.get_by_role("link", name="score_low", exact=True)).to_be_visible()
