# SPDX-License-Identifier: GPL-3.0-or-later
"""conntrackd on a host: what is there, and how it is, told by what a stand-in for it prints."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys

import pytest

if sys.version_info < (3, 10):
    pytest.skip("writes files as later Pythons do", allow_module_level=True)

import textwrap

from ansible_collections.eucalyptus.ha.plugins.module_utils import _connections

pytestmark = pytest.mark.wall_clock

# As conntrackd 1.4.7 prints it; RECEIVED is what it has received.
STATISTICS = """\
cache internal:
current active connections:	        1200
connections created:		        1204	failed:	           0
connections updated:		          12	failed:	           0
connections destroyed:		           4	failed:	           0

external inject:
connections created:		           0	failed:	           0
connections updated:		           0	failed:	           0
connections destroyed:		           0	failed:	           0

traffic processed:
                   0 Bytes                         0 Pckts

UDP traffic (active device=eth0):
               48348 Bytes sent             RECEIVED Bytes recv
                1201 Pckts sent                   12 Pckts recv
                   0 Error send                    0 Error recv

message tracking:
                   0 Malformed msgs                    0 Lost msgs

"""
ROUTES = """\
Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	0000000A	00000000	0001	0	0	0	00FFFFFF	0	0	0
wlan0	00000000	0100000A	0003	0	0	600	00000000	0	0	0
eth1	00000000	0102000A	0003	0	0	100	00000000	0	0	0
eth2	00000000	0102000A	0002	0	0	1	00000000	0	0	0
"""


@pytest.fixture
def host(tmp_path):
    """A host with conntrackd set up: call it with the shell text of its `conntrackd -s`."""
    (tmp_path / "drop-in").touch()
    (tmp_path / "nf_conntrack_count").write_text("1234\n")
    (tmp_path / "nf_conntrack_tcp_be_liberal").write_text("1\n")

    def status(shell, within=0.6):
        (tmp_path / "statistics").write_text(STATISTICS)
        program = tmp_path / "conntrackd"
        program.write_text(u"#!/bin/sh\ncd %s\n%s\n" % (tmp_path, textwrap.dedent(shell)))
        program.chmod(0o755)
        return _connections.status(str(program), "/conf", str(tmp_path), str(tmp_path / "drop-in"), within)

    status.directory = tmp_path
    return status


RISING = 'echo x >> calls; sed "s/RECEIVED/$(($(wc -l < calls) / 3))/" statistics'


def test_a_host_where_it_was_not_set_up_has_no_state(tmp_path):
    assert _connections.status(drop_in=str(tmp_path / "none")) is None


def test_a_datagram_of_the_peer_is_waited_for(host):
    found = host(RISING, within=5)
    age = found.pop("age")
    assert found == {"running": True, "synchronised": True, "entries": 1234, "own": 1200, "liberal": True}
    assert 0 < age < 5
    assert len((host.directory / "calls").read_text().split()) == 3, "no longer than until it comes"


def test_without_one_it_is_not_synchronised(host):
    found = host("sed s/RECEIVED/7/ statistics")
    assert (found["running"], found["synchronised"], found["age"]) == (True, False, None)


@pytest.mark.parametrize("shell", ["echo 'ERROR: cannot connect' >&2; exit 1", "exit 0", "cat statistics; exit 1"])
def test_one_that_does_not_answer_is_not_running(host, shell):
    found = host(shell)
    assert (found["running"], found["synchronised"], found["own"]) == (False, False, None)


def test_one_that_is_not_installed_is_not_running(host):
    found = _connections.status(str(host.directory / "none"), "/conf", str(host.directory), str(host.directory / "drop-in"), 0.1)
    assert found["running"] is False


def test_one_that_dies_meanwhile_is_not_running(host):
    assert host("[ -e once ] && exit 1; touch once; sed s/RECEIVED/7/ statistics")["running"] is False


def test_what_the_kernel_does_not_say_is_not_known(host):
    (host.directory / "nf_conntrack_count").unlink()
    (host.directory / "nf_conntrack_tcp_be_liberal").write_text("0\n")
    found = host("sed s/RECEIVED/7/ statistics")
    assert (found["entries"], found["liberal"]) == (None, False)


def test_the_interface_of_the_default_route(tmp_path):
    routes = tmp_path / "route"
    routes.write_text(ROUTES)
    assert _connections.default_interface(str(routes)) == "eth1"
    routes.write_text("".join(ROUTES.splitlines(keepends=True)[:2]))
    assert _connections.default_interface(str(routes)) == ""
    assert _connections.default_interface(str(tmp_path / "none")) == ""


def test_the_release(tmp_path):
    program = tmp_path / "conntrackd"
    program.write_text("#!/bin/sh\necho 'Connection tracking userspace daemon v1.4.7. Licensed under GPLv2.'\n")
    program.chmod(0o755)
    assert _connections.version(str(program)) == "1.4.7"
    assert _connections.version(str(tmp_path / "none")) is None


def test_a_synchronisation_of_somebody_else_is_recognised(tmp_path):
    conf, drop_in = tmp_path / "conntrackd.conf", tmp_path / "drop-in"
    conf.write_text("General {\n}\nStats {\n\tLogFile on\n}\n# Sync {\n")
    assert _connections.foreign_conf(str(conf), str(drop_in)) is None
    conf.write_text("Sync {\n    Mode FTFW {\n    }\n}\n")
    assert _connections.foreign_conf(str(conf), str(drop_in)) == str(conf)
    drop_in.touch()
    assert _connections.foreign_conf(str(conf), str(drop_in)) is None, "not used once the unit is ours"
    assert _connections.foreign_conf(str(tmp_path / "none"), str(drop_in)) is None


@pytest.mark.parametrize(
    ("own", "bash", "found"),
    [
        ("conntrackd:\n  Installed: (none)\n  Candidate: 1:1.4.7-1\n", "", True),
        ("conntrackd:\n  Installed: (none)\n  Candidate: (none)\n", "", False),
        ("", "bash:\n  Candidate: 5.2\n     500 http://deb.debian.org/debian bookworm/main\n", False),
        ("", "bash:\n  Installed: 5.2\n     100 /var/lib/dpkg/status\n", None),
    ],
)
def test_whether_the_package_can_be_had(monkeypatch, own, bash, found):
    answers = {"conntrackd": own, "bash": bash}
    monkeypatch.setattr(_connections, "run", lambda arguments: (0, answers[arguments[-1]]))
    assert _connections.candidate("conntrackd") is found


def test_without_apt_it_is_not_known(monkeypatch):
    monkeypatch.setattr(_connections, "run", lambda _arguments: (None, "apt-cache: No such file"))
    assert _connections.candidate("conntrack-tools") is None
