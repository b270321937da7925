"""What our Keras losses cost beside Keras's: alone, in a whole training step, and in memory.

Alone is a focal loss with its gradient, against Keras's focal loss; for class codes, which Keras's
does not take, against that one on ready one-hot targets. The step is that of a compiled 2 x 64
model with Adam, against cross-entropy. Both sides take short turns, the first one alternating, and
their fastest turns are compared: what else runs on the machine only ever makes a turn longer.
"""

from __future__ import annotations

import multiprocessing
import resource
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from rich.console import Console
from rich.table import Table

from focalsweep.carry_out import import_tensorflow_quietly

SHAPES = ((128, 5), (1024, 10), (128, 1000), (4096, 100))
ROUNDS, SECONDS_A_TURN = 61, 0.005
LARGE = (16384, 1000)
"""Rows and classes of the memory figures: 62 MiB of logits."""

STATM = Path("/proc/self/statm")

Kind = Literal["one-hot", "codes", "binary"]
KINDS: tuple[Kind, ...] = ("one-hot", "codes", "binary")
FEATURES = 10
HEADS = ("rows", "outputs", "targets", "alone", "alone, XLA", "step", "step, XLA")


def batch(shape: tuple[int, int], kind: Kind) -> tuple[Any, Any, Any]:
    """Return logits, our targets and those of Keras's focal loss."""
    import tensorflow as tf

    random = np.random.default_rng(0)
    logits = tf.constant(random.normal(size=shape).astype(np.float32) * 3)
    if kind == "binary":
        labels = tf.constant(random.integers(0, 2, shape).astype(np.float32))
        return logits, labels, labels
    codes = random.integers(0, shape[1], shape[0]).astype(np.int32)
    one_hot = tf.one_hot(codes, shape[1])
    return logits, tf.constant(codes) if kind == "codes" else one_hot, one_hot


def focal_losses(kind: Kind) -> tuple[Any, Any]:
    """Return our focal loss and Keras's, with gamma 2 and alpha."""
    import keras

    from focalsweep import losses

    if kind == "binary":
        options = {"apply_class_balancing": True, "alpha": 0.25, "from_logits": True}
        return (
            losses.BinaryFocalCrossentropy(**options),
            keras.losses.BinaryFocalCrossentropy(**options),
        )
    made = losses.CategoricalFocalCrossentropy
    if kind == "codes":
        made = losses.SparseCategoricalFocalCrossentropy
    options = {"alpha": 0.25, "from_logits": True}
    return made(**options), keras.losses.CategoricalFocalCrossentropy(**options)


def cross_entropy(kind: Kind) -> Any:
    """Return Keras's cross-entropy for these targets."""
    import keras

    made = {
        "one-hot": keras.losses.CategoricalCrossentropy,
        "codes": keras.losses.SparseCategoricalCrossentropy,
        "binary": keras.losses.BinaryCrossentropy,
    }
    return made[kind](from_logits=True)


def alone(loss: Any, y: Any, logits: Any, *, xla: bool) -> Callable[[], Any]:
    """Return a compiled call of a loss and its gradient."""
    import tensorflow as tf

    @tf.function(jit_compile=xla)
    def both(targets: Any, z: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(z)
            value = loss(targets, z)
        return value, tape.gradient(value, z)

    return lambda: both(y, logits)[0]


def training_step(loss: Any, y: Any, *, n_outputs: int, xla: bool) -> Callable[[], Any]:
    """Return one step of a compiled model, as `fit` makes it."""
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(0)
    hidden = [keras.layers.Dense(64, activation="relu") for _ in range(2)]
    layers = [keras.layers.Input((FEATURES,)), *hidden, keras.layers.Dense(n_outputs)]
    model = keras.Sequential(layers)
    model.compile("adam", loss, jit_compile=xla)
    model.optimizer.build(model.trainable_variables)
    random = np.random.default_rng(1)
    x = tf.constant(random.normal(size=(y.shape[0], FEATURES)).astype(np.float32))
    step = tf.function(model.train_step, jit_compile=xla)
    return lambda: step((x, y))["loss"]


def ratio(ours: Callable[[], Any], theirs: Callable[[], Any]) -> tuple[float, float]:
    """Return our microseconds a call, and how many times theirs that is."""
    sides = (ours, theirs)
    for side in sides:  # compiles
        for _ in range(3):
            side().numpy()
    guess = min(_seconds(theirs, 1) for _ in range(5))
    calls = max(1, round(SECONDS_A_TURN / max(guess, 1e-7)))
    fastest = [float("inf"), float("inf")]
    for turn in range(ROUNDS):
        for side in (0, 1) if turn % 2 else (1, 0):
            fastest[side] = min(fastest[side], _seconds(sides[side], calls))
    return 1e6 * fastest[0], fastest[0] / fastest[1]


def _seconds(call: Callable[[], Any], calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        value = call()
    value.numpy()
    return (time.perf_counter() - start) / calls


def peak_mebibytes(kind: Kind, *, ours: bool, xla: bool, shape: tuple[int, int] = LARGE) -> float:
    """Return what one call adds to a fresh process's peak memory."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_peak_here, (kind, ours, xla, shape))


def _peak_here(kind: Kind, ours: bool, xla: bool, shape: tuple[int, int]) -> float:
    import_tensorflow_quietly()
    loss = focal_losses(kind)[0 if ours else 1]
    for each in ((64, shape[1]), shape):  # the small one first: libraries and threads
        logits, our_y, keras_y = batch(each, kind)
        call = alone(loss, our_y if ours else keras_y, logits, xla=xla)
        before = _resident()
        peak = _peak_during(call)
    return (peak - before) / 2**20


def _resident() -> int:
    return int(STATM.read_text(encoding="ascii").split()[1]) * resource.getpagesize()


def _peak_during(call: Callable[[], Any]) -> int:
    """Return the largest resident size while a call runs five times."""
    seen, done = [_resident()], threading.Event()

    def watch() -> None:
        while not done.wait(0.0005):
            seen.append(_resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(5):
        call().numpy()
    done.set()
    watcher.join()
    return max(seen)


def print_losses(console: Console) -> None:
    """Time, weigh and print, row by row."""
    import_tensorflow_quietly()
    console.print("Our losses: microseconds a call and times Keras's; at most 1.1 is wanted.")
    console.print(line(HEADS), highlight=False)
    for shape in SHAPES:
        for kind in KINDS:
            cells = (*map(str, shape), kind, *time_losses(shape, kind))
            console.print(line(cells), highlight=False)
    if not STATM.exists():
        console.print("Peak memory is read from /proc, which is not here.")
        return
    table = Table(title=f"peak memory of a call on {LARGE[0]} x {LARGE[1]}, MiB")
    for column in ("targets", "compiled", "ours", "Keras", "ratio"):
        table.add_column(column, justify="right")
    for kind in KINDS:
        for xla in (False, True):
            ours, theirs = (peak_mebibytes(kind, ours=side, xla=xla) for side in (True, False))
            numbers = (f"{ours:.0f}", f"{theirs:.0f}", f"{ours / theirs:.2f}x")
            table.add_row(kind, "XLA" if xla else "graph", *numbers)
    console.print(table)


def line(cells: Sequence[str]) -> str:
    """Return one line of the table, which is printed row by row and fits 80 columns."""
    widths = (5, 8, 8, *[14] * 4)
    return "".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))


def time_losses(shape: tuple[int, int], kind: Kind) -> list[str]:
    """Return the four cells of one row: alone and a whole step, each without and with XLA."""
    logits, our_y, keras_y = batch(shape, kind)
    ours, theirs = focal_losses(kind)
    found = [
        ratio(alone(ours, our_y, logits, xla=xla), alone(theirs, keras_y, logits, xla=xla))
        for xla in (False, True)
    ]
    for xla in (False, True):
        options = {"n_outputs": shape[1], "xla": xla}
        our_step = training_step(ours, our_y, **options)
        their_step = training_step(cross_entropy(kind), our_y, **options)
        found.append(ratio(our_step, their_step))
    return [f"{microseconds:.0f} {times:.2f}x" for microseconds, times in found]
