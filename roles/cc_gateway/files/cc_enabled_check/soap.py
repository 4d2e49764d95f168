# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Source soap: query the CC with DescribeServices, and read its answer."""

# ruff: noqa: B904, PLC0415  (Python 2 has no `raise from`; imports inside of functions: see common.py)

from __future__ import absolute_import, division, print_function

import posix
import time

from .common import STATES, Trouble, Waiting
from .decision import ANSWERED, FAILED, WAIT, request_needed, waiting
from .http import authority, connect, exchange, http_request
from .signing import ACTION, CC, SOAP, WSA, Openssl, certificate_of, signed_request

__metaclass__ = type

SERVICE = "/axis2/services/EucalyptusCC"
ELEMENT_LIMIT = 20000


def parse_xml(data):
    """The document as nested (name, children, pieces of text); a name is 'namespace}local'."""
    from pyexpat import ExpatError, ParserCreate

    top = ("", [], [])
    stack = [top]
    left = [ELEMENT_LIMIT]

    def start(name, attributes):
        left[0] -= 1
        if left[0] < 0:
            raise Trouble("the answer has more than %d elements" % ELEMENT_LIMIT)
        node = (name, [], [])
        stack[-1][1].append(node)
        stack.append(node)

    def end(name):
        stack.pop()

    def text(piece):
        stack[-1][2].append(piece)

    def doctype(*ignored):
        raise Trouble("the answer has a DTD, which is rejected")

    if b"\0" in data:  # a CC writes UTF-8; expat would also read UTF-16
        raise Trouble("the answer is not XML in UTF-8")
    parser = ParserCreate("utf-8", "}")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(data, True)
    except ExpatError as error:
        raise Trouble("the answer is not XML: %s" % error)
    return top


def several(node, name):
    return [child for child in node[1] if child[0] == name]


def only(node, name):
    found = several(node, name)
    if len(found) != 1:
        raise Trouble("the answer has %d elements %s where one belongs" % (len(found), name.partition("}")[2]))
    return found[0]


def text_of(node, name):
    found = only(node, name)
    if found[1]:
        raise Trouble("the answer has elements inside of %s" % name.partition("}")[2])
    return "".join(found[2])


# What a fault most likely means; its text alone does not show it (seen with Rampart/C 1.3).
CAUSES = (
    ("MustUnderstand", "the CC did not process the WS-Security header: its services.xml was replaced, or has no Rampart"),
    ("No Error", "the CC found no signature in the request"),
    ("Unknown Error", "does --cert equal the CC's own cloud-cert.pem?"),
    ("Signature Verification", "does --key belong to --cert?"),
    ("Timestamp", "is the clock right?"),
)


def read_fault(fault):
    code, text = ("".join(node[2]).strip() for node in (only(fault, "faultcode"), only(fault, "faultstring")))
    cause = [hint for words, hint in CAUSES if words in code or words in text]
    return Trouble("the CC answers with the fault %s: %s%s" % (code, text, " (%s)" % cause[0] if cause else ""))


def read_services(data, message_id):
    """(localState or None, the message) of the cluster's own entry in a DescribeServicesResponse."""
    root = only(parse_xml(data), SOAP + "}Envelope")
    content = only(root, SOAP + "}Body")
    if len(content[1]) != 1:
        raise Trouble("the answer's Body has %d elements where one belongs" % len(content[1]))
    if content[1][0][0] == SOAP + "}Fault":
        raise read_fault(content[1][0])
    response = only(content, CC + "}DescribeServicesResponse")
    if text_of(only(root, SOAP + "}Header"), WSA + "}RelatesTo") != message_id:
        raise Trouble("the answer is not the one to this request: RelatesTo differs")
    good = text_of(response, CC + "}return")
    if good not in ("true", "1"):
        found = several(response, CC + "}statusMessage")
        return None, "the CC could not initialise: return is %s, %s" % (
            good, "".join(found[0][2]) if found else "without a statusMessage")
    own = []
    for status in several(response, CC + "}serviceStatuses"):
        entry = only(status, CC + "}serviceId")
        if text_of(entry, CC + "}type") == "cluster":
            own.append((text_of(status, CC + "}localState"), entry))
    if len(own) != 1:
        raise Trouble("the answer has %d entries of type cluster where one belongs" % len(own))
    state, entry = own[0]
    if state not in STATES:
        raise Trouble("the CC's localState '%s' is not a known state" % state)
    names = ["".join(node[2]) for word in ("partition", "name") for node in several(entry, CC + "}" + word)]
    return state, "localState of cluster %s" % "/".join(names)


def observe_soap(options, deadline, memory, moment, observation):
    """Query the CC; fills in the observation (decision.py), or raises Trouble."""
    if request_needed(memory, memory["seen"], moment, 0) == WAIT:
        raise Waiting(waiting(memory, moment))
    from binascii import hexlify

    digits = hexlify(posix.urandom(16)).decode("ascii")
    message_id = "urn:uuid:%s-%s-4%s-a%s-%s" % (digits[:8], digits[8:12], digits[13:16], digits[17:20], digits[20:])
    url = "http://" + authority(options) + SERVICE
    openssl = Openssl(options["key"])
    connections = []

    def meanwhile():
        # While openssl works.
        token = certificate_of(options["cert"])
        import pyexpat  # noqa: F401  (read_services needs it later, and now there is time)

        observation["asked"] = FAILED  # unless an answer comes
        connections.append(connect(options["host"], options["port"], deadline))
        deadline.doing, deadline.why = "waiting for openssl", ""
        return token

    try:
        deadline.doing = "starting openssl"
        content = signed_request(url, message_id, time.time(), openssl.start, meanwhile)
    finally:
        openssl.stop()
    headers = 'Content-Type: text/xml; charset=UTF-8\r\nSOAPAction: "%s"\r\nContent-Length: %d\r\n'
    request = http_request(options, "POST " + SERVICE, headers % (ACTION, len(content)), content)

    def read(answer):
        kind = answer.headers.get("content-type", "none").partition(";")[0].strip().lower()
        if answer.status not in (200, 500) or (answer.status != 200 and kind != "text/xml"):
            raise Trouble("the CC answers with HTTP status %s" % answer.reason)
        if kind != "text/xml":
            raise Trouble("the answer's content type is %s instead of text/xml" % kind)
        state, message = read_services(answer.body, message_id)
        if answer.status != 200:
            raise Trouble("the CC answers with HTTP status %s" % answer.reason)
        return state, "%s: %s" % (authority(options), message)

    state, message = exchange(options, deadline, connections[0], request, read)
    observation.update(seen=state, state=state, definite=True, asked=ANSWERED, message=message)
