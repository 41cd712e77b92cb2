"""The engine's promise: results in order, few items in hand, the first error wins."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bce_cli.engine.run import default_workers, threads

if TYPE_CHECKING:
    from collections.abc import Iterator


@given(st.lists(st.integers()), st.integers(1, 8))
def test_results_come_in_the_order_of_the_items(items: list[int], n_workers: int) -> None:
    with threads(n_workers) as engine:
        assert list(engine.map(lambda item: item * 3, items)) == [item * 3 for item in items]


def test_results_come_in_order_even_if_a_later_item_is_done_first() -> None:
    later_is_done = threading.Event()

    def run(item: int) -> int:
        if item == 0:
            assert later_is_done.wait(timeout=300)
        else:
            later_is_done.set()
        return item

    with threads(2) as engine:
        assert list(engine.map(run, [0, 1])) == [0, 1]


@pytest.mark.parametrize("n_workers", [1, 2, 7])
def test_only_a_window_of_items_is_taken_ahead(n_workers: int) -> None:
    taken = 0
    most_ahead = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for item in range(100):
            taken += 1
            yield item

    with threads(n_workers) as engine:
        for given_back, _ in enumerate(engine.map(lambda item: item, items())):
            most_ahead = max(most_ahead, taken - given_back)
    assert most_ahead <= 2 * n_workers + 2  # the window, and the item being handed in
    assert taken == 100


@pytest.mark.parametrize("n_workers", [1, 2, 7])
def test_items_in_hand_never_exceed_the_window(n_workers: int) -> None:
    started = threading.Semaphore(0)
    gate = threading.Event()
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(100):
            taken.append(item)
            yield item

    def run(item: int) -> int:
        started.release()
        assert gate.wait(timeout=300)
        return item

    with threads(n_workers) as engine:
        results = engine.map(run, items())
        first = threading.Thread(target=lambda: next(results))
        first.start()
        for _ in range(n_workers):
            assert started.acquire(timeout=300)
        gate.set()
        first.join()
        assert len(taken) == 2 * n_workers + 2
        assert len(list(results)) == 99


def test_the_first_error_in_order_wins_even_if_a_later_item_fails_first() -> None:
    later_failed = threading.Event()

    def run(item: str) -> None:
        if item == "first":
            assert later_failed.wait(timeout=300)
        else:
            later_failed.set()
        raise ValueError(item)

    with (
        threads(2) as engine,
        pytest.raises(ValueError, match=r"^first$"),
    ):
        list(engine.map(run, ["first", "second"]))


def test_results_before_an_error_are_given_out() -> None:
    found: list[float] = []
    with threads(2) as engine, pytest.raises(ZeroDivisionError):
        found.extend(iter(engine.map(lambda item: 6 / item, [1, 2, 0, 3])))
    assert found == [6, 3]


def test_what_still_waits_when_the_engine_is_left_is_dropped() -> None:
    done: list[int] = []
    with threads(1) as engine:
        results = engine.map(done.append, range(100))
        next(results)
    assert len(done) <= 4  # the window, and the one given out


def test_an_error_of_the_source_of_items_escapes() -> None:
    def items() -> Iterator[int]:
        yield 1
        message = "no more"
        raise OSError(message)

    with threads(2) as engine, pytest.raises(OSError, match=r"^no more$"):
        list(engine.map(lambda item: item, items()))


@pytest.mark.parametrize(("n_items", "is_here"), [(1, True), (2, False)])
def test_threads_are_started_for_the_second_item(n_items: int, is_here: bool) -> None:
    here = threading.get_ident()
    with threads(2) as engine:
        found = list(engine.map(lambda _: threading.get_ident() == here, range(n_items)))
    assert found == [is_here] * n_items


def test_an_error_of_the_items_waits_for_the_only_one_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        message = "no more"
        raise ValueError(message)

    with threads(2) as engine:
        results = engine.map(lambda item: item, items())
        assert next(results) == 1
        with pytest.raises(ValueError, match="no more"):
            next(results)


def test_there_is_always_a_worker() -> None:
    assert default_workers() >= 1


def test_an_error_of_the_items_waits_for_those_before_it() -> None:
    def items() -> Iterator[int]:
        yield from (1, 2, 0)
        message = "no more"
        raise ValueError(message)

    with threads(1) as engine:
        with pytest.raises(ZeroDivisionError):
            list(engine.map(lambda item: 6 // item, items()))
        results = engine.map(lambda item: item, items())
        assert [next(results) for _ in range(3)] == [1, 2, 0]
        with pytest.raises(ValueError, match="no more"):
            next(results)
