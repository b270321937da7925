"""One portable file of a finished sweep's model: everything that a prediction needs, no pickle.

A zip archive of four parts:

| part | holds |
|---|---|
| ``manifest.json`` | `Manifest`: format, verdict, loss point, columns, decision layer, provenance |
| ``model.keras`` | the Keras model, from preprocessed numbers to logits |
| ``preprocessor.npz`` | the fitted preprocessing, `focalsweep.data.portable_preprocessor` |
| ``config.yaml`` | the sweep's config, for the record |
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from focalsweep.data.conform import conform
from focalsweep.errors import UserError
from focalsweep.evidence.arm_facts import BestPoint
from focalsweep.evidence.model_facts import (
    MODELS_FOLDER,
    PREPROCESSOR_FILE,
    ModelFacts,
    read_facts,
)
from focalsweep.report.write import read_result
from focalsweep.run_folder import CONFIG_FILE, DATA_FILE

if TYPE_CHECKING:
    from focalsweep.evidence.final_model import FinalModel

FORMAT = "focalsweep-model"
FORMAT_VERSION = 1
SUFFIX = ".focalsweep"
MANIFEST, NETWORK, PREPROCESSOR = "manifest.json", "model.keras", "preprocessor.npz"
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""Zip's first date: the same model gives the same file."""


class Manifest(BaseModel):
    """Say what a portable file holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: str = FORMAT
    format_version: int = FORMAT_VERSION
    verdict: str
    decision: str
    model: ModelFacts
    """Arm, class names, columns with kinds, correction, decision weights or thresholds."""
    loss: BestPoint
    """The loss point and what it was trained with."""
    data_sha256: str
    seed: int
    versions: dict[str, str]
    commit: str | None
    parts: dict[str, str]
    """SHA-256 of the other parts."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Bundle:
    """Hold a portable file in memory."""

    manifest: Manifest
    network: bytes
    preprocessor: bytes

    def conform(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the model's columns of new rows; see `focalsweep.data.conform.conform`."""
        facts = self.manifest.model
        return conform(rows, columns=facts.columns, kinds=facts.kinds, written=facts.written)

    def load(self) -> FinalModel:
        """Return the model that predicts; this imports TensorFlow.

        Raises
        ------
        UserError
            When Keras cannot read it: layers of the user's own must be imported before.
        """
        from focalsweep.evidence.final_model import load_final_model
        from focalsweep.models.refusal import first_sentence

        with tempfile.TemporaryDirectory(prefix="focalsweep-") as scratch:
            folder = Path(scratch)
            (folder / NETWORK).write_bytes(self.network)
            (folder / PREPROCESSOR).write_bytes(self.preprocessor)
            facts = folder / "model.json"
            facts.write_text(self.manifest.model.model_dump_json(), encoding="utf-8")
            try:
                return load_final_model(
                    folder / NETWORK, facts=facts, preprocessor=folder / PREPROCESSOR
                )
            except (ValueError, TypeError, OSError) as error:
                raise UserError(
                    f"The model of `{self.manifest.model.arm}` cannot be loaded: "
                    f"{first_sentence(error)}; import the module of your own layers first "
                    "(`--import MODULE`), where it has some."
                ) from error


def predict(bundle: Bundle, rows: pd.DataFrame, *, proba: bool = False) -> pd.DataFrame:
    """Predict new rows, in their order.

    Parameters
    ----------
    bundle : Bundle
    rows : DataFrame of shape (rows, at least the model's columns)
        Raw columns.
    proba : bool, default False
        Whether to add a column ``proba_NAME`` a class: corrected to the data's posterior where the
        loss allows it.

    Returns
    -------
    DataFrame
        ``class``, or a column a label, in the type of the target.

    Raises
    ------
    UserError
        When a column is missing or holds something else than in training.
    """
    ready = bundle.conform(rows)
    model = bundle.load()
    made = model.decisions(ready)
    if not proba:
        return made
    added = [f"proba_{name}" for name in bundle.manifest.model.classes]
    return pd.concat([made, pd.DataFrame(model.probabilities(ready), columns=added)], axis=1)


def bundle_of(folder: Path, arm: str | None = None) -> Bundle:
    """Gather what a run folder holds of one arm.

    Parameters
    ----------
    folder : Path
        Of a finished sweep.
    arm : str, optional
        By default the verdict's.

    Raises
    ------
    UserError
        When the sweep is not finished, has no such arm, or kept no models.
    """
    result = read_result(folder)
    arm = arm or result.verdict.arm
    found = next((each for each in result.arms if each.name == arm), None)
    if found is None:
        raise UserError(
            f"`arm` must be one of {', '.join(f'`{each.name}`' for each in result.arms)}. "
            f"Received: `{arm}`."
        )
    models = folder / MODELS_FOLDER
    facts = read_facts(models, arm)
    if facts is None or not (models / PREPROCESSOR_FILE).is_file():
        raise UserError(
            f"`{folder}` must hold the model of `{arm}`. Received: a sweep without it; run it "
            "again in another folder with `tracking.models=true`, and with a model that Keras can "
            "write (a class of your own needs a `get_config`)."
        )
    network = (models / f"{arm}.keras").read_bytes()
    preprocessor = (models / PREPROCESSOR_FILE).read_bytes()
    manifest = Manifest(
        verdict=result.verdict.text,
        decision=result.verdict.decision,
        model=facts,
        loss=found.best,
        data_sha256=(folder / DATA_FILE).read_text().strip(),
        seed=result.seed,
        versions=result.versions,
        commit=result.commit,
        parts={NETWORK: _sha256(network), PREPROCESSOR: _sha256(preprocessor)},
    )
    return Bundle(manifest=manifest, network=network, preprocessor=preprocessor)


def write_bundle(bundle: Bundle, to: Path, *, config: str) -> None:
    """Write a portable file, whole or not at all.

    Raises
    ------
    UserError
        When the place cannot be written.
    """
    parts: Sequence[tuple[str, bytes]] = (
        (MANIFEST, (bundle.manifest.model_dump_json(indent=2) + "\n").encode()),
        (NETWORK, bundle.network),
        (PREPROCESSOR, bundle.preprocessor),
        (CONFIG_FILE, config.encode()),
    )
    draft = to.with_name(f".{to.name}.{os.getpid()}.part")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in parts:
                archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
        os.replace(draft, to)
    except OSError as error:
        raise UserError(
            f"`{to}` cannot be written ({error.strerror}); choose another place with `--to FILE`."
        ) from None
    finally:
        if draft.parent.is_dir():
            draft.unlink(missing_ok=True)


def read_bundle(file: Path) -> Bundle:
    """Read a portable file; nothing that it holds is run.

    Raises
    ------
    UserError
        When there is none, or it is broken, of another program or of a newer version.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UserError(
            f"`{file}` cannot be read ({error.strerror}); expected a file of `focalsweep export`."
        ) from None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        described: Any = json.loads(parts[MANIFEST])
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError, OSError, RuntimeError) as error:
        raise _foreign(file) from error
    except Exception as error:  # zlib's own error has no public base
        raise _foreign(file) from error
    if not isinstance(described, dict) or described.get("format") != FORMAT:
        raise _foreign(file)
    version = described.get("format_version")
    if version != FORMAT_VERSION:
        raise UserError(
            f"`{file}` must be of format version {FORMAT_VERSION}. Received: version {version}; "
            "read it with the focalsweep version that wrote it, or export it again."
        )
    try:
        manifest = Manifest.model_validate(described)
    except ValidationError as error:
        raise _foreign(file) from error
    if any(
        name not in parts or _sha256(parts[name]) != sha for name, sha in manifest.parts.items()
    ):
        raise UserError(f"`{file}` is damaged: its parts are not those it lists; export it again.")
    if {NETWORK, PREPROCESSOR} - manifest.parts.keys():
        raise _foreign(file)
    return Bundle(manifest=manifest, network=parts[NETWORK], preprocessor=parts[PREPROCESSOR])


def _foreign(file: Path) -> UserError:
    return UserError(
        f"`{file}` must be a file of `focalsweep export`. Received: something else, or a part of "
        "one; export it again."
    )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
