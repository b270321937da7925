"""Generate the JSON schema of ``result.json`` that ships in the package.

``python -m focalsweep.report.schema`` writes it again after a change to `evidence.result`.
"""

from __future__ import annotations

import json
from pathlib import Path

from focalsweep.evidence.result import SweepResult

SCHEMA_PATH = Path(__file__).with_name("result.schema.json")


def schema_text() -> str:
    """Return the schema as it stands in the file."""
    return json.dumps(SweepResult.model_json_schema(), indent=2) + "\n"


if __name__ == "__main__":
    SCHEMA_PATH.write_text(schema_text(), encoding="utf-8")
