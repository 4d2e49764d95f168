# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Is this host's Eucalyptus Cluster Controller (CC) ENABLED? A check for keepalived's vrrp_script.

Usage: python3 -E -s -S cc-enabled-check [ARGUMENTS]

Exit status 0: the CC's own localState is ENABLED. 1: anything else, a wrong call and --help included.
One line on standard output says what was found. Never takes longer than --timeout.

  --host HOST          where the CC listens; a name or an IPv4 or IPv6 address (default 127.0.0.1)
  --port PORT          CC_PORT of eucalyptus.conf (default 8774)
  --timeout SECONDS    for the whole check, 0.1 to 60 (default 1.5)
  --source soap        ask with DescribeServices (default); signs with the two files below
  --key FILE           cloud-pk.pem, PEM, unencrypted (default /var/lib/eucalyptus/keys/cloud-pk.pem)
  --cert FILE          cloud-cert.pem, PEM (default /var/lib/eucalyptus/keys/cloud-cert.pem)
  --no-ws-security     do not sign: for a CC whose services.xml was replaced
  --source state_file  read the CC's live configuration, and see that the CC lives: no key, no side effect
  --state-file FILE    (default /var/lib/eucalyptus/CC/eucalyptusCCConfig)
  --memory FILE        remember the last answer here; the directory belongs to the user of the check
  --grace SECONDS      without an answer, the last one, if ENABLED, holds for so long, 0 to 3600 (default 0)
  --watch SECONDS      with state_file: when it says the same as last time, wait so long for it to say something else, 0 to 10
                       and less than --timeout (default 0)
  --rest SECONDS       do not ask a CC again that said ENABLED less than so long ago, 0 to 60 (default 0)
  --verbose            more lines about what was done
  --json               one JSON object instead of the line: local_state (string or null), enabled (boolean),
                       definite (boolean: the CC said it itself), source, message, elapsed (seconds),
                       remembered (boolean: ENABLED by --grace or --rest)
  --help               this text

The memory file has seven lines, ASCII, mode 0600, replaced whole at every run that asks:

  cc-enabled-check memory 1
  boot <kernel's boot ID>
  source <what was asked: source, host, port, and the state file if any>
  answer <last definite localState, or "none"> <seconds since boot when it came, or 0>
  run <exit status of the last run> <seconds since boot> <UTC, ISO 8601>
  message <the line that the last run said>
  end

A notify script takes its reason from the line `message`.
"""

# ruff: noqa: B904, B905, PLC0415  (Python 2 has no `raise from` and no `strict`; imports inside of functions: see below)

from __future__ import absolute_import, division, print_function

# os, subprocess, argparse, http.client, xml and their like cost milliseconds each, at every poll; the C modules
# below them do not. Whatever only some runs need is imported there.
import posix
import sys
import time

__metaclass__ = type

SERVICE = "/axis2/services/EucalyptusCC"
ACTION = "EucalyptusCC#DescribeServices"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
CC = "http://eucalyptus.ucsb.edu/"
WSA = "http://www.w3.org/2005/08/addressing"
DS = "http://www.w3.org/2000/09/xmldsig#"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE = WSS + "wssecurity-secext-1.0.xsd"
WSU = WSS + "wssecurity-utility-1.0.xsd"
X509 = WSS + "x509-token-profile-1.0#X509v3"
BASE64 = WSS + "soap-message-security-1.0#Base64Binary"

# The states a CC may be in (cluster/ of releases 3.1 to 5.1).
STATES = ("PRIMORDIAL", "INITIALIZED", "LOADED", "DISABLED", "ENABLED", "STOPPED", "NOTREADY")

# Where localState stands in the state file on x86-64, and the releases that have it there.
KNOWN_OFFSETS = {20624: "3.1", 24828: "3.2", 28924: "3.3 and 3.4", 28928: "4.0", 28932: "4.1 to 5.1"}
STATE_FILE_LIMIT = 1 << 22

BODY_LIMIT = 1 << 20
HEAD_LIMIT = 1 << 14
ELEMENT_LIMIT = 20000

now = getattr(time, "monotonic", time.time)


class Trouble(Exception):
    """No definite answer was had; the text says why."""


class TimedOut(Trouble):
    """The deadline has passed."""


class WrongCall(Exception):
    """The command line makes no sense."""


def clean(text):
    """One line of printable ASCII, whatever a server or a caller sent."""
    text = "".join([letter if " " <= letter <= "~" else "?" for letter in text[:301]])
    return text if len(text) <= 300 else text[:300] + "..."


def is_number(text):
    """Decimal digits only, and few: int() takes more than a protocol does."""
    return 0 < len(text) <= 10 and not text.strip("0123456789")


# --- the command line ---------------------------------------------------------------------------------

VALUES = {
    "host": "127.0.0.1",
    "port": "8774",
    "timeout": "1.5",
    "source": "soap",
    "key": "/var/lib/eucalyptus/keys/cloud-pk.pem",
    "cert": "/var/lib/eucalyptus/keys/cloud-cert.pem",
    "state-file": "/var/lib/eucalyptus/CC/eucalyptusCCConfig",
    "memory": "",
    "grace": "0",
    "rest": "0",
    "watch": "0",
}
FLAGS = ("no-ws-security", "verbose", "json", "help")


def number(kind, options, name, low, high):
    try:
        value = kind(options[name])
    except ValueError:
        value = None
    if value is None or not low <= value <= high:
        raise WrongCall("--%s must be a number from %s to %s, not '%s'" % (name, low, high, options[name]))
    options[name] = value


def parse_arguments(words):
    """The options as a dict; WrongCall says what is wrong with them."""
    options = dict(VALUES)
    options.update((name, False) for name in FLAGS)
    seen = set()
    words = iter(words)
    for word in words:
        name, equals, value = word[2:].partition("=")
        if word[:2] != "--" or name not in options or (equals and name in FLAGS):
            raise WrongCall("unknown argument '%s'; --help lists them" % word)
        if name in seen:
            raise WrongCall("--%s is given twice" % name)
        seen.add(name)
        if name in FLAGS:
            options[name] = True
            continue
        if not equals:
            value = next(words, "--")
            if value[:2] == "--":
                raise WrongCall("--%s needs a value" % name)
        if not value:
            raise WrongCall("--%s has an empty value" % name)
        options[name] = value
    number(int, options, "port", 1, 65535)
    number(float, options, "timeout", 0.1, 60)
    number(float, options, "grace", 0, 3600)
    number(float, options, "rest", 0, 60)
    number(float, options, "watch", 0, 10)
    if options["source"] not in ("soap", "state_file"):
        raise WrongCall("--source must be soap or state_file, not '%s'" % options["source"])
    # The host stands in signed text and in an HTTP header: nothing may need escaping there.
    if options["host"].strip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:%"):
        raise WrongCall("--host '%s' is neither a host name nor an address" % options["host"])
    for name in ("grace", "rest", "watch"):
        if options[name] and not options["memory"]:
            raise WrongCall("--%s needs --memory FILE" % name)
    if options["watch"] and options["source"] != "state_file":
        raise WrongCall("--watch needs --source state_file")
    if options["watch"] >= options["timeout"]:
        raise WrongCall("--watch must be less than --timeout (%g)" % options["timeout"])
    return options


# --- the deadline -------------------------------------------------------------------------------------


class Deadline:
    """SIGALRM turns into Trouble, wherever the check hangs then; `doing` names the place."""

    def __init__(self, seconds):
        # A little is kept back for the start of the interpreter and for the report.
        self.seconds = seconds
        self.end = now() + seconds - min(0.05, seconds / 4)
        self.doing = "starting"
        self.armed = True
        try:
            import _signal as signal  # signal itself builds enums, 3 ms
        except ImportError:  # Python 2
            import signal
        self.signal = signal
        if hasattr(signal, "pthread_sigmask"):  # a blocked signal is inherited from whoever started the check
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM])
        signal.signal(signal.SIGALRM, self.ring)
        # Rings again and again, in case Python swallows the first one in a place that cannot raise.
        signal.setitimer(signal.ITIMER_REAL, max(self.left(), 0.001), 0.02)

    def left(self):
        return self.end - now()

    def ring(self, *ignored):
        if self.armed:
            self.disarm()
            raise self.passed()

    def disarm(self):
        self.armed = False
        self.signal.setitimer(self.signal.ITIMER_REAL, 0)

    def passed(self):
        return TimedOut("timed out after %g s while %s" % (self.seconds, self.doing))


# --- the request --------------------------------------------------------------------------------------


def body(message_id, soap=' xmlns:soapenv="' + SOAP + '"', signed=True):
    """The Body, canonical unless `soap` is empty, as it is inside of the Envelope."""
    return (
        "<soapenv:Body%s%s>"
        '<n:DescribeServices xmlns:n="%s"><n:correlationId>%s</n:correlationId><n:userId>admin</n:userId>'
        "<n:epoch>0</n:epoch></n:DescribeServices></soapenv:Body>"
        % (soap, signed and ' xmlns:wsu="%s" wsu:Id="id-body"' % WSU or "", CC, message_id[9:])
    )


def timestamp(seconds):
    """A wsu:Timestamp from `seconds` (since the epoch) on, valid as long as the cloud controller's own, 300 s."""
    created, expires = (
        "%s.%03dZ" % (time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)), int(seconds * 1000) % 1000)
        for moment in (seconds, seconds + 300)
    )
    return (
        '<wsu:Timestamp xmlns:wsu="%s" wsu:Id="id-timestamp"><wsu:Created>%s</wsu:Created>'
        "<wsu:Expires>%s</wsu:Expires></wsu:Timestamp>" % (WSU, created, expires)
    )


def addressing(url, message_id, signed=True):
    """The headers To, Action and MessageID, each as it stands in the document and in canonical form alike."""
    return [
        '<wsa:%s xmlns:wsa="%s"%s>%s</wsa:%s>'
        % (name, WSA, signed and ' xmlns:wsu="%s" wsu:Id="id-%s"' % (WSU, name.lower()) or "", value, name)
        for name, value in (("To", url), ("Action", ACTION), ("MessageID", message_id))
    ]


def signed_info(parts, namespace=' xmlns:ds="' + DS + '"'):
    """ds:SignedInfo over `parts` (id and canonical text); canonical unless `namespace` is empty."""
    from binascii import b2a_base64

    try:  # the bare C module: hashlib loads libcrypto, which takes 2 ms
        from _sha1 import sha1
    except ImportError:
        from hashlib import sha1
    # SHA-1 throughout: the CC's policy (Basic256Rsa15) takes nothing else.
    references = [
        '<ds:Reference URI="#id-%s"><ds:Transforms><ds:Transform Algorithm="%s"></ds:Transform></ds:Transforms>'
        '<ds:DigestMethod Algorithm="%ssha1"></ds:DigestMethod><ds:DigestValue>%s</ds:DigestValue></ds:Reference>'
        % (name, EXC_C14N, DS, b2a_base64(sha1(text.encode("ascii")).digest()).decode("ascii").strip())  # noqa: S324  (as said above)
        for name, text in parts
    ]
    return (
        '<ds:SignedInfo%s><ds:CanonicalizationMethod Algorithm="%s"></ds:CanonicalizationMethod>'
        '<ds:SignatureMethod Algorithm="%srsa-sha1"></ds:SignatureMethod>%s</ds:SignedInfo>'
        % (namespace, EXC_C14N, DS, "".join(references))
    )


def envelope(header, soap_body):
    return (
        '<soapenv:Envelope xmlns:soapenv="%s"><soapenv:Header>%s</soapenv:Header>%s</soapenv:Envelope>'
        % (SOAP, header, soap_body)
    )


def plain_request(url, message_id):
    return envelope("".join(addressing(url, message_id, False)), body(message_id, "", False))


def signed_request(url, message_id, seconds, sign, certificate):
    """The five parts that the CC's policy wants signed, signed.

    `sign` starts the signature over some bytes and returns a function that waits for it; `certificate` is called
    in between and returns the certificate in Base64.
    """
    headers = addressing(url, message_id)
    stamp = timestamp(seconds)
    parts = list(zip(("to", "action", "messageid"), headers))
    parts += [("timestamp", stamp), ("body", body(message_id))]
    signature = sign(signed_info(parts).encode("ascii"))
    token = certificate()
    from binascii import b2a_base64

    return envelope(
        "".join(headers) + '<wsse:Security xmlns:wsse="%s" soapenv:mustUnderstand="1">'
        '<wsse:BinarySecurityToken xmlns:wsu="%s" EncodingType="%s" ValueType="%s" wsu:Id="id-token">%s'
        "</wsse:BinarySecurityToken>%s"
        '<ds:Signature xmlns:ds="%s">%s<ds:SignatureValue>%s</ds:SignatureValue>'
        '<ds:KeyInfo><wsse:SecurityTokenReference><wsse:Reference URI="#id-token" ValueType="%s"></wsse:Reference>'
        "</wsse:SecurityTokenReference></ds:KeyInfo></ds:Signature></wsse:Security>"
        % (WSSE, WSU, BASE64, X509, token, stamp, DS, signed_info(parts, ""),
           b2a_base64(signature()).decode("ascii").strip(), X509),
        body(message_id, ""),
    )


def read_file(path, what, limit=1 << 16):
    """The bytes of a regular file; a FIFO or a device in its place does not hang the check."""
    try:
        handle = posix.open(path, posix.O_RDONLY | posix.O_NONBLOCK)
        try:
            data = posix.read(handle, limit)
        finally:
            posix.close(handle)
    except EnvironmentError as error:
        raise Trouble("%s %s: %s" % (what, path, error.strerror))
    return data


def certificate_of(path):
    """The first certificate of a PEM file, as the Base64 text that it is."""
    pem = read_file(path, "--cert").decode("latin-1")
    text = "".join(pem.partition("-----BEGIN CERTIFICATE-----")[2].partition("-----END CERTIFICATE-----")[0].split())
    if not text or text.strip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="):
        raise Trouble("--cert %s holds no PEM certificate" % path)
    return text


class Openssl:
    """`openssl dgst -sha1 -sign` in a child: started at once, waited for later."""

    pid = 0

    def __init__(self, key):
        self.key = key

    def start(self, data):
        read_file(self.key, "--key", 1)
        # dgst, and not pkeyutl with a hand-made DigestInfo: that costs as much, and would get around the
        # system's crypto policy where that forbids SHA-1 signatures.
        arguments = ["openssl", "dgst", "-sha1", "-sign", self.key, "-passin", "pass:"]
        (inner_in, outer_in), (outer_out, inner_out), (outer_err, inner_err) = posix.pipe(), posix.pipe(), posix.pipe()
        inner = inner_in, inner_out, inner_err
        self.outputs = outer_out, outer_err
        program = find_program("openssl")
        posix.write(outer_in, data)  # less than a pipe holds
        posix.close(outer_in)
        if hasattr(posix, "posix_spawn"):
            moves = [(posix.POSIX_SPAWN_DUP2, handle, number) for number, handle in enumerate(inner)]
            try:
                self.pid = posix.posix_spawn(program, arguments, posix.environ, file_actions=moves)
            except EnvironmentError as error:
                raise Trouble("cannot start %s: %s" % (program, error.strerror))
        else:
            self.pid = posix.fork()
            if not self.pid:
                try:
                    for number, handle in enumerate(inner):
                        posix.dup2(handle, number)
                    for handle in inner + self.outputs:
                        if handle > 2:
                            posix.close(handle)
                    posix.execv(program, arguments)
                finally:
                    posix._exit(127)
        for handle in inner:
            posix.close(handle)
        return self.finish

    def finish(self):
        signature, complaint = (read_all(handle) for handle in self.outputs)
        status = posix.waitpid(self.pid, 0)[1]
        self.pid = 0
        if status or not signature:
            raise Trouble(self.explain(complaint.decode("latin-1")))
        return signature

    def explain(self, complaint):
        first = complaint.strip().splitlines()[:1]
        if "invalid digest" in complaint or "digest not allowed" in complaint or "generic_fetch" in complaint:
            return (
                "openssl may not make SHA-1 signatures here, and the CC takes no others: "
                "allow them (EL9: update-crypto-policies --set DEFAULT:SHA1) or use --source state_file"
            )
        return "openssl cannot sign with --key %s: %s" % (self.key, first[0] if first else "it says nothing")

    def stop(self):
        if self.pid:
            try:
                posix.kill(self.pid, 9)
                posix.waitpid(self.pid, posix.WNOHANG)
            except EnvironmentError:
                pass


def read_all(handle):
    pieces = []
    while True:
        piece = posix.read(handle, 65536)
        if not piece:
            posix.close(handle)
            return b"".join(pieces)
        pieces.append(piece)


def find_program(name):
    path = posix.environ.get(b"PATH", b"").decode("latin-1") + ":/usr/bin:/bin"
    for folder in path.split(":"):
        candidate = folder + "/" + name
        if folder[:1] == "/" and posix.access(candidate, posix.X_OK):
            return candidate
    raise Trouble("there is no program %s: install it" % name)


# --- HTTP ---------------------------------------------------------------------------------------------


def addresses(host, port, deadline):
    """What getaddrinfo says of the host, without being at the mercy of a name server."""
    import _socket

    name = host.encode("ascii")  # as text, Python 3 would load its IDNA codec
    try:
        return _socket.getaddrinfo(name, port, 0, _socket.SOCK_STREAM, 0, _socket.AI_NUMERICHOST)
    except _socket.gaierror:
        pass
    deadline.doing = "looking up %s" % host
    try:
        from _thread import start_new_thread
    except ImportError:  # Python 2
        from thread import start_new_thread
    import select

    found = []
    done, tell = posix.pipe()

    def look_up():
        try:
            found.append(_socket.getaddrinfo(name, port, 0, _socket.SOCK_STREAM))
        except Exception as error:
            found.append(error)
        posix.write(tell, b"x")

    # A thread, since getaddrinfo is not interrupted by signals; it ends with the process.
    start_new_thread(look_up, ())
    if not select.select([done], [], [], max(deadline.left(), 0))[0]:
        raise deadline.passed()
    if isinstance(found[0], Exception):
        raise Trouble("cannot look up %s: %s" % (host, getattr(found[0], "strerror", None) or found[0]))
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
        try:
            connection = _socket.socket(family, kind, protocol)
            connection.settimeout(max(deadline.left(), 0.001))
            connection.connect(address)
            return connection
        except EnvironmentError as error:
            if too_late(deadline, error):
                raise deadline.passed()
            trouble = trouble or error
    raise Trouble("cannot connect to %s port %s: %s" % (host, port, trouble and trouble.strerror or trouble))


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
            raise Trouble("what answered does not speak HTTP")
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
        self.total += len(piece)
        if self.total > BODY_LIMIT + HEAD_LIMIT:
            raise Trouble("the answer has more than %d bytes" % BODY_LIMIT)
        self.data = self.data[self.position:] + piece
        self.position = 0
        return piece

    def need(self):
        if not self.fill():
            raise Trouble("the answer was cut short" if self.total else "the connection was closed without an answer")

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
    host = options["host"].partition("%")[0]  # the zone of a link-local address is nobody else's business
    return "%s:%d" % ("[%s]" % host if ":" in host else host, options["port"])


def http_request(options, line, headers="", content=""):
    """Connection: close, since an idle connection would keep one of the CC's 8 httpd processes."""
    return (
        "%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: cc-enabled-check\r\nConnection: close\r\n%s\r\n%s"
        % (line, authority(options), headers, content)
    ).encode("ascii")


def exchange(options, deadline, connection, request, read):
    """Send the request and `read` the Answer; whatever is wrong with it is told of the host and port it came from."""
    deadline.doing = "waiting for an answer from %s" % authority(options)
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


# --- the answer ---------------------------------------------------------------------------------------


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
        raise Trouble("the answer has a DTD, which is refused")

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


# What a fault most likely means; its text alone does not tell (seen with Rampart/C 1.3).
CAUSES = (
    ("No Error", "the CC wants a signed request"),
    ("Unknown Error", "does --cert equal the CC's own cloud-cert.pem?"),
    ("Signature Verification", "does --key belong to --cert?"),
    ("Timestamp", "is the clock right?"),
)


def read_fault(fault):
    code, text = ("".join(node[2]).strip() for node in (only(fault, "faultcode"), only(fault, "faultstring")))
    cause = [hint for words, hint in CAUSES if words in text]
    return Trouble("the CC answers with the fault %s: %s%s" % (code, text, " (%s)" % cause[0] if cause else ""))


def read_services(data, message_id):
    """(localState or None, what to say) of the cluster's own entry in a DescribeServicesResponse."""
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
        said = several(response, CC + "}statusMessage")
        return None, "the CC could not initialise: return is %s, %s" % (
            good, "".join(said[0][2]) if said else "without a statusMessage")
    own = []
    for status in several(response, CC + "}serviceStatuses"):
        entry = only(status, CC + "}serviceId")
        if text_of(entry, CC + "}type") == "cluster":
            own.append((text_of(status, CC + "}localState"), entry))
    if len(own) != 1:
        raise Trouble("the answer has %d entries of type cluster where one belongs" % len(own))
    state, entry = own[0]
    if state not in STATES:
        raise Trouble("the CC's localState '%s' is none that a CC has" % state)
    names = ["".join(node[2]) for word in ("partition", "name") for node in several(entry, CC + "}" + word)]
    return state, "localState of cluster %s" % "/".join(names)


def ask_soap(options, deadline):
    from binascii import hexlify

    digits = hexlify(posix.urandom(16)).decode("ascii")
    message_id = "urn:uuid:%s-%s-4%s-a%s-%s" % (digits[:8], digits[8:12], digits[13:16], digits[17:20], digits[20:])
    url = "http://" + authority(options) + SERVICE
    openssl = Openssl(options["key"])
    try:
        if options["no-ws-security"]:
            connection = connect(options["host"], options["port"], deadline)
            content = plain_request(url, message_id)
        else:
            waiting = []

            def meanwhile():
                # While openssl works.
                token = certificate_of(options["cert"])
                import pyexpat  # noqa: F401  (read_services needs it later, and now there is time)

                waiting.append(connect(options["host"], options["port"], deadline))
                deadline.doing = "waiting for openssl"
                return token

            deadline.doing = "starting openssl"
            content = signed_request(url, message_id, time.time(), openssl.start, meanwhile)
            connection = waiting[0]
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

    return exchange(options, deadline, connection, request, read)


# --- the state file -----------------------------------------------------------------------------------


def c_string(data):
    """The text before the first NUL, or None when there is no NUL or more than ASCII before it."""
    text, nul, _rest = data.partition(b"\0")
    try:
        return text.decode("ascii") if nul else None
    except UnicodeDecodeError:
        return None


def read_struct(data):
    """(offset of the service's status, localState) in the CC's configuration struct, by its content.

    The status is localState[32], int32 localEpoch, details[1024] beginning with ERRORS=, then the service's type.
    """
    errors = data.find(b"ERRORS=")
    if errors < 0:
        raise Trouble("the state file has no ERRORS=: it is not a CC's, or not filled in yet")
    if data.find(b"ERRORS=", errors + 1) >= 0:
        raise Trouble("the state file has ERRORS= more than once: which one is the CC's is not known")
    offset = errors - 36
    if offset < 0 or len(data) < errors + 1056:
        raise Trouble("the state file is too short around ERRORS=")
    state = c_string(data[offset:offset + 32])
    if state not in STATES:
        raise Trouble("the state file has no localState before ERRORS=")
    if not is_number((c_string(data[errors:errors + 1024]) or "")[7:]):
        raise Trouble("the state file has no number after ERRORS=")
    if offset not in KNOWN_OFFSETS:
        for known, release in KNOWN_OFFSETS.items():
            if c_string(data[known:known + 32]) in STATES:
                raise Trouble("the state file has one localState where release %s has it, and another" % release)
    # A CC that is not ENABLED may have no identity yet; one that is has been told so by its identity.
    kind = c_string(data[errors + 1024:errors + 1056])
    if state == "ENABLED" and kind != "cluster":
        raise Trouble("the state file says ENABLED of a service that is no cluster")
    return offset, state


def open_state_file(path):
    handle = posix.open(path, posix.O_RDONLY | posix.O_NONBLOCK)
    status = posix.fstat(handle)
    if status.st_mode & 0o170000 != 0o100000:
        raise Trouble("the state file is not a regular file")
    if status.st_mode & 0o022:
        raise Trouble("the state file may be written by others than its owner")
    if posix.geteuid() not in (0, status.st_uid) and status.st_uid:
        raise Trouble("the state file belongs to another user")
    if status.st_size > STATE_FILE_LIMIT:
        raise Trouble("the state file has more than %d bytes" % STATE_FILE_LIMIT)
    return handle


def see_that_it_lives(options, deadline):
    """Eucalyptus' own liveness check, GET of the list of services; None, or Trouble."""

    def read(answer):
        if answer.status != 200:
            raise Trouble("the CC answers with HTTP status %s" % answer.reason)
        if b"EucalyptusCC" not in answer.body:
            raise Trouble("what answers there is no CC")

    connection = connect(options["host"], options["port"], deadline)
    exchange(options, deadline, connection, http_request(options, "GET /axis2/services"), read)


def ask_state_file(options, deadline):
    path = options["state-file"]
    deadline.doing = "reading " + path
    before = None
    try:
        handle = open_state_file(path)
        # The CC writes while we read: what counts is what two readings say alike, the second one of them taken
        # after the CC has shown that it lives.
        for attempt in range(4):
            posix.lseek(handle, 0, 0)
            try:
                reading = read_struct(posix.read(handle, posix.fstat(handle).st_size))
            except Trouble as error:
                reading = None, "%s" % error
            if reading == before:
                break
            if not attempt:
                see_that_it_lives(options, deadline)
            before = reading
        else:
            raise Trouble("the state file does not stand still")
        posix.close(handle)
    except EnvironmentError as error:
        raise Trouble("--state-file %s: %s" % (path, error.strerror))
    offset, state = reading
    if offset is None:
        raise Trouble(state)
    return state, "localState in %s, layout of %s" % (path, KNOWN_OFFSETS.get(offset, "no known release"))


def says_otherwise(options, state, end):
    """Wait until `end`, or until the state file no longer says `state`: whether it does not.

    For a moment only, and without a word with the CC, which has just shown that it lives. Whoever gets True asks properly.
    """
    while now() < end:
        time.sleep(0.05)
        try:
            handle = open_state_file(options["state-file"])
            try:
                if read_struct(posix.read(handle, posix.fstat(handle).st_size))[1] != state:
                    return True
            finally:
                posix.close(handle)
        except (Trouble, EnvironmentError):
            return True
    return False


# --- the memory ---------------------------------------------------------------------------------------

MEMORY_HEAD = "cc-enabled-check memory 1"


class Memory:
    """The last definite answer, for --grace and --rest, and the last line, for notify scripts. Its form is in --help."""

    def __init__(self, options):
        self.path = options["memory"]
        self.asked = "%s %s %d" % (options["source"], options["host"], options["port"])
        if options["source"] == "state_file":
            self.asked = clean("%s %s" % (self.asked, options["state-file"]))
        # Time since boot: it never jumps, and goes on during a suspend. It means nothing in another boot.
        self.boot = read_file("/proc/sys/kernel/random/boot_id", "", 64).decode("ascii").strip()
        self.moment = float(read_file("/proc/uptime", "", 64).split()[0])
        self.answer = self.recall()

    def recall(self):
        """(state, seconds since boot), or None unless the file is ours, whole, and about the same question."""
        try:
            handle = posix.open(self.path, posix.O_RDONLY | posix.O_NONBLOCK | posix.O_NOFOLLOW)
            try:
                status = posix.fstat(handle)
                text = posix.read(handle, 4096).decode("ascii")
            finally:
                posix.close(handle)
            lines = text.split("\n")
            if (
                status.st_mode & 0o170022 != 0o100000
                or status.st_uid != posix.geteuid()
                or status.st_nlink != 1
                or len(lines) != 8
                or lines[:3] != [MEMORY_HEAD, "boot " + self.boot, "source " + self.asked]
                or lines[6:] != ["end", ""]
            ):
                return None
            word, state, moment = lines[3].split(" ")
            moment = float(moment)
        except (EnvironmentError, ValueError):
            return None
        return (state, moment) if word == "answer" and state in STATES and 0 < moment <= self.moment else None

    def left(self, seconds):
        """How long the last answer, if ENABLED, still holds that holds for `seconds`."""
        if not self.answer or self.answer[0] != "ENABLED":
            return 0
        return max(self.answer[1] + seconds - self.moment, 0)

    def store(self, exit_status, message):
        """None, or why the memory could not be written."""
        state, moment = self.answer or ("none", 0)
        lines = [
            MEMORY_HEAD,
            "boot " + self.boot,
            "source " + self.asked,
            "answer %s %.2f" % (state, moment),
            "run %d %.2f %s" % (exit_status, self.moment, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())),
            "message " + message,
            "end\n",
        ]
        data = "\n".join(lines).encode("ascii")
        new = "%s.%d" % (self.path, posix.getpid())
        try:
            handle = posix.open(new, posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL | posix.O_NOFOLLOW, 0o600)
            try:
                written = posix.write(handle, data)
            finally:
                posix.close(handle)
            if written == len(data):
                posix.rename(new, self.path)
                return None
            trouble = "disk full"
        except EnvironmentError as error:
            trouble = error.strerror
        # An older ENABLED must not outlive an answer that says otherwise.
        for name in (new, self.path):
            try:
                posix.unlink(name)
            except EnvironmentError:
                pass
        return "--memory %s: %s" % (self.path, trouble)


# --- the whole ----------------------------------------------------------------------------------------


def say(text):
    try:
        posix.write(1, (text + "\n").encode("ascii"))
    except EnvironmentError:
        pass  # the exit status still tells


def ask(options):
    """(localState or None, whether the CC said it itself, what to say). Never raises, never longer than the timeout."""
    try:
        deadline = Deadline(options["timeout"])
        try:
            state, message = (ask_soap if options["source"] == "soap" else ask_state_file)(options, deadline)
        finally:
            deadline.disarm()
        return state, True, clean(message)
    except Trouble as error:
        return None, False, clean("%s" % error)
    except Exception as error:
        return None, False, clean("fault of the check: %s: %s" % (type(error).__name__, error))


def finding(line, state, definite, remembered):
    return {
        "local_state": state,
        "enabled": remembered or state == "ENABLED",
        "definite": definite,
        "message": clean(line),
        "remembered": remembered,
    }


def recalled(options):
    """The last definite localState, or None."""
    try:
        memory = Memory(options)
    except (Trouble, ValueError):
        return None
    return memory.answer and memory.answer[0]


def rest(options):
    """What a run finds that does not ask, or None if it has to.

    keepalived runs the check every second, for the sake of a CC that becomes ENABLED; the one that is does not have to
    answer as often, as each answer makes it log, and overwrite its topology.
    """
    try:
        memory = Memory(options)
    except (Trouble, ValueError):
        return None
    if memory.left(options["rest"]) <= 0:
        return None
    age = memory.moment - memory.answer[1]
    return finding("ENABLED: said %.1f s ago, and not asked again yet by --rest" % age, None, False, True)


def ask_and_remember(options):
    """What asking finds, and further lines for --verbose."""
    start = now()
    state, definite, message = ask(options)
    if options["watch"] and definite and recalled(options) == state and says_otherwise(options, state, start + options["watch"]):
        left = max(start + options["timeout"] - now(), 0.1)
        state, definite, message = ask(dict(options, timeout=left))
    remembered = False
    line = "%s: %s" % (state or "UNKNOWN", message)
    notes = []
    if options["memory"]:
        try:
            memory = Memory(options)
        except (Trouble, ValueError) as error:
            notes.append("no memory: %s" % error)
        else:
            notes.append("remembered: %s since boot, now %s" % (memory.answer, memory.moment))
            if definite:
                memory.answer = state and (state, memory.moment)
            elif memory.left(options["grace"]) > 0:
                remembered = True
                line = "ENABLED: for %.1f s more by --grace; now %s" % (memory.left(options["grace"]), message)
            trouble = memory.store(0 if remembered or state == "ENABLED" else 1, clean(line))
            if trouble:
                line += " (%s)" % trouble
    return finding(line, state, definite, remembered), notes


def check(options):
    """Finds out, and returns the object that --json prints, and further lines for --verbose."""
    start = now()
    notes = []
    result = rest(options) if options["rest"] else None
    if not result:
        result, notes = ask_and_remember(options)
    result.update(source=options["source"], elapsed=round(now() - start, 6))
    return result, notes


def main(words):
    notes = []
    try:
        options = parse_arguments(words)
    except WrongCall as error:
        options = {"json": "--json" in words, "verbose": False, "help": "--help" in words}
        result = {
            "local_state": None, "enabled": False, "definite": False, "source": "soap",
            "message": clean("UNKNOWN: wrong call: %s" % error), "elapsed": 0.0, "remembered": False,
        }
    else:
        if not options["help"]:
            result, notes = check(options)
    if options["help"]:
        say(__doc__)
        return 1
    if options["json"]:
        import json

        say(json.dumps(result, sort_keys=True))
    else:
        say(result["message"])
    if options["verbose"] and not options["json"]:
        notes += ["%s: %s" % (name, result[name]) for name in ("source", "definite", "remembered", "elapsed")]
        for note in notes:
            say(clean("  " + note))
    return 0 if result["enabled"] is True else 1


def run():
    """The whole program. The interpreter's orderly end is skipped: it takes a millisecond, and there is nothing to save."""
    posix._exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
