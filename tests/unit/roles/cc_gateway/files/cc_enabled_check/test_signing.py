# SPDX-License-Identifier: GPL-3.0-or-later
"""What the check sends: byte for byte what cc-protocol.md demands, and what it says when it cannot sign."""

from __future__ import annotations

import errno
import os
import re
import signal
import stat
import subprocess
import threading
from subprocess import Popen

import pytest
import xmlsec
from ansible_collections.eucalyptus.ha.roles.cc_gateway.files import cc_enabled_check as check
from lxml import etree

from .conftest import answer_xml, http, refusal

pytestmark = pytest.mark.wall_clock

NS = {
    "s": check.signing.SOAP, "wsa": check.signing.WSA, "wsse": check.signing.WSSE, "wsu": check.signing.WSU,
    "ds": check.signing.DS, "n": check.signing.CC,
}  # fmt: skip
WSU_ID = f"{{{check.signing.WSU}}}Id"
URL = "http://127.0.0.1:8774/axis2/services/EucalyptusCC"
MESSAGE_ID = "urn:uuid:00000000-0000-4000-a000-000000000000"


def exc_c14n(element):
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)


@pytest.fixture
def sent(wire, ask, keys):
    """The signed request of one good check: HTTP head, bytes, parsed document."""
    wire.say = http(answer_xml())
    result = ask()
    assert result.message.startswith("ENABLED: ")
    head, body = wire.requests[0]
    return head.decode(), body, etree.fromstring(body)


def test_http_head(sent, wire):
    head, body, _document = sent
    lines = head.split("\r\n")
    assert lines[0] == "POST /axis2/services/EucalyptusCC HTTP/1.1"
    assert sorted(lines[1:]) == sorted([
        f"Host: 127.0.0.1:{wire.port}",
        "User-Agent: cc-enabled-check",
        "Connection: close",
        "Content-Type: text/xml; charset=UTF-8",
        'SOAPAction: "EucalyptusCC#DescribeServices"',
        f"Content-Length: {len(body)}",
    ])


def test_signature_verifies_and_covers_exactly_the_five_parts(sent, keys):
    _head, _body, document = sent
    signature = document.find(".//ds:Signature", NS)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_file(str(keys / "cloud-cert.pem"), xmlsec.KeyFormat.CERT_PEM)
    by_id = {element.get(WSU_ID): element for element in document.iter() if element.get(WSU_ID)}
    for element in by_id.values():
        context.register_id(element, "Id", check.signing.WSU)
    context.verify(signature)
    references = [reference.get("URI")[1:] for reference in signature.findall(".//ds:Reference", NS)]
    names = sorted(etree.QName(by_id[reference]).localname for reference in references)
    assert names == ["Action", "Body", "MessageID", "Timestamp", "To"]
    assert len(set(references)) == 5


def test_digests_are_over_what_lxml_calls_canonical(sent):
    _head, _body, document = sent
    parts = {
        "to": document.find("s:Header/wsa:To", NS),
        "action": document.find("s:Header/wsa:Action", NS),
        "messageid": document.find("s:Header/wsa:MessageID", NS),
        "timestamp": document.find(".//wsu:Timestamp", NS),
        "body": document.find("s:Body", NS),
    }
    message_id = parts["messageid"].text
    texts = dict(zip(("to", "action", "messageid"), check.signing.addressing(parts["to"].text, message_id), strict=True))
    texts["body"] = check.signing.body(message_id)
    texts["timestamp"] = exc_c14n(parts["timestamp"]).decode()
    assert texts["timestamp"] in sent[1].decode()
    for name, element in parts.items():
        assert exc_c14n(element).decode() == texts[name]
    order = ("to", "action", "messageid", "timestamp", "body")
    assert exc_c14n(document.find(".//ds:SignedInfo", NS)).decode() == check.signing.signed_info([(n, texts[n]) for n in order])


def test_algorithms(sent):
    algorithms = {element.get("Algorithm") for element in sent[2].iter() if element.get("Algorithm")}
    assert algorithms == {check.signing.EXC_C14N, check.signing.DS + "rsa-sha1", check.signing.DS + "sha1"}


def test_token_is_the_certificate_and_key_info_refers_to_it(sent, keys):
    document = sent[2]
    token = document.find(".//wsse:BinarySecurityToken", NS)
    pem = (keys / "cloud-cert.pem").read_text()
    assert token.text == "".join(pem.split("-----")[2].split())
    assert token.get("ValueType").endswith("#X509v3")
    assert token.get("EncodingType").endswith("#Base64Binary")
    reference = document.find(".//ds:KeyInfo/wsse:SecurityTokenReference/wsse:Reference", NS)
    assert reference.get("URI") == "#" + token.get(WSU_ID)


def test_content_asks_for_the_cc_itself_and_overwrites_as_little_as_possible(sent):
    request = sent[2].find("s:Body/n:DescribeServices", NS)
    assert [etree.QName(child).localname for child in request] == ["correlationId", "userId", "epoch"]
    assert request.findtext("n:epoch", None, NS) == "0"
    assert request.findtext("n:correlationId", None, NS) == sent[2].findtext(".//wsa:MessageID", None, NS)[9:]
    assert request.findtext("n:userId", None, NS) == "admin"
    assert sent[2].findtext(".//wsa:Action", None, NS) == "EucalyptusCC#DescribeServices"
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}",
                        sent[2].findtext(".//wsa:MessageID", None, NS))
    assert sent[2].find(".//wsa:ReplyTo", NS) is None


def test_nothing_that_the_ccs_canonicalisation_chokes_on(sent):
    body = sent[1]
    assert all(0x20 <= byte < 0x7F or byte == 0x0A for byte in body)
    assert b">\n" not in body.replace(b"</ds:SignatureValue>", b"")
    assert b"&" not in body
    assert not re.search(rb">\s+<", body)


def test_timestamp_has_created_then_expires_300_s_later_in_utc():
    stamp = etree.fromstring(check.signing.timestamp(1795346220.5319))
    assert [(etree.QName(child).localname, child.text) for child in stamp] == [
        ("Created", "2026-11-22T11:17:00.531Z"),
        ("Expires", "2026-11-22T11:22:00.531Z"),
    ]


def test_message_ids_never_repeat(wire, ask):
    wire.say = http(answer_xml())
    for _dummy in range(3):
        ask()
    assert len({re.search(rb"urn:uuid:[-0-9a-f]+", body)[0] for _head, body in wire.requests}) == 3


# --- when it cannot sign -----------------------------------------------------------------------------------


@pytest.fixture
def sign(wire, ask, keys, tmp_path):
    """Run a signed check with these in place of the good files; the message."""

    def run(key=None, cert=None):
        wire.say = http(answer_xml())
        result = ask("--key", str(key or keys / "cloud-pk.pem"), "--cert", str(cert or keys / "cloud-cert.pem"))
        assert not result.enabled
        assert not result.definite
        assert not wire.requests
        return result.message

    return run


def test_key_missing(sign, tmp_path):
    assert sign(key=tmp_path / "none.pem") == f"UNKNOWN: --key {tmp_path}/none.pem: No such file or directory"


def test_key_not_readable(run_check, keys, tmp_path):
    if os.geteuid():
        pytest.skip("needs root, to run the check as another user who may not read the key")
    key = tmp_path / "cloud-pk.pem"
    key.write_bytes((keys / "cloud-pk.pem").read_bytes())
    key.chmod(0o600)
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents:
        if parent.owner() == "root" and parent != parent.parent and not parent.stat().st_mode & stat.S_IXOTH:
            parent.chmod(parent.stat().st_mode | stat.S_IXOTH)
    done = run_check("--key", key, "--port", 1, user=65534)
    assert (done.returncode, done.stdout) == (1, f"UNKNOWN: --key {key}: Permission denied\n")


def test_key_is_a_directory(sign, tmp_path):
    assert sign(key=tmp_path) == f"UNKNOWN: --key {tmp_path}: Is a directory"


def test_key_is_garbage(sign, tmp_path):
    (tmp_path / "key").write_text("garbage")
    assert f"openssl cannot sign with --key {tmp_path}/key: " in sign(key=tmp_path / "key")


def test_key_is_encrypted_and_nobody_is_asked_for_the_pass_phrase(sign, keys, tmp_path):
    subprocess.run(
        ["openssl", "rsa", "-aes128", "-passout", "pass:secret", "-in", keys / "cloud-pk.pem", "-out", tmp_path / "key"],
        check=True, capture_output=True,
    )
    assert "openssl cannot sign with --key" in sign(key=tmp_path / "key")


def test_certificate_missing(sign, tmp_path):
    assert sign(cert=tmp_path / "none.pem") == f"UNKNOWN: --cert {tmp_path}/none.pem: No such file or directory"


@pytest.mark.parametrize(
    "text", ["", "garbage", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\n<evil/>\n"]
)
def test_certificate_is_none(sign, tmp_path, text):
    (tmp_path / "cert").write_text(text)
    assert sign(cert=tmp_path / "cert") == f"UNKNOWN: --cert {tmp_path}/cert holds no PEM certificate"


def stand_in_openssl(tmp_path, monkeypatch, script):
    program = tmp_path / "openssl"
    program.write_text("#!/bin/sh\n" + script)
    program.chmod(0o755)
    monkeypatch.setattr(check.common.posix, "environ", {b"PATH": str(tmp_path).encode() + b":/usr/bin:/bin"})


@pytest.mark.parametrize(
    "complaint",
    [
        "Error setting context\n4037:error:03000098:digital envelope routines:do_sigver_init:invalid digest:m_sigver.c:343:",
        "40C7:error:1C8000AE:Provider routines:rsa_setup_md:digest not allowed:rsa_sig.c:347:digest=SHA1",
        "error:0308010C:digital envelope routines:inner_evp_generic_fetch:unsupported:evp_fetch.c:386:",
    ],
)
def test_crypto_policy_without_sha1_is_named_with_the_way_out(sign, tmp_path, monkeypatch, complaint):
    # The words are those of OpenSSL 3 on EL9, in FIPS mode, and with SHA-1 not to be had at all.
    stand_in_openssl(tmp_path, monkeypatch, f"cat >/dev/null; echo '{complaint}' >&2; exit 1\n")
    message = sign()
    assert "openssl may not make SHA-1 signatures here" in message
    assert "update-crypto-policies --set DEFAULT:SHA1" in message
    assert "--source state_file" in message


@pytest.mark.parametrize(
    ("script", "reason"),
    [("cat >/dev/null; exit 3\n", "no message"), ("cat >/dev/null\n", "no message"), ("kill -9 $$\n", "no message")],
)
def test_openssl_fails(sign, tmp_path, monkeypatch, script, reason):
    stand_in_openssl(tmp_path, monkeypatch, script)
    assert reason in sign()


def test_no_openssl(sign, tmp_path, monkeypatch):
    monkeypatch.setattr(check.common.posix, "environ", {b"PATH": b"relative:" + str(tmp_path).encode()})
    monkeypatch.setattr(check.common.posix, "access", lambda path, mode: False)
    assert sign() == "UNKNOWN: openssl not found; install it"


OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"


def test_the_kinds_of_the_token_are_those_of_the_standard():
    envelope = check.signing.signed_request("http://h:1/", "urn:uuid:x", 0, lambda data: lambda: b"s", lambda: "AAAA")
    [token] = etree.fromstring(envelope.encode()).iter("{*}BinarySecurityToken")
    assert token.get("ValueType") == OASIS + "x509-token-profile-1.0#X509v3"
    assert token.get("EncodingType") == OASIS + "soap-message-security-1.0#Base64Binary"
    [reference] = etree.fromstring(envelope.encode()).iter(f"{{{OASIS}wssecurity-secext-1.0.xsd}}Reference")
    assert reference.get("ValueType") == OASIS + "x509-token-profile-1.0#X509v3"


def test_signed_references_follow_one_another_without_anything_between():
    info = etree.fromstring(check.signing.signed_info([("a", "<a/>"), ("b", "<b/>")]))
    assert [child.tail for child in info.iter()] == [None] * len(list(info.iter()))
    assert [child.text for child in info if len(child)] == [None, None]


def test_nothing_stands_between_the_headers():
    text = check.signing.signed_request("http://cc/", "urn:uuid:1", 0, lambda _data: lambda: b"signature", lambda: "token")
    envelope = check.soap.only(check.soap.parse_xml(text.encode()), check.signing.SOAP + "}Envelope")
    header = check.soap.only(envelope, check.signing.SOAP + "}Header")
    assert len(header[1]) == 4
    assert header[2] == []


# --- openssl ----------------------------------------------------------------------------------------------


def test_without_posix_spawn_a_child_is_forked(wire, ask, monkeypatch):
    """Python 2, and 3 before 3.8."""
    monkeypatch.delattr(check.common.posix, "posix_spawn")
    wire.say = http(answer_xml())
    assert ask().enabled
    assert b"<ds:SignatureValue>" in wire.requests[0][1]


def test_an_openssl_that_has_ended_is_not_killed(keys):
    """Its process ID may be another's by then."""
    openssl = check.signing.Openssl(str(keys / "cloud-pk.pem"))
    assert openssl.start(b"data")()
    assert openssl.pid == 0


def test_an_openssl_that_fails_after_its_output_has_failed(keys, tmp_path, monkeypatch):
    stand_in_openssl(tmp_path, monkeypatch, "printf half; exec >&- 2>&-; sleep 0.5; exit 1\n")
    openssl = check.signing.Openssl(str(keys / "cloud-pk.pem"))
    assert "openssl cannot sign with" in refusal(openssl.start(b"data"))


def test_an_openssl_that_does_not_start_is_named(wire, ask, monkeypatch):
    def refuse(*arguments, **options):
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    monkeypatch.setattr(check.common.posix, "posix_spawn", refuse)
    result = ask()
    assert result.message.startswith("UNKNOWN: cannot start /")
    assert result.message.endswith("/openssl: Cannot allocate memory")
    assert wire.requests == []


def test_a_child_that_is_gone_already_is_no_trouble():
    openssl = check.signing.Openssl("key")
    openssl.stop()
    child = Popen(["true"])
    openssl.pid = child.pid
    child.wait()
    openssl.stop()


def test_a_child_that_hangs_is_killed():
    openssl = check.signing.Openssl("key")
    with Popen(["sleep", "60"]) as child:
        openssl.pid = child.pid
        openssl.stop()
        # Killed; and reaped by stop() itself if that was quick.
        assert child.wait(10) in (-signal.SIGKILL, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)


@pytest.mark.parametrize("complaint", ["setting digest: invalid digest", "digest not allowed", "inner_evp_generic_fetch: unsupported"])
def test_a_policy_against_sha1_is_told_with_the_way_out(complaint):
    said = check.signing.Openssl("/key").explain(complaint)
    assert said.startswith("openssl may not make SHA-1 signatures here, and the CC accepts no others: allow them (EL9: update-crypto-")
    assert said.endswith("or use --source state_file")


def test_other_complaints_are_passed_on_by_their_first_line():
    openssl = check.signing.Openssl("/key")
    assert openssl.explain("\n  no such key\nmore\n") == "openssl cannot sign with --key /key: no such key"
    assert openssl.explain(" \n") == "openssl cannot sign with --key /key: no message"


def test_only_a_child_that_runs_is_killed(monkeypatch, keys):
    killed = []
    monkeypatch.setattr(check.common.posix, "kill", lambda *who: killed.append(who))
    openssl = check.signing.Openssl(str(keys / "cloud-pk.pem"))
    openssl.stop()
    assert openssl.start(b"text")()
    openssl.stop()
    assert killed == []


def program(folder, name, text):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_a_signature_of_an_openssl_that_fails_is_none(monkeypatch, keys, tmp_path):
    monkeypatch.setitem(check.common.posix.environ, b"PATH", os.fsencode(tmp_path))
    program(tmp_path, "openssl", "echo signature; echo broken >&2; exit 1")
    sign = check.signing.Openssl(str(keys / "cloud-pk.pem")).start(b"text")
    assert "broken" in refusal(sign)


def test_programs_are_looked_for_in_whole_folders_only(monkeypatch, tmp_path):
    program(tmp_path, "tool", "true")
    monkeypatch.setitem(check.common.posix.environ, b"PATH", os.fsencode(tmp_path))
    assert check.signing.find_program("tool") == f"{tmp_path}/tool"
    # Whatever lies where keepalived was started is nobody's openssl.
    monkeypatch.chdir(tmp_path.parent)
    monkeypatch.setitem(check.common.posix.environ, b"PATH", os.fsencode(tmp_path.name))
    assert refusal(check.signing.find_program, "tool") == "tool not found; install it"


def test_a_pipe_is_read_to_its_end():
    reader, writer = os.pipe()
    text = b"abcdefgh" * 20000

    def write():
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(text)

    thread = threading.Thread(target=write)
    thread.start()
    assert check.signing.read_all(reader) == text
    thread.join()
