# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One HTTP exchange with the CC: bounded in time and in size."""

# ruff: noqa: B904, PLC0415  (Python 2 has no `raise from`; imports inside of functions: see common.py)

from __future__ import absolute_import, division, print_function

import posix

from .common import TimedOut, Trouble, is_number

__metaclass__ = type

BODY_LIMIT = 1 << 20
HEAD_LIMIT = 1 << 14

# A client cannot distinguish these: the kernel accepts connections for as long as anybody holds the port.
HANGS = "connected, but no answer: httpd hangs, has no free worker, or has died while its children keep the port"


def addresses(host, port, deadline):
    """What getaddrinfo returns for the host; a name server that hangs costs no more than the timeout."""
    import _socket

    name = host.encode("ascii")  # as text, Python 3 would load its IDNA codec
    try:
        return _socket.getaddrinfo(name, port, 0, _socket.SOCK_STREAM, 0, _socket.AI_NUMERICHOST)
    except _socket.gaierror:
        pass
    deadline.doing = "resolving %s" % host
    try:
        from _thread import start_new_thread
    except ImportError:  # Python 2
        from thread import start_new_thread
    import select

    found = []
    done, notify = posix.pipe()

    def look_up():
        try:
            found.append(_socket.getaddrinfo(name, port, 0, _socket.SOCK_STREAM))
        except Exception as error:
            found.append(error)
        posix.write(notify, b"x")

    # A thread, since getaddrinfo is not interrupted by signals; it ends with the process.
    start_new_thread(look_up, ())
    if not select.select([done], [], [], max(deadline.left(), 0))[0]:
        raise deadline.passed()
    if isinstance(found[0], Exception):
        raise Trouble("cannot resolve %s: %s" % (host, getattr(found[0], "strerror", None) or found[0]))
    return found[0]


def too_late(deadline, error):
    """Whether this error of a connection is the deadline's; its own timeout may end half a ms early (poll() of Python 2)."""
    import _socket

    # A timeout with a number is the kernel's (ETIMEDOUT), which Python 3.10 and later call by the same name.
    return deadline.left() <= 0 or (isinstance(error, _socket.timeout) and error.errno is None)


def connect(host, port, deadline):
    import _socket

    trouble = None
    for family, kind, protocol, _name, address in addresses(host, port, deadline):
        deadline.doing = "connecting to %s port %s" % (host, port)
        deadline.why = "its queue of connections is full, or a firewall drops them"
        try:
            connection = _socket.socket(family, kind, protocol)
            connection.settimeout(max(deadline.left(), 0.001))
            connection.connect(address)
            return connection
        except EnvironmentError as error:
            if too_late(deadline, error):
                raise deadline.passed()
            trouble = trouble or error
    from errno import ECONNREFUSED

    why = " (httpd is not running)" if trouble and trouble.errno == ECONNREFUSED else ""
    raise Trouble("cannot connect to %s port %s: %s%s" % (host, port, trouble and trouble.strerror or trouble, why))


class Answer:
    """An HTTP answer, read with bounds on all of it: `status`, `reason`, `headers` (lower case), `body`."""

    def __init__(self, connection, deadline):
        self.connection = connection
        self.deadline = deadline
        self.data = b""
        self.position = 0
        self.total = 0
        words = self.line().split(" ", 2)
        if len(words) < 2 or words[0] not in ("HTTP/1.0", "HTTP/1.1") or len(words[1]) != 3 or not is_number(words[1]):
            raise Trouble("the answer is not HTTP")
        self.status = int(words[1])
        self.reason = " ".join(words[1:])
        self.headers = {}
        while True:
            line = self.line()
            if not line:
                break
            name, colon, value = line.partition(":")
            name, value = name.lower(), value.strip()
            if not colon or name != name.strip():
                raise Trouble("the answer has a bad HTTP header")
            if self.headers.setdefault(name, value) != value and name[:8] in ("content-", "transfer"):
                raise Trouble("the answer has two different HTTP headers %s" % name)
            if self.total - len(self.data) + self.position > HEAD_LIMIT:
                raise Trouble("the answer's HTTP header has more than %d bytes" % HEAD_LIMIT)
        self.body = self.read_body()

    def fill(self):
        try:
            self.connection.settimeout(max(self.deadline.left(), 0.001))
            piece = self.connection.recv(65536)
        except EnvironmentError as error:
            if too_late(self.deadline, error):
                raise self.deadline.passed()
            raise Trouble("the connection broke: %s" % (error.strerror or error))
        if piece and not self.total:
            self.deadline.why = "a part of the answer came"
        self.total += len(piece)
        if self.total > BODY_LIMIT + HEAD_LIMIT:
            raise Trouble("the answer has more than %d bytes" % BODY_LIMIT)
        self.data = self.data[self.position:] + piece
        self.position = 0
        return piece

    def need(self):
        if not self.fill():
            if self.total:
                raise Trouble("the answer was cut short")
            raise Trouble("the connection was closed without an answer (httpd stops or restarts)")

    def line(self):
        while True:
            end = self.data.find(b"\r\n", self.position)
            if end >= 0:
                break
            if len(self.data) - self.position > HEAD_LIMIT:
                raise Trouble("the answer's HTTP header has more than %d bytes" % HEAD_LIMIT)
            self.need()
        line = self.data[self.position:end].decode("latin-1")
        self.position = end + 2
        return line

    def take(self, size):
        if size > BODY_LIMIT:
            raise Trouble("the answer has more than %d bytes" % BODY_LIMIT)
        while len(self.data) - self.position < size:
            self.need()
        piece = self.data[self.position:self.position + size]
        self.position += size
        return piece

    def read_body(self):
        if self.headers.get("content-encoding", "identity").lower() != "identity":
            raise Trouble("the answer is encoded as %s" % self.headers["content-encoding"])
        size = self.headers.get("content-length")
        coding = self.headers.get("transfer-encoding")
        if coding is None and size is None:
            while self.fill():
                pass
            return self.data[self.position:]
        if coding is None:
            if not is_number(size):
                raise Trouble("the answer has a bad HTTP header")
            return self.take(int(size))
        if coding.lower() != "chunked" or size is not None:
            raise Trouble("the answer has a bad HTTP header")
        chunks = []
        while True:
            digits = self.line().partition(";")[0].strip()
            if not digits or digits.strip("0123456789abcdefABCDEF"):
                raise Trouble("the answer has a bad chunk")
            chunk = self.take(int(digits, 16))
            if not chunk:
                return b"".join(chunks)
            chunks.append(chunk)
            if self.take(2) != b"\r\n":
                raise Trouble("the answer has a bad chunk")


def authority(options):
    host = options["host"].partition("%")[0]  # the zone of a link-local address matters on this host only
    return "%s:%d" % ("[%s]" % host if ":" in host else host, options["port"])


def http_request(options, line, headers="", content=""):
    """Connection: close, since an idle connection would keep one of the CC's 8 httpd processes."""
    return (
        "%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: cc-enabled-check\r\nConnection: close\r\n%s\r\n%s"
        % (line, authority(options), headers, content)
    ).encode("ascii")


def exchange(options, deadline, connection, request, read):
    """Send the request and `read` the Answer; errors name the host and port that it came from."""
    deadline.doing = "waiting for an answer from %s" % authority(options)
    deadline.why = HANGS
    try:
        try:
            connection.sendall(request)
        except EnvironmentError as error:
            if too_late(deadline, error):
                raise deadline.passed()
            raise Trouble("the connection broke: %s" % (error.strerror or error))
        answer = Answer(connection, deadline)
        connection.close()
        if 300 <= answer.status < 400:
            raise Trouble("the answer is a redirect (HTTP %s), which is not followed" % answer.reason)
        return read(answer)
    except TimedOut:
        raise
    except Trouble as error:
        raise Trouble("%s: %s" % (authority(options), error))
