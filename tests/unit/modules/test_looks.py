# SPDX-License-Identifier: GPL-3.0-or-later
"""client_keys_info and gateway_host_info: the options reach the look, and a look that cannot be had fails with its reason."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.eucalyptus.ha.plugins.modules import client_keys_info, gateway_host_info
from ansible_collections.eucalyptus.ha.tests.cc_simulator import keys as simulator_keys
from ansible_collections.eucalyptus.ha.tests.unit.modules.return_paths import documented, returned

pytestmark = pytest.mark.wall_clock

GATEWAY = {"instance": "eucalyptus", "vip": "10.0.0.10", "interface": "nonesuch0", "virtual_router_id": 45, "address": "10.0.0.1"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    base = tmp_path_factory.getbasetemp()
    return simulator_keys.make_once((base.parent if base.name.startswith("popen-") else base) / "cc-keys")


def test_keys_that_belong_together(run_module, keys):
    certificate = str(keys / "cloud-cert.pem")
    result = run_module(client_keys_info, client_key=str(keys / "cloud-pk.pem"), client_cert=certificate, own_cert=certificate)
    assert (result["match"], result["own"]["same"]) == (True, True)
    assert result["certificate"]["days_left"] > 0


def test_a_key_of_another_certificate(run_module, keys):
    result = run_module(
        client_keys_info, client_key=str(keys / "cluster-pk.pem"), client_cert=str(keys / "cloud-cert.pem"),
        own_cert=str(keys / "cluster-cert.pem"),
    )  # fmt: skip
    assert (result["match"], result["own"]["same"]) == (False, False)


def test_a_key_alone_is_refused(run_module, keys):
    result = run_module(client_keys_info, client_key_content=(keys / "cloud-pk.pem").read_text())
    assert result["failed"]
    assert "client_key_content, client_cert_content" in result["msg"]


def test_what_is_documented_of_the_keys_is_what_is_returned(run_module):
    result = run_module(client_keys_info)
    result.pop("invocation", None)
    assert returned(result) - {"changed"} == set(documented(yaml.safe_load(client_keys_info.RETURN)))


def test_what_is_documented_of_the_host_is_what_is_returned(run_module, tmp_path):
    conf = tmp_path / "keepalived.conf"
    conf.write_text("vrrp_instance a {\nvirtual_router_id 4\nvirtual_ipaddress {\n10.0.0.11\n}\n}\n")
    result = run_module(gateway_host_info, gateways=[GATEWAY], listen_time=0, probe_timeout=0, keepalived_conf=str(conf))
    result.pop("invocation", None)
    promised = documented(yaml.safe_load(gateway_host_info.RETURN))
    assert returned(result) - {"changed"} == {name for name in promised if not name.startswith("adverts.")}


@pytest.mark.parametrize("listen_time", [60.1, -1, "nan", "inf"])
def test_a_time_to_listen_that_makes_no_sense_is_refused_before_it_is_waited_for(run_module, listen_time):
    result = run_module(gateway_host_info, gateways=[GATEWAY], listen_time=listen_time)
    assert result["failed"]
    assert result["msg"].startswith("listen_time must be from 0 to 60 seconds, not ")


def test_a_host_without_the_interface(run_module, tmp_path):
    """Nothing is there, and that is what is told."""
    result = run_module(
        gateway_host_info, gateways=[{**GATEWAY, "peers": ["10.0.0.2", "cc2"]}], listen_time=0.1, probe_timeout=0.1,
        keepalived_conf=str(tmp_path / "none"), user="nonesuch",
    )  # fmt: skip
    vip = result["vips"][0]
    assert (vip["vip"], vip["here"], vip["configured"]) == ("10.0.0.10", False, False)
    assert vip["answers"]["error"]
    assert result["user"] == {"name": "nonesuch", "exists": False, "uid": None, "gid": None, "group_mates": []}
    assert result["python"]["works"] is None
    assert "there is no user 'nonesuch'" in result["python"]["message"]
