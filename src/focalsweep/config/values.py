"""What every part of a config is made of: immutable values, names, dotted paths, components."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

# Names become folders and MLflow experiments.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*$")]


_DOTTED = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$"


Target = Annotated[str, Field(alias="_target_", pattern=_DOTTED)]


DottedPath = Annotated[str, Field(pattern=_DOTTED)]


# YAML knows lists only; strictness inside still refuses `true` for a number.
Lax = Field(strict=False)


Numbers = Annotated[tuple[float, ...], Lax]


class Value(BaseModel):
    """Refuse unknown keys, wrong types and changes."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )


class Component(Value):
    """Name a function by its dotted path; the other keys are its parameters."""

    model_config = ConfigDict(extra="allow")
    group: ClassVar[str]

    target: Target
    """Dotted path of the function to call, for example ``focalsweep.models.mlp.mlp``."""

    @property
    def parameters(self) -> dict[str, Any]:
        """Keyword arguments for the target, as written in the config."""
        return dict(self.model_extra or {})


def names_of(names: Iterable[str]) -> str:
    """List names for a message, in alphabetical order."""
    return ", ".join(f"`{name}`" for name in sorted(names))
