# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Proves from a node controller that its default route goes through the VIP. Private to the collection.

What another host sends is never returned as it came, but for the IPv4 addresses in it: it may be a page that only this host
can see, or text that a template engine would take for an expression.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re
import signal
import socket
import time

from ansible_collections.eucalyptus.ha.plugins.module_utils import _reachability
from ansible_collections.eucalyptus.ha.plugins.module_utils._nc_route_inspect import OUTSIDE

try:
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import HTTPHandler, HTTPRedirectHandler, ProxyHandler, Request, build_opener
except ImportError:  # Python 2.7
    from httplib import HTTPConnection, HTTPException

    # Not by an import: ansible-test requires ansible.module_utils.urls in its place, which uses proxies and follows redirects.
    _urllib2 = __import__("urllib2")
    HTTPError, HTTPRedirectHandler, ProxyHandler = _urllib2.HTTPError, _urllib2.HTTPRedirectHandler, _urllib2.ProxyHandler
    Request, build_opener = _urllib2.Request, _urllib2.build_opener

    class HTTPHandler(_urllib2.HTTPHandler):
        """Without strict, any bytes are an answer of HTTP/0.9."""

        def http_open(self, req):
            return self.do_open(lambda host, **options: HTTPConnection(host, strict=True, **options), req)

PING_INTERVAL, PING_COUNT, PING_TIMEOUT = 0.3, 3, 2.0
NEIGHBOUR_LIMIT = 1.0  # seconds
PAGE_LIMIT = 1 << 16  # bytes; what comes after them is not read
PAGE_TIME = 10  # seconds for one attempt, whatever the server does
PAGE_ATTEMPTS = 3
PAGE_PAUSE = 1.0  # seconds
DISCARD = 9  # a UDP port; the datagram is only there to make the kernel resolve the neighbour
_ADDRESS = re.compile(r"(?<![0-9.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9.])")


class ProofError(Exception):
    """The default route is not what it should be; the message has what was found."""


class _NoRedirects(HTTPRedirectHandler):
    """Without a new request the redirect is an HTTPError, like every other answer that is not the page."""

    def redirect_request(self, *_arguments):
        return None


class _TimeIsUp(Exception):
    pass


def prove(run, vip, address, url, sources):
    """Prove it -> sentences. Empty address and url are left out, empty sources accept any page. Raises ProofError.

    run: called with an argument list, gives (exit status, standard output, standard error).
    """
    target = _resolved(address) if address else OUTSIDE
    status, output, complaint = run(["ip", "-4", "-o", "route", "get", target])
    route = re.sub(r"\s*\\\s*", " ", output if status == 0 else complaint).strip()
    if " via %s " % vip not in route + " ":
        raise ProofError(
            "the default route does not go through %s (route found: %s). Something else on this host sets a default route with a "
            "lower metric, or a policy rule; remove it there" % (vip, route or "none")
        )
    device = re.search(r" dev (\S+)", route)
    sentences = [
        "the default route goes through %s dev %s (MAC address %s)"
        % (vip, device.group(1) if device else "unknown", next_hop_mac(run, vip) or "unknown")
    ]
    if address:
        if not answers_ping(target):
            raise ProofError("nc_route_prove.address %s does not answer ping through %s" % (address, vip))
        sentences.append("%s answers ping" % address)
    if url:
        seen = seen_by(fetch(url))
        if sources and not set(seen) & set(sources):
            raise ProofError(
                "%s was fetched, but it names %s and none of nc_route_prove.sources (%s): the traffic does not go through the gateway"
                % (url, ", ".join(seen) or "no address", ", ".join(sources))
            )
        sentences.append("%s was fetched; it names %s" % (url, ", ".join(seen) or "no address"))
    return sentences


def _resolved(address):
    try:
        return socket.getaddrinfo(address, None, socket.AF_INET)[0][4][0]
    except (socket.error, UnicodeError) as e:
        problem = getattr(e, "strerror", None) or e
    raise ProofError("nc_route_prove.address %s cannot be resolved: %s" % (address, problem))


def answers_ping(address):
    """Whether an IPv4 address answers an ICMP echo. Needs no program of the host's."""
    ping = _reachability.Ping(address, PING_TIMEOUT)
    _reachability.record([ping], PING_INTERVAL, PING_INTERVAL * PING_COUNT, lambda: any(rtt for _sent, rtt in ping.result()))
    return any(rtt is not None for _sent, rtt in ping.result())


def next_hop_mac(run, vip):
    """The MAC address that the kernel has for the VIP, or None."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.sendto(b"", (vip, DISCARD))
    except (OSError, IOError):
        pass  # the neighbour may be known nevertheless
    finally:
        sock.close()
    deadline = time.time() + NEIGHBOUR_LIMIT
    while True:
        found = re.search(r" lladdr (\S+)", run(["ip", "-4", "-o", "neighbour", "show", "to", vip])[1])
        if found or time.time() >= deadline:
            return found.group(1) if found else None
        time.sleep(0.1)


def seen_by(page):
    """The IPv4 addresses that a page names, each once, in their order."""
    found = []
    for text in _ADDRESS.findall(page):
        if text not in found and all(int(part) < 256 for part in text.split(".")):
            found.append(text)
    return found


def fetch(url):
    """The first 64 KiB of a page, as text. Follows no redirect and uses no proxy. Raises ProofError."""
    problem = None
    for attempt in range(PAGE_ATTEMPTS):
        if attempt:
            time.sleep(PAGE_PAUSE)
        try:
            return _fetch_once(url)
        except HTTPError as e:
            e.close()
            problem = "HTTP status %d" % e.code
            if 300 <= e.code < 400:
                problem += ", a redirect, which is not followed. Set it to the final URL"
                break
        except _TimeIsUp:
            problem = "no complete answer within %d s" % PAGE_TIME
        except HTTPException as e:
            # Its text is what the server sent.
            problem = "no HTTP answer (%s)" % type(e).__name__
        except (OSError, IOError, ValueError) as e:
            problem = getattr(e, "reason", None) or getattr(e, "strerror", None) or e
    raise ProofError("nc_route_prove.url %s cannot be fetched: %s" % (url, problem))


def _fetch_once(url):
    def ring(_signal, _frame):
        raise _TimeIsUp()

    opener = build_opener(HTTPHandler(), ProxyHandler({}), _NoRedirects())
    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(PAGE_TIME)
    try:
        response = opener.open(Request(url, headers={"User-Agent": "eucalyptus.ha"}), timeout=PAGE_TIME)
        try:
            return response.read(PAGE_LIMIT).decode("utf-8", "replace")
        finally:
            response.close()
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
