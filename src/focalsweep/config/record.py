"""A config as text: what the run folder keeps, what is read back, and what names the folder."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import ValidationError
from yaml import YAMLError  # type: ignore[import-untyped]

from focalsweep.config.explain import dotted, explain
from focalsweep.config.schema import SweepConfig
from focalsweep.errors import UserError

RESULT_FILE = "result.json"
"""In the run folder of a sweep that is finished."""

# These change neither a trained model nor how it is judged; what `minutes` comes to is stored
# beside the config, so that the same folder goes on with more of them.
WITHOUT_EFFECT = frozenset({"question", "tracking", "minutes"})


def describe(config: SweepConfig) -> str:
    """Return the config as YAML, every value resolved; `load_config` reads it back."""
    return OmegaConf.to_yaml(OmegaConf.create(config.model_dump(mode="json", by_alias=True)))


def load_config(path: Path) -> SweepConfig:
    """Read the `config.yaml` of a run folder.

    Raises
    ------
    UserError
        If the file is missing, or is not a config that this version writes.
    """
    try:
        content = OmegaConf.to_container(OmegaConf.load(path))
    except OSError:
        raise UserError(f"`{path}` cannot be read; expected the config of a sweep.") from None
    except (OmegaConfBaseException, YAMLError):
        raise UserError(f"`{path}` is not the config of a sweep: it is not YAML.") from None
    return validate(content, at=f"`{path}`: ")


def validate(content: object, *, at: str = "") -> SweepConfig:
    """Check plain values against the schema; an error is one sentence that starts with `at`."""
    try:
        return SweepConfig.model_validate(content)
    except ValidationError as error:
        raise UserError(at + explain(error, content)) from None


def fingerprint(config: SweepConfig) -> str:
    """Return 8 hex digits that name everything in the config that changes a result.

    `question`, `minutes` and `tracking` are left out. The rows of a dataset are not looked at:
    `Dataset.sha256` names those.
    """
    canonical = json.dumps(_with_effect(config), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:8]


def changed_keys(old: SweepConfig, new: SweepConfig) -> list[str]:
    """List the dotted keys that give the two configs different fingerprints, innermost only."""
    before, after = (dict(dotted(_with_effect(each))) for each in (old, new))
    names = dict.fromkeys([*before, *after])
    different = [name for name in names if before.get(name, names) != after.get(name, names)]
    return [
        name for name in different if not any(each.startswith(f"{name}.") for each in different)
    ]


def _with_effect(config: SweepConfig) -> dict[str, Any]:
    return config.model_dump(mode="json", by_alias=True, exclude=set(WITHOUT_EFFECT))
