"""What a sweep found, in the hands of whoever works in Python: frames, loss, model, page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from focalsweep import bundle as bundles
from focalsweep.data.arrays import features_frame
from focalsweep.errors import InputError, UserError
from focalsweep.evidence.arm_facts import ArmResult
from focalsweep.evidence.loss_point import loss_point, outside_loss
from focalsweep.evidence.result import SweepResult, Verdict
from focalsweep.metrics.objective import objective_label
from focalsweep.metrics.objective_words import difference_words, score_words
from focalsweep.report import wording
from focalsweep.report.frames import arms_frame, find_arm, rule_of, trials_frame
from focalsweep.report.write import REPORT_FILE, TRIALS_FILE, write_text
from focalsweep.run_folder import CONFIG_FILE

if TYPE_CHECKING:
    import keras

    from focalsweep.evidence.final_model import FinalModel


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Outcome:
    """Hold a finished sweep; `focalsweep.sweep` and `focalsweep.load` return it.

    Parameters
    ----------
    path : Path
        The run folder: ``result.json``, ``trials.csv``, ``report.html``, ``models/``. Without
        `folder=` a temporary one, which goes when this object goes.
    result : SweepResult
        Everything found, as in ``result.json``.
    """

    path: Path
    result: SweepResult

    @property
    def verdict(self) -> Verdict:
        """The answer: ``decision`` in one word, ``arm``, ``confidence``, and ``text``, its str."""
        return self.result.verdict

    @property
    def arms(self) -> pd.DataFrame:
        """One row an arm: scores, intervals, difference to cross-entropy, chosen numbers."""
        return arms_frame(self.result)

    @property
    def trials(self) -> pd.DataFrame:
        """One row a trial of every arm and outer fold; `fold` "all" is the search on all rows."""
        return trials_frame(self.path / TRIALS_FILE)

    @property
    def snippet(self) -> str:
        """The Keras code to paste: loss, optimizer, training and decisions of the verdict's arm."""
        return self.result.snippet

    @property
    def decision_weights(self) -> pd.Series[float] | None:
        """Factors on class probabilities before argmax, or the threshold of each label.

        Of the verdict's arm, by name of class or label; None where the objective decides nothing.
        """
        rule = rule_of(self._arm(None))
        if rule is None:
            return None
        labelled = self.result.task == "multi_label"
        names = [each.name for each in self.result.dataset.classes]
        return pd.Series(
            rule, index=names, name="threshold" if labelled else "decision_weight", dtype="float64"
        )

    def best_loss(self, arm: str | None = None, *, sparse: bool = False) -> keras.losses.Loss:
        """Return the tuned loss, ready to compile a model that ends in logits.

        Class weights are inside, so `fit` needs no ``class_weight``. Of an arm that trains in
        stages it is the last stage's; what else such arms do stands in `snippet`.

        Parameters
        ----------
        arm : str, optional
            By default the verdict's.
        sparse : bool, default False
            Whether targets are class codes instead of one-hot. An arm whose loss is Keras's or your
            own has that loss, and its targets.

        Raises
        ------
        ValueError
            When there is no such arm, `sparse` is asked for where rows carry labels, or an arm's
            own Keras loss takes other targets or cannot be imported.
        """
        from focalsweep.losses.point_loss import ready_loss

        best = self._arm(arm).best
        if best.keras_loss is not None:
            return outside_loss(best.keras_loss, sparse=sparse)
        return ready_loss(loss_point(best), sparse=sparse)

    def best_model(self, arm: str | None = None) -> keras.Model:
        """Return the Keras model of an arm, trained on all rows at its chosen point.

        It takes preprocessed numbers, see `preprocess`, and returns logits; `predict` and
        `predict_proba` go all the way from raw columns.

        Raises
        ------
        ValueError
            When there is no such arm, or no models were kept.
        """
        import keras

        self._bundle(arm)
        name = self._arm(arm).name
        model: keras.Model = keras.saving.load_model(
            self.path / "models" / f"{name}.keras", compile=False
        )
        return model

    def preprocess(self, X: Any) -> NDArray[np.float32]:
        """Return what `best_model` takes, float32 array of shape (rows, columns made)."""
        return self._final.preprocess(self._rows(X))

    def predict(self, X: Any) -> NDArray[Any]:
        """Decide with the verdict's model and its decision weights or thresholds.

        Parameters
        ----------
        X : DataFrame, array or SciPy sparse matrix
            As given to `sweep`; a DataFrame may have its columns in any order.

        Returns
        -------
        array of shape (rows,), (rows, labels), or (rows, columns of `y`) where `y` was one-hot
            In the type of `y`: ``(found.predict(X) == y).mean()`` is the share that is right. What
            is neither number, truth value nor text, such as a date, is answered by its name.

        Raises
        ------
        ValueError
            When a column is missing or holds something else than in training.
        """
        return self._final.decide(self._rows(X))

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return probabilities, shape (rows, classes), corrected where the loss allows it."""
        return self._final.probabilities(self._rows(X))

    def export(self, to: str | Path, *, arm: str | None = None) -> Path:
        """Write the portable file that ``focalsweep predict`` reads, and return its path."""
        try:
            made = self._bundle(arm)
            bundles.write_bundle(made, Path(to), config=(self.path / CONFIG_FILE).read_text())
        except UserError as error:
            raise InputError(str(error)) from None
        return Path(to)

    def to_html(self, path: str | Path | None = None) -> str:
        """Return the report, one page that needs nothing else; write it to `path` where given."""
        page = (self.path / REPORT_FILE).read_text(encoding="utf-8")
        if path is not None:
            write_text(Path(path), page)
        return page

    def __repr__(self) -> str:
        best = self._arm(None)
        objective = self.result.objective
        reached = score_words(best.argmax_score, objective)
        return (
            f"<Outcome {self.verdict.decision}: {best.name}, {objective_label(objective)} "
            f"{reached}, {len(self.result.arms)} arms, {self.path}>"
        )

    def __str__(self) -> str:
        return self.verdict.text

    def _repr_html_(self) -> str:
        """Show verdict, arms and warnings in a notebook."""
        head = ("arm", "argmax", "with weights", "95% interval", "against cross-entropy", "chosen")
        objective = self.result.objective
        rows = "".join(
            _row(arm, objective=objective, chosen=arm.name == self.verdict.arm)
            for arm in self.result.arms
        )
        warnings = "".join(f"<li>{escape(each)}</li>" for each in self.result.warnings)
        return (
            f"<div><p><b>{escape(self.verdict.decision.replace('_', ' '))}</b>: "
            f"{escape(self.verdict.text)}</p>"
            f"<table><thead><tr>{''.join(f'<th>{each}</th>' for each in head)}</tr></thead>"
            f"<tbody>{rows}</tbody></table>"
            f"{f'<ul>{warnings}</ul>' if warnings else ''}"
            f"<p>{escape(wording.axis_words(objective))} on test rows; "
            f"run folder <code>{escape(str(self.path))}</code></p></div>"
        )

    def _arm(self, name: str | None) -> ArmResult:
        found = find_arm(self.result, name or self.verdict.arm)
        if found is None:
            known = ", ".join(f"`{arm.name}`" for arm in self.result.arms)
            raise InputError(f"`arm` must be one of {known}. Received: `{name}`.")
        return found

    def _bundle(self, arm: str | None) -> bundles.Bundle:
        try:
            return bundles.bundle_of(self.path, arm)
        except UserError as error:
            raise InputError(str(error)) from None

    @cached_property
    def _own(self) -> bundles.Bundle:
        return self._bundle(None)

    @cached_property
    def _final(self) -> FinalModel:
        try:
            return self._own.load()
        except UserError as error:
            raise InputError(str(error)) from None

    def _rows(self, X: Any) -> pd.DataFrame:
        facts = self._own.manifest.model
        try:
            return self._own.conform(features_frame(X, names=facts.columns))
        except UserError as error:
            raise InputError(str(error)) from None


def _row(arm: ArmResult, *, objective: str, chosen: bool) -> str:
    against = arm.difference
    cells = (
        arm.name,
        score_words(arm.argmax_score, objective),
        score_words(arm.decision_score, objective),
        wording.objective_interval(arm.decision_interval, objective),
        "" if against is None else difference_words(against.mean, objective),
        ", ".join(wording.chosen_words(arm.best)),
    )
    tag = "th" if chosen else "td"
    return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"
