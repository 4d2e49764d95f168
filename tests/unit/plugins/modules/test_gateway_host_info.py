# SPDX-License-Identifier: GPL-3.0-or-later
"""gateway_host_info: the options reach the look, and a look that cannot be had fails with its reason."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
import yaml
from ansible_collections.eucalyptus.ha.plugins.modules import gateway_host_info
from ansible_collections.eucalyptus.ha.tests.unit.plugins.modules.return_paths import documented, returned

pytestmark = pytest.mark.wall_clock

GATEWAY = {"instance": "eucalyptus", "vip": "10.0.0.10", "interface": "nonesuch0", "virtual_router_id": 45, "address": "10.0.0.1"}


def test_what_is_documented_of_the_host_is_what_is_returned(run_module, tmp_path):
    conf = tmp_path / "keepalived.conf"
    conf.write_text(u"vrrp_instance a {\nvirtual_router_id 4\nvirtual_ipaddress {\n10.0.0.11\n}\n}\n")
    result = run_module(gateway_host_info, gateways=[GATEWAY], listen_time=0, probe_timeout=0, keepalived_conf=str(conf),
                        outside_vip="192.0.2.9", outside_interface="lo")  # fmt: skip
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
        gateway_host_info, gateways=[dict(GATEWAY, peers=["10.0.0.2", "cc2"])], listen_time=0.1, probe_timeout=0.1,
        keepalived_conf=str(tmp_path / "none"), user="nonesuch",
    )  # fmt: skip
    vip = result["vips"][0]
    assert (vip["vip"], vip["here"], vip["configured"]) == ("10.0.0.10", False, False)
    assert vip["answers"]["error"]
    assert result["user"] == {"name": "nonesuch", "exists": False, "uid": None, "gid": None, "group_mates": []}
    assert result["python"]["works"] is None
    assert "there is no user 'nonesuch'" in result["python"]["message"]
