"""Write a fitted preprocessor as plain numbers and text, and read it back: no pickle.

A pickle runs code when it is read and breaks when a class moves. A preprocessor is frozen values of
numbers, names and arrays, so one NumPy archive holds it: the arrays under names of their own, and
``structure``, JSON text in which every value says what it is and arrays stand by name.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from focalsweep.data.kinds.categories import Hashed, OneHot, OneHotColumn
from focalsweep.data.kinds.channels import Channels
from focalsweep.data.kinds.dates import Dates
from focalsweep.data.kinds.numbers import Numbers
from focalsweep.data.kinds.pixels import Pixels
from focalsweep.data.kinds.reduction import Reduction
from focalsweep.data.kinds.texts import Texts, new_vectorizer
from focalsweep.data.kinds.treatment import Treatment
from focalsweep.data.kinds.wide import Wide
from focalsweep.data.preprocessing import Preprocessor

Arrays = dict[str, NDArray[Any]]

_VALUES = (
    Preprocessor,
    Numbers,
    OneHot,
    OneHotColumn,
    Hashed,
    Dates,
    Texts,
    Pixels,
    Channels,
    Wide,
    Reduction,
    Treatment,
)
_BY_NAME = {value.__name__: value for value in _VALUES}
_STRUCTURE = "structure"


def preprocessor_bytes(preprocessor: Preprocessor) -> bytes:
    """Return the content of a file that `read_preprocessor` reads.

    Examples
    --------
    >>> import pandas as pd
    >>> from focalsweep.data.preprocessing import fit_preprocessor
    >>> rows = pd.DataFrame({"size": [1.0, 2.0, 4.0], "flag": [True, False, True]})
    >>> fitted = fit_preprocessor(rows)
    >>> again = read_preprocessor(preprocessor_bytes(fitted))
    >>> bool((again.transform(rows) == fitted.transform(rows)).all())
    True
    """
    arrays: Arrays = {}
    structure = json.dumps(_plain(preprocessor, arrays))
    file = io.BytesIO()
    arrays[_STRUCTURE] = np.array(structure)
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


def read_preprocessor(content: bytes | Path) -> Preprocessor:
    """Read a preprocessor; nothing that a file holds is run.

    Parameters
    ----------
    content : bytes or Path
        What `preprocessor_bytes` returned, or a file of it.

    Raises
    ------
    ValueError
        When it is something else.
    """
    file: Any = io.BytesIO(content) if isinstance(content, bytes) else content
    try:
        with np.load(file, allow_pickle=False) as archive:
            arrays = dict(archive)
        made = _value(json.loads(str(arrays.pop(_STRUCTURE))), arrays)
    except (KeyError, TypeError, AttributeError, BadZipFile, EOFError) as error:
        raise ValueError(f"not a preprocessor of this version ({error!r})") from error
    if not isinstance(made, Preprocessor):
        raise ValueError(f"not a preprocessor but a {type(made).__name__}")
    return made


def _plain(value: Any, arrays: Arrays) -> Any:
    """Return JSON: scalars and lists as they are, everything else as a mapping of its sort."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, list):
        return [_plain(each, arrays) for each in value]
    if isinstance(value, tuple):
        return {"tuple": [_plain(each, arrays) for each in value]}
    if isinstance(value, np.ndarray):
        return {"array": _named(value, arrays)}
    if isinstance(value, pd.Index):
        return {"levels": [str(level) for level in value]}
    if isinstance(value, TfidfVectorizer):
        words = sorted(value.vocabulary_, key=value.vocabulary_.__getitem__)
        return {"words": words, "idf": _named(value.idf_, arrays)}
    if type(value) in _VALUES and is_dataclass(value):
        content = {each.name: _plain(getattr(value, each.name), arrays) for each in fields(value)}
        return {"value": type(value).__name__, "fields": content}
    raise TypeError(f"a preprocessor holds a `{type(value).__name__}`, which is not portable")


def _named(array: NDArray[Any], arrays: Arrays) -> str:
    name = f"array_{len(arrays)}"
    arrays[name] = array
    return name


def _value(plain: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    if isinstance(plain, list):
        return [_value(each, arrays) for each in plain]
    if not isinstance(plain, dict):
        return plain
    if "tuple" in plain:
        return tuple(_value(each, arrays) for each in plain["tuple"])
    if "array" in plain:
        return arrays[plain["array"]]
    if "levels" in plain:
        return pd.Index(plain["levels"], dtype="str")
    if "words" in plain:
        vectorizer = new_vectorizer(plain["words"])
        vectorizer.idf_ = arrays[plain["idf"]]
        return vectorizer
    content = {name: _value(each, arrays) for name, each in plain["fields"].items()}
    return _BY_NAME[plain["value"]](**content)
