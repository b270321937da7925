"""Which trials are stopped before their last epoch: Optuna's pruners, and the epochs they look at.

A pruner sees one study: an arm inside a scope. Trials of other arms never count, so that a loss
which learns slowly at first is measured by its own earlier trials only. All arms have the same
pruner and the same rungs.

A pruner is made anew for every question, as samplers are: what it knows it reads from the study,
so that a sweep that was killed asks what an undisturbed one would have asked. Of Hyperband that
means besides that the sampler learns from the trials of all brackets.

References
----------
.. [1] Li, Jamieson, Rostamizadeh, Gonina, Hardt, Recht, Talwalkar, "A System for Massively Parallel
   Hyperparameter Tuning" (2020), arXiv:1810.05934.
.. [2] Li, Jamieson, DeSalvo, Rostamizadeh, Talwalkar, "Hyperband" (2018), arXiv:1603.06560.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from optuna.pruners import BasePruner, NopPruner

from focalsweep.config.schema import PrunerConfig
from focalsweep.config.target import factory
from focalsweep.errors import UserError

MakePruner = Callable[[], BasePruner]

_SAID_BY_RUNGS = (
    "n_warmup_steps",
    "interval_steps",
    "min_resource",
    "max_resource",
    "min_early_stopping_rate",
)
"""Arguments of Optuna's pruners that say at which steps they look."""


@dataclass(frozen=True, kw_only=True)
class Pruning:
    """Hold a rule that stops trials, the same for every arm.

    Parameters
    ----------
    make : callable
        Makes the pruner; it has no state but what it reads from a study.
    rungs : tuple of int
        Epochs after which trials are looked at, ascending, each below the epochs of the sweep;
        empty where nothing is pruned.
    notes : tuple of str
        What a user should know of this rule in this sweep, one sentence each.
    """

    make: MakePruner = NopPruner
    rungs: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Optuna's name of the pruner."""
        return type(self.make()).__name__


NO_PRUNING = Pruning()


def make_pruning(config: PrunerConfig, *, epochs: int, trials: int) -> Pruning:
    """Make what a config asks for, with a note where it cannot prune anything.

    Parameters
    ----------
    config : PrunerConfig
        Pruner and rungs.
    epochs, trials : int
        Of the sweep.

    Raises
    ------
    UserError
        If this is no pruner, its keys do not go together, or no rung lies before the last epoch.
    """
    made = factory(config)
    for name in _SAID_BY_RUNGS:
        if name in made.keywords:
            raise UserError(
                f"`pruner.{name}` says when trials are looked at, which is what `pruner.rungs` is "
                f"for. Received: {name}={made.keywords[name]}; remove it and set `pruner.rungs`."
            )
    if made.func is NopPruner:
        if config.rungs:
            raise UserError(
                "`pruner.rungs` must be empty for a pruner that stops nothing. Received: "
                f"rungs={list(config.rungs)}; choose another one, such as `pruner=median`."
            )
        return NO_PRUNING
    if not config.rungs:
        raise UserError(
            "`pruner.rungs` must hold the shares of the epochs after which trials are looked at. "
            "Received: rungs=[]; give some, such as `pruner.rungs=[0.25,0.5]`, or set "
            "`pruner=none`."
        )
    if epochs < 2:
        raise UserError(
            f"`pruner` needs an epoch before the last one. Received: epochs={epochs}; set "
            "`epochs` higher or `pruner=none`."
        )
    rungs = tuple(dict.fromkeys(_epoch(share, epochs=epochs) for share in config.rungs))
    parameters = inspect.signature(made.func).parameters
    if "reduction_factor" in parameters:
        if len(config.rungs) > 1:
            raise UserError(
                "`pruner.rungs` must hold the first rung only, because each next one is "
                "`pruner.reduction_factor` times as late. Received: "
                f"rungs={list(config.rungs)}; keep rungs=[{config.rungs[0]:g}]."
            )
        resources = {"min_resource": rungs[0], "max_resource": epochs}
        given = {key: value for key, value in resources.items() if key in parameters}
        made = partial(made, **given)
        _checked(made)
        factor = made.keywords.get("reduction_factor", parameters["reduction_factor"].default)
        rungs = _geometric(rungs[0], factor=factor, epochs=epochs)
    _checked(made)
    startup = made.keywords.get("n_startup_trials", 0)
    idle = (
        f"`pruner.n_startup_trials`={startup} leaves none of {trials} trials to prune: every trial "
        "trains to its last epoch."
    )
    return Pruning(make=made, rungs=rungs, notes=(idle,) if startup >= trials else ())


def _epoch(share: float, *, epochs: int) -> int:
    return min(max(round(share * epochs), 1), epochs - 1)


def _geometric(first: int, *, factor: int, epochs: int) -> tuple[int, ...]:
    rungs = [first]
    while rungs[-1] * factor < epochs:
        rungs.append(rungs[-1] * factor)
    return tuple(rungs)


def _checked(made: partial[Any]) -> None:
    """Make the pruner once, so that what Optuna refuses shows before anything is trained."""
    try:
        pruner = made()
    except (ValueError, TypeError) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise UserError(
            f"`pruner{_culprit(made, reason)}` cannot be used: {reason}; mend it, or set "
            "`pruner=none`."
        ) from None
    if not isinstance(pruner, BasePruner):
        raise UserError(
            "`pruner._target_` must name a pruner of Optuna. Received: something that makes a "
            f"{type(pruner).__name__}; use one of `optuna.pruners`, such as `pruner=median`."
        )


def _culprit(made: partial[Any], reason: str) -> str:
    """Return, with a dot before it, the key that is at fault, where that can be told."""
    for name in made.keywords:
        if name in reason:
            return f".{name}"
    for name in made.keywords:
        rest = {key: value for key, value in made.keywords.items() if key != name}
        try:
            made.func(**rest)
        except (ValueError, TypeError):
            continue
        return f".{name}"
    return ""
