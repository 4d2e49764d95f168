# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter nc_route_plan: who is told, what changes, what is refused, and that nothing is left of what was."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.eucalyptus.ha.plugins.filter.nc_route_plan import nc_route_plan
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _nc_route_plan as plan_of

VIP = "10.0.0.10"
LOOK = Path(__file__).parents[4] / "roles/nc_route/files/look.sh"
LAN = "/etc/systemd/network/lan.network"
LAN_TEXT = "[Match]\nName=eth0\n[Network]\nAddress=10.0.0.21/24\nGateway=10.0.0.1\n"


def b64(text):
    return base64.b64encode(text.encode()).decode()


class Host:
    """A host as the look script would tell of it."""

    def __init__(self, **values):
        self.values = {
            "systemd": "yes",
            "addresses": "127.0.0.1\n10.0.0.21\n",
            "default_routes": "default via 10.0.0.1 dev eth0 proto static\n",
            "way_out": "192.0.2.1 via 10.0.0.1 dev eth0 src 10.0.0.21",
            "to_vip": f"{VIP} dev eth0 src 10.0.0.21",
            "interface": "eth0",
            "mac": "02:00:00:00:00:21",
            "control": "10.0.0.254",
            "way_back": "default via 10.0.0.1 dev eth0\n10.0.0.0/24 dev eth0 proto kernel",
            **values,
        }
        self.files: dict[str, str] = {}

    def put(self, path, text):
        self.files[path] = text
        return self

    def look(self):
        lines = [f"{key} {b64(value)}" for key, value in self.values.items()]
        lines += [f"file 644 {b64(path)} {b64(text)}" for path, text in self.files.items()]
        return "\n".join(lines)

    def plan(self, state="present", vip=VIP, backend="auto", allow_cut_off=False):
        return nc_route_plan(
            self.look(), {"state": state, "vip": vip, "backend": backend, "allow_cut_off": allow_cut_off}
        )

    def change(self, plan):
        """The host after the plan was carried out."""
        for item in plan["files"]:
            if item["text"] is None:
                del self.files[item["path"]]
            else:
                self.files[item["path"]] = item["text"]
        present = plan_of.RECORD in self.files
        gateway = plan["vip"] if present else plan["earlier_routes"][0].split()[2]
        self.values["way_out"] = f"192.0.2.1 via {gateway} dev eth0 src 10.0.0.21"
        self.values["default_routes"] = f"default via {gateway} dev eth0 proto static\n"
        self.values["enabled"] = self.values.get("enabled", "") + (
            "\neucalyptus-nc-route" if plan_of.UNIT in self.files else ""
        )


def networkd():
    return Host(active="systemd-networkd", network_file=LAN, networkctl_reload="yes").put(LAN, LAN_TEXT)


def netplan():
    text = (
        "network:\n  version: 2\n  ethernets:\n    lan:\n      match: {macaddress: '02:00:00:00:00:21'}\n"
        "      dhcp4: false\n      gateway4: 10.0.0.1\n"
    )
    host = Host(active="systemd-networkd", network_file="/run/systemd/network/10-netplan-lan.network", netplan="yes")
    return host.put("/etc/netplan/01.yaml", text).put("/run/systemd/network/10-netplan-lan.network", LAN_TEXT)


def ifupdown():
    return Host(active="networking", enabled="networking", dhclient="yes").put(
        "/etc/network/interfaces", "iface eth0 inet static\n  gateway 10.0.0.1\niface eth1 inet dhcp\n"
    )


def ifcfg():
    scripts = "/etc/sysconfig/network-scripts"
    return (
        Host(active="network", enabled="network")
        .put("/etc/sysconfig/network", "GATEWAY=10.0.0.1\n")
        .put(f"{scripts}/ifcfg-eth0", "DEVICE=eth0\nGATEWAY=10.0.0.1\n")
        .put(f"{scripts}/ifcfg-eth1", "DEVICE=eth1\nBOOTPROTO=dhcp\n")
    )


def networkmanager():
    settings = "ipv4.method:manual\nipv4.gateway:10.0.0.1\nipv4.routes:\nipv4.never-default:no\n"
    return Host(active="NetworkManager", connection="uuid-1", connection_name="lan", settings=settings)


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
    assert (plan["problems"], plan["backend"], plan["needed"]) == ([], backend, True)
    assert plan["reason"]


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
    assert not host.plan()["needed"], "a second run has nothing to do"
    removal = host.plan(state="absent")
    assert removal["earlier_routes"] == ["default via 10.0.0.1 dev eth0 proto static"]
    assert "ip -4 route replace default via 10.0.0.1 dev eth0 proto static" in removal["apply"]
    host.change(removal)
    assert host.files == before
    assert not host.plan(state="absent")["needed"]


def test_networkmanager_is_told_and_told_back():
    host = networkmanager()
    plan = host.plan()
    assert f"nmcli connection modify uuid-1 +ipv4.routes '0.0.0.0/0 {VIP} 1' ipv4.gateway ''" in plan["apply"]
    assert "nmcli device reapply eth0" in plan["apply"]
    assert (
        f"nmcli connection modify uuid-1 ipv4.gateway 10.0.0.1 ipv4.never-default no -ipv4.routes '0.0.0.0/0 {VIP} 1'"
        in plan["revert"]
    )
    host.change(plan)
    for shown in (f"{{ ip = 0.0.0.0/0, nh = {VIP}, mt = 1 }}", f"0.0.0.0/0 {VIP} 1"):
        host.values["settings"] = f"ipv4.method:manual\nipv4.gateway:\nipv4.routes:{shown}\nipv4.never-default:no\n"
        assert not host.plan()["needed"]
    assert json.loads(host.files[plan_of.RECORD])["nm"]["gateway"] == "10.0.0.1"
    removal = host.plan(state="absent")
    assert (
        f"nmcli connection modify uuid-1 -ipv4.routes '0.0.0.0/0 {VIP} 1' ipv4.gateway 10.0.0.1 ipv4.never-default no"
        in removal["apply"]
    )


def test_a_changed_vip_leaves_nothing_of_the_old_one():
    for make in (networkd, netplan, ifupdown, ifcfg, Host):
        host = make()
        host.change(host.plan())
        host.values["to_vip"] = "10.0.0.11 dev eth0 src 10.0.0.21"
        plan = host.plan(vip="10.0.0.11")
        assert f"ip -4 route del default via {VIP}" in plan["apply"]
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
        assert removal["vip"] == VIP
        assert f"ip -4 route del default via {VIP} " in removal["apply"]
        assert "10.0.0.11" not in removal["apply"] + removal["revert"]


def test_a_changed_backend_leaves_no_two_mechanisms():
    host = networkd()
    host.change(host.plan(backend="unit"))
    assert plan_of.UNIT in host.files
    plan = host.plan()
    host.change(plan)
    assert plan_of.UNIT not in host.files
    assert f"{LAN}.d/{plan_of.DROP_IN}" in host.files
    assert "rm -f /etc/systemd/system/multi-user.target.wants/eucalyptus-nc-route.service" in plan["apply"]
    assert f"ip -4 route del default via {VIP}" in plan["apply"]


def test_a_gateway_in_a_file_of_the_distribution_is_hidden_by_a_copy():
    host = Host(
        active="systemd-networkd", network_file="/usr/lib/systemd/network/80-lan.network", networkctl_reload="yes"
    )
    host.put("/usr/lib/systemd/network/80-lan.network", LAN_TEXT)
    host.change(host.plan())
    copy = "/etc/systemd/network/80-lan.network"
    assert host.files[copy].startswith(plan_of.COPY)
    host.values["network_file"] = copy
    del host.files["/usr/lib/systemd/network/80-lan.network"]
    assert not host.plan()["needed"]
    host.change(host.plan(state="absent"))
    assert host.files == {}


def test_dhcp_does_not_bring_its_gateway_back():
    host = networkd().put(LAN, "[Match]\nName=eth0\n[Network]\nDHCP=yes\n")
    assert "UseGateway=no" in next(f["text"] for f in host.plan()["files"] if f["path"].endswith(plan_of.DROP_IN))
    assert "unset new_routers" in next(
        f["text"] for f in ifupdown().plan()["files"] if f["path"] == plan_of.DHCLIENT_HOOK
    )
    assert "DEFROUTE=no" in next(f["text"] for f in ifcfg().plan()["files"] if f["path"].endswith("ifcfg-eth1"))


def test_a_route_that_somebody_took_away_is_made_again():
    for name, make in HOSTS.items():
        if name == "networkmanager":
            continue
        host = make()
        host.change(host.plan())
        host.values["way_out"] = "192.0.2.1 via 10.0.0.1 dev eth0 src 10.0.0.21"
        plan = host.plan()
        assert (plan["needed"], plan["files"]) == (True, [])
        assert f"ip -4 route replace default via {VIP} dev eth0" in plan["apply"]


@pytest.mark.parametrize(
    ("values", "settings", "words"),
    [
        ({"systemd": ""}, {}, "does not run systemd"),
        ({}, {"vip": ""}, "nc_route_vip is ''"),
        ({}, {"vip": "vip.example.com"}, "must be an IPv4 address"),
        ({}, {"state": "gone"}, "nc_route_state is 'gone'"),
        ({}, {"backend": "wicked"}, "nc_route_backend is 'wicked'"),
        ({"addresses": f"{VIP}\n"}, {}, "is an address of this host itself"),
        ({"to_vip": f"{VIP} via 10.0.0.1 dev eth0"}, {}, "is on no network that this host is connected to"),
        ({"to_vip": "RTNETLINK answers: Network is unreachable"}, {}, "Network is unreachable"),
        ({"interface": "eth1"}, {}, "nc_route_interface is eth1"),
        (
            {"control": "203.0.113.1", "way_back": "default via 10.0.0.1 dev eth0"},
            {},
            "Ansible connects from 203.0.113.1",
        ),
        ({}, {"backend": "networkd"}, "does not manage eth0"),
    ],
)
def test_what_cannot_work_is_refused(values, settings, words):
    plan = Host(**values).plan(**settings)
    assert (plan["needed"], plan["files"]) == (False, [])
    assert words in " ".join(plan["problems"])


def test_netplan_is_not_bypassed_and_its_odd_files_are_left_to_a_person():
    assert "netplan would write over it" in netplan().plan(backend="networkd")["problems"][0]
    host = netplan().put("/etc/netplan/01.yaml", "network: {ethernets: {lan: {gateway4: 10.0.0.1}}}\n")
    assert "Take it out by hand" in host.plan()["problems"][0]
    host = netplan().put("/etc/netplan/01.yaml", "network:\n  version: 2\n")
    assert "no definition of eth0" in host.plan()["problems"][0]


def test_cutting_off_ansible_is_allowed_by_name_and_once_it_is_done():
    far = {"control": "203.0.113.1", "way_back": "default via 10.0.0.1 dev eth0"}
    assert Host(**far).plan(allow_cut_off=True)["problems"] == []
    for no in ("false", "no", "", None, False):
        assert "nc_route_allow_cut_off" in Host(**far).plan(allow_cut_off=no)["problems"][0]
    assert Host(**far, way_out=f"192.0.2.1 via {VIP} dev eth0").plan()["problems"] == []


def test_the_scripts_are_shell():
    for make in HOSTS.values():
        host = make()
        plan = host.plan()
        host.change(plan)
        for script in (
            plan["apply"],
            plan["revert"],
            host.plan(state="absent")["apply"],
            host.plan(state="absent")["revert"],
        ):
            subprocess.run(["sh", "-n"], input=script, text=True, check=True)


def test_the_revert_script_puts_every_file_back(tmp_path):
    """Run for real, on a tree of its own, without the commands that would touch this machine."""
    host = networkd()
    root = tmp_path / "root"
    script = host.plan()["revert"]
    for path in {item["path"] for item in host.plan()["files"]}:
        target = Path(f"{root}{path}")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("changed", encoding="utf-8")
    kept = [line for line in script.splitlines() if line.startswith(("printf", "chmod", "rm -f", "rmdir"))]
    text = "\n".join(kept).replace(" /etc/", f" {root}/etc/").replace(" /var/", f" {root}/var/")
    subprocess.run(["sh", "-e"], input=text, text=True, check=True)
    assert Path(f"{root}{LAN}").read_text(encoding="utf-8") == LAN_TEXT
    assert [path for path in root.rglob("*") if path.is_file()] == [Path(f"{root}{LAN}")]


def test_the_look_script_is_shell_and_its_output_can_be_read():
    subprocess.run(["sh", "-n", LOOK], check=True)
    said = subprocess.run(["sh", LOOK, "", "", "127.0.0.1"], text=True, capture_output=True, check=True).stdout
    assert nc_route_plan(said, {"state": "present", "vip": ""})["problems"]


@pytest.mark.parametrize("text", ["systemd !!!", "file 644 x"])
def test_garbage_is_an_error_that_shows_the_line(text):
    with pytest.raises(AnsibleFilterError, match="cannot read the line"):
        nc_route_plan(text, {"state": "present", "vip": VIP})
    with pytest.raises(AnsibleFilterError, match="wants the output"):
        nc_route_plan(None, {})


def test_a_record_that_cannot_be_read_is_no_record():
    host = networkd().put(plan_of.RECORD, "{")
    assert host.plan()["earlier_routes"] == ["default via 10.0.0.1 dev eth0 proto static"]


def test_a_deployment_without_a_record_is_not_taken_for_what_was_before():
    host = Host(default_routes=f"default via {VIP} dev eth0 onlink\n", way_out=f"192.0.2.1 via {VIP} dev eth0").put(
        plan_of.UNIT, "[Unit]\n"
    )
    assert host.plan()["earlier_routes"] == []


def nm_by_netplan():
    return networkmanager_of("netplan-eth0").put("/etc/netplan/50-cloud-init.yaml", NETPLAN_ETH0)


NETPLAN_ETH0 = "network:\n  version: 2\n  renderer: NetworkManager\n  ethernets:\n    eth0:\n      addresses: [10.0.0.21/24]\n"


def networkmanager_of(name):
    host = networkmanager()
    host.values.update(connection_name=name, netplan="yes")
    return host


def test_netplan_that_writes_for_networkmanager_is_found_and_applied_through_it():
    plan = nm_by_netplan().plan()
    assert plan["problems"] == []
    assert plan["backend"] == "netplan"
    assert plan["reason"] == "netplan writes NetworkManager's connection 'netplan-eth0' for eth0"
    assert "nmcli connection reload" in plan["apply"]
    assert "nmcli device reapply eth0" in plan["apply"]
    assert "netplan apply" not in plan["apply"]


def test_p13_the_route_of_netplan_by_networkmanager_comes_before_dhcps():
    [text] = [one["text"] for one in nm_by_netplan().plan()["files"] if one["path"] == plan_of.NETPLAN_FILE]
    [route] = yaml.safe_load(text)["network"]["ethernets"]["eth0"]["routes"]
    assert route == {"to": "0.0.0.0/0", "via": VIP, "on-link": True, "metric": 1}


def test_the_route_of_netplan_by_networkd_has_no_metric():
    [text] = [one["text"] for one in netplan().plan()["files"] if one["path"] == plan_of.NETPLAN_FILE]
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
    assert plan["problems"] == []
    name = definition.partition(":")[0]
    [ours] = [one["text"] for one in plan["files"] if one["path"].startswith("/etc/netplan/") and "10.0.0.10" in (one["text"] or "")]
    assert f"{name}:" in ours


def test_no_definition_of_the_interface_is_left_to_a_person():
    host = netplan()
    host.files = {"/etc/netplan/1.yaml": "network: {version: 2, ethernets: {wan: {match: {name: 'wl*'}}}}\n"}
    host.values["network_file"] = "/run/systemd/network/10-netplan-other.network"
    assert host.plan()["problems"][0].startswith("no definition of eth0 in /etc/netplan/1.yaml. Take it out by hand")


def test_ifupdown_without_a_stanza_does_not_manage_the_interface():
    host = ifupdown()
    host.files = {path: text.replace("eth0", "eth7") for path, text in host.files.items()}
    assert host.plan()["backend"] == "unit"


def test_routes_of_other_ifcfg_interfaces_lose_their_default_as_well():
    host = ifcfg().put("/etc/sysconfig/network-scripts/route-eth1", "default via 192.0.2.1 dev eth1\n198.51.100.0/24 via 192.0.2.2\n")
    plan = host.plan()
    [other] = [one["text"] for one in plan["files"] if one["path"].endswith("route-eth1")]
    assert not [line for line in other.splitlines() if line.startswith("default")]
    assert "198.51.100.0/24 via 192.0.2.2" in other.splitlines()
