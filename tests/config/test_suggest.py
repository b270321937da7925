"""The nearest known name."""

from focalsweep.config.suggest import expectation, nearest


def test_the_nearest_name_is_found_and_a_strange_one_is_not():
    assert nearest("trails", ["epochs", "trials"]) == "trials"
    assert nearest("zzz", ["epochs", "trials"]) is None
    assert nearest("a", []) is None


def test_all_names_are_listed_where_none_is_near():
    assert expectation("zzz", ["b", "a"], prefix="x.") == "expected one of `x.a`, `x.b`"
    assert expectation("aab", ["aaa", "q"], prefix="x.") == "the nearest known name is `x.aaa`"
