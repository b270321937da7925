from __future__ import annotations

import json

import jsonschema
import pytest

from focalsweep.report.schema import SCHEMA_PATH, schema_text


def test_the_schema_in_the_package_is_current():
    assert SCHEMA_PATH.read_text(encoding="utf-8") == schema_text(), (
        "run python -m focalsweep.report.schema"
    )


@pytest.mark.parametrize("case", [{}, {"classes": 2}, {"classes": 30, "objective": "log_loss"}])
def test_a_written_result_fits_the_schema(make_result, case):
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA_PATH.read_text()))
    validator.check_schema(validator.schema)
    written = json.loads(make_result(**case).result.model_dump_json())
    assert list(validator.iter_errors(written)) == []


def test_the_schema_refuses_an_unknown_decision(usual):
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA_PATH.read_text()))
    written = json.loads(usual.result.model_dump_json())
    written["verdict"]["decision"] = "use_magic"
    assert list(validator.iter_errors(written)) != []
