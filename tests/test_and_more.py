"""Of many things the first are named and the others counted."""

import pytest

from focalsweep.and_more import and_more


@pytest.mark.parametrize(
    ("things", "said"),
    [([], ""), (["a"], "a"), (["a", "b"], "a, b"), (["a", "b", "c", "d"], "a, b and 2 more")],
)
def test_the_first_are_named_and_the_others_counted(things, said):
    assert and_more(things, most=2) == said
