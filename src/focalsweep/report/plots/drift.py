"""Draw what a varied setting does: to the chosen numbers of a loss, and to the arms' scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from focalsweep.evidence.arm_facts import ArmResult
from focalsweep.evidence.result import SweepResult
from focalsweep.metrics.objective import objective_label
from focalsweep.report.plots.style import (
    GREY,
    Plot,
    arm_styles,
    legend_of,
    new_figure,
    plain,
    shade,
    turn_axis,
)
from focalsweep.report.task_words import words_of

_APART = 0.12
"""Distance between neighbouring arms of one variant, where two variants are 1 apart."""


def drift_plot(
    results: Mapping[Path, SweepResult], drift: pd.DataFrame, *, number: str
) -> Plot | None:
    """Draw what each variant's searches chose for one number, with the spread over outer folds.

    Parameters
    ----------
    results : mapping of Path to SweepResult
        By run folder.
    drift : DataFrame
        From `focalsweep.report.drift.drift_frame`.
    number : str
        For example ``gamma``.

    Returns
    -------
    Plot or None
        None where no arm searched the number.
    """
    own = drift[drift["number"] == number]
    arms = [arm for arm in _arms(results) if (own["arm"] == arm.name).any()]
    if not arms:
        return None
    variants = [folder.name for folder in results]
    figure = new_figure(height=380, x_title=_varied(variants), y_title=number)
    styles = arm_styles(_arms(results))
    for arm, shift in zip(arms, _shifts(len(arms)), strict=True):
        style = styles[arm.name]
        outer = own[(own["arm"] == arm.name) & (own["fold"] != "all")]
        middle = outer.groupby("variant")["value"].quantile(np.array([0.25, 0.5, 0.75])).unstack()
        there = [position for position, name in enumerate(variants) if name in middle.index]
        low, centre, high = middle.loc[[variants[i] for i in there]].to_numpy(np.float64).T
        figure.add_trace(
            go.Scatter(
                x=[variants.index(name) + shift for name in outer["variant"]],
                y=outer["value"],
                mode="markers",
                legendgroup=arm.name,
                marker={"color": shade(style.colour, 0.35), "size": 5},
                hovertemplate=f"{plain(arm.label)}<br>one outer fold: %{{y:.3g}}<extra></extra>",
            )
        )
        figure.add_trace(
            go.Scatter(
                x=np.array(there) + shift,
                y=centre,
                mode="lines+markers",
                legendgroup=arm.name,
                line={"color": style.colour, "dash": style.dash, "width": 2},
                marker={"symbol": style.symbol, "size": 10},
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "array": high - centre,
                    "arrayminus": centre - low,
                    "thickness": 2,
                    "width": 5,
                },
                hovertemplate=f"{plain(arm.label)}<br>middle over outer folds: %{{y:.3g}}"
                "<extra></extra>",
            )
        )
    _name_variants(figure, variants)
    return Plot(
        key=f"drift-{number}",
        section="search",
        title=f"How the chosen {number} moves",
        reading=(
            "Each small dot is what the search in one outer fold chose, the large mark their "
            "middle and the bar their middle half; a shift that is smaller than the bars is no "
            "shift, and bars as long as the axis say that the data do not choose."
        ),
        figure=figure,
        legend=legend_of(arms, styles),
    )


def scores_plot(results: Mapping[Path, SweepResult]) -> Plot:
    """Draw every arm's test score with decision weights over the variants."""
    arms = _arms(results)
    variants = [folder.name for folder in results]
    first = next(iter(results.values()))
    words = words_of(first.task, first.objective)
    axis = f"{objective_label(first.objective)} on test rows"
    figure = new_figure(height=380, x_title=_varied(variants), y_title=axis)
    styles = arm_styles(arms)
    for arm, shift in zip(arms, _shifts(len(arms)), strict=True):
        style = styles[arm.name]
        found = [
            (position, each)
            for position, result in enumerate(results.values())
            for each in result.arms
            if each.name == arm.name
        ]
        score = np.array([each.decision_score for _, each in found])
        bounds = [each.decision_interval for _, each in found]
        figure.add_trace(
            go.Scatter(
                x=[position + shift for position, _ in found],
                y=score,
                mode="lines+markers",
                legendgroup=arm.name,
                line={"color": style.colour, "dash": style.dash, "width": 1.5},
                marker={"symbol": style.symbol, "size": 9},
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "array": _reach([bound.high for bound in bounds], score),
                    "arrayminus": _reach([bound.low for bound in bounds], score),
                    "thickness": 1,
                    "width": 3,
                },
                hovertemplate=f"{plain(arm.label)}<br>%{{y:.3f}}<extra></extra>",
            )
        )
    turn_axis(figure, "y", first.objective)
    _name_variants(figure, variants)
    return Plot(
        key="variant-scores",
        section="arms",
        title="Scores on rows that no search has seen",
        reading=(
            f"Marks are scores {words.ruled} and bars their 95% intervals; arms "
            "of one variant share their rows, so their differences are surer than the bars look "
            "(the variants' own reports hold the paired differences)."
        ),
        figure=figure,
        legend=legend_of(arms, styles),
    )


def _reach(ends: Sequence[float], score: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far bars reach from the scores; an end that is not known has none."""
    reach = np.abs(np.array(ends) - score)
    return np.where(np.isfinite(reach), reach, 0.0)


def _arms(results: Mapping[Path, SweepResult]) -> list[ArmResult]:
    """Return one of each arm that any variant has, in order."""
    return list({arm.name: arm for result in results.values() for arm in result.arms}.values())


def _shifts(n: int) -> Sequence[float]:
    """Set arms beside each other, all of them within two thirds of the way to the next variant."""
    return list((np.arange(n) - (n - 1) / 2) * min(_APART, 0.6 / n))


def _varied(variants: Sequence[str]) -> str:
    """Return the name before the equals sign, where all variants share it."""
    names = {name.partition("=")[0] for name in variants}
    return plain(names.pop()) if len(names) == 1 else "variant"


def _name_variants(figure: go.Figure, variants: Sequence[str]) -> None:
    alike = len({name.partition("=")[0] for name in variants}) == 1
    names = [name.partition("=")[2] if alike and "=" in name else name for name in variants]
    figure.update_xaxes(
        tickmode="array",
        tickvals=list(range(len(variants))),
        ticktext=[plain(name, width=12) for name in names],
        range=[-0.5, len(variants) - 0.5],
    )
    for position in range(len(variants) - 1):
        figure.add_vline(x=position + 0.5, line={"color": GREY, "width": 0.5, "dash": "dot"})
