# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody who answers on the cluster controller's port in its place, with a text of his own in every field that he can fill.

    impostor.py [--address 127.0.0.1] [--port 8774] [--text TEXT] [KIND…]

One kind of answer after the other, from the first again at the end; by default all: services (it is ENABLED, in a partition of that text),
type (the content type), reason (behind the HTTP status), fault (a SOAP fault), location (a redirect), hang (nothing). GET has the page by
which a controller is taken for alive, whatever the kind. In TEXT, FIELD stands for the name of the field.

Prints "ready" with its process ID when it listens. Only the standard library, for hosts of the lab.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import socket
import threading
import time
from xml.sax.saxutils import escape

PAGE = b"<html><body><h2>Deployed services</h2><h3>EucalyptusCC</h3></body></html>"
ENVELOPE = """\
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Header xmlns:wsa="http://www.w3.org/2005/08/addressing">\
<wsa:Action>EucalyptusCC#DescribeServices</wsa:Action><wsa:RelatesTo wsa:RelationshipType="http://www.w3.org/2005/08/addressing/reply">\
{related}</wsa:RelatesTo></soapenv:Header><soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"""
SERVICES = """\
<n:DescribeServicesResponse xmlns:n="http://eucalyptus.ucsb.edu/"><n:correlationId>1234abcd</n:correlationId><n:userId>admin</n:userId>\
<n:return>true</n:return><n:serviceStatuses><n:serviceId><n:partition>{partition}</n:partition><n:type>cluster</n:type><n:name>{name}</n:name>\
<n:uris>{uri}</n:uris></n:serviceId><n:localState>ENABLED</n:localState><n:localEpoch>0</n:localEpoch><n:details>{details}</n:details>\
</n:serviceStatuses></n:DescribeServicesResponse>"""
FAULT = """\
<soapenv:Fault><faultcode>soapenv:{code}</faultcode><faultstring>{string}</faultstring><detail>{detail}</detail></soapenv:Fault>"""
HANG = 30  # seconds


class Impostor:
    def __init__(self, text: str, kinds: list[str]) -> None:
        self.text, self.kinds = text, kinds
        self.asked = 0
        self.lock = threading.Lock()

    def field(self, name: str) -> str:
        return escape(self.text.replace("FIELD", name))

    def answer(self, connection: socket.socket) -> None:
        connection.settimeout(HANG)
        with connection:
            data = b""
            while b"\r\n\r\n" not in data:
                piece = connection.recv(65536)
                if not piece:
                    return
                data += piece
            size = re.search(rb"(?i)content-length: *(\d+)", data)
            while size and len(data.partition(b"\r\n\r\n")[2]) < int(size[1]):
                piece = connection.recv(65536)
                if not piece:
                    break
                data += piece
            connection.sendall(self.reply(data))

    def reply(self, request: bytes) -> bytes:
        if request.startswith(b"GET"):
            return b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (len(PAGE), PAGE)
        with self.lock:
            kind = self.kinds[self.asked % len(self.kinds)]
            self.asked += 1
        found = re.search(rb"<(?:\w+:)?MessageID[^>]*>([^<]+)<", request)
        related = found[1].decode("latin-1") if found else "none"
        status, headers, body = "200 OK", "Content-Type: text/xml;charset=UTF-8\r\n", ""
        if kind == "services":
            values = {name: self.field(name) for name in ("partition", "name", "uri", "details")}
            body = ENVELOPE.format(related=related, body=SERVICES.format(**values))
        elif kind == "type":
            headers = f"Content-Type: {self.text.replace('FIELD', 'type')}\r\n"
        elif kind == "reason":
            status = f"500 {self.text.replace('FIELD', 'reason')}"
        elif kind == "fault":
            status = "500 Internal Server Error"
            values = {name: self.field(name) for name in ("code", "string", "detail")}
            body = ENVELOPE.format(related=related, body=FAULT.format(**values))
        elif kind == "location":
            status, headers = "307 Temporary Redirect", f"Location: {self.text.replace('FIELD', 'location')}\r\n"
        elif kind == "hang":
            time.sleep(HANG)
        content = body.encode()
        return f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(content)}\r\n\r\n".encode("latin-1", "replace") + content

    def serve(self, address: str, port: int) -> None:
        listener = socket.create_server((address, port), backlog=64)
        print(f"ready {os.getpid()}", flush=True)
        while True:
            connection, _peer = listener.accept()
            threading.Thread(target=self.quietly, args=(connection,), daemon=True).start()

    def quietly(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):  # the client has gone
            self.answer(connection)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8774)
    parser.add_argument("--text", default="impostor")
    parser.add_argument("kinds", nargs="*", metavar="KIND")
    options = parser.parse_args()
    kinds = options.kinds or ["services", "type", "reason", "fault", "location", "hang"]
    Impostor(options.text, kinds).serve(options.address, options.port)


if __name__ == "__main__":
    main()
