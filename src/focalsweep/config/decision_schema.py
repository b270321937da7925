"""What a config may say of decisions: their costs, and the class shares of where they are made."""

from __future__ import annotations

from typing import Annotated, Any, LiteralString

from pydantic import ValidationError, ValidationInfo, ValidatorFunctionWrapHandler, field_validator
from pydantic_core import PydanticCustomError

from focalsweep.config.values import Lax, Name, Numbers, Value


class DecisionConfig(Value):
    """Say what decisions cost and how frequent classes will be, where the user knows."""

    costs: Annotated[tuple[Numbers, ...], Lax] | dict[str, float | dict[str, float]] | None
    """What deciding the column's class costs for a row of the row's class; by class name also one
    number for every wrong decision; null: none."""
    priors: dict[Name, Numbers | dict[str, float]] | None
    """Class shares where the model will be used, by the name of a scenario; null: none."""

    @field_validator("costs", "priors", mode="wrap")
    @classmethod
    def _check(cls, value: Any, check: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        try:
            return check(_with_text_names(value))
        except ValidationError:
            # Of several types pydantic would say what is wrong with each.
            expected = _DECISIONS[str(info.field_name)]
            raise PydanticCustomError("decision", expected) from None


_DECISIONS: dict[str, LiteralString] = {
    "costs": "one row of numbers a class such as [[0,1],[5,0]], a mapping by class name such as "
    "{rare:5,common:1}, or null",
    "priors": "a mapping from scenarios (letters, digits, `_`, `-`, `.`) to class shares such as "
    "{clinic:[0.99,0.01]} or {clinic:{rare:0.01}}, or null",
}


def _with_text_names(value: Any) -> Any:
    """Take any plain value for a name, as YAML reads classes called 3, 1.0, true and null."""
    if not isinstance(value, dict):
        return value
    return {
        "null" if name is None else str(name): _with_text_names(inner)
        for name, inner in value.items()
    }
