"""Draw the labels of a multi-label sweep: weights, gamma, recall and F1 by arm, and counts.

A label is a yes or no of its own, so there is no confusion matrix over labels: what stands in its
place is how many rows with a label were found or missed, and how many without it were called.
Labels stand in order of frequency; above forty the heatmaps show the rarest forty.
"""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from focalsweep.evidence.arm_facts import ArmResult
from focalsweep.evidence.result import SweepResult
from focalsweep.report.frames import f1_scores, label_counts, leading_arms, recalls_of, shown_arms
from focalsweep.report.plots.classes import class_heatmap, frequency_order, heatmap, log_ticks
from focalsweep.report.plots.style import (
    GREY,
    MOST_CLASSES,
    Plot,
    arm_styles,
    legend_of,
    new_figure,
    plain,
    short,
)
from focalsweep.report.wording import positive_weights, rows_words

_MOST_LINES = 6
"""Arms whose lines can still be told apart."""

_OUTCOMES = ("found", "missed", "called wrongly", "left rightly")
"""Of a label's rows: true positives, false negatives, false positives, true negatives."""


def positive_weights_by_frequency(result: SweepResult) -> Plot | None:
    """Draw how much more a row with a label weighs than one without it, against its positives."""
    weights = {arm.name: positive_weights(arm.best) for arm in result.arms}
    weighted = [
        arm
        for arm in result.arms
        if any(each > 0 and abs(each - 1) > 1e-6 for each in weights[arm.name])
    ]
    if not weighted:
        return None
    arms = _few(result, weighted)
    order = frequency_order(result)
    counts = [result.dataset.classes[code].count for code in order]
    figure = new_figure(height=400, x_title="rows with the label", y_title="positive weight")
    figure.add_hline(y=1, line={"color": GREY, "dash": "dash", "width": 1.5})
    for arm in arms:
        values = [weights[arm.name][code] for code in order]
        figure.add_trace(_line(result, arm, values, words="positive weight"))
    # A label that training rows all lack, or all have, weighs 0 on one side: it is not drawn.
    shown = [weight for arm in arms for weight in weights[arm.name] if weight > 0]
    figure.update_xaxes(type="log", **log_ticks(max(min(counts), 1), max(counts)))
    figure.update_yaxes(type="log", **log_ticks(min(shown), max(shown)))
    return Plot(
        key="alpha",
        section="labels",
        title="Weight of rows with a label, against its frequency",
        reading=(
            "The positive weight is alpha of rows with the label over alpha of rows without it: at "
            "1 (dashed) both count the same, and a line that falls to the right makes up for "
            "rarity." + _left_out(arms, weighted)
        ),
        figure=figure,
        legend=legend_of(arms, arm_styles(result.arms)),
    )


def gamma_by_frequency(result: SweepResult) -> Plot | None:
    """Draw gamma on rows with each label (filled) and without it (hollow), against its positives.

    Left out where every arm has gamma 0.
    """
    focused = [arm for arm in result.arms if any(arm.best.gamma) or any(arm.best.gamma_negative)]
    if not focused:
        return None
    arms = _few(result, focused)
    order = frequency_order(result)
    counts = [result.dataset.classes[code].count for code in order]
    figure = new_figure(height=400, x_title="rows with the label", y_title="gamma")
    for arm in arms:
        figure.add_trace(
            _line(result, arm, [arm.best.gamma[code] for code in order], words="gamma with it")
        )
        if arm.best.gamma_negative != arm.best.gamma:
            without = [arm.best.gamma_negative[code] for code in order]
            figure.add_trace(_line(result, arm, without, words="gamma without it", hollow=True))
    figure.update_xaxes(type="log", **log_ticks(max(min(counts), 1), max(counts)))
    figure.update_yaxes(rangemode="tozero")
    return Plot(
        key="gamma",
        section="labels",
        title="Gamma of each label, against its frequency",
        reading=(
            "Filled marks are gamma on rows with the label, hollow marks gamma on rows without it "
            "where that differs: the higher, the more rows that are already right fade out."
            + _left_out(arms, focused)
        ),
        figure=figure,
        legend=legend_of(arms, arm_styles(result.arms)),
    )


def label_heatmaps(result: SweepResult) -> list[Plot]:
    """Draw recall at threshold 0.5 and F1 with fitted thresholds, one row a label."""
    arms = shown_arms(result)
    fitted = any(arm.best.thresholds for arm in arms)
    rest = " The other arms are in the tables below." if len(arms) < len(result.arms) else ""
    return [
        _by_arm(
            result,
            arms,
            key="recall",
            title="Recall of each label at threshold 0.5, by arm",
            reading=(
                "Each cell is the percentage of the test rows with the label that are found "
                "(brighter is more) when a label is called where it is more probable than not; "
                f"{_rows_in_order(result)}." + rest
            ),
            values=[recalls_of(arm, decided=False) for arm in arms],
        ),
        _by_arm(
            result,
            arms,
            key="f1",
            title="F1 of each label"
            + (" with fitted thresholds" if fitted else " at threshold 0.5")
            + ", by arm",
            reading=(
                "F1 in per cent weighs rows that are found against rows that are called wrongly"
                + (
                    "; where the columns are alike here and not above, a threshold does what the "
                    "loss was to do."
                    if fitted
                    else "."
                )
                + rest
            ),
            values=[f1_scores(arm, decided=fitted) for arm in arms],
        ),
    ]


def label_count_plots(result: SweepResult) -> list[Plot]:
    """Draw what became of the test rows of each label: cross-entropy and the verdict's arm."""
    return [
        _counts(result, arm)
        for arm in leading_arms(result)
        if arm.family == "cross_entropy" or arm.name == result.verdict.arm
    ]


def _by_arm(
    result: SweepResult,
    arms: list[ArmResult],
    *,
    key: str,
    title: str,
    reading: str,
    values: list[np.ndarray],
) -> Plot:
    order = frequency_order(result)[-MOST_CLASSES:]
    return Plot(
        key=key,
        section="labels",
        title=title,
        reading=reading,
        figure=class_heatmap(
            values=np.array([each[order] for each in values]).T,
            columns=[arm.name for arm in arms],
            rows=_names(result, order),
        ),
        half=len(arms) <= 4,
    )


def _counts(result: SweepResult, arm: ArmResult) -> Plot:
    order = frequency_order(result)[-MOST_CLASSES:]
    fitted = bool(arm.best.thresholds)
    counts = label_counts(arm, decided=fitted)[order]
    # Rows with and rows without the label are each a whole: a rare label would vanish otherwise.
    wholes = counts.reshape(-1, 2, 2).sum(axis=2).repeat(2, axis=1)
    shares = np.divide(counts, wholes, out=np.full_like(counts, np.nan), where=wholes > 0)
    names = _names(result, order)
    figure = new_figure(height=60 + 7 * max(map(len, _OUTCOMES)) + 24 * len(order))
    heatmap(
        figure,
        values=shares,
        numbers=[[rows_words(value, short=True) for value in row] for row in counts],
        hover=[
            [
                f"{name}<br>{outcome}: {rows_words(value)} of {rows_words(whole)} rows "
                + ("with it" if column < 2 else "without it")
                for column, (outcome, value, whole) in enumerate(
                    zip(_OUTCOMES, row, row_wholes, strict=True)
                )
            ]
            for name, row, row_wholes in zip(names, counts, wholes, strict=True)
        ],
    )
    figure.update_xaxes(
        tickvals=list(range(len(_OUTCOMES))),
        ticktext=list(_OUTCOMES),
        side="top",
        tickangle=-90,
        ticklabeloverflow="allow",
    )
    figure.update_yaxes(tickvals=list(range(len(names))), ticktext=names)
    how = "with fitted thresholds" if fitted else "at threshold 0.5"
    return Plot(
        key=f"counts-{arm.name}",
        section="labels",
        title=f"What became of each label's test rows, {arm.label}, {how}",
        reading=(
            "Numbers are test rows; the brighter a cell, the larger its share of the rows with the "
            "label (first two columns) or without it (last two)."
        ),
        figure=figure,
        half=True,
    )


def _names(result: SweepResult, order: list[int]) -> list[str]:
    classes = result.dataset.classes
    return [f"{short(classes[code].name)} ({classes[code].count:,})" for code in order]


def _rows_in_order(result: SweepResult) -> str:
    hidden = len(result.dataset.classes) - MOST_CLASSES
    words = "labels stand from frequent to rare with their rows in brackets"
    return words + (f", and the {hidden} most frequent are not shown" if hidden > 0 else "")


def _few(result: SweepResult, arms: list[ArmResult]) -> list[ArmResult]:
    """Keep the leading arms where lines are many; without one of them, the first ones."""
    if len(arms) <= _MOST_LINES:
        return arms
    leading = {arm.name for arm in leading_arms(result)}
    return [arm for arm in arms if arm.name in leading] or arms[:_MOST_LINES]


def _left_out(arms: list[ArmResult], everything: list[ArmResult]) -> str:
    return "" if len(arms) == len(everything) else " Only the leading arms are shown."


def _line(
    result: SweepResult,
    arm: ArmResult,
    values: list[float],
    *,
    words: str,
    hollow: bool = False,
) -> go.Scatter:
    style = arm_styles(result.arms)[arm.name]
    classes = result.dataset.classes
    order = frequency_order(result)
    return go.Scatter(
        x=[classes[code].count for code in order],
        y=values,
        mode="lines+markers",
        legendgroup=arm.name,
        line={"color": style.colour, "dash": style.dash, "width": 1 if hollow else 1.5},
        marker={
            "symbol": f"{style.symbol}-open" if hollow else style.symbol,
            "size": 9,
            "line": {"width": 1.5},
        },
        customdata=[short(classes[code].name) for code in order],
        hovertemplate=f"{plain(arm.label)}<br>%{{customdata}}, %{{x}} rows: "
        f"{words} %{{y:.3g}}<extra></extra>",
    )
