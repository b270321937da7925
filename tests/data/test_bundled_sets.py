from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from focalsweep.data.bundled_sets import load_bundled
from focalsweep.data.rare_classes import treat_rare_classes
from focalsweep.errors import UserError

CONF = Path(__file__).parents[2] / "conf" / "dataset"
FACTS = {
    "glass": (214, 9, 6, 76, 9),
    "ecoli": (336, 7, 8, 143, 2),
    "yeast": (1484, 8, 10, 463, 5),
    "page_blocks": (5472, 10, 5, 4913, 28),
}


def parameters(name: str) -> dict[str, Any]:
    return yaml.safe_load((CONF / f"{name}.yaml").read_text())


@pytest.mark.parametrize("name", FACTS)
def test_each_config_loads_the_set_that_its_readme_describes(name: str) -> None:
    values = parameters(name)
    loaded = load_bundled(**{key: values[key] for key in ("name", "file", "origin")})
    counts = loaded.class_counts
    facts = (loaded.n_rows, loaded.features.shape[1], loaded.n_classes, counts.max(), counts.min())
    assert facts == FACTS[name]
    assert np.isfinite(loaded.features.to_numpy(dtype=float)).all()
    assert "CC BY 4.0" in loaded.origin
    assert loaded.name == name
    treat_rare_classes(loaded, policy=values["rare_classes"])


def test_ecoli_needs_its_policy() -> None:
    values = parameters("ecoli")
    loaded = load_bundled(name="ecoli", file=values["file"], origin="test")
    with pytest.raises(UserError, match=r"`imL` \(2 rows\), `imS` \(2 rows\)"):
        treat_rare_classes(loaded, policy="error")


def test_numeric_class_names_keep_their_gaps() -> None:
    loaded = load_bundled(name="glass", file="glass.csv", origin="test")
    assert loaded.class_names == ("1", "2", "3", "5", "6", "7")


def test_an_unknown_file_is_refused_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"nearest is `page-blocks\.csv`"):
        load_bundled(name="x", file="page_blocks.csv", origin="test")


def test_every_bundled_file_is_described_with_its_licence() -> None:
    folder = resources.files("focalsweep.data").joinpath("bundled")
    text = folder.joinpath("README.md").read_text(encoding="utf-8")
    files = [entry.name for entry in folder.iterdir() if entry.name.endswith(".csv")]
    assert len(files) == 4
    assert "CC BY 4.0" in text
    for file in files:
        assert f"| {file} |" in text
