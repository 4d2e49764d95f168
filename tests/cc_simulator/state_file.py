# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for eucalyptusCCConfig: the CC's configuration struct, mapped into memory and shared.

Right for each release (x86-64; ccConfig of cluster/handlers.h, serviceInfoType of util/data.h; the files in
recorded/statefiles prove it): the size, ccState, localState, localEpoch, ``ERRORS=``, the CC's own service and the three
service lists. Everything else is zero, but for a path at the start.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import struct
from dataclasses import dataclass

from .names import SimulatorError
from .operations import LIST_LIMIT, LISTS, STATES, ClusterController, Service

_WORD, _URI, _URIS = 32, 512, 8
_EPOCH_SIZE, _DETAILS_SIZE = 4, 1024
_PATH = b"/"
SHUT_DOWN = len(STATES)  # ccState of a CC that was shut down; its localState is NOTREADY


@dataclass(frozen=True)
class Layout:
    """Where things are. ``state``: offset of localState; ``size``: of the file; ``name``: length of name and partition.

    ``flags``: integers between ccState and ccStatus, ccState included.
    """

    state: int
    size: int
    name: int
    flags: int

    @property
    def cc_state(self) -> int:
        return self.state - 4 * self.flags

    @property
    def epoch(self) -> int:
        return self.state + _WORD

    @property
    def details(self) -> int:
        return self.epoch + _EPOCH_SIZE

    @property
    def service(self) -> int:
        return self.details + _DETAILS_SIZE

    @property
    def service_size(self) -> int:
        return _WORD + 2 * self.name + _URIS * _URI + 4


# By the first release that has it.
LAYOUTS = (
    ((3, 1), Layout(state=20624, size=227552, name=32, flags=6)),
    ((3, 2), Layout(state=24828, size=231752, name=32, flags=6)),
    ((3, 3), Layout(state=28924, size=235848, name=32, flags=6)),
    ((3, 4), Layout(state=28924, size=257800, name=256, flags=6)),
    ((4, 0), Layout(state=28928, size=257808, name=256, flags=7)),
    ((4, 1), Layout(state=28932, size=257808, name=256, flags=7)),
    ((4, 3), Layout(state=28932, size=257816, name=256, flags=7)),
)


def layout_of(release: tuple[int, int]) -> Layout:
    """Return the layout of the file of ``release``."""
    return [layout for first, layout in LAYOUTS if first <= release][-1]


@dataclass
class Saved:
    """What an earlier run left in the file."""

    state: str
    epoch: int
    identity: Service
    lists: dict[str, list[Service]]
    shut_down: bool


class StateFile:
    """The file, mapped. ``update()`` writes the CC's present state into it, in place."""

    def __init__(self, path: str | os.PathLike, cc: ClusterController):
        """Open or create ``path``; an old file of the right size keeps its bytes, as the real one does, until update()."""
        self.path = os.fspath(path)
        self.cc = cc
        self.layout = layout_of(cc.release)
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise SimulatorError(f"cannot open the state file {self.path}: {error.strerror}") from error
        try:
            os.fchmod(descriptor, 0o600)
            if os.fstat(descriptor).st_size != self.layout.size:
                # A real one keeps the bytes of another release too, and then reads garbage.
                os.ftruncate(descriptor, 0)
                os.ftruncate(descriptor, self.layout.size)
            self._map = mmap.mmap(descriptor, self.layout.size, mmap.MAP_SHARED)
        finally:
            os.close(descriptor)

    def saved(self) -> Saved | None:
        """Return what an earlier run left in the file, or None where the file is not a CC's of this release."""
        layout = self.layout
        state = self._text(layout.state, _WORD)
        if state not in STATES or self._map[layout.details : layout.details + 7] != b"ERRORS=":
            return None
        at = layout.service + layout.service_size
        lists: dict[str, list[Service]] = {}
        for name in LISTS:
            entries = [self._read_service(at + index * layout.service_size) for index in range(LIST_LIMIT)]
            lists[name] = [entry for entry in entries if entry.type]
            at += LIST_LIMIT * layout.service_size
        shut_down = self._integer(layout.cc_state) == SHUT_DOWN
        return Saved(state, self._integer(layout.epoch), self._read_service(layout.service), lists, shut_down)

    def update(self) -> None:
        """Write identity, lists and state; only the bytes that C's snprintf() would touch."""
        if self._map.closed:  # pylint: disable=using-constant-test  # an attribute of mmap, which pylint takes for a method
            return
        layout = self.layout
        if not self._map[0]:
            self._string(0, _PATH, 4096)
        self._string(layout.details, f"ERRORS={self.cc.errors}".encode("ascii"), _DETAILS_SIZE)
        self._write_service(layout.service, self.cc.identity)
        at = layout.service + layout.service_size
        for name in LISTS:
            entries = self.cc.lists[name]
            for index in range(LIST_LIMIT):
                self._write_service(at, entries[index] if index < len(entries) else None)
                at += layout.service_size
        epoch = (self.cc.epoch + 2**31) % 2**32 - 2**31
        struct.pack_into("<i", self._map, layout.epoch, epoch)
        cc_state = SHUT_DOWN if self.cc.shut_down else STATES.index(self.cc.state)
        struct.pack_into("<i", self._map, layout.cc_state, cc_state)
        self._string(layout.state, self.cc.state.encode("ascii"), _WORD)

    def close(self) -> None:
        """Unmap; the file stays, as it does after the end of a real CC."""
        self._map.close()

    def _text(self, at: int, size: int) -> str:
        return self._map[at : at + size].split(b"\0", 1)[0].decode("utf-8", "replace")

    def _integer(self, at: int) -> int:
        return int(struct.unpack_from("<i", self._map, at)[0])

    def _fields(self, at: int) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int], int]:
        """Offset and length of type, name and partition of the service at ``at``, and the offset of its URIs."""
        name, partition = at + _WORD, at + _WORD + self.layout.name
        return (at, _WORD), (name, self.layout.name), (partition, self.layout.name), partition + self.layout.name

    def _read_service(self, at: int) -> Service:
        *words, first = self._fields(at)
        kind, name, partition = (self._text(*word) for word in words)
        count = min(max(self._integer(first + _URIS * _URI), 0), _URIS)
        return Service(kind, name, partition, [self._text(first + index * _URI, _URI) for index in range(count)])

    def _write_service(self, at: int, service: Service | None) -> None:
        if service is None:
            end = at + self.layout.service_size
            if any(self._map[at:end]):
                self._map[at:end] = bytes(end - at)
            return
        kind, name, partition, first = self._fields(at)
        for (place, size), word in ((kind, service.type), (name, service.name), (partition, service.partition)):
            self._string(place, word.encode("utf-8"), size)
        uris = service.uris[:_URIS]
        for index, uri in enumerate(uris):
            self._string(first + index * _URI, uri.encode("utf-8"), _URI)
        struct.pack_into("<i", self._map, first + _URIS * _URI, len(uris))

    def _string(self, at: int, text: bytes, size: int) -> None:
        data = text[: size - 1] + b"\0"
        if self._map[at : at + len(data)] != data:
            self._map[at : at + len(data)] = data


def initial(cc: ClusterController, path: str | os.PathLike) -> StateFile:
    """Open the file for a CC that has been asked before: it has the CC's state at once."""
    state_file = StateFile(path, cc)
    state_file.update()
    return state_file


def resumed(cc: ClusterController, path: str | os.PathLike) -> StateFile:
    """Open the file for a CC that is started again: it goes on with what the file has, and writes nothing.

    init_config() of cluster/handlers.c returns at once when the mapped struct is initialised already, in every release
    from 3.1 to 5.1: no LOADED comes between. A file that is not there, or not one of this release, is as with initial().
    """
    state_file = StateFile(path, cc)
    saved = state_file.saved()
    if saved:
        cc.resume(saved.state, saved.epoch, saved.identity, saved.lists, saved.shut_down)
    else:
        state_file.update()
    return state_file


def forget(path: str | os.PathLike) -> None:
    """Remove the file, as the start scripts do for a clean start."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
