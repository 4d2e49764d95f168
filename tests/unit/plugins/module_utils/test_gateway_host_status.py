# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the status report needs of one host, in one visit."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys

import pytest

if sys.version_info < (3, 10):
    pytest.skip("uses the stand-in controller, which needs the Python of a control node", allow_module_level=True)

import getpass

from ansible_collections.eucalyptus.ha.plugins.module_utils import _deployed_check, _gateway_host_status
from ansible_collections.eucalyptus.ha.tests.cc_simulator import keys as simulator_keys

pytestmark = pytest.mark.today_only("dates are those of the certificate, which test_client_keys has at other dates")

INSTANCE = "vrrp_instance e {{\n    virtual_ipaddress {{\n        {vip}/32\n    }}\n}}\n"


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A host's files; gather(option=value, …) inspects it."""
    tmp_path.chmod(0o755)
    monkeypatch.setattr(_deployed_check, "PATH", str(tmp_path / "libexec" / "cc-enabled-check"))
    (tmp_path / "libexec").mkdir()

    class Host:
        directory = tmp_path / "libexec"
        conf = tmp_path / "keepalived.conf"

        def deploy(self, arguments="--port 8775 --grace 5 --memory /m", more="", printed='{"definite": true, "local_state": "ENABLED"}'):
            (self.directory / "cc-enabled-check").write_text("print({!r})\n".format(printed), encoding="utf-8")
            script = "{} {} {}".format(sys.executable, _deployed_check.PATH, arguments)
            self.conf.write_text(
                'vrrp_script cc_enabled {{\n    script "{}"\n    user {}\n    {}\n}}\n'.format(script, getpass.getuser(), more)
                + INSTANCE.format(vip="192.0.2.10"),
                encoding="utf-8",
            )

        def gather(self, **options):
            given = dict(
                {
                    "vips": ["192.0.2.10"], "controller": True, "query": True, "sources": {}, "probe": False, "probe_timeout": 0.1,
                    "candidates": {}, "keepalived_conf": str(self.conf), "preload_file": None,
                }, **options
            )  # fmt: skip
            return _gateway_host_status.gather(given)

    return Host()


def test_o7_before_the_first_deployment(host):
    found = host.gather()
    assert found["deployed"] is False
    assert (found["check"]["installed"], found["check"]["program"]) == (False, False)
    assert found["answer"]["message"] == "the check is not installed there (run eucalyptus.ha.gateway)"
    assert found["certificate"] is None


def test_o24_the_deployed_check_answers_as_it_is_deployed(host):
    host.deploy(more="weight 100")
    found = host.gather()
    assert found["deployed"] is True
    assert found["answer"]["local_state"] == "ENABLED"
    assert (found["check"]["installed"], found["check"]["port"], found["check"]["when_none_enabled"]) == (True, 8775, "hold")
    assert found["check"]["current"] is None
    assert found["vip_fact"]["vips"][0]["configured"] is True


@pytest.mark.parametrize(("deployed", "current"), [("1", True), ("2", False)])
def test_o24_that_another_version_is_deployed_is_found(host, tmp_path, deployed, current):
    host.deploy()
    (host.directory / "cc_enabled_check.py").write_text(deployed, encoding="utf-8")
    (tmp_path / "cc_enabled_check.py").write_text("1", encoding="utf-8")
    assert host.gather(sources=_deployed_check.sources(str(tmp_path)))["check"]["current"] is current


def test_the_control_node_may_query_instead(host):
    host.deploy()
    found = host.gather(query=False)
    assert (found["answer"], found["deployed"]) == (None, True)


def test_release_has_no_weight(host):
    host.deploy(arguments="--port x")
    found = host.gather()
    assert (found["check"]["when_none_enabled"], found["check"]["port"]) == ("release", None)


def test_a_program_that_keepalived_does_not_run_is_not_installed(host):
    host.deploy()
    host.conf.write_text(INSTANCE.format(vip="192.0.2.10"), encoding="utf-8")
    found = host.gather()
    assert (found["deployed"], found["check"]["program"], found["check"]["installed"]) == (True, True, False)
    assert "not installed" in found["answer"]["message"]


@pytest.mark.parametrize(("vip", "deployed"), [("192.0.2.10", True), ("192.0.2.100", False)])
def test_a_manual_setup_with_the_vip_counts_as_deployed(host, vip, deployed):
    host.conf.write_text(INSTANCE.format(vip=vip), encoding="utf-8")
    assert host.gather()["deployed"] is deployed


def test_where_the_configuration_cannot_be_read_deployment_is_unknown(host):
    host.conf.mkdir()
    assert host.gather()["deployed"] is None


def test_the_certificate_is_that_of_the_deployed_command_line(host, tmp_path_factory):
    base = tmp_path_factory.getbasetemp()
    keys = simulator_keys.make_once((base.parent if base.name.startswith("popen-") else base) / "status-keys")
    certificate = keys / "cloud-cert.pem"
    host.deploy(arguments="--cert {}".format(certificate))
    found = host.gather()["certificate"]
    assert (found["path"], found["error"]) == (str(certificate), None)
    assert found["days_left"] > 0


@pytest.mark.parametrize(("text", "error"), [(None, "does not exist"), ("x", "holds no PEM certificate")])
def test_a_certificate_that_cannot_be_read_has_no_days(host, tmp_path, text, error):
    path = tmp_path / "cert.pem"
    if text:
        path.write_text(text, encoding="utf-8")
    host.deploy(arguments="--cert {}".format(path))
    assert host.gather()["certificate"] == {"path": str(path), "days_left": None, "error": error}


def test_a_node_controller_has_no_check(host):
    found = host.gather(controller=False)
    assert [found[key] for key in ("deployed", "check", "answer", "certificate")] == [None] * 4
    assert found["vip_fact"]["vips"][0]["held"] is False
