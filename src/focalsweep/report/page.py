"""Render a result as one HTML file that needs nothing else: no server, no network, no sweep.

The page is written for somebody who was not there: the verdict first, then how sure it is, then
what it rests on. `SECTIONS` is its table of contents; the words of each are in
``templates/sections/``, and a section whose data a result does not hold is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from plotly.io import to_html
from plotly.offline import get_plotlyjs, get_plotlyjs_version

from focalsweep.evidence.result import SweepResult
from focalsweep.metrics.objective import COST, objective_label
from focalsweep.metrics.objective_words import amount_words, difference_words, score_words
from focalsweep.report import tables, wording
from focalsweep.report.frames import find_arm, has_rule, leading_arms
from focalsweep.report.inspection_words import gibibytes
from focalsweep.report.plots.gallery import all_plots
from focalsweep.report.plots.style import FAMILY_COLOURS, Plot
from focalsweep.report.pruning_words import pruning_sentence
from focalsweep.report.task_words import words_of


def _always(_: SweepResult) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class PageSection:
    """Hold one section: its anchor and template, its heading, its name in the contents."""

    key: str
    title: str
    short: str
    present: Callable[[SweepResult], bool] = _always


SECTIONS = (
    PageSection(key="evidence", title="How sure is that?", short="How sure"),
    PageSection(
        key="differences",
        title="Every loss against cross-entropy",
        short="Differences",
        present=lambda result: any(arm.difference is not None for arm in result.arms),
    ),
    PageSection(key="arms", title="The arms", short="Arms"),
    PageSection(
        key="decisions",
        title="What the decision rule gives, and what the loss gives",
        short="Decision rule or loss",
    ),
    PageSection(
        key="response",
        title="What gamma and tau do",
        short="Gamma and tau",
    ),
    PageSection(
        key="classes",
        title="Class by class",
        short="Classes",
        present=lambda result: result.task == "single_label",
    ),
    PageSection(
        key="labels",
        title="Label by label",
        short="Labels",
        present=lambda result: result.task == "multi_label",
    ),
    PageSection(
        key="probabilities",
        title="Can the probabilities be believed?",
        short="Probabilities",
        present=lambda result: any(arm.probabilities is not None for arm in result.arms),
    ),
    PageSection(key="search", title="What was searched, and what it bought", short="Search"),
    PageSection(
        key="folklore",
        title="What copied numbers cost",
        short="Copied numbers",
        present=lambda result: result.folklore_cost is not None,
    ),
    PageSection(
        key="detectable",
        title="What these rows can show",
        short="Detectable",
        present=lambda result: result.detectable is not None,
    ),
    PageSection(
        key="priors",
        title="If classes are mixed otherwise where it is used",
        short="Other priors",
        present=lambda result: tables.prior_table(result) is not None,
    ),
    PageSection(key="data", title="The data", short="Data"),
    PageSection(
        key="gradient",
        title="Who pulls at the model",
        short="Gradient",
        present=lambda result: any(arm.gradient is not None for arm in result.arms),
    ),
    PageSection(
        key="suspects",
        title="Labels worth a second look",
        short="Suspects",
        present=lambda result: result.suspects is not None,
    ),
    PageSection(
        key="references",
        title="Models beside the arms",
        short="References",
        present=lambda result: bool(result.references),
    ),
    PageSection(key="paste", title="What to paste", short="Code to paste"),
    PageSection(key="reproduce", title="How to get the same again", short="Reproduce"),
    PageSection(key="glossary", title="Words", short="Words"),
)


def render_report(
    result: SweepResult, trials: pd.DataFrame, *, plots: Sequence[Plot] | None = None
) -> str:
    """Return the report as a self-contained HTML page.

    Parameters
    ----------
    result : SweepResult
        What the sweep found.
    trials : DataFrame
        The trials table.
    plots : sequence of Plot, optional
        Plots that were drawn already; drawn here by default.
    """
    drawn = all_plots(result, trials) if plots is None else plots
    judged = result.verdict.decision != "budget_too_small"
    filled = {plot.section for plot in drawn}
    sections = [
        section
        for section in SECTIONS
        if section.present(result) and (section.key != "response" or "response" in filled)
    ]
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            result=result,
            data=result.dataset,
            plots=drawn,
            tables=tables,
            show_score=lambda value: _typeset(wording.score(value)),
            show_objective=lambda value: _typeset(score_words(value, result.objective)),
            show_percent=wording.percent,
            sections=sections,
            plotly_js=Markup(get_plotlyjs()),
            words=words_of(result.task, result.objective),
            labelled=result.dataset.multi_label,
            by_costs=result.objective == COST,
            weighted=has_rule(result),
            chosen_arm=find_arm(result, result.verdict.arm),
            judged=judged,
            picked="the recommended arm" if judged else "the arm of the code to paste",
            leading=[arm.name for arm in leading_arms(result)],
            points=[tables.point(arm) for arm in result.arms],
            metric_names=list(dict.fromkeys(name for arm in result.arms for name in arm.metrics)),
            scalar_alpha=[
                arm.label
                for arm in result.arms
                if arm.family == "folklore" and len(set(arm.best.alpha)) == 1
            ],
        )
    )


def render_plot(plot: Plot) -> str:
    """Return one plot as a page of its own, which loads ``plotly.min.js`` from beside it.

    Where that file is not beside it, as in MLflow's artifact view, the page asks plotly's public
    host for the same version.
    """
    template = environment().get_template("plot.html.j2")
    return template.render(plot=plot, plotly_version=get_plotlyjs_version())


@cache
def environment() -> Environment:
    """Return where every page's templates, filters and the drawing of plots come from.

    One for all pages, because it compiles each template once.
    """
    made = Environment(
        loader=PackageLoader("focalsweep.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {
        "score": lambda value: _typeset(wording.score(value)),
        "signed": lambda value: _typeset(wording.score(value, signed=True)),
        "objective_score": lambda value, name: _typeset(score_words(value, name)),
        "objective_interval": lambda value, name: _typeset(wording.objective_interval(value, name)),
        "difference": lambda value, name: _typeset(difference_words(value, name)),
        "difference_interval": lambda value, name: _typeset(
            wording.difference_interval(value, name)
        ),
        "number": lambda value: _typeset(wording.number(value)),
        "amount": amount_words,
        "bytes": gibibytes,
        "percent": wording.percent,
        "rows_words": wording.rows_words,
        "duration": wording.duration,
        "decision": wording.decision_words,
        "tone": wording.decision_tone,
        "outcome": wording.outcome_words,
        "objective": objective_label,
        "axis": wording.axis_words,
        "objective_hint": wording.objective_hint,
        "chosen_words": wording.chosen_words,
        "budget_row": tables.budget_row,
        "pruning_sentence": pruning_sentence,
        "prose": _prose,
        "family_colour": lambda family: FAMILY_COLOURS[family],
        "times": _times,
    }
    made.globals["drawing"] = _drawing
    return made


def _drawing(plot: Plot) -> Markup:
    """Return a plot's box and script; plotly escapes what would end the script."""
    options = {"responsive": True, "displayModeBar": False}
    return Markup(
        to_html(
            plot.figure,
            config=options,
            include_plotlyjs=False,
            full_html=False,
            div_id=f"figure-{plot.key}",
        )
    )


def _prose(text: str) -> Markup:
    """Escape a sentence and set the names that stand in backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def _typeset(text: str) -> str:
    return text.replace("-", "\N{MINUS SIGN}")


def _times(names: Sequence[str]) -> str:
    """Say how often each name occurs, the most frequent first: "focal_gamma 7, cdt 3"."""
    counts = {name: names.count(name) for name in dict.fromkeys(names)}
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    if len(ordered) == 1:
        return ordered[0][0]
    return ", ".join(f"{name} ({count} of {len(names)})" for name, count in ordered)
