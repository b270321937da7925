"""One command's sweep: find the files, compose them with the overrides, check, name the folder.

Hydra composes; nothing of Hydra's run-time side (logging, working directory, multirun) is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.core.override_parser.types import Override
from hydra.errors import ConfigCompositionException, HydraException, MissingConfigException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException
from yaml import YAMLError  # type: ignore[import-untyped]

from focalsweep.config.class_mappings import take_mappings
from focalsweep.config.explain import dotted, fields, missing_values, shown, typed, unknown_key
from focalsweep.config.overrides import RUN_DIR, is_group, key, parse, quoted, text
from focalsweep.config.places import config_dirs, options, sweeps
from focalsweep.config.record import RESULT_FILE, describe, fingerprint, validate
from focalsweep.config.schema import SweepConfig
from focalsweep.config.suggest import expectation
from focalsweep.config.target import check
from focalsweep.errors import UserError

DROP_SUSPECTS = "dataset.drop_suspects"
REPLACED = frozenset({"vary", "decision.costs", "decision.priors", "dataset.arguments"})
"""Mappings of which the command line gives a new one, not one more key for the old one."""
CLEANED_ARM = "cross_entropy_cleaned"
"""The arm that `dataset.drop_suspects=true` adds behind the others."""


@dataclass(frozen=True, kw_only=True)
class ComposedSweep:
    """Hold one sweep that is ready to run.

    Parameters
    ----------
    config : SweepConfig
        The checked config.
    run_dir : Path
        Absolute path of the run folder. The same command names the same folder, so that a sweep
        that was killed goes on when it is typed again.
    yaml : str
        The config as text, for `config.yaml` in the run folder.
    typed : frozenset of str
        Keys and groups that the caller set, beside what the files say.
    with_arms_of : callable, optional
        Composes the same sweep, in the same run folder, with the arms of another one; None where
        the user chose the arms.
    """

    config: SweepConfig
    run_dir: Path
    yaml: str
    typed: frozenset[str] = frozenset()
    with_arms_of: Callable[[str], ComposedSweep] | None = field(default=None, compare=False)


def compose_sweep(
    config_name: str,
    overrides: Sequence[str] = (),
    *,
    config_dir: Path | None = None,
    replaced: Mapping[str, Mapping[str, Any]] | None = None,
) -> ComposedSweep:
    """Compose and check one sweep.

    Parameters
    ----------
    config_name : str
        Name of a file in ``sweeps/`` or in `config_dir`.
    overrides : sequence of str
        Hydra overrides, for example ``trials=30`` or ``loss.focal_gamma.search.gamma.high=3``.
    config_dir : Path, optional
        The user's own folder with sweeps and groups, searched first.
    replaced : mapping, optional
        Groups that a Python caller gives as plain values, in place of what was composed.

    Raises
    ------
    UserError
        If the sweep, an option, an arm or a key is unknown, a value is missing or of the wrong
        type, or an override cannot be read: one sentence with the full key.
    """
    dirs = config_dirs(config_dir)
    name = config_name.removesuffix(".yaml")
    if name not in sweeps(dirs):
        raise UserError(f"There is no sweep `{name}`; {expectation(name, sweeps(dirs))}.")
    others, mappings = take_mappings(overrides)
    parsed = parse(others, dirs)
    content, run_dir = _plain(_compose(name, parsed, dirs))
    for at, given in mappings.items():
        group, _, leaf = at.partition(".")
        content[group][leaf] = given
    config = validate({**content, **(replaced or {})})
    filled = Path(run_dir.replace("{fingerprint}", fingerprint(config))).expanduser().absolute()
    # What is finished is read again, even where a user's function is gone.
    if not (filled / RESULT_FILE).is_file():
        check(config)

    def with_arms_of(other: str) -> ComposedSweep:
        arms = ",".join(compose_sweep(other, config_dir=config_dir).config.arms)
        changed = [*overrides, f"arms=[{arms}]", f"{RUN_DIR}={quoted(str(filled))}"]
        return compose_sweep(name, changed, config_dir=config_dir, replaced=replaced)

    chosen = any(key(each).split(".")[0] in ("arms", "loss") for each in parsed)
    return ComposedSweep(
        config=config,
        run_dir=filled,
        yaml=describe(config),
        with_arms_of=None if chosen or _names_arms(name, config_dir) else with_arms_of,
        typed=frozenset(key(each) for each in parsed),
    )


def compose_variants(
    config_name: str, overrides: Sequence[str] = (), *, config_dir: Path | None = None
) -> list[ComposedSweep]:
    """Compose a sweep once for each value of its `vary`, or once where it varies nothing.

    Each variant has `vary` null and runs in its own folder, ``KEY=VALUE`` inside the sweep's.

    Raises
    ------
    UserError
        As `compose_sweep`, for any of the values.
    """
    whole = compose_sweep(config_name, overrides, config_dir=config_dir)
    if whole.config.vary is None:
        return [whole]
    variants = []
    for varied, values in whole.config.vary.items():
        for value in values:
            folder = f"{varied.rpartition('.')[2]}={typed(value)}".replace("/", "_")
            changed = [
                *overrides,
                "vary=null",
                f"{varied}={quoted(value) if isinstance(value, str) else typed(value)}",
                f"{RUN_DIR}={quoted(str(whole.run_dir / folder))}",
            ]
            variants.append(compose_sweep(config_name, changed, config_dir=config_dir))
    return variants


def _names_arms(name: str, config_dir: Path | None) -> bool:
    """Tell whether a sweep file of the user's own says which arms there are."""
    own = None if config_dir is None else config_dir / f"{name}.yaml"
    return own is not None and own.is_file() and "arms" in OmegaConf.load(own)


def _compose(name: str, overrides: list[Override], dirs: tuple[Path, ...]) -> DictConfig:
    """Compose in two passes: the first learns `arms`, the second loads their files."""
    structure = [
        text(each)
        for each in overrides
        if is_group(each, dirs) or key(each).split(".")[0] == "arms"
    ]
    # These change which arms there are; `++` because a user's own dataset file may lack the key.
    switches = [
        f"++{text(each).lstrip('+')}"
        for each in overrides
        if key(each) == DROP_SUSPECTS and not each.is_delete()
    ]
    try:
        first = _hydra(name, [*structure, *switches], dirs)
        arms = _arms(first, dirs)
        if OmegaConf.select(first, DROP_SUSPECTS) is True and CLEANED_ARM not in arms:
            structure.append(f"arms=[{','.join([*arms, CLEANED_ARM])}]")
            arms.append(CLEANED_ARM)
        # The package in the override puts each file at `loss.ARM`, whatever its first line says.
        structure += [f"+loss@loss.{arm}={arm}" for arm in arms]
        return _with_values(name, structure, overrides, dirs)
    except MissingConfigException as error:
        raise UserError(_missing_file(error)) from None
    except YAMLError as error:  # on several lines it says what, where and why
        reason = " ".join(str(error).split()).rstrip(".")
        raise UserError(f"A config file of `{name}` is not YAML; mend it: {reason}.") from None
    except (HydraException, OmegaConfBaseException) as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise UserError(
            f"The config of `{name}` cannot be composed: {lines[0].rstrip('.')}."
        ) from None


def _with_values(
    name: str, structure: list[str], overrides: list[Override], dirs: tuple[Path, ...]
) -> DictConfig:
    values = [each for each in overrides if text(each) not in structure]
    added: set[str] = set()
    while True:
        given = [_as_given(each, added=key(each) in added) for each in values]
        try:
            return _hydra(name, [*structure, *(each for pair in given for each in pair)], dirs)
        except ConfigCompositionException as error:
            cause = error.__cause__
            if not isinstance(cause, ConfigAttributeError | ConfigKeyError):
                raise
            at = str(cause.full_key)
            # Hydra knows the keys that the files set. A key that the schema knows besides may be
            # set too: `log` of a range, for example, which is false unless a file says otherwise.
            *parents, leaf = at.split(".")
            if at in added or leaf not in fields(parents) or at not in map(key, values):
                base = _hydra(name, structure, dirs)
                raise UserError(_unknown(at, overrides, base, dirs)) from None
            added.add(at)


def _as_given(override: Override, *, added: bool) -> list[str]:
    if key(override) in REPLACED:
        return [f"{key(override)}=null", text(override)]
    return [f"++{text(override).lstrip('+')}" if added else text(override)]


def _hydra(name: str, overrides: list[str], dirs: tuple[Path, ...]) -> DictConfig:
    # Hydra wants the primary config in its main folder and takes the others as a search path.
    main = next(folder for folder in dirs if (folder / f"{name}.yaml").is_file())
    others = ",".join(quoted(f"file://{folder}") for folder in dirs if folder != main)
    with initialize_config_dir(str(main), version_base="1.3"):
        return compose(name, [f"hydra.searchpath=[{others}]", *overrides], return_hydra_config=True)


def _arms(config: DictConfig, dirs: tuple[Path, ...]) -> list[str]:
    arms = OmegaConf.to_container(config).get("arms")  # type: ignore[union-attr]
    if not isinstance(arms, list) or not all(isinstance(arm, str) for arm in arms):
        raise UserError(
            "`arms` must be a list of names such as `arms=[cross_entropy,focal_gamma]`; "
            f"received `arms={shown(arms)}`."
        )
    known = options("loss", dirs)
    for arm in arms:
        if arm not in known:
            raise UserError(f"`arms` names `{arm}`, which is not known; {expectation(arm, known)}.")
    return list(dict.fromkeys(arms))


def _plain(config: DictConfig) -> tuple[dict[str, Any], str]:
    """Return plain values without Hydra's own part, and the run folder."""
    written: Any = OmegaConf.to_container(config, resolve=False)
    del written["hydra"]
    missing = [path for path, value in dotted(written) if value == "???"]
    if missing:
        raise UserError(missing_values(missing))
    try:
        content = {name: _resolved(config[name]) for name in written}
        return content, str(config.hydra.run.dir)
    except OmegaConfBaseException as error:
        reason = str(error.msg or error).splitlines()[0]
        raise UserError(
            f"`{error.full_key}` cannot be resolved: {reason}; mend the interpolation."
        ) from None


def _unknown(at: str, overrides: list[Override], base: DictConfig, dirs: tuple[Path, ...]) -> str:
    """Explain the override whose key, up to `at`, is not in the composed config."""
    received = next((key(each) for each in overrides if f"{key(each)}.".startswith(f"{at}.")), at)
    parts = at.split(".")
    if parts[0] == "loss" and len(parts) == 2 and parts[1] in options("loss", dirs):
        return f"`{received}` belongs to an arm that is not among `arms`; add `{parts[1]}` to them."
    written: Any = OmegaConf.to_container(base, resolve=False)
    del written["hydra"]
    return unknown_key(received, at=at, known=[path for path, _ in dotted(written)])


def _missing_file(error: MissingConfigException) -> str:
    wanted = str(error.missing_cfg_file)
    if not error.options:
        return f"A config file asks for `{wanted}`, which does not exist."
    group, _, name = wanted.rpartition("/")
    return (
        f"A config file asks for `{group}: {name}`, which does not exist; "
        f"{expectation(name, error.options)}."
    )


def _resolved(value: Any) -> Any:
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
