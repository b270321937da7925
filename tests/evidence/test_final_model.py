"""Predictions of a model that a sweep left behind."""

from types import SimpleNamespace

import pandas as pd
import pytest
import tensorflow as tf

from focalsweep.data.preprocessing import fit_preprocessor
from focalsweep.errors import InputError
from focalsweep.evidence.final_model import FinalModel


def test_a_code_that_training_had_no_place_for_is_refused_in_one_sentence():
    rows = pd.DataFrame({"word": [0.0, 1.0, 2.0, 3.0]})
    model = FinalModel(
        network=lambda given: tf.gather(tf.eye(2), tf.cast(given[:, 0] * 0 + 7, tf.int32)),
        preprocessor=fit_preprocessor(rows),
        facts=SimpleNamespace(columns=("word",), arm="focal"),
    )
    with pytest.raises(InputError, match="must hold codes that the model of `focal` has a place"):
        model.logits(rows)
