# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator against what a real CC endpoint answered: its strictness is not its own word."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta, timezone

import pytest
import xmlsec
from ansible_collections.eucalyptus.ha.tests.cc_simulator import security, soap
from ansible_collections.eucalyptus.ha.tests.cc_simulator.names import DS, SOAP, WSA, WSU
from lxml import etree

DAY = datetime(2026, 11, 22, 11, 17, 0, 553000, tzinfo=timezone.utc)
URI = "http://127.0.0.1:8774/axis2/services/EucalyptusCC"


@pytest.fixture
def recorded_caller(make_caller, key_directory, recorded, tmp_path):
    """A simulator on the day of the recording, which trusts the recorded cloud certificate."""
    keys = shutil.copytree(key_directory, tmp_path / "keys")
    shutil.copy(recorded / "keys" / "cloud-cert.pem", keys)
    return make_caller(keys=keys, clock=DAY, service_uri=URI, state="ENABLED")


def skeleton(envelope):
    """All of a message but what differs from one message to the next: Ids, digests, signature, certificate, times."""
    by_id = {node.get(f"{{{WSU}}}Id"): node.tag for node in envelope.iter() if node.get(f"{{{WSU}}}Id")}
    changing = {f"{{{WSA}}}MessageID", f"{{{DS}}}DigestValue", f"{{{DS}}}SignatureValue"}
    changing |= {f"{{{WSU}}}Created", f"{{{WSU}}}Expires", "{http://eucalyptus.ucsb.edu/}localEpoch"}

    def walk(node):
        attributes = dict(node.attrib)
        for name in (f"{{{WSU}}}Id", "Id"):
            if name in attributes:
                attributes[name] = "SOME-ID"
        if "URI" in attributes:
            attributes["URI"] = by_id[attributes["URI"][1:]]
        parent = node.getparent()
        declared = {} if parent is None else parent.nsmap
        new = {prefix: name for prefix, name in node.nsmap.items() if declared.get(prefix) != name}
        text = "" if node.tag in changing or node.tag.endswith("BinarySecurityToken") else node.text or ""
        return [node.tag, node.prefix, new, attributes, text, [walk(child) for child in node]]

    return walk(envelope)


def verified(envelope, certificate):
    """Verify a signature with xmlsec alone; return the tags of the signed elements, in order."""
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_file(str(certificate), xmlsec.KeyFormat.CERT_PEM)
    by_id = {}
    for node in envelope.iter():
        if node.get(f"{{{WSU}}}Id"):
            context.register_id(node, "Id", WSU)
            by_id["#" + node.get(f"{{{WSU}}}Id")] = node.tag
    context.verify(envelope.find(f".//{{{DS}}}Signature"))
    return [by_id[reference.get("URI")] for reference in envelope.iter(f"{{{DS}}}Reference")]


def test_the_recorded_request_is_accepted(recorded_caller, recorded):
    answer = recorded_caller.accepted((recorded / "describe-signed.request.xml").read_bytes())
    assert answer.findtext(".//{*}localState") == "ENABLED"


@pytest.mark.parametrize(("seconds", "strict"), [(-21, ()), (300, ("expires",))])
def test_the_recorded_request_is_refused_at_another_time(recorded_caller, recorded, seconds, strict):
    simulator = recorded_caller.simulator
    simulator._clock, simulator.strict = DAY + timedelta(seconds=seconds), frozenset(strict)
    code, _text, _why = recorded_caller.fault((recorded / "describe-signed.request.xml").read_bytes())
    assert code == "wsse:FailedCheck"


def test_the_answer_is_built_as_the_recorded_one(recorded_caller, recorded, key_directory):
    ours = recorded_caller.accepted((recorded / "describe-signed.request.xml").read_bytes())
    theirs = etree.parse(recorded / "describe-signed.response.xml").getroot()
    assert skeleton(ours) == skeleton(theirs)
    signed = verified(ours, key_directory / "cluster-cert.pem")
    assert signed == verified(theirs, recorded / "keys" / "cluster-cert.pem") == list(security.ANSWER_PARTS)


def test_the_epoch_of_the_request_is_answered(recorded_caller, recorded):
    # The operation behind the recording was a stand-in that answered 0; the CC takes over what it is told.
    answer = recorded_caller.accepted((recorded / "describe-signed.request.xml").read_bytes())
    assert answer.findtext(".//{*}localEpoch") == "3"


def test_the_answer_is_built_as_that_of_the_real_3_4_2(make_caller, recorded, key_directory):
    theirs = etree.parse(recorded / "describe-signed-3.4.2.response.xml").getroot()
    content = "<n:correlationId>4dafecfb-7dca-48a1-a50d-36516a7a8ec7</n:correlationId><n:userId>admin</n:userId>"
    own_uri = "http://10.0.0.1:8774/axis2/services/EucalyptusCC"
    caller = make_caller(release="3.4", state="ENABLED", partition="PARTI01", name="cc1", service_uri=own_uri)
    to, message_id = theirs.findtext(f".//{{{WSA}}}Address"), theirs.findtext(f".//{{{WSA}}}RelatesTo")
    ours = caller.accepted(caller.sign(soap.request("DescribeServices", content, to, message_id)))
    assert skeleton(ours) == skeleton(theirs)
    signed = verified(ours, key_directory / "cluster-cert.pem")
    assert signed == verified(theirs, recorded / "keys" / "cluster-cert-3.4.2.pem") == list(security.ANSWER_PARTS)


def test_unsigned(caller, recorded):
    assert caller.post(caller.unsigned()) == (500, (recorded / "faults/a-unsigned.response.xml").read_bytes())


def test_foreign_key_with_its_own_certificate(caller, recorded):
    body = caller.signed(
        key=caller.key(directory=caller.foreign), certificate=caller.certificate("cloud", caller.foreign)
    )
    assert caller.post(body) == (500, (recorded / "faults/b-wrong-key.response.xml").read_bytes())


def test_cloud_certificate_with_a_wrong_key(caller, recorded):
    body = caller.signed(key=caller.key(directory=caller.foreign))
    assert caller.post(body) == (500, (recorded / "faults/b2-bad-sig.response.xml").read_bytes())


def test_time_stamp_in_the_future(caller, recorded):
    body = caller.signed(now=caller.simulator.now() + timedelta(seconds=60))
    assert caller.post(body) == (500, (recorded / "faults/c2-future.response.xml").read_bytes())


def test_action_absent(caller, recorded):
    envelope = etree.fromstring(caller.unsigned())
    header = envelope.find(f"{{{SOAP}}}Header")
    header.remove(header.find(f"{{{WSA}}}Action"))
    assert caller.post(caller.sign(envelope)) == (500, (recorded / "faults/d-action-absent.response.xml").read_bytes())


def test_to_not_signed(caller, recorded):
    parts = [part for part in security.REQUEST_PARTS if part != f"{{{WSA}}}To"]
    body = caller.signed(parts=parts)
    assert caller.post(body) == (500, (recorded / "faults/d-to-not-signed.response.xml").read_bytes())
