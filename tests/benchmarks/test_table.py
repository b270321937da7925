from io import StringIO

from rich.console import Console

from benchmarks.table import Side, agreement_table, speed_table


def printed(table):
    console = Console(file=StringIO(), width=140)
    console.print(table)
    return console.file.getvalue()


def test_speed_table_says_how_many_times_faster_ours_is():
    loop = Side(name="loop", trials=2, seconds=50.0)
    ours = Side(name="focalsweep", trials=100, seconds=20.0)
    text = printed(speed_table([loop], ours=ours))
    assert "25.000" in text
    assert "125x" in text
    assert text.count("x ") == 2  # the heading's "2 x 64" and one ratio


def test_agreement_table_counts_the_difference_in_seed_noise():
    text = printed(agreement_table([[0.80]], [[0.82, 0.84]]))
    assert "0.8300" in text
    assert "+1.7" in text  # 0.03 over 0.0141 * sqrt(1 + 1 / 2)
