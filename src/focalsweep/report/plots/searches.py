"""Draw trials: the response over a searched number, and learning curves of chosen trials."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from focalsweep.evidence.result import Surface, SweepResult
from focalsweep.metrics.objective import objective_label
from focalsweep.metrics.objective_words import score_words
from focalsweep.report.frames import FINAL_FOLD, control_arm, leading_arms, shown_arms
from focalsweep.report.plots.style import (
    BAND_COLOUR,
    FAMILY_COLOURS,
    GREY,
    Plot,
    arm_styles,
    legend_of,
    new_figure,
    plain,
    shade,
    turn_axis,
)

_FEWEST_FOR_BAND = 15


class Band(NamedTuple):
    """Hold the middle half of the values along a searched number, one entry a bin."""

    x: NDArray[np.float64]
    low: NDArray[np.float64]
    middle: NDArray[np.float64]
    high: NDArray[np.float64]


def noise_band(x: NDArray[np.float64], y: NDArray[np.float64]) -> Band | None:
    """Return quartiles of `y` in bins of `x` that hold equally many points.

    Returns None under fifteen points or three distinct `x`: a band of so little would mislead.
    """
    if len(x) < _FEWEST_FOR_BAND or len(np.unique(x)) < 3:
        return None
    order = np.argsort(x, kind="stable")
    bins = np.array_split(order, int(np.clip(len(x) // 8, 3, 12)))
    quartiles = np.array([np.quantile(y[rows], [0.25, 0.5, 0.75]) for rows in bins])
    centres = np.array([np.median(x[rows]) for rows in bins])
    return Band(centres, quartiles[:, 0], quartiles[:, 1], quartiles[:, 2])


def response(result: SweepResult, trials: pd.DataFrame, *, number: str) -> Plot | None:
    """Draw trial values over a searched number, ``gamma`` (focal arms only) or ``tau``."""
    if number not in trials:
        return None
    done = trials[(trials["state"] == "complete") & trials[number].notna()]
    arms = [
        arm
        for arm in shown_arms(result, most=10)
        if (arm.family == "focal" or number != "gamma") and (done["arm"] == arm.name).any()
    ]
    done = done[done["arm"].isin([arm.name for arm in arms])]
    if done.empty or done[number].nunique() < 2:
        return None
    figure = new_figure(
        height=400,
        x_title=number,
        y_title=f"{objective_label(result.objective)}, validation",
    )
    band = noise_band(done[number].to_numpy(np.float64), done["value"].to_numpy(np.float64))
    if band is not None:
        figure.add_trace(
            go.Scatter(
                x=np.concatenate([band.x, band.x[::-1]]),
                y=np.concatenate([band.high, band.low[::-1]]),
                mode="lines",
                fill="toself",
                fillcolor="rgba(128, 128, 128, 0.22)",
                line={"width": 0},
                hoverinfo="skip",
            )
        )
        figure.add_trace(
            go.Scatter(
                x=band.x,
                y=band.middle,
                mode="lines",
                line={"color": GREY, "width": 2},
                hovertemplate=f"middle of the trials near {number} %{{x:.3g}}: %{{y:.3f}}"
                "<extra></extra>",
            )
        )
    styles = arm_styles(result.arms)
    for arm in arms:
        style = styles[arm.name]
        own = done[done["arm"] == arm.name]
        for final in (False, True):
            part = own[(own["fold"] == FINAL_FOLD) == final]
            figure.add_trace(
                go.Scatter(
                    x=part[number],
                    y=part["value"],
                    mode="markers",
                    legendgroup=arm.name,
                    marker={
                        "color": shade(style.colour, 1.0 if final else 0.3),
                        "symbol": style.symbol,
                        "size": 10 if final else 5,
                        "line": {"width": 1 if final else 0, "color": GREY},
                    },
                    hovertemplate=f"{plain(arm.label)}<br>{number} %{{x:.3g}}: %{{y:.3f}}"
                    f"<extra>{'on all rows' if final else 'behind the scores'}</extra>",
                )
            )
    plateau = _plateau(result) if number == "gamma" else None
    if plateau is not None:
        figure.add_vrect(
            x0=plateau.gamma_low,
            x1=plateau.gamma_high,
            fillcolor=shade(BAND_COLOUR, 0.16),
            line_width=0,
            layer="below",
        )
    origin = control_arm(result)
    values = done["value"]
    top = values.max()
    if origin is not None:
        top = max(top, origin.best.inner_score)
        figure.add_hline(
            y=origin.best.inner_score,
            line={"color": FAMILY_COLOURS["cross_entropy"], "dash": "dash", "width": 1.5},
        )
        figure.add_annotation(
            x=1,
            xref="paper",
            xanchor="right",
            y=origin.best.inner_score,
            yanchor="bottom",
            showarrow=False,
            text="cross-entropy, tuned",
        )
    bottom = min(values.quantile(0.1), band.low.min() if band is not None else np.inf)
    room = 0.06 * (top - bottom) or 0.01
    figure.update_yaxes(range=[bottom - room, top + 2 * room])
    turn_axis(figure, "y", result.objective)
    return Plot(
        key=f"response-{number}",
        section="response",
        title=f"What {number} does",
        reading=(
            f"Each mark is one trial (large: the final search on all rows; small: the searches "
            f"behind the test scores) and the grey band holds the middle half of the trials near "
            f"that {number}, so ups and downs smaller than the band mean nothing; the worst tenth "
            f"of the trials may lie below the frame."
            + (f" In the blue stripe {plateau.arm} is within noise of its best." if plateau else "")
        ),
        figure=figure,
        legend=legend_of(arms, styles),
    )


def _plateau(result: SweepResult) -> Surface | None:
    """Return the plateau of the leading focal arm, of another one where that has none."""
    leading = {arm.name for arm in leading_arms(result)}
    found = sorted(result.surfaces, key=lambda surface: surface.arm not in leading)
    return found[0] if found else None


def learning_curves(result: SweepResult) -> Plot:
    """Draw the pooled validation objective after each epoch of every arm's chosen trial."""
    figure = new_figure(
        height=380,
        x_title="epoch",
        y_title=f"{objective_label(result.objective)}, validation",
    )
    styles = arm_styles(result.arms)
    arms = shown_arms(result)
    for arm in arms:
        style = styles[arm.name]
        curve = np.asarray(arm.best.curve)
        figure.add_trace(
            go.Scatter(
                x=np.arange(1, len(curve) + 1),
                y=curve,
                mode="lines",
                legendgroup=arm.name,
                line={"color": style.colour, "dash": style.dash, "width": 2},
                hovertemplate=f"{plain(arm.label)}<br>epoch %{{x}}: %{{y:.3f}}<extra></extra>",
            )
        )
        if 1 <= arm.best.epochs <= len(curve):
            figure.add_trace(
                go.Scatter(
                    x=[arm.best.epochs],
                    y=[curve[arm.best.epochs - 1]],
                    mode="markers",
                    legendgroup=arm.name,
                    marker={"color": style.colour, "symbol": style.symbol, "size": 11},
                    hovertemplate=f"{plain(arm.label)}<br>chosen: epoch {arm.best.epochs}, "
                    f"{score_words(float(curve[arm.best.epochs - 1]), result.objective)}"
                    f"<extra></extra>",
                )
            )
    turn_axis(figure, "y", result.objective)
    return Plot(
        key="learning",
        section="search",
        title="Learning curves of the chosen trials",
        reading=(
            "The mark is the epoch that was chosen on the validation rows of all inner folds "
            "together; a curve that still rises at its end would have used more epochs."
        ),
        figure=figure,
        legend=legend_of(arms, styles),
    )
