"""Processes of a cluster that die in the middle of the work."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from bce_cli.engine import cluster as engine_cluster
from bce_cli.engine import connection
from tests.engine_dask.clusters import PATIENCE, running_cluster
from tests.engine_dask.conftest import csv_of, records
from tests.engine_dask.deaths import kill_in_the_middle

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.engine_dask.clusters import RunningCluster
    from tests.engine_dask.conftest import Outcome

CALL = ("compute", "plain.csv", "-l", "y", "-p", "p", "--worst", "20", "-f", "json")


@pytest.mark.deep
@pytest.mark.usefixtures("tiny_parts")
def test_a_killed_worker_changes_no_digit(survived: Callable[..., None]) -> None:
    Path("plain.csv").write_bytes(csv_of(records(20_000, 7)))
    survived(*CALL)


@pytest.mark.deep
@pytest.mark.usefixtures("tiny_parts")
def test_a_lost_scheduler_is_one_line_and_no_output(
    cluster: RunningCluster, told: Callable[..., Outcome]
) -> None:
    Path("plain.csv").write_bytes(csv_of(records(20_000, 7)))
    killer = kill_in_the_middle(cluster, cluster.scheduler)
    code, output, said = told(*CALL, "--engine", "dask", "--scheduler", cluster.address)
    killer.join()
    assert (code, output) == (69, b"")
    assert said.startswith(f"bce: error: the cluster {cluster.address} was lost: ")
    assert len(said.splitlines()) == 2


@pytest.mark.deep
@pytest.mark.usefixtures("tiny_parts")
def test_a_scheduler_that_falls_silent_is_given_up(
    cluster: RunningCluster, told: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_SECONDS_TO_ANSWER", 5)
    monkeypatch.setattr(engine_cluster, "SECONDS_BETWEEN_QUESTIONS", 1)
    Path("plain.csv").write_bytes(csv_of(records(20_000, 7)))
    silencer = kill_in_the_middle(cluster, cluster.scheduler, signal.SIGSTOP)
    code, output, said = told(*CALL, "--engine", "dask", "--scheduler", cluster.address)
    cluster.scheduler.send_signal(signal.SIGCONT)
    silencer.join()
    assert (code, output) == (69, b"")
    assert said.splitlines() == [
        f"bce: error: the cluster {cluster.address} was lost: it does not answer within 5 s",
        "bce: run it again once its scheduler is back; nothing was written",
    ]


SILENT = "it does not answer within 0.5 s"
STRANGE = "what answers there is no scheduler"


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("greeting", "reason"),
    [
        (b"", SILENT),
        (b"HTTP/1.0 400 Bad Request\r\n\r\n", STRANGE),
        (b"SSH-2.0-OpenSSH_9.2\r\n", STRANGE),
        (bytes(64), STRANGE),
        ((12).to_bytes(8, "little") + b"\x01" + bytes(80), STRANGE),
        ((24).to_bytes(8, "little") + bytes([2, *7 * [0], 4, *7 * [0], 4]) + bytes(80), STRANGE),
    ],
)
def test_what_takes_a_connection_and_is_no_scheduler_is_given_up(
    greeting: bytes, reason: str, told: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_SECONDS_TO_CONNECT", 0.5)
    Path("plain.csv").write_bytes(csv_of(records(20, 7)))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"tcp://127.0.0.1:{listening.getsockname()[1]}"
        taken = []

        def take() -> None:
            taken.append(listening.accept()[0])
            taken[0].sendall(greeting)

        server = threading.Thread(target=take)
        server.start()
        code, output, said = told(*CALL, "--engine", "dask", "--scheduler", address)
        server.join()
        taken[0].close()
    assert (code, output) == (69, b"")
    assert said.splitlines() == [
        f"bce: error: the cluster {address} cannot be reached: {reason}",
        "bce: is its scheduler running, and is the address right?",
    ]


@pytest.mark.deep
def test_a_cluster_that_is_not_there_is_one_line(
    told: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_SECONDS_TO_CONNECT", 1)
    Path("plain.csv").write_bytes(csv_of(records(20, 7)))
    code, output, said = told(*CALL, "--engine", "dask", "--scheduler", "tcp://127.0.0.1:1")
    assert (code, output) == (69, b"")
    assert said.startswith("bce: error: the cluster tcp://127.0.0.1:1 cannot be reached: ")


@pytest.mark.deep
def test_a_cluster_without_workers_is_not_waited_for_forever(
    tmp_path_factory: pytest.TempPathFactory,
    told: Callable[..., Outcome],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "_SECONDS_FOR_A_WORKER", 1)
    Path("plain.csv").write_bytes(csv_of(records(20, 7)))
    with running_cluster(tmp_path_factory.mktemp("idle"), 0) as idle:
        code, output, said = told(*CALL, "--engine", "dask", "--scheduler", idle.address)
    assert (code, output) == (69, b"")
    assert said.startswith(f"bce: error: the cluster {idle.address} has no workers: ")


def test_a_cluster_with_another_version_is_refused(
    threads: str, told: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "__version__", "99.0")
    Path("plain.csv").write_bytes(csv_of(records(20, 7)))
    code, output, said = told(*CALL, "--engine", "dask", "--scheduler", threads)
    assert (code, output) == (69, b"")
    assert said.splitlines()[0].endswith(": bce 99.0 is not installed there")


@pytest.mark.deep
def test_a_cluster_without_the_program_is_refused(
    tmp_path_factory: pytest.TempPathFactory, told: Callable[..., Outcome]
) -> None:
    folder = tmp_path_factory.mktemp("bare")
    (folder / "sitecustomize.py").write_text("import sys\nsys.modules['bce_cli'] = None\n")
    Path("plain.csv").write_bytes(csv_of(records(20, 7)))
    with running_cluster(folder, 1) as bare:
        code, output, said = told(*CALL, "--engine", "dask", "--scheduler", bare.address)
    assert (code, output) == (69, b"")
    assert said.startswith(f"bce: error: {bare.address}: bce ")
    assert said.splitlines()[0].endswith(" is not installed there")


@pytest.mark.deep
def test_an_interrupt_from_the_terminal_ends_all_processes_without_a_word() -> None:
    Path("plain.csv").write_bytes(csv_of(records(20_000, 7)))
    running = subprocess.Popen(
        [sys.executable, "-m", "bce_cli", *CALL, "--engine", "dask", "--workers", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    whole = psutil.Process(running.pid)
    while running.poll() is None and len(whole.children(recursive=True)) < 3:
        time.sleep(0.01)  # until both workers and what looks after their semaphores are there
    processes = whole.children(recursive=True)
    os.killpg(running.pid, signal.SIGINT)
    output, said = running.communicate(timeout=PATIENCE)
    assert (running.returncode, output, said) == (130, b"", b"")
    assert psutil.wait_procs(processes, timeout=PATIENCE)[1] == []
