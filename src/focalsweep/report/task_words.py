"""Name what a sweep decides and how: classes by argmax, or labels that are there or not.

Rows of single-label data have one class of several, so a prediction picks the most probable one.
Rows of multi-label data carry any number of labels, so each label is a yes or no of its own, said
where its probability exceeds a threshold. The report is the same; these words differ.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from focalsweep.config.arm_schema import Task
from focalsweep.metrics.objective import COST, decision_words


@dataclass(frozen=True, kw_only=True)
class TaskWords:
    """Hold the words of one task.

    Parameters
    ----------
    thing, things : str
        What is decided.
    plain : str
        The decision that needs no fitting.
    predicts : str
        What that predicts.
    rule, ruled : str
        The fitted decision layer, as a noun and after a score.
    rows : str
        What is counted of each: rows of a class, rows that carry a label.
    smallest : str
        The one with the fewest rows, at the start of a sentence.
    score_heads : pair of str
        Heads of the terminal's columns of scores, plain and by the rule, short.
    control : str
        The loss that every other is compared with.
    """

    thing: str
    things: str
    plain: str
    predicts: str
    rule: str
    ruled: str
    rows: str
    smallest: str
    score_heads: tuple[str, str]
    control: str


SINGLE_LABEL = TaskWords(
    thing="class",
    things="classes",
    plain="argmax",
    predicts="the most probable class",
    rule="decision weights",
    ruled="with decision weights",
    rows="rows",
    smallest="Smallest class",
    score_heads=("argmax", "with\nweights"),
    control="cross-entropy",
)

MULTI_LABEL = TaskWords(
    thing="label",
    things="labels",
    plain="threshold 0.5",
    predicts="labels that are more probable than not",
    rule="fitted thresholds",
    ruled="with fitted thresholds",
    rows="positives",
    smallest="Rarest label",
    score_heads=("at 0.5", "at fitted\nthreshold"),
    control="binary cross-entropy",
)


BY_COSTS = replace(
    SINGLE_LABEL,
    rule=decision_words(COST)[0],
    ruled=f"with {decision_words(COST)[0]}",
    score_heads=("argmax", "with\nlayer"),
)


def words_of(task: Task, objective: str = "") -> TaskWords:
    """Return the words of a task; `objective`, by name, matters only where it is costs."""
    if task == "multi_label":
        return MULTI_LABEL
    return BY_COSTS if objective == COST else SINGLE_LABEL
