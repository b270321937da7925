import pytest

from focalsweep.training.batch_size import LARGEST, SMALLEST, STEPS_AN_EPOCH, automatic_batch_size


@pytest.mark.parametrize("n_train", [1, 32, 150, 1500, 5000, 40_000, 10**6])
def test_the_batch_size_is_a_power_of_two_within_bounds(n_train):
    size = automatic_batch_size(n_train)
    assert SMALLEST <= size <= LARGEST
    assert size & (size - 1) == 0


def test_more_rows_never_mean_a_smaller_batch():
    sizes = [automatic_batch_size(n) for n in range(1, 60_000, 97)]
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-1]) == (SMALLEST, LARGEST)


def test_between_the_bounds_the_steps_of_an_epoch_are_near_the_number_aimed_at():
    aim = STEPS_AN_EPOCH
    for n_train in range(SMALLEST * aim, LARGEST * aim, 499):
        assert aim / 2**0.5 <= n_train / automatic_batch_size(n_train) <= aim * 2**0.5
