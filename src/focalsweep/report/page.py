"""Render a result as one HTML file that needs nothing else: no server, no network, no sweep.

The page is written for somebody who was not there: the verdict first, then how sure it is, then
what it rests on. `templates/report.html.j2` holds the words and the order; this module prepares
what the template cannot say without arithmetic.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from plotly.io import to_html
from plotly.offline import get_plotlyjs, get_plotlyjs_version

from focalsweep.evidence.result import ArmResult, SweepResult
from focalsweep.report import wording
from focalsweep.report.frames import find_arm, recalls
from focalsweep.report.plots.classes import frequency_order
from focalsweep.report.plots.gallery import all_plots
from focalsweep.report.plots.style import FAMILY_COLOURS, Plot


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
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            result=result,
            plots=drawn,
            plotly_js=Markup(get_plotlyjs()),
            weighted=any(arm.best.decision_weights is not None for arm in result.arms),
            classes=_class_rows(result),
            chosen_arm=find_arm(result, result.verdict.arm),
            points=[_point(arm) for arm in result.arms],
            metric_names=list(dict.fromkeys(name for arm in result.arms for name in arm.metrics)),
            corrections=_corrections(result),
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
    template = _environment().get_template("plot.html.j2")
    return template.render(plot=plot, plotly_version=get_plotlyjs_version())


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("focalsweep.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "score": lambda value: _typeset(wording.score(value)),
        "signed": lambda value: _typeset(wording.score(value, signed=True)),
        "interval": lambda value: _typeset(wording.interval(value)),
        "signed_interval": lambda value: _typeset(wording.interval(value, signed=True)),
        "number": lambda value: _typeset(wording.number(value)),
        "percent": wording.percent,
        "duration": wording.duration,
        "decision": wording.decision_words,
        "tone": wording.decision_tone,
        "outcome": wording.outcome_words,
        "objective": wording.objective_words,
        "objective_hint": wording.objective_hint,
        "prose": _prose,
        "family_colour": lambda family: FAMILY_COLOURS[family],
        "times": _times,
    }
    environment.globals["drawing"] = _drawing
    return environment


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


def _class_rows(result: SweepResult) -> list[dict[str, Any]]:
    """Return one row a class, frequent to rare, with the recalls that the verdict is about."""
    names = dict.fromkeys(("cross_entropy", result.verdict.arm))
    chosen = find_arm(result, result.verdict.arm)
    columns = []
    for arm in (find_arm(result, name) for name in names):
        if arm is None:
            continue
        columns.append((arm.label, recalls(arm.confusion)))
        if arm.best.decision_weights is not None:
            columns.append((f"{arm.label}, with weights", recalls(arm.decision_confusion)))
    largest = max(facts.count for facts in result.dataset.classes)
    rows = []
    for code in frequency_order(result):
        facts = result.dataset.classes[code]
        rows.append(
            {
                "code": code,
                "facts": facts,
                "bar": 100 * facts.count / largest,
                "recalls": [(label, values[code]) for label, values in columns],
                "alpha": chosen.best.alpha[code] if chosen else 1.0,
            }
        )
    return rows


def _point(arm: ArmResult) -> dict[str, Any]:
    """Return an arm's chosen numbers, each with its middle and range over outer folds."""
    numbers = []
    for name, value in wording.loss_numbers(arm.best.parameters).items():
        folds = [fold.parameters[name] for fold in arm.folds if name in fold.parameters]
        numbers.append(_spread(name, value, folds))
    nuisance = {"learning rate": "learning_rate", "weight decay": "weight_decay"}
    tuned = []
    for words, name in nuisance.items():
        folds = [fold.parameters[name] for fold in arm.folds if name in fold.parameters]
        tuned.append(_spread(words, getattr(arm.best, name), folds))
    tuned.append(_spread("epochs", arm.best.epochs, [fold.epochs for fold in arm.folds]))
    alpha = wording.spread(arm.best.alpha) if len(set(arm.best.alpha)) > 1 else ""
    return {"arm": arm, "numbers": numbers, "alpha": alpha, "tuned": tuned}


def _spread(name: str, value: float, folds: Sequence[float]) -> dict[str, Any]:
    moved = bool(folds) and not min(folds) == max(folds) == value
    return {
        "name": name,
        "value": value,
        "middle": f"{median(folds):.3g}" if moved and len(folds) > 2 else "",
        "range": wording.spread(folds) if moved else "",
    }


def _corrections(result: SweepResult) -> dict[str, list[str]]:
    """Group arms by how their probabilities were corrected."""
    groups: dict[str, list[str]] = {}
    for arm in result.arms:
        groups.setdefault(arm.correction, []).append(arm.name)
    return groups
