# SPDX-License-Identifier: GPL-3.0-or-later
"""The unit, the wait for it, and what a reload would bring."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import io

import pytest
from ansible_collections.eucalyptus.ha.plugins.module_utils import _keepalived_unit
from ansible_collections.eucalyptus.ha.tests.unit.plugins.module_utils.stand_ins import run_command


@pytest.fixture
def pending(tmp_path, monkeypatch):
    path = tmp_path / "pending"
    monkeypatch.setattr(_keepalived_unit, "PENDING", str(path))
    return path


def wait(seconds=5):
    return _keepalived_unit.wait(run_command, "keepalived", seconds, sleep=lambda seconds: None)


def test_properties_by_name(programs):
    programs.add("systemctl", u'[ "$1 $2" = "show vrrp" ] && echo ActiveState=active && echo UnitFileState=enabled')
    assert _keepalived_unit.properties(run_command, "vrrp") == {"ActiveState": "active", "UnitFileState": "enabled"}


def test_a_host_without_systemd_has_no_properties(programs, monkeypatch):
    monkeypatch.setattr(_keepalived_unit, "program", lambda name: None)
    assert _keepalived_unit.properties(run_command, "keepalived") == {}
    assert wait(1) == "keepalived is not active: ActiveState=\n"


def test_a_program_that_is_not_there_is_none(programs):
    assert _keepalived_unit.program("no-such-program") is None
    assert _keepalived_unit.program("systemctl-of-the-test") is None
    path = programs.add("systemctl-of-the-test", u"exit 0")
    assert _keepalived_unit.program("systemctl-of-the-test") == path


def test_waiting_ends_when_the_unit_stays_active_and_nothing_is_pending_any_more(programs, pending):
    programs.add("systemctl", u"echo ActiveState=active")
    pending.touch()
    assert wait() is None
    assert not pending.exists()
    assert wait() is None


def test_waiting_sits_out_a_reload(programs, pending, tmp_path):
    count = tmp_path / "count"
    programs.add(
        "systemctl",
        u"echo x >> {0}; if [ $(wc -l < {0}) -le 2 ]; then echo ActiveState=reloading; else echo ActiveState=active; fi".format(count),
    )
    assert wait() is None
    assert len(count.read_text().split()) == 5


@pytest.mark.parametrize(("state", "looks"), [("failed", 1), ("inactive", 5)])
def test_waiting_returns_what_is_wrong(programs, pending, tmp_path, state, looks):
    count = tmp_path / "count"
    programs.add("systemctl", u"echo x >> {0}; echo ActiveState={1}".format(count, state))
    programs.add("journalctl", u'echo "journal $*"')
    pending.touch()
    assert wait(1) == "keepalived is not active: ActiveState={0}\njournal --unit=keepalived --lines=20 --no-pager\n".format(state)
    assert len(count.read_text().split()) == looks
    assert pending.exists()


CONF = u"""vrrp_instance a {{
    interface eth0
    {0}
    virtual_ipaddress {{
        {1}
    }}
}}
"""


@pytest.fixture
def conf(tmp_path, pending):
    def write(now, before=None):
        for name, text in (("other.conf", now), ("other.conf.previous", before)):
            if text is not None:
                with io.open(str(tmp_path / name), "w", encoding="utf-8") as stream:
                    stream.write(text)
        pending.touch()
        return str(tmp_path / "other.conf")

    return write


@pytest.mark.parametrize(
    ("before", "now", "kind"),
    [
        (("priority 100", "10.0.0.10/32"), ("priority 150", "10.0.0.10/32"), "in_turn"),
        (("advert_int 0.1", "10.0.0.10/32"), ("advert_int 0.2", "10.0.0.10/32"), "together"),
        (("priority 100", "10.0.0.10/32"), ("priority 100", "10.0.0.11/32"), "together"),
        (None, ("priority 100", "10.0.0.10/32"), "together"),
    ],
)
def test_a_change_of_what_peers_must_agree_on_is_loaded_together(conf, before, now, kind):
    path = conf(CONF.format(*now), before and CONF.format(*before))
    assert _keepalived_unit.waiting("active", path) == kind
    assert _keepalived_unit.waiting("reloading", path) == kind


def test_a_configuration_that_is_gone_is_loaded_together(conf, tmp_path):
    conf(CONF.format("priority 100", "10.0.0.10"), CONF.format("priority 100", "10.0.0.10"))
    assert _keepalived_unit.waiting("active", str(tmp_path / "none.conf")) == "together"
    (tmp_path / "none.conf.previous").mkdir()
    # What cannot be read has no lines, as the one that is gone has none.
    assert _keepalived_unit.waiting("active", str(tmp_path / "none.conf")) == "in_turn"


def test_without_a_change_nothing_waits_and_a_stopped_unit_is_started(conf, pending):
    path = conf(CONF.format("priority 1", "10.0.0.10"))
    assert [_keepalived_unit.waiting(state, path) for state in ("inactive", "failed", "")] == ["start"] * 3
    pending.unlink()
    assert _keepalived_unit.waiting("active", path) == "nothing"


def test_only_what_is_on_the_wire_counts():
    more = "priority 100\n    authentication {\n        auth_type PASS\n    }\n    track_script {\n        check\n    }"
    text = CONF.format(more, "10.0.0.10")
    assert [line.strip() for line in _keepalived_unit.wire(text.encode("utf-8"))] == [
        b"vrrp_instance a {", b"interface eth0", b"authentication {", b"auth_type PASS", b"}", b"virtual_ipaddress {", b"10.0.0.10", b"}",
    ]  # fmt: skip
