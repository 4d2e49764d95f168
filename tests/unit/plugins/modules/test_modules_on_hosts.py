# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module that runs on hosts, as a module, by every Python of a host."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import base64
import json
import os

import pytest
from ansible.module_utils import basic
from ansible_collections.eucalyptus.ha.plugins.modules import (
    cc_service_info,
    client_keys_info,
    gateway_host_info,
    nc_route_step,
    reachability_info,
    safe_file,
    vip_facts,
    vip_moves_info,
)

pytestmark = pytest.mark.wall_clock

GATEWAY = {"instance": "a", "vip": "192.0.2.10", "interface": "lo", "virtual_router_id": 45, "address": "127.0.0.1"}


@pytest.fixture
def run(capsys, monkeypatch):
    """Run a module in this process -> what it prints."""

    def run(module, **options):
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode("utf-8"))
        # ansible-core 2.19 and later; the name does not exist before.
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        with pytest.raises(SystemExit) as caught:
            module.main()
        result = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert bool(caught.value.code) == bool(result.get("failed"))
        return result

    return run


def test_vip_facts(run, tmp_path):
    found = run(vip_facts, vips=["127.0.0.1/32", "127.0.0.10"], keepalived_conf=str(tmp_path / "none"))
    fact = found["ansible_facts"]["eucalyptus_vip"]
    assert [(one["vip"], one["held"]) for one in fact["vips"]] == [("127.0.0.1", True), ("127.0.0.10", False)]
    assert not found.get("changed")


def test_vip_moves_info(run):
    found = run(vip_moves_info, vips=["127.0.0.1"], seconds=0.1, _ansible_check_mode=True)
    assert found["initial"] == {"127.0.0.1": True}
    assert found["moves"] == []


def test_reachability_info(run):
    found = run(reachability_info, targets=[{"address": "127.0.0.1", "port": 9}], seconds=0.2)
    assert [rtt is not None for dummy, rtt in found["samples"]["127.0.0.1 port 9"]][:2] == [True, True]


def test_gateway_host_info(run, tmp_path):
    found = run(
        gateway_host_info,
        gateways=[GATEWAY],
        listen_time=0,
        probe_timeout=0,
        user="nosuchuser",
        cc_port=9,
        keepalived_conf=str(tmp_path / "none"),
    )
    assert found["user"]["exists"] is False
    assert found["keepalived"]["kind"] == "none"
    assert found["cc"]["alive"] is False
    assert found["vips"][0]["here"] is False


def test_client_keys_info(run, tmp_path):
    missing = str(tmp_path / "none.pem")
    found = run(client_keys_info, client_key=missing, client_cert=missing, own_cert=missing)
    assert found["match"] is None
    assert found["key"]["error"] == "does not exist"


def base64_of(text):
    return base64.b64encode(text.encode("utf-8")).decode("ascii")


def test_safe_file(run, tmp_path):
    path = str(tmp_path / "file")
    given = {"path": path, "content": base64_of(u'{"a": true}\n'), "mode": "0640"}
    for check_mode in (True, False):
        written = run(safe_file, _ansible_check_mode=check_mode, **given)
        assert (written["changed"], written["exists"]) == (True, False)
        assert written["diff"] == {
            "before": "",
            "after": '{"a": true}\n',
            "before_header": path,
            "after_header": path,
        }
    again = run(safe_file, **given)
    assert (again["changed"], again["exists"], again.get("diff")) == (False, True, None)
    found = run(safe_file, path=path, state="read")
    assert base64.b64decode(found["content"]) == b'{"a": true}\n'
    for mode, expected in (("0600", 0o600), ("preserve", 0o640)):
        assert run(safe_file, path=path + ".copy", src=path, mode=mode)["changed"] is True
        assert os.stat(path + ".copy").st_mode & 0o7777 == expected
    assert (tmp_path / "file.copy").read_bytes() == b'{"a": true}\n'
    assert run(safe_file, path=path, state="absent", _ansible_check_mode=True)["changed"] is True
    assert run(safe_file, path=path, state="absent")["changed"] is True
    assert run(safe_file, path=path, state="absent")["changed"] is False
    found = run(safe_file, path=path, state="read")
    found.pop("invocation", None)  # from ansible-core 2.21 on Ansible has to ask for it
    assert found == {"changed": False, "exists": False}


def test_safe_file_keeps_a_secret_out_of_what_is_shown(run, tmp_path, capsys):
    path = str(tmp_path / "file")
    for content in ("first secret", "second secret"):
        result = run(safe_file, path=path, content=base64_of(content), secret=True, _ansible_diff=True)
        assert result["changed"] is True
        assert result["diff"] == {"prepared": path + ": the content differs. It is secret and not shown.\n"}
        assert base64_of(content) not in json.dumps(result)
    assert (tmp_path / "file").read_bytes() == b"second secret"


def test_nc_route_step(run, monkeypatch):
    monkeypatch.setattr(nc_route_step._nc_route_inspect.Inspector, "inspect", lambda *given: {"given": given[1:]})
    found = run(nc_route_step, step="plan", vip="10.0.0.10", control_address="any", _ansible_check_mode=True)
    assert found["inspection"] == {"given": ["10.0.0.10", "", "any"]}
    monkeypatch.setattr(nc_route_step._nc_route_proof, "prove", lambda *given: list(given[1:]))
    assert run(nc_route_step, step="prove", vip="10.0.0.10", sources=["a"])["proof"] == ["10.0.0.10", "", "", ["a"]]


@pytest.mark.parametrize("step", ["change", "confirm"])
def test_nc_route_step_says_why_it_fails(run, monkeypatch, step):
    def fail(*_arguments):
        raise nc_route_step._nc_route_change.ChangeError("cannot start the timer")

    monkeypatch.setattr(nc_route_step._nc_route_change.Changer, step, fail)
    found = run(nc_route_step, step=step, plan="{}")
    assert (found["failed"], found["msg"]) == (True, "cannot start the timer")


@pytest.mark.parametrize(
    ("module", "options", "says"),
    [
        (safe_file, {"path": "/tmp/none", "content": "aGVsbG8=", "mode": "416"}, "mode must be octal digits in quotes"),
        (safe_file, {"path": "/tmp/none", "content": "", "mode": "preserve"}, "mode must be octal digits where src is not given"),
        (safe_file, {"path": "/tmp/none", "content": "x"}, "content must be Base64"),
        (safe_file, {"path": "/tmp/none", "content": "", "owner": "nosuchuser"}, "owner must be a user or group of this host"),
        (safe_file, {"path": "/tmp/none", "src": "/nonexistent"}, "src must be a file (got /nonexistent, which does not exist)"),
        (safe_file, {"path": "/tmp/none", "content": ""}, "/tmp must not be writable by everyone"),
        (safe_file, {"path": "/tmp/none"}, "any of the following are missing: content, src"),
        (vip_facts, {"vips": ["10.0.0.256"]}, "10.0.0.256"),
        (vip_moves_info, {"vips": ["127.0.0.1"], "seconds": 3601}, "seconds must be more than 0"),
        (reachability_info, {"seconds": 1, "interval": 11}, "interval must be from 0.005 to 10"),
        (reachability_info, {}, "missing required arguments: seconds"),
        (gateway_host_info, {"gateways": [GATEWAY], "client_key": "/etc/key.pem"}, "client_cert"),
        (client_keys_info, {"client_key_content": "a key"}, "client_cert_content"),
        (nc_route_step, {"step": "change"}, "step is change but all of the following are missing: plan"),
    ],
)
def test_what_cannot_be_is_refused_by_name(run, module, options, says):
    found = run(module, **options)
    assert found["failed"] is True
    assert says in found["msg"]


def test_cc_service_info_without_its_libraries_says_which(run, monkeypatch):
    monkeypatch.setattr(cc_service_info, "missing_library", lambda: ("zeep", "Traceback\nImportError: No module named zeep\n"))
    found = run(cc_service_info, host="127.0.0.1")
    assert found["failed"] is True
    assert "zeep" in found["msg"]
    assert "No module named zeep" in found["msg"]
