# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever bytes come: never a traceback, and never ENABLED from bytes that do not say so."""

from __future__ import annotations

import re

from ansible_collections.eucalyptus.ha.roles.cc_gateway.files import cc_enabled_check as check
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from .conftest import STATUS, answer_xml, http
from .test_state_file import state_file

MESSAGE_ID = "urn:uuid:00000000-0000-4000-a000-000000000000"
FEW = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
GOOD = answer_xml(MESSAGE_ID)
# Pieces that make an answer look right, or nearly so.
WORDS = [
    "ENABLED", "DISABLED", "enabled", "ENABLED ", "cluster", "node", "true", "false", "<x>", "</x>", "<!--", "-->", "<![CDATA[",
    "]]>", "&#69;", "&lt;", "<?x?>", "<n:localState>", "</n:localState>", "<n:type>", "</n:type>", "<n:return>", "</n:return>",
    STATUS.format(kind="cluster", state="ENABLED"), STATUS.format(kind="node", state="ENABLED"),
    STATUS.format(kind="cluster", state="DISABLED"), "</soapenv:Body>", "<soapenv:Body>", "<!DOCTYPE x>", "\0", "é", MESSAGE_ID,
]


class Connection:
    """A connection that gives these bytes in pieces of this size."""

    def __init__(self, data, size):
        self.data, self.size = data, size

    def settimeout(self, seconds):
        pass

    def recv(self, limit):
        piece, self.data = self.data[:min(self.size, limit)], self.data[min(self.size, limit):]
        return piece


class Deadline:
    """One that never comes."""

    doing = ""

    def left(self):
        return 60

    def passed(self):
        raise AssertionError("the deadline has not passed")


def services(data):
    """What read_services makes of it: localState or None. Only Trouble may come out of it."""
    try:
        return check.soap.read_services(data, MESSAGE_ID)[0]
    except check.common.Trouble:
        return None


def says_enabled(data):
    """An independent judge: lxml, XPath over the whole path, and no more than one of everything that counts."""
    try:
        root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, encoding="utf-8", huge_tree=True))
    except (etree.XMLSyntaxError, ValueError):
        return False
    names = {"s": check.signing.SOAP, "n": check.signing.CC, "a": check.signing.WSA}

    def xpath(expression):
        return root.xpath(expression, namespaces=names)

    response = "/s:Envelope/s:Body[count(*)=1]/n:DescribeServicesResponse"
    own = f"{response}/n:serviceStatuses[n:serviceId/n:type[. = 'cluster']]"
    return (
        not root.getroottree().docinfo.doctype
        and xpath(f"count({response})") == 1
        and xpath(f"string({response}/n:return)") in ("true", "1")
        and xpath("string(/s:Envelope/s:Header/a:RelatesTo)") == MESSAGE_ID
        and xpath(f"count({own})") == 1
        and xpath(f"string({own}/n:localState)") == "ENABLED"
    )


@st.composite
def spoilt(draw, original):
    """`original` with some of it cut out, doubled, or replaced by WORDS or bytes."""
    data = original
    for _dummy in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 60)))
        kind = draw(st.sampled_from(["cut", "word", "bytes", "double", "swap"]))
        middle = data[start:end]
        if kind == "cut":
            middle = b""
        elif kind == "word":
            middle = draw(st.sampled_from(WORDS)).encode()
        elif kind == "bytes":
            middle = draw(st.binary(max_size=8))
        elif kind == "double":
            middle += middle
        else:
            middle = bytes(reversed(middle))
        data = data[:start] + middle + data[end:]
    return data


def test_judge_and_check_agree_on_the_good_answer():
    assert says_enabled(GOOD.encode())
    assert services(GOOD.encode()) == "ENABLED"


@FEW
@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_answer_of_any_bytes(data):
    assert services(data) is None


@FEW
@given(spoilt(GOOD.encode()))
def test_answer_that_is_nearly_good(data):
    if services(data) == "ENABLED":
        assert says_enabled(data)


@FEW
@given(spoilt(answer_xml(MESSAGE_ID, state="DISABLED").encode()))
def test_answer_that_says_disabled(data):
    if services(data) == "ENABLED":
        assert says_enabled(data)


@FEW
@given(st.lists(st.sampled_from(WORDS), max_size=8).map("".join), st.lists(st.sampled_from(WORDS), max_size=4).map("".join))
def test_answer_put_together(statuses, good):
    data = answer_xml(MESSAGE_ID, statuses=statuses, good=good or "true").encode()
    if services(data) == "ENABLED":
        assert says_enabled(data)


@FEW
@given(spoilt(http(GOOD)) | st.binary(max_size=300).map(lambda data: b"HTTP/1.1 200 OK\r\n" + data), st.sampled_from([1, 7, 65536]))
def test_http_of_any_bytes(data, size):
    try:
        answer = check.http.Answer(Connection(data, size), Deadline())
    except check.common.Trouble:
        return
    assert answer.body in data
    assert 0 <= answer.status < 1000


@FEW
@given(st.lists(st.binary(min_size=1, max_size=50), max_size=6), st.sampled_from([1, 3, 65536]))
def test_chunks_come_out_as_they_went_in(chunks, size):
    data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    data += b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    assert check.http.Answer(Connection(data, size), Deadline()).body == b"".join(chunks)


def struct_says_enabled(data):
    """Another judge: the one place where it all stands together, by a regular expression."""
    found = re.findall(
        rb"(?s)(?=ENABLED\0.{24}.{4}ERRORS=[0-9]{1,10}\0)", data
    )
    return len(found) == 1 and b"cluster\0" in data and data.count(b"ERRORS=") == 1


@FEW
@given(
    spoilt(bytes(state_file(b"DISABLED", offset=64, size=2048)))
    | spoilt(bytes(state_file(b"ENABLED", offset=64, size=2048)))
    | st.binary(max_size=1500)
    | st.lists(
        st.sampled_from([b"ERRORS=0", b"ENABLED\0", b"DISABLED", b"cluster\0", b"\0" * 24, b"\0" * 28, b"\0" * 1016, b"\1\0\0\0"]),
        max_size=12,
    ).map(b"".join)
)
def test_state_file_of_any_bytes(data):
    try:
        _offset, state = check.state_file.read_struct(data)
    except check.common.Trouble:
        return
    assert state in check.common.STATES
    if state == "ENABLED":
        assert struct_says_enabled(data)


@FEW
@given(st.lists(st.text(max_size=12) | st.sampled_from(["--host", "--port", "--json", "--key=", "--timeout", "--help", "="]), max_size=5))
def test_command_line_of_any_words(words):
    try:
        options = check.command_line.parse_arguments(words)
    except check.common.WrongCall:
        return
    assert 1 <= options["port"] <= 65535
    assert options["source"] == "soap"


@FEW
@given(st.text() | st.text(alphabet="{}%#a"))
def test_clean_is_one_line_of_ascii(text):
    cleaned = check.common.clean(text)
    assert not any(mark in cleaned + "{" for mark in ("{{", "{%", "{#"))
    assert cleaned.isascii()
    assert not cleaned or cleaned.isprintable()
    assert len(cleaned) <= 303
