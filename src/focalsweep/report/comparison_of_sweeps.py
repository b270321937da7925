"""Several sweeps side by side: other datasets, seeds or models, the same arms.

An arm's score on one dataset says little about the next one. Ranks within each sweep and paired
differences from cross-entropy carry over, so these are what is averaged; scores never are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from markupsafe import Markup
from plotly.offline import get_plotlyjs
from rich import box
from rich.console import Console
from rich.table import Table
from scipy.stats import wilcoxon

from focalsweep.config.arm_schema import Family
from focalsweep.errors import UserError
from focalsweep.evidence.arm_facts import ArmResult
from focalsweep.evidence.result import SweepResult
from focalsweep.metrics.objective import lower_is_better, objective_label
from focalsweep.metrics.objective_words import difference_words, own_unit, score_words
from focalsweep.report.page import environment
from focalsweep.report.plots.gains import gains_plot
from focalsweep.report.task_words import words_of
from focalsweep.report.wording import decision_words
from focalsweep.report.write import write_text

FEWEST_FOR_A_TEST = 6
"""Sweeps below which Wilcoxon's signed-rank test cannot reach p < 0.05, so none is made."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SweepComparison:
    """Hold several sweeps' arms side by side.

    Parameters
    ----------
    objective : str
        The same in all of them.
    sweeps : DataFrame
        One row a sweep: dataset, rows, classes, imbalance ratio, seed, decision, arm.
    scores : DataFrame
        One row a sweep, one column an arm: score with decision weights in the objective's own unit
        (of costs and log-loss lower is better); NaN where it was not run.
    arms : DataFrame
        One row an arm, the best mean rank first: label, family, sweeps it ran in, mean rank (1 is
        best) among the arms that all sweeps have, mean difference from cross-entropy in the
        objective's own unit, wins and losses against it, and the p-value of Wilcoxon's signed-rank
        test where sweeps suffice.
    """

    objective: str
    sweeps: pd.DataFrame
    scores: pd.DataFrame
    arms: pd.DataFrame


def compare_sweeps(results: Mapping[Path, SweepResult]) -> SweepComparison:
    """Put finished sweeps side by side.

    Parameters
    ----------
    results : mapping from run folder to SweepResult
        Two or more, of one objective.

    Raises
    ------
    UserError
        When there are fewer than two, or their objectives or their tasks differ.
    """
    if len(results) < 2:
        raise UserError(
            "`focalsweep compare` needs at least two run folders. "
            f"Received: {len(results)}; name the folders of finished sweeps."
        )
    objectives = {result.objective for result in results.values()}
    if len(objectives) > 1:
        raise UserError(
            "Sweeps are compared on one objective. Received: "
            f"{', '.join(f'`{name}`' for name in sorted(objectives))}; leave out the others."
        )
    if len({result.task for result in results.values()}) > 1:
        raise UserError(
            "Sweeps are compared on one task. Received: single-label and multi-label sweeps, which "
            "have no arm in common; compare each kind by itself."
        )
    names = _names(results)
    objective = objectives.pop()
    utilities = pd.DataFrame(
        {
            name: {arm.name: arm.decision_score for arm in result.arms}
            for name, result in zip(names, results.values(), strict=True)
        }
    ).T
    known = {arm.name: arm for result in results.values() for arm in result.arms}
    return SweepComparison(
        objective=objective,
        sweeps=pd.DataFrame(
            [
                {
                    "sweep": name,
                    "dataset": result.dataset.name,
                    "rows": result.dataset.rows,
                    "classes": len(result.dataset.classes),
                    "imbalance_ratio": result.dataset.imbalance_ratio,
                    "seed": result.seed,
                    "task": result.task,
                    "decision": result.verdict.decision,
                    "arm": result.verdict.arm,
                }
                for name, result in zip(names, results.values(), strict=True)
            ]
        ).set_index("sweep"),
        scores=_turned(utilities, objective),
        arms=_arms(utilities, known=known, objective=objective),
    )


def print_comparison(console: Console, comparison: SweepComparison) -> None:
    """Print the sweeps' verdicts and the arms' ranks."""
    sweeps = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("sweep", "rows", "ratio", "verdict"):
        sweeps.add_column(column, justify="right" if column in ("rows", "ratio") else "left")
    for name, row in comparison.sweeps.iterrows():
        sweeps.add_row(
            str(name),
            f"{row['rows']:,}",
            f"{row['imbalance_ratio']:.3g}",
            decision_words(row["decision"], row["task"], comparison.objective),
        )
    console.print(sweeps)
    arms = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    unit = objective_label(comparison.objective)
    gain = f"{unit},\nfrom cross-entropy"
    for column in ("arm", "mean rank", gain, "wins", "losses", "p"):
        arms.add_column(column, justify="left" if column == "arm" else "right")
    for name, row in comparison.arms.iterrows():
        arms.add_row(
            str(name),
            _or_blank(row["mean_rank"], "{:.2f}"),
            _gain_words(row["mean_difference"], comparison.objective),
            str(row["wins"]),
            str(row["losses"]),
            _or_blank(row["p_value"], "{:.3f}"),
        )
    console.print(arms)


def write_comparison(comparison: SweepComparison, path: Path) -> Path:
    """Write the page, and the scores beside it as CSV; return the page's path."""
    arms = comparison.arms
    words = words_of(comparison.sweeps["task"].iloc[0], comparison.objective)
    plot = gains_plot(
        _gains(_turned(comparison.scores, comparison.objective), families=dict(arms["family"]))[
            arms.index[::-1]
        ],
        labels=dict(arms["label"]),
        families=dict(arms["family"]),
        objective=comparison.objective,
        words=words,
    )
    page = (
        environment()
        .get_template("comparison.html.j2")
        .render(
            comparison=comparison,
            words=words,
            sweeps=comparison.sweeps.reset_index().to_dict("records"),
            arms=arms.reset_index().to_dict("records"),
            scores=comparison.scores,
            plots=[plot],
            or_blank=_or_blank,
            show_gain=lambda value: _gain_words(value, comparison.objective),
            show_score=lambda value: (
                ""
                if math.isnan(value)
                else score_words(own_unit(value, comparison.objective), comparison.objective)
            ),
            plotly_js=Markup(get_plotlyjs()),
        )
    )
    write_text(path, page)
    write_text(path.with_suffix(".csv"), comparison.scores.to_csv(index_label="sweep"))
    return path


def _turned(scores: pd.DataFrame, objective: str) -> pd.DataFrame:
    """Turn utilities into the objective's own unit, or back."""
    return 0.0 - scores if lower_is_better(objective) else scores


def _gain_words(mean_difference: float, objective: str) -> str:
    return difference_words(own_unit(mean_difference, objective), objective)


def _or_blank(value: float, form: str) -> str:
    return "" if math.isnan(value) else form.format(value)


def _gains(scores: pd.DataFrame, *, families: Mapping[str, Family]) -> pd.DataFrame:
    control = next(name for name in scores.columns if families[str(name)] == "cross_entropy")
    return scores.sub(scores[control], axis="index")


def _names(results: Mapping[Path, SweepResult]) -> Sequence[str]:
    """Name sweeps by dataset where that tells them apart, otherwise by folder as well."""
    datasets = [result.dataset.name for result in results.values()]
    return [
        dataset if datasets.count(dataset) == 1 else f"{dataset} ({folder.name})"
        for dataset, folder in zip(datasets, results, strict=True)
    ]


def _arms(scores: pd.DataFrame, *, known: Mapping[str, ArmResult], objective: str) -> pd.DataFrame:
    everywhere = scores.dropna(axis="columns")
    ranks = everywhere.rank(axis="columns", ascending=False).mean()
    gains = _gains(scores, families={name: arm.family for name, arm in known.items()})
    rows = []
    for arm in scores.columns:
        gain = gains[arm].dropna()
        rows.append(
            {
                "arm": arm,
                "label": known[arm].label,
                "family": known[arm].family,
                "sweeps": len(gain),
                "mean_rank": ranks.get(arm, float("nan")),
                "mean_difference": own_unit(float(gain.mean()), objective),
                "wins": int((gain > 0).sum()),
                "losses": int((gain < 0).sum()),
                "p_value": _p_value(gain) if known[arm].family != "cross_entropy" else float("nan"),
            }
        )
    order = ["mean_rank", "mean_difference"]
    ascending = [True, lower_is_better(objective)]
    return pd.DataFrame(rows).set_index("arm").sort_values(order, ascending=ascending)


def _p_value(gains: pd.Series) -> float:
    if len(gains) < FEWEST_FOR_A_TEST or (gains == 0.0).all():
        return float("nan")
    return float(wilcoxon(gains).pvalue)
