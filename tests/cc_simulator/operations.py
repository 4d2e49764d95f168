# SPDX-License-Identifier: GPL-3.0-or-later
"""The CC's model: what a request overwrites, how the state changes, what is answered.

From cluster/handlers.c and cluster/server-marshal.c of releases 3.1 to 5.1, as far as the state API goes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from urllib.parse import urlsplit

from lxml import etree

from . import faults
from .names import EUCALYPTUS, SimulatorError
from .soap import element, text_element

STATES = ("PRIMORDIAL", "INITIALIZED", "LOADED", "DISABLED", "ENABLED", "STOPPED", "NOTREADY")
SELF = "self"  # what a CC calls itself until a cloud controller names it
LISTS = ("services", "disabledServices", "notreadyServices")
LIST_LIMIT = 16  # entries that the CC's struct holds; the rest of a request's list is dropped

_AFTER = {
    "StartService": "DISABLED",
    "StopService": "STOPPED",
    "EnableService": "ENABLED",
    "DisableService": "DISABLED",
}


@dataclass
class Service:
    """One serviceInfoType."""

    type: str = ""
    name: str = ""
    partition: str = ""
    uris: list[str] = field(default_factory=list)

    def xml(self) -> str:
        """Return the elements in the order in which the CC writes them."""
        uris = "".join(text_element("uris", uri) for uri in self.uris)
        named = (("partition", self.partition), ("type", self.type), ("name", self.name))
        return "".join(text_element(name, value) for name, value in named) + uris


@dataclass
class Status:
    """One entry of serviceStatuses."""

    service: Service
    local_state: str
    local_epoch: int = 0
    details: list[str] = field(default_factory=list)

    def xml(self) -> str:
        """Return the element serviceStatuses."""
        return element(
            "serviceStatuses",
            element("serviceId", self.service.xml())
            + text_element("localState", self.local_state)
            + text_element("localEpoch", str(self.local_epoch))
            + "".join(text_element("details", detail) for detail in self.details),
        )


@dataclass
class Request:
    """The Body of a request, read."""

    correlation_id: str | None = None
    user_id: str | None = None
    epoch: int = 0
    lists: dict[str, list[Service]] = field(default_factory=dict)
    service_ids: list[Service] = field(default_factory=list)


# --- reading the Body as the code does that ADB generated -----------------------------------------------------------
# The sequence is fixed: an element that is unknown or late stops the reading, and all behind it is dropped (WSDL2C 1.4,
# CADBBeanTemplateSource.xsl).

_MESSAGE = (
    ("correlationId", False),
    ("userId", False),
    ("statusMessage", False),
    ("return", False),
    ("epoch", False),
    ("services", True),
    ("disabledServices", True),
    ("notreadyServices", True),
    ("nodeName", False),
    ("serviceIds", True),
)
_SERVICE = (("partition", False), ("type", False), ("name", False), ("uris", True))


def read_request(root: etree._Element | None, operation: str, strict: frozenset[str] = frozenset()) -> Request:
    """Read the Body's element; Refused when it is not that of the operation."""
    if root is None or root.tag != f"{{{EUCALYPTUS}}}{operation}":
        raise faults.not_deserialised(f"{'nothing' if root is None else root.tag} in the Body, not {operation}")
    found = _sequence(root, _MESSAGE, strict)
    request = Request()
    request.correlation_id = _text(found, "correlationId")
    request.user_id = _text(found, "userId")
    request.epoch = _integer(_text(found, "epoch"))
    request.lists = {name: [_service(entry, strict) for entry in found.get(name, [])] for name in LISTS}
    request.service_ids = [_service(entry, strict) for entry in found.get("serviceIds", [])]
    return request


def _sequence(
    parent: etree._Element, fields: tuple[tuple[str, bool], ...], strict: frozenset[str]
) -> dict[str, list[etree._Element]]:
    found: dict[str, list[etree._Element]] = {}
    position = 0
    for child in parent.iterchildren(etree.Element):
        name = etree.QName(child)
        while position < len(fields) and not (name.namespace == EUCALYPTUS and fields[position][0] == name.localname):
            position += 1
        if position == len(fields):
            if "body" in strict:
                raise faults.not_deserialised(f"{child.tag} is unknown or out of order")
            break
        found.setdefault(name.localname, []).append(child)
        if not fields[position][1]:
            position += 1
    return found


def _service(entry: etree._Element, strict: frozenset[str]) -> Service:
    found = _sequence(entry, _SERVICE, strict)
    return Service(
        type=_text(found, "type") or "",
        name=_text(found, "name") or "",
        partition=_text(found, "partition") or "",
        uris=[uri.text or "" for uri in found.get("uris", [])],
    )


def _text(found: dict[str, list[etree._Element]], name: str) -> str | None:
    return found[name][0].text or "" if name in found else None


def _integer(text: str | None) -> int:
    # atoi(), as the generated code does
    try:
        return int((text or "0").strip())
    except ValueError:
        return 0


def unnamed() -> Service:
    """What a CC calls itself until a cloud controller names it."""
    return Service(type="cluster", name=SELF, partition="unset")


# --- the CC -------------------------------------------------------------------------------------------------------


def release_number(release: str) -> tuple[int, int]:
    """Turn "4.2" or "4.2.1" into (4, 2); SimulatorError when it is no release of 3.1 or later."""
    try:
        major, minor = (int(part) for part in release.split(".")[:2])
    except ValueError as error:
        raise SimulatorError(f"release {release!r} is not of the form 5.1") from error
    if (major, minor) < (3, 1):
        raise SimulatorError(f"release {release}: there is no state API before 3.1")
    return major, minor


class Presence:
    """For how much of the time something is there, and how often it came and went."""

    def __init__(self, now: Callable[[], float] = time.monotonic):
        self._now = now
        self._lock = threading.RLock()
        self.present = False
        self.reset()

    def reset(self) -> None:
        """Count from now on."""
        with self._lock:
            self._started = self._seen = self._now()
            self._seconds = 0.0
            self.came = self.went = 0

    def see(self, present: bool) -> None:
        """Note whether it is there now."""
        with self._lock:
            self._pass()
            self.came += present and not self.present
            self.went += self.present and not present
            self.present = present

    def report(self) -> dict[str, object]:
        """What ``control status`` prints. ``share`` is of the time since the start, or since reset()."""
        with self._lock:
            self._pass()
            seconds = self._seen - self._started
            return {
                "present": self.present,
                "share": round(self._seconds / seconds, 4) if seconds else float(self.present),
                "present_seconds": round(self._seconds, 3),
                "seconds": round(seconds, 3),
                "restored": self.came,
                "emptied": self.went,
            }

    def _pass(self) -> None:
        now = self._now()
        if self.present:
            self._seconds += now - self._seen
        self._seen = now


class ClusterController:
    """What one CC knows. All changes go through it, one at a time; ``changed`` is called after each.

    ``errors`` is the number in ``ERRORS=n``. ``init_failure``: text of the statusMessage of a CC that could not
    initialise, or None. ``more_statuses``: further entries to answer, such as the nodes that 4.x lists.
    ``topology``: for how much of the time there was an entry in one of the three service lists.
    """

    def __init__(self, release: str = "5.1", partition: str = "PARTI00", name: str = "CC_00", state: str = "DISABLED"):
        self.release = release_number(release)
        if state not in STATES:
            raise SimulatorError(f"state {state!r} is none of {', '.join(STATES)}")
        self.identity = unnamed() if name == SELF else Service(type="cluster", name=name, partition=partition)
        self.errors = 0
        self.init_failure: str | None = None
        self.more_statuses: list[Status] = []
        self.changed: Callable[[], None] = lambda: None
        self.lists: dict[str, list[Service]] = {name: [] for name in LISTS}
        self.topology = Presence()
        self.last_overwritten: dict[str, dict] = {}
        self.epoch = 0
        self.shut_down = False
        self._state = state
        self._lock = threading.RLock()

    def resume(
        self, state: str, epoch: int, identity: Service, lists: dict[str, list[Service]], shut_down: bool
    ) -> None:
        """Go on with what a CC that ended has left behind. Nothing is written, so ``changed`` is not called."""
        with self._lock:
            self._state, self.epoch, self.identity, self.shut_down = state, epoch, identity, shut_down
            self._take(lists)

    def check_itself(self, errors: int) -> None:
        """What the monitor does in each of its rounds: ERRORS=n; NOTREADY while n is not 0, and DISABLED afterwards."""
        with self._lock:
            self.errors = errors
            if not self.shut_down:
                if errors:
                    self._state = "NOTREADY"
                elif self._state == "NOTREADY":
                    self._state = "DISABLED"
            self.changed()

    def churn(self, times: int) -> None:
        """Change the service lists and the epoch and change them back, as fast as possible; the state stays."""
        for number in range(times):
            with self._lock:
                lists, epoch = self.lists, self.epoch
                self.epoch = epoch + 1
                self.lists = {name: [Service(type="storage", name=f"churn-{number}")] for name in LISTS}
                self.changed()
                self.lists, self.epoch = lists, epoch
                self.changed()

    @property
    def state(self) -> str:
        """The localState; setting it is what a test or the control socket does, past every rule."""
        return self._state

    @state.setter
    def state(self, value: str) -> None:
        if value not in STATES:
            raise SimulatorError(f"state {value!r} is none of {', '.join(STATES)}")
        with self._lock:
            self._state = value
            self.shut_down = False
            self.changed()

    def status(self) -> Status:
        """Return the CC's own entry as it is now."""
        with self._lock:
            return Status(self.identity, self._state, self.epoch, [f"ERRORS={self.errors}"])

    def perform(self, operation: str, request: Request) -> str:
        """Carry out a request and return the XML inside the answer's element."""
        with self._lock:
            self.last_overwritten = self._overwrite(operation, request)
            success, statuses = True, []
            if self.init_failure is not None:
                success = False
            elif operation == "DescribeServices":
                statuses = self._describe(request)
            elif self._concerned(request):
                success = self._change_state(operation)
            self.changed()
            return self._answer(request, success, statuses)

    def _overwrite(self, operation: str, request: Request) -> dict[str, dict]:
        """Copy what the CC copies from a request; return what differs now, with the old and the new value."""
        before = self._memory()
        if self.release < (3, 3):
            self._take(request.lists)
        elif operation == "DescribeServices" or request.epoch >= self.epoch:
            self._take(request.lists)
            self.epoch = request.epoch
        if operation == "DescribeServices" and self.identity.name == SELF:
            # As in the C code: each entry is compared with what the CC was before, so that the last one stays.
            for entry in request.service_ids:
                if entry.type == "cluster" and entry.uris and urlsplit(entry.uris[0]).hostname:
                    self.identity = entry
        after = self._memory()
        return {name: {"before": before[name], "after": after[name]} for name in after if before[name] != after[name]}

    def _take(self, lists: dict[str, list[Service]]) -> None:
        self.lists = {name: lists.get(name, [])[:LIST_LIMIT] for name in LISTS}
        self.topology.see(any(self.lists.values()))

    def _memory(self) -> dict[str, object]:
        memory: dict[str, object] = {name: [asdict(entry) for entry in self.lists[name]] for name in LISTS}
        return {**memory, "epoch": self.epoch, "identity": asdict(self.identity)}

    def _describe(self, request: Request) -> list[Status]:
        return [self.status(), *self.more_statuses] if self._concerned(request) else []

    def _concerned(self, request: Request) -> bool:
        """From 3.3 on a request that names only other services than the cluster leaves its state alone."""
        asked = request.service_ids
        return self.release < (3, 3) or not asked or any(entry.type == "cluster" for entry in asked)

    def _change_state(self, operation: str) -> bool:
        if operation == "ShutdownService":
            self.shut_down, self._state = True, "NOTREADY"
            return True
        if self.shut_down:
            return False
        self._state = _AFTER[operation]
        return True

    def _answer(self, request: Request, success: bool, statuses: list[Status]) -> str:
        content = ""
        if request.correlation_id is not None:
            content += text_element("correlationId", request.correlation_id)
        if request.user_id is not None:
            content += text_element("userId", request.user_id)
        if self.init_failure is not None:
            content += text_element("statusMessage", self.init_failure)
        content += text_element("return", "true" if success else "false")
        return content + "".join(status.xml() for status in statuses)
