# SPDX-License-Identifier: GPL-3.0-or-later
"""The recorded answer of a real server is believed at its time, by its certificate, for its request, and not otherwise."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys

import pytest

if sys.version_info < (3, 10):
    pytest.skip("uses the stand-in controller, which needs the Python of a control node", allow_module_level=True)

import base64
import calendar
import copy
import hashlib
import re
from pathlib import Path

import xmlsec
from ansible_collections.eucalyptus.ha.plugins.module_utils import _wsse
from ansible_collections.eucalyptus.ha.plugins.module_utils._cc_errors import (
    CcCryptoPolicyError,
    CcOptionError,
    CcSignatureError,
)
from ansible_collections.eucalyptus.ha.tests.cc_simulator import keys
from lxml import etree

pytestmark = pytest.mark.wall_clock

RECORDED = Path(__file__).resolve().parents[3] / "cc_simulator" / "recorded"
WIRE_CERTIFICATE = "BinarySecurityToken"
MESSAGE_ID = "urn:uuid:c6eadbff-630c-49ad-bc0e-f481ac8d0f33"
RECORDED_AT = calendar.timegm((2026, 11, 22, 11, 17, 0))
ANSWER = (RECORDED / "describe-signed.response.xml").read_bytes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    base = tmp_path_factory.getbasetemp()
    return keys.make_once((base.parent if base.name.startswith("popen-") else base) / "cc-keys")


def certificate_of(message):
    """PEM of the certificate that a recorded message carries; the real server signed with its key."""
    token = next(etree.fromstring(message).iter("{*}" + WIRE_CERTIFICATE))
    return b"-----BEGIN CERTIFICATE-----\n" + token.text.encode() + b"\n-----END CERTIFICATE-----\n"


def signature(folder, now=RECORDED_AT + 1, cc_cert=None):
    return _wsse.CcSignature(
        (folder / "cloud-pk.pem").read_bytes(),
        (folder / "cloud-cert.pem").read_bytes(),
        cc_cert or certificate_of(ANSWER),
        clock=lambda: now,
    )


def test_recorded_answer(folder):
    """Accepted on the day of recording."""
    root = etree.fromstring(ANSWER)
    assert signature(folder).verify(root, MESSAGE_ID) is root


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"now": RECORDED_AT + 301}, "timestamp_stale"),
        ({"now": RECORDED_AT - 21}, "timestamp_future"),
        ({"message_id": "urn:uuid:c6eadbff-630c-49ad-bc0e-f481ac8d0f34"}, "relates_to"),
        ({"body": ANSWER.replace(b">ENABLED<", b">DISABLED<")}, "tampered"),
        ({"body": ANSWER.replace(b">ERRORS=0<", b"> ERRORS=0<")}, "tampered"),
        ({"body": ANSWER.replace(b"<ds:SignatureValue>Ce", b"<ds:SignatureValue>Cf")}, "tampered"),
    ],
)
def test_recorded_answer_changed(folder, change, reason):
    """Refused with its own reason."""
    with pytest.raises(CcSignatureError) as caught:
        signature(folder, change.get("now", RECORDED_AT + 1)).verify(
            etree.fromstring(change.get("body", ANSWER)), change.get("message_id", MESSAGE_ID)
        )
    assert caught.value.reason == reason


def test_recorded_answer_with_the_wrong_certificate(folder):
    """The client's own certificate, with which zeep's stock class verifies, is not the CC's."""
    with pytest.raises(CcSignatureError) as caught:
        signature(folder, cc_cert=(folder / "cloud-cert.pem").read_bytes()).verify(etree.fromstring(ANSWER), MESSAGE_ID)
    assert caught.value.reason == "foreign_signed"


def test_limits_of_the_clock(folder):
    """To the second: 20 s ahead, and until it expires."""
    for now in (RECORDED_AT - 20 + 1, RECORDED_AT + 299):
        signature(folder, now).verify(etree.fromstring(ANSWER), MESSAGE_ID)


def test_dates_are_said_and_do_not_refuse(folder):
    """Neither the CC nor the module goes by the dates of certificates, but a user wants to know."""
    # Made when the tests run, so their own dates are the only ones to go by; one may be made a second after the other.
    pems = [(folder / "{}-cert.pem".format(owner)).read_bytes() for owner in keys.OWNERS]
    client, cluster = (_wsse.Certificate(pem) for pem in pems)
    made = max(client.not_before, cluster.not_before)
    assert signature(folder, made, pems[1]).expired() == []
    later = signature(folder, max(client.not_after, cluster.not_after) + 1, pems[1]).expired()
    assert [line.split(":")[0] for line in later] == ["client_cert", "cc_cert"]
    assert all(re.search(r": the certificate expired on 2\d\d\d-\d\d-\d\d$", line) for line in later)
    earlier = signature(folder, 0, pems[1]).expired()
    assert all(re.search(r" is not valid before 2\d\d\d-\d\d-\d\d; is the clock of this host right\?$", line) for line in earlier)
    assert len(earlier) == 2


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (RECORDED_AT, []),
        (calendar.timegm((2040, 2, 29, 0, 0, 0)), ["cc_cert: the certificate expired on 2036-11-19"]),
        (0, ["cc_cert: the certificate is not valid before 2026-11-22; is the clock of this host right?"]),
    ],
)
def test_dates_of_the_recorded_certificate(folder, now, expected):
    """Its dates never change, so the sentences are known to the day."""
    sentences = signature(folder, now).expired()
    assert [line for line in sentences if line.startswith("cc_cert")] == expected


def test_milliseconds():
    """As the cloud controller writes them."""
    assert _wsse._stamp(0.5) == "1970-01-01T00:00:00.500Z"
    assert _wsse._stamp(1795346220.9999) == "2026-11-22T11:17:00.999Z"


# --- the structure of an answer: refused before any of its cryptography is looked at -------------------------------

DS, WSSE, WSU, WSA, SOAP = ("{{{}}}".format(getattr(_wsse, name)) for name in ("DS", "WSSE", "WSU", "WSA", "SOAP"))


def one(root, tag):
    [found] = root.iter(tag)
    return found


def drop(tag):
    return lambda root: one(root, tag).getparent().remove(one(root, tag))


def double(tag):
    return lambda root: one(root, tag).addnext(copy.deepcopy(one(root, tag)))


def attribute(tag, name, value, index=0):
    return lambda root: list(root.iter(tag))[index].set(name, value)


def child(tag, index=0):
    return lambda root: etree.SubElement(list(root.iter(tag))[index], "more")


def text(tag, value):
    def change(root):
        one(root, tag).text = value

    return change


def reference_of(root, tag):
    """The Reference of the signature to a part."""
    part = next(element for element in root.iter(tag) if element.get(WSU + "Id"))
    return next(one for one in root.iter(DS + "Reference") if one.get("URI") == "#" + part.get(WSU + "Id"))


def unsigned(tag):
    def change(root):
        reference = reference_of(root, tag)
        reference.getparent().remove(reference)

    return change


def no_references(root):
    for reference in list(root.iter(DS + "Reference")):
        reference.getparent().remove(reference)


def many_references(count):
    def change(root):
        first = next(root.iter(DS + "Reference"))
        for _number in range(count - 6):
            first.addnext(copy.deepcopy(first))

    return change


def both(*changes):
    return lambda root: [change(root) for change in changes]


def by_another_attribute(root):
    body = one(root, SOAP + "Body")
    body.set("Id", body.attrib.pop(WSU + "Id"))


def moved(root):
    body = one(root, SOAP + "Body")
    forged = copy.deepcopy(body)
    del forged.attrib[WSU + "Id"]
    body.addnext(forged)
    etree.SubElement(one(root, SOAP + "Header"), "kept").append(body)


def first_swapped(root):
    info = one(root, DS + "SignedInfo")
    info.insert(0, info[1])


def renamed(tag):
    return lambda root: next(root.iter(tag)).__setattr__("tag", DS + "Other")


def pieces(element):
    element.text = "\n{} {}\n".format(element.text[:9], element.text[9:])


def fingerprint(message):
    token = next(etree.fromstring(message).iter(WSSE + "BinarySecurityToken"))
    return hashlib.sha256(base64.b64decode(token.text)).hexdigest()[:16]


def without_text(tag):
    return text(tag, None)


ALGORITHM = "the answer uses a weak or unknown algorithm for its "
C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
STRUCTURES = {
    "no header": (drop(SOAP + "Header"), "unsigned", "the answer is not signed"),
    "two headers": (double(SOAP + "Header"), "unsigned", "the answer is not signed"),
    "no security": (drop(WSSE + "Security"), "unsigned", "the answer is not signed"),
    "two securities": (double(WSSE + "Security"), "signature_structure", "the answer has 2 Security headers"),
    "no signature": (drop(DS + "Signature"), "unsigned", "the answer is not signed"),
    "two signatures": (double(DS + "Signature"), "signature_structure", "the answer has 2 signatures"),
    "two time stamps": (double(WSU + "Timestamp"), "signature_structure", "the answer has 2 time stamps"),
    "no SignedInfo": (drop(DS + "SignedInfo"), "signature_structure", "malformed: 0 SignedInfo"),
    "two SignedInfo": (double(DS + "SignedInfo"), "signature_structure", "malformed: 2 SignedInfo"),
    "methods swapped": (first_swapped, "signature_structure", "it does not begin with its methods"),
    "no method": (drop(DS + "SignatureMethod"), "signature_structure", "it does not begin with its methods"),
    "no references": (no_references, "signature_structure", "it does not consist of 1 to 32 references"),
    "33 references": (many_references(33), "signature_structure", "it does not consist of 1 to 32 references"),
    "not only references": (child(DS + "SignedInfo"), "signature_structure", "it does not consist of 1 to 32 references"),
    "a reference with more": (child(DS + "Reference", 3), "signature_structure", "a reference is not to a part by its id"),
    "a reference to nothing": (attribute(DS + "Reference", "URI", "#"), "signature_structure", "not to a part by its id"),
    "a reference without a place": (
        lambda root: next(root.iter(DS + "Reference")).attrib.clear(), "signature_structure", "not to a part by its id",
    ),
    "a reference to all": (attribute(DS + "Reference", "URI", ""), "signature_structure", "not to a part by its id"),
    "a reference to a file": (attribute(DS + "Reference", "URI", "file:///x#a"), "signature_structure", "not to a part by its id"),
    "a reference to no part": (attribute(DS + "Reference", "URI", "#x"), "signature_structure", "covers a part that is not there (x)"),
    "no transform": (lambda root: drop_all(root, DS + "Transform"), "algorithm", "references: 0 transforms instead of one"),
    "no transform but something else": (renamed(DS + "Transform"), "algorithm", "references: 1 transforms instead of one"),
    "two transforms": (child(DS + "Transforms"), "algorithm", "references: 2 transforms instead of one"),
    "another canonical form": (
        attribute(DS + "CanonicalizationMethod", "Algorithm", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
        "algorithm", ALGORITHM + "canonical form: http://www.w3.org/TR/2001/REC-xml-c14n-20010315. A Cluster Controller uses " + C14N,
    ),
    "a MAC": (
        attribute(DS + "SignatureMethod", "Algorithm", _wsse.DS + "hmac-sha1"), "algorithm",
        ALGORITHM + "signature: http://www.w3.org/2000/09/xmldsig#hmac-sha1. A Cluster Controller uses http://www.w3.org/2000/09/xmldsig#rsa",
    ),
    "no name of a method": (
        lambda root: one(root, DS + "SignatureMethod").attrib.clear(), "algorithm", ALGORITHM + "signature: none.",
    ),
    "a method with more": (child(DS + "CanonicalizationMethod"), "algorithm", ALGORITHM + "canonical form: " + C14N),
    "another transform": (attribute(DS + "Transform", "Algorithm", "x", 2), "algorithm", ALGORITHM + "references: x."),
    "a transform with more": (child(DS + "Transform", 1), "algorithm", ALGORITHM + "references: " + C14N),
    "another digest": (attribute(DS + "DigestMethod", "Algorithm", "md5", 5), "algorithm", ALGORITHM + "digests: md5."),
    "no token": (drop(WSSE + "BinarySecurityToken"), "signature_structure", "does not name its certificate the way"),
    "two tokens": (double(WSSE + "BinarySecurityToken"), "signature_structure", "does not name its certificate the way"),
    "no reference to the token": (drop(WSSE + "Reference"), "signature_structure", "does not name its certificate the way"),
    "two references to it": (double(WSSE + "Reference"), "signature_structure", "does not name its certificate the way"),
    "another token": (attribute(WSSE + "Reference", "URI", "#other"), "signature_structure", "does not name its certificate the way"),
    "a token that is no Base64": (text(WSSE + "BinarySecurityToken", "MII"), "signature_structure", "is not Base64"),
    "a token beyond ASCII": (text(WSSE + "BinarySecurityToken", "\u00e9"), "signature_structure", "is not Base64"),
    "an empty token": (without_text(WSSE + "BinarySecurityToken"), "foreign_signed", "(SHA-256 e3b0c44298fc1c14, expected "),
    "another certificate": (
        text(WSSE + "BinarySecurityToken", "AAAA"), "foreign_signed",
        "than the one in cc_cert (SHA-256 709e80c88487a241, expected " + fingerprint(ANSWER) + "): not this Cluster Controller, or",
    ),
    "an id twice": (
        lambda root: etree.SubElement(one(root, SOAP + "Header"), "x").set("ID", one(root, SOAP + "Body").get(WSU + "Id")),
        "duplicate_id", "the answer has two parts with the same id (SigID-3cc130d2-e666-1f11-298d)",
    ),
    "another attribute": (by_another_attribute, "signature_structure", "covers a part by another attribute than wsu:Id"),
    "body not signed": (unsigned(SOAP + "Body"), "body_unsigned", "the Body of the answer is not signed"),
    "body moved": (moved, "body_moved", "is not the one that would be read"),
    "no time stamp": (
        both(unsigned(WSU + "Timestamp"), drop(WSU + "Timestamp")), "timestamp_unsigned", "the time stamp of the answer is not signed",
    ),
    "time stamp not signed": (unsigned(WSU + "Timestamp"), "timestamp_unsigned", "the time stamp of the answer is not signed"),
    "RelatesTo not signed": (unsigned(WSA + "RelatesTo"), "relates_to_unsigned", "the header wsa:RelatesTo of the answer is not signed"),
    "no RelatesTo": (
        both(unsigned(WSA + "RelatesTo"), drop(WSA + "RelatesTo")), "relates_to_unsigned", "wsa:RelatesTo of the answer is there 0 times",
    ),
    "two RelatesTo": (
        lambda root: etree.SubElement(one(root, SOAP + "Header"), WSA + "RelatesTo"), "relates_to_unsigned", "is there 2 times",
    ),
    "Action not signed": (unsigned(WSA + "Action"), "action_unsigned", "the header wsa:Action of the answer is not signed"),
    "two Actions": (lambda root: etree.SubElement(one(root, SOAP + "Header"), WSA + "Action"), "action_unsigned", "is there 2 times"),
    "Action altered": (text(WSA + "Action", "EucalyptusCC#StopService"), "tampered", "Action was altered on the way"),
    "state altered": (
        lambda root: next(e for e in root.iter() if e.text == "ENABLED").__setattr__("text", "DISABLED"), "tampered", "Body was altered",
    ),
    "an empty digest": (
        lambda root: reference_of(root, WSA + "From").find(DS + "DigestValue").__setattr__("text", None), "tampered", "From was altered",
    ),
    "a comment that is not signed and an altered signature": (
        both(text(DS + "SignatureValue", "AAAA"), lambda root: one(root, SOAP + "Body").append(etree.Comment("x"))),
        "tampered", "it was not made with the key of this certificate",
    ),
    "digests in pieces and an altered signature": (
        both(text(DS + "SignatureValue", "AAAA"), lambda root: [pieces(one) for one in root.iter(DS + "DigestValue")]),
        "tampered", "it was not made with the key of this certificate",
    ),
    "signature altered": (
        text(DS + "SignatureValue", "AAAA"), "tampered", "it was not made with the key of this certificate, or was altered on the way",
    ),
}  # fmt: skip


def drop_all(root, tag):
    for element in list(root.iter(tag)):
        element.getparent().remove(element)


@pytest.mark.parametrize(("change", "reason", "message"), STRUCTURES.values(), ids=STRUCTURES)
def test_an_answer_of_another_structure(folder, change, reason, message):
    root = etree.fromstring(ANSWER)
    change(root)
    with pytest.raises(CcSignatureError) as caught:
        signature(folder).verify(root, MESSAGE_ID)
    assert caught.value.reason == reason
    assert message in str(caught.value)


def test_32_references_are_not_too_many(folder):
    root = etree.fromstring(ANSWER)
    many_references(32)(root)
    with pytest.raises(CcSignatureError) as caught:
        signature(folder).verify(root, MESSAGE_ID)
    assert caught.value.reason == "tampered"


def test_blanks_in_base64_and_comments_do_not_matter(folder):
    """Rampart breaks its lines; the certificate is compared as what it is."""
    root = etree.fromstring(ANSWER)
    token = one(root, WSSE + "BinarySecurityToken")
    token.text = "\n".join(token.text[start : start + 64] for start in range(0, len(token.text), 64)) + " \n"
    assert signature(folder).verify(root, MESSAGE_ID) is root
    root.append(etree.Comment("no element"))
    assert signature(folder).verify(root) is root


# --- the time stamp: signed by a key of our own, since the recorded one cannot be signed anew ------------------------


@pytest.fixture(scope="module")
def signed_by_us(folder):
    """An answer whose time stamp is what a test says, signed with the cluster's key by the simulator."""

    def make(created="1970-01-01T00:16:40Z", expires="1970-01-01T00:21:40Z", action="EucalyptusCC#DescribeServices", to=MESSAGE_ID):
        recorded = etree.fromstring(ANSWER)
        stamp = one(recorded, WSU + "Timestamp")
        for name, value in (("Created", created), ("Expires", expires)):
            element = one(stamp, "{}{}".format(WSU, name))
            if value is None:
                stamp.remove(element)
            else:
                element.text = value
        one(recorded, WSA + "Action").text = action
        one(recorded, WSA + "RelatesTo").text = to
        signature = one(recorded, DS + "Signature")
        info = signature.find(DS + "SignedInfo")
        key = xmlsec.Key.from_file(str(folder / "cluster-pk.pem"), xmlsec.KeyFormat.PEM)
        token = one(recorded, WSSE + "BinarySecurityToken")
        token.text = "".join((folder / "cluster-cert.pem").read_text().split("-----")[2].split())
        context = xmlsec.SignatureContext()
        context.key = key
        for reference in info.iter(DS + "Reference"):
            part = next(e for e in recorded.iter() if e.get(WSU + "Id") == reference.get("URI")[1:])
            context.register_id(part, "Id", _wsse.WSU)
            reference.find(DS + "DigestValue").text = None
        key_info = signature.find(DS + "KeyInfo")
        signature.remove(key_info)
        signature.find(DS + "SignatureValue").text = None
        context.sign(signature)
        signature.append(key_info)
        return etree.fromstring(etree.tostring(recorded))

    return make


def verified(folder, root, now=1000, **more):
    return signature(folder, now, (folder / "cluster-cert.pem").read_bytes()).verify(root, more.get("message_id", MESSAGE_ID))


@pytest.mark.parametrize("now", [980, 980.5, 1000, 1299, 1299.9])
def test_an_answer_is_good_from_20_seconds_before_it_was_made_until_it_expires(folder, signed_by_us, now):
    assert verified(folder, signed_by_us(), now) is not None


@pytest.mark.parametrize(
    ("now", "reason", "message"),
    [
        (979.9, "timestamp_future", "it was made at 1970-01-01T00:16:40.000Z and it is 1970-01-01T00:16:19.900Z here"),
        (1300, "timestamp_stale", "it expired at 1970-01-01T00:21:40.000Z and it is 1970-01-01T00:21:40.000Z here"),
        (5000, "timestamp_stale", "the answer is stale"),
    ],
)
def test_and_not_before_nor_after(folder, signed_by_us, now, reason, message):
    with pytest.raises(CcSignatureError) as caught:
        verified(folder, signed_by_us(), now)
    assert caught.value.reason == reason
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"created": None}, "Created"), ({"expires": None}, "Expires"), ({"created": ""}, "Created"),
        ({"created": "1970-01-01T00:16:40+01:00"}, "Created"), ({"created": "1970-01-01T00:16:40"}, "Created"),
        ({"created": "x1970-01-01T00:16:40Z"}, "Created"), ({"expires": "1970-13-01T00:16:40Z"}, "Expires"),
        ({"expires": "1970-01-01T00:21:40.Z"}, "Expires"), ({"expires": "1970-01-01T00:21:40.0123456789Z"}, "Expires"),
    ],
)  # fmt: skip
def test_a_time_that_is_none(folder, signed_by_us, change, name):
    with pytest.raises(CcSignatureError) as caught:
        verified(folder, signed_by_us(**change))
    assert caught.value.reason == "timestamp_invalid"
    assert str(caught.value) == "the time stamp of the answer has no readable {} in UTC".format(name)


def test_an_answer_to_another_operation(folder, signed_by_us):
    with pytest.raises(CcSignatureError) as caught:
        verified(folder, signed_by_us(action="EucalyptusCC#StopService"))
    assert (caught.value.reason, "(Action EucalyptusCC#StopService)" in str(caught.value)) == ("action", True)


def test_an_answer_to_another_request(folder, signed_by_us):
    with pytest.raises(CcSignatureError) as caught:
        verified(folder, signed_by_us(), message_id="urn:uuid:other")
    assert caught.value.reason == "relates_to"
    assert "(RelatesTo {}, request urn:uuid:other)".format(MESSAGE_ID) in str(caught.value)


@pytest.mark.parametrize(
    ("change", "reason", "message"),
    [({"to": None}, "relates_to", "(RelatesTo , request {})".format(MESSAGE_ID)), ({"action": None}, "action", "(Action )")],
)
def test_an_empty_header_is_another_one(folder, signed_by_us, change, reason, message):
    with pytest.raises(CcSignatureError) as caught:
        verified(folder, signed_by_us(**change))
    assert caught.value.reason == reason
    assert message in str(caught.value)


def test_an_answer_to_any_request_when_none_is_named(folder, signed_by_us):
    assert verified(folder, signed_by_us(), message_id=None) is not None


# --- keys and certificates ----------------------------------------------------------------------------------------


def test_a_certificate_of_another_kind_of_key(monkeypatch, folder):
    class Key:
        @staticmethod
        def from_memory(*arguments):
            raise xmlsec.Error("no")

    monkeypatch.setattr(_wsse.xmlsec, "Key", Key)
    with pytest.raises(CcOptionError, match="cc_cert: its PEM certificate is not an X.509 certificate with an RSA key") as caught:
        _wsse.read_certificate((folder / "cloud-cert.pem").read_bytes(), "cc_cert")
    assert caught.value.reason == "cert_invalid"


def test_without_a_certificate_of_the_cc_nothing_is_verified(folder):
    made = _wsse.CcSignature((folder / "cloud-pk.pem").read_bytes(), (folder / "cloud-cert.pem").read_bytes())
    assert made.verifies is False
    assert made.expired() == []
    assert signature(folder).verifies is True


def test_names_of_options_are_those_given(folder):
    names = ("key", "own", "other")
    with pytest.raises(CcOptionError, match="^key: there is no PEM private key"):
        _wsse.CcSignature(b"", b"", None, names)
    key, certificate = ((folder / name).read_bytes() for name in ("cloud-pk.pem", "cloud-cert.pem"))
    with pytest.raises(CcOptionError, match="^own: ") as caught:
        _wsse.CcSignature(key, b"", None, names)
    assert caught.value.reason == "cert_invalid"
    with pytest.raises(CcOptionError, match="^other: "):
        _wsse.CcSignature(key, certificate, b"", names)
    late = _wsse.CcSignature(key, certificate, certificate, names, clock=lambda: 2**33)
    assert [line.partition(":")[0] for line in late.expired()] == ["own", "other"]


def test_the_last_second_of_a_certificate(folder):
    certificate = _wsse.Certificate((folder / "cloud-cert.pem").read_bytes())
    made = signature(folder, cc_cert=(folder / "cloud-cert.pem").read_bytes())
    for moment, said in (
        (certificate.not_after, 0), (certificate.not_after + 1, 2), (certificate.not_before, 0), (certificate.not_before - 1, 2),
    ):  # fmt: skip
        made._clock = lambda moment=moment: moment
        assert len(made.expired()) == said


# --- the request ---------------------------------------------------------------------------------------------------

REQUEST = (
    '<s:Envelope xmlns:s="{}" xmlns:wsa="{}"><s:Header><wsa:To>u</wsa:To><wsa:Action>a</wsa:Action>'
    "<wsa:MessageID>m</wsa:MessageID></s:Header><s:Body><x/></s:Body></s:Envelope>".format(_wsse.SOAP, _wsse.WSA)
)


def test_a_request_is_signed_as_the_cc_wants_it(folder):
    root = etree.fromstring(REQUEST)
    headers = {"a": "b"}
    envelope, same = signature(folder, 1000).apply(root, headers)
    assert (envelope, same) == (root, headers)
    security = one(root, WSSE + "Security")
    assert security.get(SOAP + "mustUnderstand") == "1"
    assert [child.tag for child in security] == [WSSE + "BinarySecurityToken", WSU + "Timestamp", DS + "Signature"]
    token = security[0]
    oasis = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
    assert token.get("ValueType") == oasis + "x509-token-profile-1.0#X509v3"
    assert token.get("EncodingType") == oasis + "soap-message-security-1.0#Base64Binary"
    assert base64.b64decode(token.text) == _wsse.Certificate((folder / "cloud-cert.pem").read_bytes()).der
    assert [child.tag for child in security[1]] == [WSU + "Created", WSU + "Expires"]
    assert [child.tag for child in one(root, DS + "KeyInfo").iter()][1:] == [WSSE + "SecurityTokenReference", WSSE + "Reference"]
    # As people know them from logs.
    assert [element.prefix for element in (security, security[1], security[2])] == ["wsse", "wsu", "ds"]
    assert [child.text for child in security[1]] == ["1970-01-01T00:16:40.000Z", "1970-01-01T00:21:40.000Z"]
    assert [child.tag for child in security[2]] == [DS + "SignedInfo", DS + "SignatureValue", DS + "KeyInfo"]
    assert one(root, WSSE + "Reference").get("URI") == "#" + token.get(WSU + "Id")
    assert one(root, WSSE + "Reference").get("ValueType") == token.get("ValueType")
    assert len(one(root, DS + "SignatureValue").text) == 344
    by_id = {element.get(WSU + "Id"): element for element in root.iter() if element.get(WSU + "Id")}
    signed = [by_id[reference.get("URI")[1:]] for reference in root.iter(DS + "Reference")]
    assert [etree.QName(element).localname for element in signed] == ["Body", "Timestamp", "To", "Action", "MessageID"]
    for element, reference in zip(signed, root.iter(DS + "Reference"), strict=True):
        assert [etree.QName(child).localname for child in reference] == ["Transforms", "DigestMethod", "DigestValue"]
        digest = hashlib.sha1(etree.tostring(element, method="c14n", exclusive=True)).digest()  # noqa: S324 (the CC's algorithm)
        assert base64.b64decode(reference[2].text) == digest
    algorithms = {etree.QName(element).localname: element.get("Algorithm") for element in root.iter() if element.get("Algorithm")}
    assert algorithms == {
        "CanonicalizationMethod": C14N, "SignatureMethod": _wsse.DS + "rsa-sha1", "Transform": C14N, "DigestMethod": _wsse.DS + "sha1",
    }  # fmt: skip


@pytest.mark.parametrize(("sha256", "error", "message"), [
    (True, CcCryptoPolicyError, "this host forbids SHA-1 signatures"),
    (False, CcOptionError, "client_key: no RSA signature can be made with this key"),
])  # fmt: skip
def test_a_key_that_does_not_sign(folder, monkeypatch, sha256, error, message):
    class Context:
        def register_id(self, *arguments):
            pass

        def sign(self, node):
            raise xmlsec.Error("failed")

        def sign_binary(self, data, transform):
            if not sha256:
                raise xmlsec.Error("failed")

    made = signature(folder)
    monkeypatch.setattr(_wsse.xmlsec, "SignatureContext", Context)
    with pytest.raises(error, match=message) as caught:
        made.apply(etree.fromstring(REQUEST), {})
    assert caught.value.reason == ("sha1_forbidden" if sha256 else "key_invalid")


def test_a_host_that_forbids_sha1_is_found_out_with_the_real_key(folder, monkeypatch):
    class Context(xmlsec.SignatureContext):
        def sign(self, node):
            raise xmlsec.Error("failed")

    monkeypatch.setattr(_wsse.xmlsec, "SignatureContext", Context)
    with pytest.raises(CcCryptoPolicyError):
        signature(folder).apply(etree.fromstring(REQUEST), {})


def test_a_key_of_another_certificate(folder):
    key, certificate = (folder / "cluster-pk.pem").read_bytes(), (folder / "cloud-cert.pem").read_bytes()
    made = _wsse.CcSignature(key, certificate)
    with pytest.raises(CcOptionError, match="^client_key is not the key of the certificate in client_cert$") as caught:
        made.apply(etree.fromstring(REQUEST), {})
    assert caught.value.reason == "key_mismatch"


@pytest.mark.parametrize(
    ("pem", "message"),
    [
        (b"-----BEGIN CERTIFICATE-----", "there is no PEM private key"),
        (b"-----BEGIN ENCRYPTED PRIVATE KEY-----", "locked with a passphrase"),
        (b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED", "locked with a passphrase"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "is damaged or of an unknown kind"),
    ],
)
def test_a_key_that_is_none(pem, message):
    with pytest.raises(CcOptionError, match=message) as caught:
        _wsse.read_key(pem, "client_key")
    assert caught.value.reason == "key_invalid"
    assert str(caught.value).startswith("client_key: ")
