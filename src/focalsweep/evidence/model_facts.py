"""What stands beside a model that a sweep leaves behind: names, correction, decision layer.

Read without TensorFlow, so that models can be copied to MLflow by who does not run them.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from focalsweep.config.arm_schema import Task
from focalsweep.data.answers import Answer
from focalsweep.data.conform import ColumnKind
from focalsweep.data.written import Written

MODELS_FOLDER = "models"
"""In the run folder: ``<arm>.keras`` and ``<arm>.json`` for each arm, and two common files."""

PREPROCESSOR_FILE = "preprocessor.npz"
SAMPLE_FILE = "input_sample.csv"
"""A few raw rows: what the models take."""

Vector = tuple[float, ...]


class ModelFacts(BaseModel):
    """Say what stands beside one Keras model: the content of ``<arm>.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    arm: str
    task: Task = "single_label"
    classes: tuple[str, ...]
    """Names of classes or labels, in the order of the logits."""
    answers: tuple[Answer, ...] = ()
    """What a prediction of each is, in the type of the target; empty: its name, or 0 and 1."""
    columns: tuple[str, ...]
    """Raw columns, in the order of the preprocessor."""
    kinds: tuple[ColumnKind, ...] = ()
    """What each column must hold, see `focalsweep.data.conform`; empty: anything."""
    written: dict[str, Written] = {}
    """How the text of columns is written that are numbers or dates."""
    rows: int
    """Training rows: all rows of the data, as the arm treats them."""
    epochs: int
    seed: int
    logit_scale: Vector
    """What the logits mean: ``softmax(logit_scale * z)`` is the arm's own softmax."""
    loss: dict[str, Vector | tuple[Vector, ...]] | None
    """Weight, gamma, scale, offset and margin of the loss whose effect the correction undoes, and
    the log_prior_shift to the natural priors; None where there is no correction. Of labels a pair
    [without, with] each, as in `focalsweep.losses.sigmoid_point.SigmoidPoint.two_class`."""
    refusal: str | None
    """Why there is no correction."""
    log_weights: Vector
    """Added to the arm's own log-softmax before argmax; empty of labels."""
    thresholds: Vector = ()
    """Probability, by ``sigmoid(z)``, above which each label is called; empty of classes."""
    costs: tuple[Vector, ...] | None
    """Where expected cost decides instead of the weights: what is made small ..."""
    temperature: float
    """... after log-posteriors were divided by this."""


def read_facts(folder: Path, arm: str) -> ModelFacts | None:
    """Read what stands beside an arm's model; None where there is no such model."""
    file = folder / f"{arm}.json"
    if not (file.is_file() and (folder / f"{arm}.keras").is_file()):
        return None
    return ModelFacts.model_validate_json(file.read_text(encoding="utf-8"))
