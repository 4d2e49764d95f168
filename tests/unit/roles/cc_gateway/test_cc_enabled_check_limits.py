# SPDX-License-Identifier: GPL-3.0-or-later
"""To the letter, the byte and the second: what machine-made mutants (tests/mutants) showed to be tested only roughly."""

from __future__ import annotations

import signal
import time

import pytest
from ansible_collections.eucalyptus.ha.roles.cc_gateway.files import cc_enabled_check as check
from lxml import etree

OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain ~ text", "plain ~ text"),
        ("\x1f \x7f\u00e9\n", "? ???"),
        ("x" * 300, "x" * 300),
        ("x" * 301, "x" * 300 + "..."),
        ("x" * 9000, "x" * 300 + "..."),
    ],
)
def test_a_line_is_printable_and_short(text, line):
    assert check.clean(text) == line


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("0", True), ("0123456789", True), ("01234567890", False), ("", False), ("1a", False), ("X1", False), ("-1", False), ("1 ", False),
    ],
)  # fmt: skip
def test_numbers_of_a_protocol_are_few_digits(text, good):
    assert check.is_number(text) is good


@pytest.mark.parametrize(
    ("name", "least", "most"), [("port", "1", "65535"), ("timeout", "0.1", "60"), ("grace", "0", "3600"), ("rest", "0", "60")]
)
def test_limits_of_options_are_allowed_themselves(name, least, most):
    for value in (least, most):
        assert check.parse_arguments([f"--{name}", value, "--memory", "m"])[name] == float(value)


def test_the_clock_is_one_that_nobody_sets():
    assert check.now is time.monotonic


def test_releases_are_told_by_their_names():
    """In lists that people read: 3.1 is where localState has stood first."""
    assert check.KNOWN_OFFSETS == {20624: "3.1", 24828: "3.2", 28924: "3.3 and 3.4", 28928: "4.0", 28932: "4.1 to 5.1"}


def test_the_kinds_of_the_token_are_those_of_the_standard():
    envelope = check.signed_request("http://h:1/", "urn:uuid:x", 0, lambda data: lambda: b"s", lambda: "AAAA")
    [token] = etree.fromstring(envelope.encode()).iter("{*}BinarySecurityToken")
    assert token.get("ValueType") == OASIS + "x509-token-profile-1.0#X509v3"
    assert token.get("EncodingType") == OASIS + "soap-message-security-1.0#Base64Binary"
    [reference] = etree.fromstring(envelope.encode()).iter(f"{{{OASIS}wssecurity-secext-1.0.xsd}}Reference")
    assert reference.get("ValueType") == OASIS + "x509-token-profile-1.0#X509v3"


def test_words_that_are_no_options():
    for word in ("xxhost", "-host", "host", "__host"):
        with pytest.raises(check.WrongCall, match=f"unknown argument '{word}'; --help lists them"):
            check.parse_arguments([word, "127.0.0.1"])


def test_a_host_with_a_letter_that_belongs_to_no_name():
    for host in ("X", "a.b-c_d:0%1", "Z9"):
        assert check.parse_arguments(["--host", host])["host"] == host
    for letter in "/@?#[]~'\"\\ ":
        with pytest.raises(check.WrongCall, match="is neither a host name nor an address"):
            check.parse_arguments(["--host", f"a{letter}"])


def test_a_plain_request_to_the_byte():
    message_id = "urn:uuid:00000000-1111-4222-a333-444444444444"
    wsa = 'xmlns:wsa="http://www.w3.org/2005/08/addressing"'
    assert check.plain_request("http://h:1/s", message_id) == (
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Header>'
        f"<wsa:To {wsa}>http://h:1/s</wsa:To><wsa:Action {wsa}>EucalyptusCC#DescribeServices</wsa:Action>"
        f"<wsa:MessageID {wsa}>{message_id}</wsa:MessageID></soapenv:Header><soapenv:Body>"
        '<n:DescribeServices xmlns:n="http://eucalyptus.ucsb.edu/"><n:correlationId>00000000-1111-4222-a333-444444444444'
        "</n:correlationId><n:userId>admin</n:userId><n:epoch>0</n:epoch></n:DescribeServices></soapenv:Body></soapenv:Envelope>"
    )


def test_signed_references_follow_one_another_without_anything_between():
    info = etree.fromstring(check.signed_info([("a", "<a/>"), ("b", "<b/>")]))
    assert [child.tail for child in info.iter()] == [None] * len(list(info.iter()))
    assert [child.text for child in info if len(child)] == [None, None]


@pytest.fixture
def deadline(monkeypatch):
    """A Deadline on a clock that stands still at 100 s; its alarm is taken back."""
    monkeypatch.setattr(check, "now", lambda: 100.0)
    made = []

    def make(seconds):
        made.append(check.Deadline(seconds))
        return made[-1]

    yield make
    for one in made:
        one.disarm()


@pytest.mark.parametrize(("seconds", "end"), [(2, 101.95), (0.2, 100.15), (0.12, 100.09), (60, 159.95)])
def test_a_little_is_kept_back_for_start_and_report(deadline, seconds, end):
    made = deadline(seconds)
    assert made.end == pytest.approx(end)
    assert made.left() == pytest.approx(end - 100)
    assert (made.seconds, made.doing, made.armed) == (seconds, "starting", True)


@pytest.mark.parametrize(("seconds", "first"), [(20, 19.95), (0.4, 0.35)])
def test_the_alarm_rings_at_the_end_and_then_again_and_again(deadline, seconds, first):
    """In case Python swallows the first one in a place that cannot raise."""
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    deadline(seconds)
    left, again = signal.getitimer(signal.ITIMER_REAL)
    assert first - 0.3 < left <= first
    assert again == pytest.approx(0.02, abs=0.001)
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == blocked


def test_an_alarm_that_is_overdue_rings_at_once(deadline, monkeypatch):
    late = iter([100.0, 200.0, 200.0])
    monkeypatch.setattr(check, "now", lambda: next(late, 200.0))

    def hang():
        deadline(5)
        time.sleep(5)

    with pytest.raises(check.TimedOut, match="timed out after 5 s while starting"):
        hang()
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_blocked_alarm_is_unblocked(deadline):
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    try:
        deadline(5)
        assert signal.SIGALRM not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def test_a_message_id_is_a_random_uuid(ask, wire):
    """Version 4; the server takes two of the same for one sent again."""
    for _number in range(3):
        ask()
    found = [etree.fromstring(body).findtext(".//{*}MessageID") for _head, body in wire.requests]
    assert len(set(found)) == 3
    for one in found:
        assert len(one) == 45
        assert one.startswith("urn:uuid:")
        assert [len(part) for part in one[9:].split("-")] == [8, 4, 4, 4, 12]
        assert one[9:].split("-")[2][0] == "4"
        assert one[9:].split("-")[3][0] == "a"
