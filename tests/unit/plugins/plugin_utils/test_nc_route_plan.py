# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of role nc_route: which backend, what changes, what is rejected, and that nothing is left of what was."""

from __future__ import annotations

import base64
import dataclasses
import json
import subprocess
from pathlib import Path

import pytest
import yaml
from ansible_collections.eucalyptus.ha.plugins.module_utils._nc_route_change import DIRECTORY
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _nc_route_backends as backends
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _nc_route_plan as plan_of
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._nc_route_inspection import Inspection
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._nc_route_settings import Settings

VIP = "10.0.0.10"
LAN = "/etc/systemd/network/lan.network"
LAN_TEXT = "[Match]\nName=eth0\n[Network]\nAddress=10.0.0.21/24\nGateway=10.0.0.1\n"


class Host:
    """A host as the module would inspect it."""

    def __init__(self, **values):
        self.values = {
            "systemd": True,
            "addresses": ["127.0.0.1", "10.0.0.21"],
            "default_routes": ["default via 10.0.0.1 dev eth0 proto static"],
            "default_route": "192.0.2.1 via 10.0.0.1 dev eth0 src 10.0.0.21",
            "to_vip": f"{VIP} dev eth0 src 10.0.0.21",
            "interface": "eth0",
            "mac": "02:00:00:00:00:21",
            "control": "10.0.0.254",
            "way_back": ["default via 10.0.0.1 dev eth0", "10.0.0.0/24 dev eth0 proto kernel"],
            **values,
        }
        self.files: dict[str, str] = {}

    def put(self, path, text):
        self.files[path] = text
        return self

    def inspection(self):
        files = {
            path: {"mode": "0644", "content": base64.b64encode(text.encode()).decode()} for path, text in self.files.items()
        }
        return Inspection.read({**self.values, "files": files})

    def plan(self, **settings):
        return plan_of.make_plan(self.inspection(), Settings(**{"vip": VIP, **settings}))

    def change(self, plan):
        """The host after the plan was carried out."""
        for item in plan.files:
            if item["text"] is None:
                del self.files[item["path"]]
            else:
                self.files[item["path"]] = item["text"]
        present = plan_of.RECORD in self.files
        gateway = plan.vip if present else plan.earlier_routes[0].split()[2]
        self.values["default_route"] = f"192.0.2.1 via {gateway} dev eth0 src 10.0.0.21"
        self.values["default_routes"] = [f"default via {gateway} dev eth0 proto static"]
        self.values["enabled"] = [*self.values.get("enabled", []), *["eucalyptus-nc-route"] * (backends.UNIT in self.files)]


def networkd():
    return Host(active=["systemd-networkd"], network_file=LAN, networkctl_reload=True).put(LAN, LAN_TEXT)


def netplan():
    text = (
        "network:\n  version: 2\n  ethernets:\n    lan:\n      match: {macaddress: '02:00:00:00:00:21'}\n"
        "      dhcp4: false\n      gateway4: 10.0.0.1\n"
    )
    host = Host(active=["systemd-networkd"], network_file="/run/systemd/network/10-netplan-lan.network", netplan=True)
    return host.put("/etc/netplan/01.yaml", text).put("/run/systemd/network/10-netplan-lan.network", LAN_TEXT)


def ifupdown():
    return Host(active=["networking"], enabled=["networking"], dhclient=True).put(
        "/etc/network/interfaces", "iface eth0 inet static\n  gateway 10.0.0.1\niface eth1 inet dhcp\n"
    )


def ifcfg():
    scripts = "/etc/sysconfig/network-scripts"
    return (
        Host(active=["network"], enabled=["network"])
        .put("/etc/sysconfig/network", "GATEWAY=10.0.0.1\n")
        .put(f"{scripts}/ifcfg-eth0", "DEVICE=eth0\nGATEWAY=10.0.0.1\n")
        .put(f"{scripts}/ifcfg-eth1", "DEVICE=eth1\nBOOTPROTO=dhcp\n")
    )


def networkmanager():
    settings = {"ipv4.method": "manual", "ipv4.gateway": "10.0.0.1", "ipv4.routes": "", "ipv4.never-default": "no"}
    return Host(active=["NetworkManager"], connection="uuid-1", connection_name="lan", connection_settings=settings)


HOSTS = {
    "networkd": networkd,
    "netplan": netplan,
    "ifupdown": ifupdown,
    "ifcfg": ifcfg,
    "networkmanager": networkmanager,
    "unit": Host,
}


@pytest.mark.parametrize("backend", HOSTS)
def test_the_one_who_manages_the_interface_is_found(backend):
    plan = HOSTS[backend]().plan()
    assert (plan.problems, plan.backend, plan.needed) == ([], backend, True)
    assert plan.reason


@pytest.mark.parametrize("backend", [name for name in HOSTS if name != "networkmanager"])
def test_there_and_back_is_where_it_began(backend):
    host = HOSTS[backend]()
    before = dict(host.files)
    host.change(host.plan())
    assert any(VIP in text for path, text in host.files.items() if path != plan_of.RECORD)
    own = {plan_of.RECORD, *(path for path in host.files if path.startswith("/run/"))}
    for path, text in host.files.items():
        live = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
        assert path in own or "10.0.0.1\n" not in live + "\n", f"the old gateway is still set in {path}"
    assert not host.plan().needed, "a second run has nothing to do"
    removal = host.plan(state="absent")
    assert removal.earlier_routes == ["default via 10.0.0.1 dev eth0 proto static"]
    assert "ip -4 route replace default via 10.0.0.1 dev eth0 proto static" in removal.apply
    host.change(removal)
    assert host.files == before
    assert not host.plan(state="absent").needed


def test_networkmanager_is_told_and_told_back():
    host = networkmanager()
    plan = host.plan()
    assert f"nmcli connection modify uuid-1 +ipv4.routes '0.0.0.0/0 {VIP} 1' ipv4.gateway ''" in plan.apply
    assert "nmcli device reapply eth0" in plan.apply
    assert (
        f"nmcli connection modify uuid-1 ipv4.gateway 10.0.0.1 ipv4.never-default no -ipv4.routes '0.0.0.0/0 {VIP} 1'"
        in plan.rollback
    )
    host.change(plan)
    for shown in (f"{{ ip = 0.0.0.0/0, nh = {VIP}, mt = 1 }}", f"0.0.0.0/0 {VIP} 1"):
        host.values["connection_settings"] = {"ipv4.gateway": "", "ipv4.routes": shown, "ipv4.never-default": "no"}
        assert not host.plan().needed
    assert json.loads(host.files[plan_of.RECORD])["nm"]["gateway"] == "10.0.0.1"
    removal = host.plan(state="absent")
    assert (
        f"nmcli connection modify uuid-1 -ipv4.routes '0.0.0.0/0 {VIP} 1' ipv4.gateway 10.0.0.1 ipv4.never-default no"
        in removal.apply
    )


def test_a_changed_vip_leaves_nothing_of_the_old_one():
    for make in (networkd, netplan, ifupdown, ifcfg, Host):
        host = make()
        host.change(host.plan())
        host.values["to_vip"] = "10.0.0.11 dev eth0 src 10.0.0.21"
        plan = host.plan(vip="10.0.0.11")
        assert f"ip -4 route del default via {VIP}" in plan.apply
        host.change(plan)
        assert not [path for path, text in host.files.items() if f"{VIP} " in text.replace("\n", " ")]
        assert json.loads(host.files[plan_of.RECORD])["earlier_routes"] == [
            "default via 10.0.0.1 dev eth0 proto static"
        ]


@pytest.mark.parametrize("vip", ["10.0.0.11", "", "fd00::10"])
def test_the_removal_takes_away_what_was_deployed_whatever_the_vip_is_now(vip):
    for make in HOSTS.values():
        host = make()
        host.change(host.plan())
        removal = host.plan(state="absent", vip=vip)
        assert removal.vip == VIP
        assert f"ip -4 route del default via {VIP} " in removal.apply
        assert "10.0.0.11" not in removal.apply + removal.rollback


def test_a_changed_backend_leaves_no_two_mechanisms():
    host = networkd()
    host.change(host.plan(backend="unit"))
    assert backends.UNIT in host.files
    plan = host.plan()
    host.change(plan)
    assert backends.UNIT not in host.files
    assert f"{LAN}.d/{backends.DROP_IN}" in host.files
    assert "rm -f /etc/systemd/system/multi-user.target.wants/eucalyptus-nc-route.service" in plan.apply
    assert f"ip -4 route del default via {VIP}" in plan.apply


def test_a_gateway_in_a_file_of_the_distribution_is_hidden_by_a_copy():
    host = Host(
        active=["systemd-networkd"], network_file="/usr/lib/systemd/network/80-lan.network", networkctl_reload=True
    )
    host.put("/usr/lib/systemd/network/80-lan.network", LAN_TEXT)
    host.change(host.plan())
    copy = "/etc/systemd/network/80-lan.network"
    assert host.files[copy].startswith(backends.COPY)
    host.values["network_file"] = copy
    del host.files["/usr/lib/systemd/network/80-lan.network"]
    assert not host.plan().needed
    host.change(host.plan(state="absent"))
    assert host.files == {}


def test_dhcp_does_not_bring_its_gateway_back():
    host = networkd().put(LAN, "[Match]\nName=eth0\n[Network]\nDHCP=yes\n")
    assert "UseGateway=no" in next(f["text"] for f in host.plan().files if f["path"].endswith(backends.DROP_IN))
    assert "unset new_routers" in next(
        f["text"] for f in ifupdown().plan().files if f["path"] == backends.DHCLIENT_HOOK
    )
    assert "DEFROUTE=no" in next(f["text"] for f in ifcfg().plan().files if f["path"].endswith("ifcfg-eth1"))


def test_a_route_that_somebody_took_away_is_made_again():
    for name, make in HOSTS.items():
        if name == "networkmanager":
            continue
        host = make()
        host.change(host.plan())
        host.values["default_route"] = "192.0.2.1 via 10.0.0.1 dev eth0 src 10.0.0.21"
        plan = host.plan()
        assert (plan.needed, plan.files) == (True, [])
        assert f"ip -4 route replace default via {VIP} dev eth0" in plan.apply


@pytest.mark.parametrize(
    ("values", "settings", "words"),
    [
        ({"systemd": False}, {}, "the host does not run systemd, which this role requires"),
        ({"addresses": [VIP]}, {}, f"nc_route_vip {VIP} is an address of this host itself"),
        ({"to_vip": f"{VIP} via 10.0.0.1 dev eth0"}, {}, "is not in any network directly connected to this host"),
        ({"to_vip": "RTNETLINK answers: Network is unreachable"}, {}, "(route found: RTNETLINK answers: Network is unreachable)"),
        ({"to_vip": f"{VIP} via 10.0.0.9 dev eth0 uid 0 cache"}, {}, f"(route found: {VIP} via 10.0.0.9 dev eth0 uid 0)"),
        ({"interface": "eth1"}, {}, f"nc_route_interface is eth1, but {VIP} is reached through eth0"),
        ({"answers": {"macs": [], "error": None}}, {}, f"no host answers ARP for the VIP {VIP} on eth0"),
        (
            {"control": "203.0.113.1", "way_back": ["default via 10.0.0.1 dev eth0"]},
            {},
            "Ansible connects from 203.0.113.1",
        ),
        (
            {},
            {"backend": "networkd"},
            "nc_route_backend is networkd, but networkd does not manage eth0 (no known network manager manages eth0). Use auto or unit",
        ),
    ],
)
def test_what_cannot_work_is_rejected(values, settings, words):
    plan = Host(**values).plan(**settings)
    assert (plan.needed, plan.files) == (False, [])
    assert words in " ".join(plan.problems)


def test_netplan_is_not_bypassed_and_its_odd_files_are_left_to_a_person():
    assert "and would overwrite it. Use auto or netplan" in netplan().plan(backend="networkd").problems[0]
    host = netplan().put("/etc/netplan/01.yaml", "network: {ethernets: {lan: {gateway4: 10.0.0.1}}}\n")
    assert "Remove it by hand" in host.plan().problems[0]
    host = netplan().put("/etc/netplan/01.yaml", "network:\n  version: 2\n")
    assert "no definition of eth0" in host.plan().problems[0]


def test_a_connection_over_the_default_route_is_no_problem_once_that_is_the_vip():
    far = {"control": "203.0.113.1", "way_back": ["default via 10.0.0.1 dev eth0"]}
    assert "set nc_route_control_address to any" in Host(**far).plan().problems[0]
    assert Host(**far, default_route=f"192.0.2.1 via {VIP} dev eth0").plan().problems == []
    assert Host(control="203.0.113.1", way_back=["203.0.113.0/24 via 10.0.0.1 dev eth0"]).plan().problems == []


def test_n2_a_vip_that_could_not_be_asked_for_is_not_one_that_does_not_answer():
    plan = Host(answers={"macs": [], "error": "tun0 is not an Ethernet interface, so there is no ARP on it"}).plan()
    assert (plan.problems, plan.needed) == ([], True)
    assert plan.warnings == [
        f"could not check by ARP whether a host holds the VIP {VIP}: tun0 is not an Ethernet interface, so there is no ARP on it"
    ]


def test_two_hosts_that_answer_for_the_vip_are_a_warning():
    plan = Host(answers={"macs": ["02:00:00:00:00:01", "02:00:00:00:00:02"], "error": None}).plan()
    assert plan.problems == []
    assert "several hosts answer ARP" in plan.warnings[0]


def test_the_sentence_of_a_plan_names_route_backend_reason_and_files():
    assert Host().plan().sentence(True) == (
        f"the default route will become {VIP} dev eth0, set by a systemd unit (no known network manager manages eth0). "
        f"Files to write or remove: {backends.UNIT}, {plan_of.RECORD}"
    )
    host = networkd()
    host.change(host.plan())
    assert host.plan(state="absent").sentence(False).startswith(
        "the default route will become what it was before: default via 10.0.0.1 dev eth0 proto static. Files"
    )


SECRET = """network:
  wifis:
    wl0: {access-points: {home: {password: hunter2}}}
  ethernets:
    eth0:
      dhcp4: no
      gateway4: 10.0.0.1
"""


def test_the_difference_shows_the_lines_that_change_and_no_others():
    host = netplan().put("/etc/netplan/01.yaml", SECRET)
    plan = host.plan()
    assert "hunter2" in str(plan.files)
    shown = "".join(one["prepared"] for one in plan.diff())
    assert "-      gateway4: 10.0.0.1\n+#eucalyptus.ha#       gateway4: 10.0.0.1\n" in shown
    assert f"+++ {backends.NETPLAN_FILE}\n" in shown
    assert "hunter2" not in shown


def test_the_payload_holds_what_the_module_needs():
    host = networkd()
    host.change(host.plan())
    payload = json.loads(host.plan(state="absent").payload(90))
    assert set(payload) == {"files", "directories", "apply", "rollback", "rollback_after"}
    contents = {one["path"]: one["content"] for one in payload["files"]}
    assert base64.b64decode(contents[LAN]).decode() == LAN_TEXT
    assert contents[plan_of.RECORD] is None
    assert host.plan(state="absent").directories == []
    assert networkd().plan().directories == ["/etc/systemd/network/lan.network.d", "/var/lib/eucalyptus-ha"]


def test_a_file_that_is_not_utf8_comes_back_byte_for_byte():
    before = b"# gl\xfcck\nGATEWAY=10.0.0.1\n"
    host = ifcfg()
    known = host.inspection()
    strange = Inspection.read(
        {"files": {"/etc/sysconfig/network": {"mode": "0644", "content": base64.b64encode(before).decode()}}}
    )
    inspection = dataclasses.replace(known, files={**known.files, **strange.files}, modes={**known.modes, **strange.modes})
    plan = plan_of.make_plan(inspection, Settings(VIP))
    [one] = [one for one in json.loads(plan.payload(0))["files"] if one["path"] == "/etc/sysconfig/network"]
    assert base64.b64decode(one["content"]) == b"# gl\xfcck\n#eucalyptus.ha# GATEWAY=10.0.0.1\n"
    assert base64.b64encode(before).decode() in plan.rollback


def test_the_scripts_are_shell():
    for make in HOSTS.values():
        host = make()
        plan = host.plan()
        host.change(plan)
        for script in (
            plan.apply,
            plan.rollback,
            host.plan(state="absent").apply,
            host.plan(state="absent").rollback,
        ):
            subprocess.run(["sh", "-n"], input=script, text=True, check=True)


def test_the_rollback_script_restores_every_file(tmp_path):
    """Run for real, on a tree of its own, without the commands that would touch this machine."""
    host = networkd()
    root = tmp_path / "root"
    script = host.plan().rollback
    for path in {item["path"] for item in host.plan().files}:
        target = Path(f"{root}{path}")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("changed", encoding="utf-8")
    kept = [line for line in script.splitlines() if line.startswith(("printf", "chmod", "rm -f", "rmdir"))]
    text = "\n".join(kept).replace(" /etc/", f" {root}/etc/").replace(" /var/", f" {root}/var/")
    subprocess.run(["sh", "-e"], input=text, text=True, check=True)
    assert Path(f"{root}{LAN}").read_text(encoding="utf-8") == LAN_TEXT
    assert script.index(f"touch {DIRECTORY}/rolled-back") < script.index("ip -4 route replace"), "the marker comes first"
    assert [path for path in root.rglob("*") if path.is_file()] == [Path(f"{root}{LAN}")]


def test_a_record_that_cannot_be_read_is_no_record():
    host = networkd().put(plan_of.RECORD, "{")
    assert host.plan().earlier_routes == ["default via 10.0.0.1 dev eth0 proto static"]


def test_a_deployment_without_a_record_is_not_taken_for_what_was_before():
    host = Host(default_routes=[f"default via {VIP} dev eth0 onlink"], default_route=f"192.0.2.1 via {VIP} dev eth0").put(
        backends.UNIT, "[Unit]\n"
    )
    assert host.plan().earlier_routes == []


def nm_by_netplan():
    return networkmanager_of("netplan-eth0").put("/etc/netplan/50-cloud-init.yaml", NETPLAN_ETH0)


NETPLAN_ETH0 = "network:\n  version: 2\n  renderer: NetworkManager\n  ethernets:\n    eth0:\n      addresses: [10.0.0.21/24]\n"


def networkmanager_of(name):
    host = networkmanager()
    host.values.update(connection_name=name, netplan=True)
    return host


def test_netplan_that_writes_for_networkmanager_is_found_and_applied_through_it():
    plan = nm_by_netplan().plan()
    assert plan.problems == []
    assert plan.backend == "netplan"
    assert plan.reason == "netplan writes NetworkManager's connection 'netplan-eth0' for eth0"
    assert "nmcli connection reload" in plan.apply
    assert "nmcli device reapply eth0" in plan.apply
    assert "netplan apply" not in plan.apply


def test_p13_the_route_of_netplan_by_networkmanager_comes_before_dhcps():
    [text] = [one["text"] for one in nm_by_netplan().plan().files if one["path"] == backends.NETPLAN_FILE]
    [route] = yaml.safe_load(text)["network"]["ethernets"]["eth0"]["routes"]
    assert route == {"to": "0.0.0.0/0", "via": VIP, "on-link": True, "metric": 1}


def test_the_route_of_netplan_by_networkd_has_no_metric():
    [text] = [one["text"] for one in netplan().plan().files if one["path"] == backends.NETPLAN_FILE]
    assert "metric" not in text


@pytest.mark.parametrize(
    "definition",
    ["eth0: {}", "lan: {set-name: eth0}", "lan: {match: {name: 'eth*'}}", "lan: {match: {macaddress: '02:00:00:00:00:21'}}"],
)
def test_the_definition_of_an_interface_is_found_by_any_of_its_names(definition):
    host = netplan()
    host.files = {"/etc/netplan/1.yaml": f"network: {{version: 2, ethernets: {{wan: {{match: {{name: 'wl*'}}}}, {definition}}}}}\n"}
    host.values["network_file"] = "/run/systemd/network/10-netplan-other.network"
    plan = host.plan()
    assert plan.problems == []
    name = definition.partition(":")[0]
    [ours] = [one["text"] for one in plan.files if one["path"].startswith("/etc/netplan/") and "10.0.0.10" in (one["text"] or "")]
    assert f"{name}:" in ours


def test_no_definition_of_the_interface_is_left_to_a_person():
    host = netplan()
    host.files = {"/etc/netplan/1.yaml": "network: {version: 2, ethernets: {wan: {match: {name: 'wl*'}}}}\n"}
    host.values["network_file"] = "/run/systemd/network/10-netplan-other.network"
    assert host.plan().problems[0].startswith("no definition of eth0 in /etc/netplan/1.yaml. Remove it by hand")


def test_ifupdown_without_a_stanza_does_not_manage_the_interface():
    host = ifupdown()
    host.files = {path: text.replace("eth0", "eth7") for path, text in host.files.items()}
    assert host.plan().backend == "unit"


def test_routes_of_other_ifcfg_interfaces_lose_their_default_as_well():
    host = ifcfg().put("/etc/sysconfig/network-scripts/route-eth1", "default via 192.0.2.1 dev eth1\n198.51.100.0/24 via 192.0.2.2\n")
    plan = host.plan()
    [other] = [one["text"] for one in plan.files if one["path"].endswith("route-eth1")]
    assert not [line for line in other.splitlines() if line.startswith("default")]
    assert "198.51.100.0/24 via 192.0.2.2" in other.splitlines()
