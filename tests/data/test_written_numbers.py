"""Numbers are read as people write them, or said to be none."""

import doctest

import pandas as pd
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from focalsweep.data import written_numbers as module
from focalsweep.data.written import Written
from focalsweep.data.written_numbers import find_numbers, read_numbers


def texts(values):
    return pd.Series(values, dtype="str")


def found(*values, **said):
    return find_numbers(texts(values), given=Written(**said))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (["$5,377.19", "$12"], [5377.19, 12]),
        (["-$5", "$-5", "($5)", "$(5.50)"], [-5, -5, -5, -5.5]),
        (["1,234.50-", "3.00"], [-1234.5, 3]),
        (["(1,234.50)", "12"], [-1234.5, 12]),
        (["1.234,56", "7,5", "1.234.567"], [1234.56, 7.5, 1234567]),
        (["12,3 %", "4 %"], [12.3, 4]),
        (["%12", "%5.5"], [12, 5.5]),
        (["€ 1.234,50", "€ 3,00"], [1234.5, 3]),
        (["1.234,50 €", "3,00 €"], [1234.5, 3]),
        (["£1,200.5", "£5"], [1200.5, 5]),
        (["¥12,345,678", "¥5,000"], [12345678, 5000]),
        (["1'234.5", "12", "1\u2019234\u2019567"], [1234.5, 12, 1234567]),
        (["1 234,5", "1\u00a0234,5", "1\u2009234,5", "1\u202f234,5"], [1234.5] * 4),
        (["12 kg", "300 KG", "1,000.5kgs"], [12, 300, 1000.5]),
        (["1 day", "2 days"], [1, 2]),
        (["1.5K", "20k", "2M", "300"], [1500, 20000, 2e6, 300]),
        (["€110.5M", "€565K"], [110.5e6, 565e3]),
        (["3 Mio. €", "500 Tsd. €"], [3e6, 5e5]),
        (["5.-", "7.50"], [5, 7.5]),
        (["CHF 5.-", "CHF 1'000.50"], [5, 1000.5]),
        (["12,34,567.50", "5"], [1234567.5, 5]),
        (["1.5e3 m", "2.5E-1 m"], [1.5e9, 2.5e5]),
        (["10,000+", "0+", "500,000.5+"], [10000, 0, 500000.5]),
        (["12.5°C", "\u22123°C"], [12.5, -3]),
        (["0,123", "0,5"], [0.123, 0.5]),
        (["R$ 1.234,56", "R$ 5,00"], [1234.56, 5]),
        (["$1.2 million", "$800 thousand"], [1.2e6, 8e5]),
        (["\u0661\u0662", "\uff13"], [12, 3]),
    ],
)
def test_a_whole_column_says_how_its_numbers_are_written(written, expected):
    read = found(*written)
    assert read.values.tolist() == pytest.approx(expected)
    assert not read.in_doubt


@pytest.mark.parametrize(
    "values",
    [
        ["12-10", "3-4"],
        ["192.168.1.1", "10.0.0.1"],
        ["A12", "B7"],
        ["$5 - $10", "$3"],
        ["31.12.2024", "01.02.2024"],
        ["14:05", "7:75"],
        ["+49 30 1234", "1"],
        ["5'11", "6'2"],
        ["1.2.3", "1.10.0"],
        ["(5", "7"],
        ["<5", "7"],
        ["SKU 123", "SKU 124"],
    ],
)
def test_names_dates_and_ranges_are_no_numbers(values):
    assert found(*values) is None


@pytest.mark.parametrize(
    "values", [["12 kg", "300 g"], ["12A", "7C"], ["$5", "€5"], ["5 GB", "3M"]]
)
def test_several_units_are_named_and_not_mixed(values):
    read = found(*values)
    assert read.values is None
    assert read.units


@pytest.mark.parametrize("values", [["1,234", "950"], ["1,234", "2,500"], ["€1.234", "€950"]])
def test_a_sign_that_may_be_either_is_in_doubt_until_it_is_said(values):
    assert found(*values).in_doubt
    assert not found(*values, decimal=".").in_doubt
    for sign, first in (",", 1.234), (".", 1234):
        said = found(*(value.replace(".", ",") for value in values), decimal=sign)
        assert said.values[0] == first


def test_many_groups_of_three_beside_small_numbers_are_thousands():
    for sign in ",.":
        values = [f"€{thousands}{sign}{thousands + 137}" for thousands in range(1, 61)]
        read = found(*values, "€950")
        assert not read.in_doubt
        assert read.values.tolist() == [1000 * t + t + 137 for t in range(1, 61)] + [950]


def test_levels_without_the_unit_of_the_others_are_counted_but_for_money():
    assert found("12 %", "13").bare == 1
    assert found("$12", "13").bare == 0


def test_a_new_row_is_read_in_the_way_of_training():
    values = texts(["1.234", "7,5", "12.5", "3 kg"])
    read = read_numbers(values, written=Written(decimal=","))
    assert read.isna().tolist() == [False, False, True, True]
    assert read.tolist()[:2] == [1234, 7.5]


@drawn(st.lists(st.decimals(-(10**9), 10**9, places=2), min_size=2, unique=True, max_size=9))
def test_either_convention_gives_back_every_number(numbers):
    for form in ("{:,.2f}", "€{:,.2f}", "{:,.2f} %"):
        point = [form.format(number) for number in numbers]
        comma = [text.translate(str.maketrans(",.", ".,")) for text in point]
        for written, sign in (point, "."), (comma, ","):
            read = found(*written)
            assert read.written.decimal == sign
            assert read.values.tolist() == pytest.approx([float(number) for number in numbers])


@drawn(st.lists(st.text(st.sampled_from("1.,' -+$%()k\u0663e"), max_size=8), min_size=1))
def test_any_text_of_such_signs_is_read_or_none(values):
    read = found(*values)
    assert read is None or read.values is None or read.values.notna().all()


@drawn(st.lists(st.text(max_size=12), min_size=1, max_size=9))
def test_any_text_is_read_or_none(values):
    read = found(*values)
    assert read is None or read.values is None or read.values.notna().all()


def test_the_examples_are_true():
    assert doctest.testmod(module).failed == 0
