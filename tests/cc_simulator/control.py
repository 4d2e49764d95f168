# SPDX-License-Identifier: GPL-3.0-or-later
"""The unix socket by which a running simulator is told to misbehave, and asked what it saw.

One connection carries one line of JSON, a list of words, and one line of JSON back: ``{"ok": true, ...}`` or
``{"ok": false, "error": "…"}``.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from .behaviour import MODES
from .monitor import PING, ROUND
from .names import SimulatorError

if TYPE_CHECKING:
    from .server import Simulator

# How many arguments an action takes at least, and at most.
ARGUMENTS = {
    **dict.fromkeys(MODES, (0, 0)),
    "slow": (1, 1),
    "arbitrator": (0, 2),
    "idle": (1, 1),
    "churn": (1, 1),
    "set-state": (1, 1),
    "die": (0, 0),
    "reset": (0, 0),
    "status": (0, 0),
}


def _die() -> None:
    # As with the OOM killer: no handler runs, nothing is tidied up.
    os.kill(os.getpid(), signal.SIGKILL)


class ControlSocket:
    """Serves ``path`` in a thread; a context manager. ``die``: what the action of that name does."""

    def __init__(self, path: str | os.PathLike, simulator: Simulator, die: Callable[[], None] = _die):
        self.path = os.fspath(path)
        self.simulator = simulator
        self.die = die
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        try:
            self._socket.bind(self.path)
            os.chmod(self.path, 0o660)
            self._socket.listen(8)
        except OSError as error:
            self._socket.close()
            raise SimulatorError(f"cannot make the control socket {self.path}: {error}") from error
        self._thread = threading.Thread(target=self._serve, name="cc-control", daemon=True)

    def __enter__(self) -> ControlSocket:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)

    def _serve(self) -> None:
        while True:
            try:
                connection, _peer = self._socket.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.settimeout(5)
                self._converse(connection)

    def _converse(self, connection: socket.socket) -> None:
        with connection.makefile("rwb") as stream:
            try:
                words = json.loads(stream.readline(4096))
                answer = {"ok": True, **perform(self.simulator, words)}
            except (SimulatorError, ValueError, TypeError) as error:
                words, answer = [], {"ok": False, "error": str(error)}
            if words[:1] == ["die"]:
                self.die()
            stream.write(json.dumps(answer).encode("utf-8") + b"\n")


def perform(simulator: Simulator, words: list[str]) -> dict[str, object]:
    """Carry out one action; return what ``control`` prints. SimulatorError when it makes no sense."""
    if not isinstance(words, list) or not words or words[0] not in ARGUMENTS:
        raise SimulatorError(f"unknown action {words!r}; known are {', '.join(ARGUMENTS)}")
    name, arguments = words[0], words[1:]
    fewest, most = ARGUMENTS[name]
    if not fewest <= len(arguments) <= most:
        raise SimulatorError(
            f"{name} takes {fewest if fewest == most else f'{fewest} to {most}'} arguments, not {len(arguments)}"
        )
    if name == "set-state":
        simulator.state = arguments[0]
    elif name == "slow":
        simulator.set_behaviour("slow", _whole(name, arguments[0]))
    elif name == "arbitrator":
        ping, round_ = (_seconds(name, word) for word in [*arguments, *(str(PING), str(ROUND))[len(arguments) :]])
        simulator.set_behaviour(name, ping=ping, round_=round_)
    elif name in MODES:
        simulator.set_behaviour(name)
    elif name == "idle":
        simulator.set_idle_connections(_whole(name, arguments[0]))
    elif name == "churn":
        simulator.cc.churn(_whole(name, arguments[0]))
    elif name == "reset":
        simulator.reset_counts()
    return simulator.report()


def _whole(name: str, text: object) -> int:
    if not str(text).isdigit():
        raise SimulatorError(f"{name} takes a whole number (got {text!r})")
    return int(str(text))


def _seconds(name: str, text: object) -> float:
    try:
        seconds = float(str(text))
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < threading.TIMEOUT_MAX:
        raise SimulatorError(f"{name} takes seconds (got {text!r})")
    return seconds


def ask(path: str | os.PathLike, words: list[str], timeout: float = 5.0) -> dict[str, object]:
    """Send an action to the simulator behind ``path``. SimulatorError when it refuses or is not there.

    ``die`` is answered by the end of the connection; the result is then empty.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            connection.connect(os.fspath(path))
            connection.sendall(json.dumps(words).encode("utf-8") + b"\n")
            line = connection.makefile("rb").readline()
    except ConnectionResetError:
        line = b""
    except OSError as error:
        raise SimulatorError(f"no simulator answers at {path}: {error}") from error
    if not line:
        if words[:1] == ["die"]:
            return {}
        raise SimulatorError(f"the simulator at {path} closed the connection")
    answer = json.loads(line)
    if not answer.pop("ok"):
        raise SimulatorError(answer["error"])
    return dict(answer)
