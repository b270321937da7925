import tracemalloc

import numpy as np
import pandas as pd
import pytest

from focalsweep.data.preprocessing import fit_preprocessor
from focalsweep.errors import UserError

SHAPE = (4, 5, 3)


def images(rows: int, *, seed: int = 0) -> pd.DataFrame:
    pixels = np.random.default_rng(seed).integers(0, 256, (rows, 60), dtype=np.uint8)
    pixels[:, :7] = 0  # a black border
    return pd.DataFrame(pixels, columns=[f"p{i}" for i in range(60)])


def test_every_pixel_is_kept_in_its_order_by_one_rule() -> None:
    frame = images(50)
    made = fit_preprocessor(frame, image_shape=SHAPE).transform(frame)
    values = frame.to_numpy(np.float64)
    np.testing.assert_allclose(made, (values - values.mean()) / values.std(), rtol=1e-5)
    assert made.reshape(-1, *SHAPE).shape == (50, 4, 5, 3)


def test_other_rows_do_not_matter_and_extremes_are_cut_off() -> None:
    frame = images(80)
    changed = pd.concat([frame.iloc[:60], images(20, seed=1).astype(float) * 1e9])
    one, other = (fit_preprocessor(rows.iloc[:60], image_shape=SHAPE) for rows in (frame, changed))
    np.testing.assert_array_equal(one.transform(changed), other.transform(changed))
    assert np.abs(one.transform(changed)).max() == 10


def test_a_missing_pixel_is_given_the_mean() -> None:
    frame = images(50).astype(float)
    frame.iloc[3, 20] = np.nan
    assert fit_preprocessor(frame, image_shape=SHAPE).transform(frame)[3, 20] == 0


def test_all_pixels_are_described_as_one() -> None:
    [described] = fit_preprocessor(images(50), image_shape=SHAPE).describe()
    assert (described.name, described.kind, described.made) == ("60 pixels", "pixels", 60)


def test_another_shape_text_and_blank_images_are_refused() -> None:
    with pytest.raises(UserError, match=r"`image_shape` must multiply to the 60 columns"):
        fit_preprocessor(images(5), image_shape=(4, 5, 1))
    with pytest.raises(UserError, match="The columns of images must be numbers"):
        fit_preprocessor(images(5).astype(str), image_shape=SHAPE)
    with pytest.raises(UserError, match="Pixels must vary over the training rows"):
        fit_preprocessor(images(5) * 0 + 7, image_shape=SHAPE)


def test_images_take_no_more_memory_than_their_scaled_pixels_and_a_part() -> None:
    frame = pd.DataFrame(np.random.default_rng(0).integers(0, 256, (20_000, 192), dtype=np.uint8))
    frame.columns = [f"p{i}" for i in range(192)]
    tracemalloc.start()
    made = fit_preprocessor(frame, image_shape=(8, 8, 3)).transform(frame)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # A few copies of 524,288 pixels in float64; one of all of them has 31 MB.
    assert peak < made.nbytes + 6 * 2**19 * 8
