# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for eucalyptusCCConfig: the CC's configuration struct, mapped into memory and shared.

Right are: the offsets of localState per release (x86-64), localEpoch after it, ``ERRORS=`` 36 bytes behind, the
service's type 1024 bytes behind that, then name and partition, and the mode. What lies elsewhere (paths in front,
the three service lists behind, the total size) is only like the real thing. See cluster/handlers.h, util/data.h.
"""

from __future__ import annotations

import mmap
import os
import struct

from .names import SimulatorError
from .operations import LIST_LIMIT, LISTS, STATES, ClusterController, Service, release_number

# Offset of localState by the first release that has it.
LAYOUTS = (((3, 1), 20624), ((3, 2), 24828), ((3, 3), 28924), ((4, 0), 28928), ((4, 1), 28932))
_STATE_SIZE, _EPOCH_SIZE, _DETAILS_SIZE = 32, 4, 1024
_WORD, _URI, _URIS = 32, 512, 8
_SERVICE_SIZE = 3 * _WORD + _URIS * _URI + 4
SIZE = 262144  # bytes, about what a CC of 4.x has
_PATH = b"/var/lib/eucalyptus"


def offset_of_state(release: tuple[int, int]) -> int:
    """Return the offset of localState in the file of ``release``."""
    return [offset for first, offset in LAYOUTS if first <= release][-1]


class StateFile:
    """The file, mapped. ``update()`` writes the CC's present state into it, in place."""

    def __init__(self, path: str | os.PathLike, cc: ClusterController):
        """Open or create ``path``; an old file keeps its bytes, as the real one does, until update() is called."""
        self.path = os.fspath(path)
        self.cc = cc
        self._state_at = offset_of_state(cc.release)
        self._details_at = self._state_at + _STATE_SIZE + _EPOCH_SIZE
        self._service_at = self._details_at + _DETAILS_SIZE
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise SimulatorError(f"cannot open the state file {self.path}: {error.strerror}") from error
        try:
            os.fchmod(descriptor, 0o600)
            self._fresh = os.fstat(descriptor).st_size != SIZE
            if self._fresh:
                os.ftruncate(descriptor, 0)
                os.ftruncate(descriptor, SIZE)
            self._map = mmap.mmap(descriptor, SIZE, mmap.MAP_SHARED)
        finally:
            os.close(descriptor)

    def saved(self) -> tuple[str, int] | None:
        """Return localState and localEpoch that an earlier run left in the file, or None."""
        if self._fresh or self._map[self._details_at : self._details_at + 7] != b"ERRORS=":
            return None
        raw = self._map[self._state_at : self._state_at + _STATE_SIZE]
        state = raw.split(b"\0", 1)[0].decode("ascii", "replace")
        epoch = struct.unpack_from("<i", self._map, self._state_at + _STATE_SIZE)[0]
        return (state, epoch) if state in STATES else None

    def update(self) -> None:
        """Write identity, lists and state; only the bytes that C's snprintf() would touch."""
        if self._map.closed:  # pylint: disable=using-constant-test  # an attribute of mmap, which pylint takes for a method
            return
        self._string(0, _PATH, 4096)
        self._string(self._details_at, f"ERRORS={self.cc.errors}".encode("ascii"), _DETAILS_SIZE)
        self._service(self._service_at, self.cc.identity)
        at = self._service_at + _SERVICE_SIZE
        for name in LISTS:
            entries = self.cc.lists[name]
            for index in range(LIST_LIMIT):
                self._service(at, entries[index] if index < len(entries) else None)
                at += _SERVICE_SIZE
        epoch = (self.cc.epoch + 2**31) % 2**32 - 2**31
        struct.pack_into("<i", self._map, self._state_at + _STATE_SIZE, epoch)
        self._string(self._state_at, self.cc.state.encode("ascii"), _STATE_SIZE)

    def close(self) -> None:
        """Unmap; the file stays, as it does after the end of a real CC."""
        self._map.close()

    def _service(self, at: int, service: Service | None) -> None:
        if service is None:
            if any(self._map[at : at + _SERVICE_SIZE]):
                self._map[at : at + _SERVICE_SIZE] = bytes(_SERVICE_SIZE)
            return
        for index, word in enumerate((service.type, service.name, service.partition)):
            self._string(at + index * _WORD, word.encode("utf-8"), _WORD)
        uris = service.uris[:_URIS]
        for index, uri in enumerate(uris):
            self._string(at + 3 * _WORD + index * _URI, uri.encode("utf-8"), _URI)
        struct.pack_into("<i", self._map, at + 3 * _WORD + _URIS * _URI, len(uris))

    def _string(self, at: int, text: bytes, size: int) -> None:
        data = text[: size - 1] + b"\0"
        if self._map[at : at + len(data)] != data:
            self._map[at : at + len(data)] = data


def initial(cc: ClusterController, path: str | os.PathLike, resume: bool) -> StateFile:
    """Open the file for ``cc``; with ``resume`` the CC goes on in the state that the file tells, as up to 4.2."""
    if resume and cc.release > release_number("4.2"):
        raise SimulatorError("a CC later than 4.2 does not resume its state; leave out --resume or give --release 4.2")
    state_file = StateFile(path, cc)
    saved = state_file.saved() if resume else None
    if saved:
        cc.state, cc.epoch = saved
    state_file.update()
    return state_file
