# SPDX-License-Identifier: GPL-3.0-or-later
"""The CC's model: what a request overwrites, how the state changes, what is answered.

From cluster/handlers.c and cluster/server-marshal.c of releases 3.1 to 5.1, as far as the state API goes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

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


# --- reading the Body: the sequence is fixed, as in the code that ADB generated --------------------------------------

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


def read_request(root: etree._Element | None) -> Request:
    """Read the Body's element, whatever its name; Refused when an element is unknown or out of order."""
    if root is None:
        raise faults.not_deserialised("an empty Body")
    found = _sequence(root, _MESSAGE)
    request = Request()
    request.correlation_id = _text(found, "correlationId")
    request.user_id = _text(found, "userId")
    request.epoch = _integer(_text(found, "epoch"))
    request.lists = {name: [_service(entry) for entry in found.get(name, [])] for name in LISTS}
    request.service_ids = [_service(entry) for entry in found.get("serviceIds", [])]
    return request


def _sequence(parent: etree._Element, fields: tuple[tuple[str, bool], ...]) -> dict[str, list[etree._Element]]:
    found: dict[str, list[etree._Element]] = {}
    position = 0
    for child in parent.iterchildren(etree.Element):
        name = etree.QName(child)
        while position < len(fields) and not (name.namespace == EUCALYPTUS and fields[position][0] == name.localname):
            position += 1
        if position == len(fields):
            raise faults.not_deserialised(f"{child.tag} is unknown or out of order")
        found.setdefault(name.localname, []).append(child)
        if not fields[position][1]:
            position += 1
    return found


def _service(entry: etree._Element) -> Service:
    found = _sequence(entry, _SERVICE)
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


class ClusterController:
    """What one CC knows. All changes go through it, one at a time; ``changed`` is called after each.

    ``errors`` is the number in ``ERRORS=n``. ``init_failure``: text of the statusMessage of a CC that could not
    initialise, or None. ``more_statuses``: further entries to answer, such as the nodes that 4.x lists.
    """

    def __init__(self, release: str = "5.1", partition: str = "PARTI00", name: str = "CC_00", state: str = "DISABLED"):
        self.release = release_number(release)
        if state not in STATES:
            raise SimulatorError(f"state {state!r} is none of {', '.join(STATES)}")
        if name == SELF:
            self.identity = Service(type="cc", name=SELF, partition="unset")
        else:
            self.identity = Service(type="cluster", name=name, partition=partition)
        self.errors = 0
        self.init_failure: str | None = None
        self.more_statuses: list[Status] = []
        self.changed: Callable[[], None] = lambda: None
        self.lists: dict[str, list[Service]] = {name: [] for name in LISTS}
        self.last_overwritten: dict[str, dict] = {}
        self.epoch = 0
        self.shut_down = False
        self._state = state
        self._lock = threading.RLock()

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
            else:
                success = self._change_state(operation)
            self.changed()
            return self._answer(request, success, statuses)

    def _overwrite(self, operation: str, request: Request) -> dict[str, dict]:
        """Copy what the CC copies from a request; return what differs now, with the old and the new value."""
        before = self._memory()
        if self.release < (3, 3) or operation == "DescribeServices":
            self.lists = {name: request.lists.get(name, [])[:LIST_LIMIT] for name in LISTS}
            if self.release >= (3, 3):
                self.epoch = request.epoch
        if operation == "DescribeServices" and self.identity.name == SELF:
            for entry in request.service_ids:
                if entry.type == "cluster":
                    self.identity = entry
                    break
        after = self._memory()
        return {name: {"before": before[name], "after": after[name]} for name in after if before[name] != after[name]}

    def _memory(self) -> dict[str, object]:
        memory: dict[str, object] = {name: [asdict(entry) for entry in self.lists[name]] for name in LISTS}
        return {**memory, "epoch": self.epoch, "identity": asdict(self.identity)}

    def _describe(self, request: Request) -> list[Status]:
        asked = request.service_ids
        if self.release >= (3, 3) and asked and not any(entry.type == "cluster" for entry in asked):
            return []
        return [self.status(), *self.more_statuses]

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
