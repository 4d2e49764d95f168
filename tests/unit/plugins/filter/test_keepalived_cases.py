# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations of other people's kind (rows K1 to K17 and P7 of the cases), each with what is right."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.eucalyptus.ha.plugins.filter.keepalived_conf import keepalived_conf
from ansible_collections.eucalyptus.ha.plugins.filter.keepalived_host_checks import FilterModule as HostChecks
from ansible_collections.eucalyptus.ha.plugins.filter.keepalived_problems import keepalived_problems
from ansible_collections.eucalyptus.ha.plugins.filter.keepalived_verdict import keepalived_verdict
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._keepalived_grammar import (
    FIRST_RELEASE,
    GRAMMAR,
    LEFT_OUT,
    release,
)
from ansible_collections.eucalyptus.ha.tests.unit.plugins.filter.keepalived_judge import VERSION, judge

host_checks = HostChecks().filters()["keepalived_host_checks"]
BASE = {"interface": "eth0", "virtual_router_id": 1, "virtual_ipaddress": ["10.0.0.10/32"]}
needs_keepalived = pytest.mark.skipif(not VERSION, reason="needs the program keepalived and a network namespace of its own")


def instance(**keywords: Any) -> dict[str, Any]:
    return {"vrrp_instance": {"a": {**copy.deepcopy(BASE), **keywords}}}


def instances(first: dict[str, Any], second: dict[str, Any], **more: Any) -> dict[str, Any]:
    other = {**BASE, "virtual_router_id": 2, "virtual_ipaddress": ["10.0.0.11/32"]}
    return {"vrrp_instance": {"a": {**BASE, **first}, "b": {**other, **second}}, **more}


def script(command: Any) -> dict[str, Any]:
    return {"vrrp_script": {"s": {"script": command}}, **instance(track_script=["s"])}


def lines(data: dict[str, Any]) -> list[str]:
    return [line.strip() for line in keepalived_conf(data, header="").splitlines()]


# -- K1: who runs the scripts ----------------------------------------------------------------------------------


def test_k1_the_user_of_scripts_comes_before_them() -> None:
    """keepalived takes the user when it reads the script."""
    scripts = {"startup_script": "/x", "notify_fifo_script": "/y", "shutdown_script": "/z"}
    written = lines({"global_defs": {**scripts, "enable_script_security": True, "script_user": "nobody"}})
    assert written[1:3] == ["script_user nobody", "enable_script_security"]
    assert written.index('startup_script "/x"') > 2


@pytest.mark.parametrize(
    ("version", "globals_", "wrong"),
    [
        ("2.2.7", {"script_user": "nobody", "startup_script": "/x"}, ["startup_script"]),
        ("2.2.5", {"script_user": "nobody", "startup_script": "/x", "shutdown_script": ["/y"]}, ["startup_script", "shutdown_script"]),
        ("2.2.8", {"script_user": "root", "shutdown_script": {"command": "/x", "user": "nobody"}}, ["shutdown_script"]),
        ("2.2.7", {"script_user": ["root", "nogroup"], "startup_script": "/x"}, ["startup_script"]),
        ("2.2.7", {"script_user": "nobody", "startup_script": {"command": "/x", "user": "root"}}, []),
        ("2.2.7", {"script_user": "$USER", "startup_script": "/x"}, []),
        ("2.2.7", {"startup_script": "/x", "shutdown_script": []}, []),
        # Tried: neither kills itself.
        ("2.2.4", {"script_user": "nobody", "startup_script": "/x"}, []),
        ("2.3.0", {"script_user": "nobody", "startup_script": "/x"}, []),
        ("", {"script_user": "nobody", "startup_script": "/x"}, []),
    ],
)
def test_k1_start_and_stop_scripts_of_others_than_root(version: str, globals_: dict[str, Any], wrong: list[str]) -> None:
    found = keepalived_problems({"global_defs": globals_}, version)
    assert [problem.split()[0] for problem in found] == [f"global_defs.{key}" for key in wrong]
    assert all("must run as root (got " in problem for problem in found)


# -- K2, K9, K15: what keepalived printed ----------------------------------------------------------------------

INSECURE = "SECURITY VIOLATION - scripts are being executed but script_security not enabled."


def judged(output: str, accept: list[str], code: int = 5, version: str = "2.2.7") -> str:
    return keepalived_verdict({"rc": code, "stdout": output}, version, accept)["state"]


def test_k2_missing_script_security_hides_nothing_else() -> None:
    assert judged(INSECURE, ["script_security"], 6) == "good"
    for other in ("(Line 5) Unknown keyword 'nosuch_keyword'", "VRRP parsed invalid IP 10.0.1.300. skipping IP..."):
        assert judged(f"{INSECURE}\n{other}", ["script_security"], 6) == "errors"


@needs_keepalived
def test_k2_as_keepalived_itself_prints_it(tmp_path: Path) -> None:
    data = {"vrrp_script": {"s": {"script": "/usr/bin/true"}}, "vrrp_instance": {"a": {**BASE, "interface": "e0", "track_script": ["s"]}}}
    worse = copy.deepcopy(data)
    worse["vrrp_instance"]["a"].update(raw="nosuch_keyword 5", virtual_ipaddress=["10.0.1.300"])  # type: ignore[attr-defined]  # a dictionary in dictionaries
    found = judge({"good": keepalived_conf(data), "bad": keepalived_conf(worse)}, tmp_path)
    assert judged("\n".join(found["good"][1]), ["script_security"], found["good"][0], VERSION) == "good"
    assert judged("\n".join(found["bad"][1]), ["script_security"], found["bad"][0], VERSION) == "errors"


@pytest.mark.parametrize(
    ("line", "state"),
    [
        ("(Line 4) Config files missing 'no-such-file.conf'.", "errors"),
        ("(Line 4) Config files missing '/etc/keepalived/conf.d/*.conf'.", "good"),
        ("(Line 4) Config files missing '/etc/keepalived/[ab].conf'.", "good"),
    ],
)
def test_k9_a_missing_include_file(line: str, state: str) -> None:
    result = keepalived_verdict({"rc": 0, "stdout": line}, "2.2.7")
    assert result["state"] == state
    # Whatever keepalived printed is shown.
    assert result["said"] == [line]
    assert line in result["message"]
    assert keepalived_verdict({"rc": 0, "stdout": line}, "2.2.7", ["missing_include"])["state"] == "good"


def test_k9_an_include_file_that_cannot_be_read_is_an_error() -> None:
    assert judged("(Line 4) Error reading config file(s): glob(\"x\") returned 2, skipping.", ["missing_include"], 0) == "errors"


def test_k9_plain_names_are_looked_for_on_the_host_by_any_release() -> None:
    data = instance(virtual_ipaddress={"10.0.0.1": None, "include": "vips.conf"}, include=["more.conf", "conf.d/*.conf"])
    data["include"] = "/etc/keepalived/x.conf"
    data["includea"] = ["{a,b}.conf", "$HERE/x.conf", None]
    assert [line for line in host_checks(data) if line.startswith("include")] == [
        "include /etc/keepalived/x.conf", "include more.conf", "include vips.conf",
    ]  # fmt: skip


@needs_keepalived
def test_k9_as_keepalived_itself_prints_it(tmp_path: Path) -> None:
    data = {"include": "no-such-file.conf", "vrrp_instance": {"a": {**BASE, "interface": "e0"}}}
    wild = {**data, "include": "no-such-*.conf"}
    found = judge({"plain": keepalived_conf(data), "wild": keepalived_conf(wild)}, tmp_path)
    # Before 2.2 keepalived prints nothing; the role looks for the file itself.
    if release(VERSION) >= (2, 2, 0):
        assert judged("\n".join(found["plain"][1]), [], found["plain"][0], VERSION) == "errors"
    assert judged("\n".join(found["wild"][1]), [], found["wild"][0], VERSION) == "good"


def test_k15_what_is_accepted_is_named_one_by_one() -> None:
    own = "(a) Ignoring track_interface eth0 since own interface"
    alone = "Sync group g has only 1 virtual router(s) - this probably isn't what you want"
    result = keepalived_verdict({"rc": 5, "stdout": f"{own}\n{alone}"}, "2.2.7", ["own_interface"])
    assert result["state"] == "errors"
    assert f"{own} [own_interface]; {alone} [one_member]" in result["message"]
    result = keepalived_verdict({"rc": 5, "stdout": f"{own}\n{alone}"}, "2.2.7", ["own_interface", "one_member"])
    assert result["state"] == "good"
    assert own in result["message"]


@pytest.mark.parametrize("place", ["(x.conf: Line 3) ", "(Line 3) ", ""])
def test_k15_a_sentence_without_a_name_is_accepted_as_a_whole(place: str) -> None:
    line = f"{place}Something new since 2.9"
    assert judged(line, []) == "errors"
    assert judged(line, ["Something new"]) == "errors"
    assert judged(line, ["Something new since 2.9"]) == "good"
    assert judged(f"{line}\nand more", ["Something new since 2.9"]) == "errors"


def test_k15_nothing_makes_good_what_would_not_run() -> None:
    assert judged(INSECURE, ["script_security"], 4) == "fatal"
    assert judged("", ["script_security"], 5) == "errors"
    assert judged("", ["script_security"], 139) == "failed"


@pytest.mark.parametrize("accept", [["errors"], ["security"], ["own_interface", "typo"]])
def test_k15_an_unknown_name_is_rejected(accept: list[str]) -> None:
    with pytest.raises(AnsibleFilterError, match=f"names of complaints.*got '{accept[-1]}'.*one_member"):
        keepalived_verdict({"rc": 0, "stdout": ""}, "2.2.7", accept)


def test_k15_findings_on_the_host_are_accepted_by_name_too() -> None:
    found = "@missing_program /x does not exist\n@source_address the source address 10.0.0.1 is not configured on this host"
    assert judged(found, ["missing_program"], 0) == "errors"
    assert judged(found, ["missing_program", "source_address"], 0) == "good"


# -- K3: programs ----------------------------------------------------------------------------------------------


def test_k3_every_program_is_looked_for() -> None:
    states = ("master", "backup", "fault", "stop", "master_rx_lower_pri")
    data = {
        "global_defs": {
            "startup_script": "/g/start", "shutdown_script": ["/g/stop", "x"], "notify_fifo_script": "/g/fifo",
            "vrrp_notify_fifo_script": {"command": "/g/vrrp-fifo x", "user": "u"}, "lvs_notify_fifo_script": "/g/lvs-fifo",
        },
        "vrrp_script": {"s": {"script": "/s/check 'a b'"}, "file": {"script": "</s/file"}, "tcp": {"script": "</dev/tcp/1.2.3.4/80"}},
        "vrrp_sync_group": {"g": {"notify": "/y/notify"}},
        "virtual_server": {
            "fwmark 1": {
                "quorum_up": "/v/up", "quorum_down": "/v/down",
                "real_server": {"10.0.0.1": {"notify_up": "/r/up", "notify_down": "/r/down", "MISC_CHECK": {"misc_path": "'/r/a misc' x"}}},
            }
        },
        **instance(notify="/i/all", **{f"notify_{state}": f"/i/{state}" for state in states}),
    }  # fmt: skip
    found = [line.split(" ", 2)[2] for line in host_checks(data) if line.startswith("program")]
    assert found == [
        "/g/fifo", "/g/lvs-fifo", "/g/start", "/g/stop", "/i/all", "/i/backup", "/i/fault", "/i/master", "/i/master_rx_lower_pri",
        "/i/stop", "/r/a misc", "/r/down", "/r/up", "/s/check", "/v/down", "/v/up", "/y/notify", "/g/vrrp-fifo",
    ]  # fmt: skip


# -- K4: no shell ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        "echo hello | grep -q nothere", "/bin/a && /bin/b", "/bin/a || /bin/b", "/bin/a ; /bin/b", "/bin/a; /bin/b", "/bin/a > /dev/null",
        "/bin/a 2>&1", "/bin/a &> /dev/null", "/bin/a >/dev/null", "/bin/a>/dev/null", "/bin/a 2>/dev/null", "/bin/a >> /tmp/x", "/bin/a &",
        "/bin/a < /tmp/x", "/bin/a |/bin/b", "/bin/a|| /bin/b", "/bin/a $(date)", "/bin/a `date`", "/bin/sh -c /bin/a | /bin/b",
        "/bin/a 'x' | b",
    ],
)  # fmt: skip
def test_k4_what_only_a_shell_understands_is_rejected(command: str) -> None:
    for data in (script(command), script({"command": command, "user": "u"}), instance(notify=command)):
        [found] = keepalived_problems(data)
        assert "for a shell, but keepalived runs it without one" in found
    # keepalived 1.x (EL 7) runs scripts by a shell.
    assert keepalived_problems(script(command), "1.3.5") == []


@pytest.mark.parametrize(
    "command",
    [
        "</dev/tcp/127.0.0.1/80", "</file", "< /file", "/bin/sh -c 'a | b && c > /dev/null 2>&1'", ["/bin/sh", "-c", "a | b; c"],
        ["/usr/bin/expr", "1", ">", "2"], "/bin/a 'x | y' 'z;'", "/bin/grep -E a|b", "/usr/bin/curl http://x/?a=1&b=2", "/bin/a -> b",
        "/usr/bin/env x=1 /bin/a $PORT ${PORT}", "/bin/a a;b",
    ],
)  # fmt: skip
def test_k4_what_is_keepalived_own_or_quoted_stays(command: Any) -> None:
    assert keepalived_problems(script(command)) == []


# -- K5 to K7, K11 to K13, K17: the checks ---------------------------------------------------------------------


def test_k5_an_address_belongs_to_its_device() -> None:
    link_local = {"virtual_ipaddress": ["fe80::1/64"]}
    assert keepalived_problems(instances(link_local, {**link_local, "interface": "eth1"})) == []
    one = {"virtual_ipaddress": ["10.0.0.9"]}
    assert keepalived_problems(instances({"virtual_ipaddress": ["10.0.0.9 dev eth2"]}, {"virtual_ipaddress": ["10.0.0.9 dev eth3"]})) == []
    assert keepalived_problems(instances(one, {"virtual_ipaddress_excluded": [["10.0.0.9/24", "dev", "eth1"]]})) == []
    for second in (["10.0.0.9"], ["10.0.0.9/24 dev eth0"], [{"address": "10.0.0.9", "dev": "eth0"}]):
        [found] = keepalived_problems(instances(one, {"virtual_ipaddress": second}))
        assert found == "vrrp_instance.b.virtual_ipaddress[0] is 10.0.0.9 on eth0, which vrrp_instance.a.virtual_ipaddress[0] has too"


@pytest.mark.parametrize(
    ("weight", "bad"), [(-254, False), ("254 reverse", False), (-253, True), ("-254 reverse", True), (254, True), (0, False), (None, True)]
)
def test_k6_a_weight_that_forces_fault_goes_with_nopreempt(weight: Any, bad: bool) -> None:
    """Without a weight of its own a file has 1."""
    data = {"track_file": {"maint": {"file": "/run/maint", "weight": weight}}, **instance(nopreempt=True, track_file=["maint"])}
    assert bool(keepalived_problems(data)) is bad
    data["track_file"]["maint"]["weight"] = 5
    data["vrrp_instance"]["a"]["track_file"] = [f"maint weight {1 if weight is None else weight}"]
    assert bool(keepalived_problems(data)) is bad


def test_k7_source_addresses_are_looked_for_on_the_host() -> None:
    peers = {"unicast_peer": ["10.0.1.2"]}
    data = instances({"unicast_src_ip": "10.0.1.77", **peers}, {"mcast_src_ip": "10.0.1.78"})
    assert host_checks(data) == ["interface eth0", "peer 10.0.1.2", "source 10.0.1.77", "source 10.0.1.78"]
    assert host_checks({**data, "net_namespace": "red"})[0] == "namespace red"
    assert host_checks(instance(unicast_src_ip="$ADDRESS", **peers)) == ["interface eth0", "peer 10.0.1.2"]


def test_k8_includes_come_where_they_can_define_something() -> None:
    data = {
        "include": "conf.d/scripts.conf",
        "global_defs": {"include": "users.conf", "startup_script": "/x", "script_user": "u"},
        "vrrp_script": {"own": {"script": "/bin/true"}},
        "virtual_server_group": {"web": ["10.0.0.1 80"]},
        "vrrp_sync_group": {"g": {"group": ["a"]}},
        "virtual_server": {"group web": {"lvs_sched": "rr"}},
        **instance(track_script=["theirs"], include="more.conf"),
    }
    written = lines(data)
    order = ["script_user u", "include users.conf", 'startup_script "/x"', "vrrp_script own {", "virtual_server_group web {",
             "include conf.d/scripts.conf", "vrrp_sync_group g {", "vrrp_instance a {", "track_script {", "include more.conf",
             "virtual_server group web {"]  # fmt: skip
    assert [line for line in written if line in order] == order
    assert keepalived_problems(data) == []
    # Where nothing follows that needs them, they are written all the same.
    assert lines({"include": "a.conf"}) == ["include a.conf"]
    assert lines({"include": "a.conf", "global_defs": {"include": "b.conf"}}) == ["global_defs {", "include b.conf", "}", "include a.conf"]


@needs_keepalived
def test_k8_keepalived_finds_what_an_include_defines(tmp_path: Path) -> None:
    theirs = tmp_path / "scripts.conf"
    other = {**BASE, "interface": "e1", "virtual_ipaddress": ["10.0.1.9"], "track_script": ["own"]}
    theirs.write_text(
        keepalived_conf({"vrrp_script": {"theirs": {"script": "/usr/bin/true"}}, "vrrp_instance": {"other": other}}), encoding="utf-8"
    )
    data = {
        "global_defs": {"script_user": "root", "enable_script_security": True},
        "include": str(theirs),
        "vrrp_script": {"own": {"script": "/usr/bin/true"}},
        "vrrp_instance": {"a": {**BASE, "interface": "e0", "track_script": ["theirs"]}},
    }
    assert judge({"text": keepalived_conf(data)}, tmp_path)["text"] == (0, [])


def test_k10_a_line_given_as_words_is_read_as_words() -> None:
    scripts = {"vrrp_script": {"chk": {"script": "/bin/true", "weight": [10, "reverse"]}}}
    assert keepalived_problems({**scripts, **instance(track_script=[["chk", "weight", 5]])}) == []
    assert "chek" in keepalived_problems({**scripts, **instance(track_script=[["chek", "weight", 5]])})[0]
    assert "add up to 200" in keepalived_problems({**scripts, **instance(track_script=[["chk", "weight", 200]])})[0]
    assert "add up to 10" in keepalived_problems({**scripts, **instance(priority=250, track_script=["chk"])})[0]
    named = {"vrrp_instance": {"VI 1": BASE, "b": {**BASE, "virtual_router_id": 2, "virtual_ipaddress": ["10.0.0.11"]}}}
    assert keepalived_problems({**named, "vrrp_sync_group": {"g": {"group": [["VI 1"], ["b"]]}}}) == []
    found = keepalived_problems({**named, "vrrp_sync_group": {"g": {"group": ["VI 1", "b"]}}})
    assert [problem.split(" is ")[1].split(",")[0] for problem in found] == ["'VI'", "'1'"]
    peer = instance(unicast_src_ip="10.0.1.1", unicast_peer=[["10.0.1.1", "min_ttl", 5]])
    assert "this host itself" in keepalived_problems(peer)[0]
    assert host_checks(peer) == ["interface eth0", "peer 10.0.1.1", "source 10.0.1.1"]
    twice = instance(virtual_ipaddress=[["10.0.0.9/32", "dev", "eth0"], {"address": ["10.0.0.9/32"], "dev": ["eth0"]}])
    assert "is 10.0.0.9 on eth0, which" in keepalived_problems(twice)[0]
    servers = {"virtual_server": [{"name": ["10.0.0.300", 80], "real_server": [{"name": ["10.0.0.2", 80]}]}]}
    assert keepalived_problems(servers) == ["virtual_server[0] must be an IP address (got '10.0.0.300')"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"global_defs": {"vrrp_strict": True}, **instance()}, ["global_defs.vrrp_strict"]),
        ({"global_defs": {"vrrp_strict": "yes"}, **instances({}, {})}, ["global_defs.vrrp_strict"]),
        (instance(strict_mode=True), ["vrrp_instance.a.strict_mode"]),
        # With version 2 keepalived takes accept back.
        ({"global_defs": {"vrrp_strict": True}, **instance(accept=True)}, ["global_defs.vrrp_strict"]),
        ({"global_defs": {"vrrp_strict": True}, **instance(accept=True, version=3)}, []),
        ({"global_defs": {"vrrp_strict": True}, **instance(strict_mode=False)}, []),
        ({"global_defs": {"vrrp_strict": True}, **instance(no_accept=True)}, []),
        ({"global_defs": {"vrrp_strict": False}, **instance()}, []),
    ],
)
def test_k11_strict_mode_is_a_warning(data: dict[str, Any], expected: list[str]) -> None:
    found = keepalived_problems(data, kind="warnings")
    assert [warning.split()[0] for warning in found] == expected
    assert all("drop all traffic to the virtual addresses" in warning for warning in found)
    assert keepalived_problems(data) == []


def test_k11_errors_and_warnings_are_asked_for_by_name() -> None:
    assert keepalived_problems([], kind="warnings") == []
    with pytest.raises(AnsibleFilterError, match="kind must be errors or warnings"):
        keepalived_problems({}, kind="all")


@pytest.mark.parametrize(
    ("tracks", "group", "version", "bad"),
    [
        ({"track_process": ["p"]}, {}, "", False),
        ({"track_process": ["p weight 20"]}, {}, "2.2.7", False),
        ({"track_interface": ["eth1 weight 5"]}, {}, "", True),
        ({"track_interface": ["eth1"]}, {}, "", False),
        ({"track_script": ["s"]}, {}, "", True),
        ({"track_file": ["f"]}, {}, "", True),
        ({"track_file": ["f weight -254"]}, {}, "", True),
        ({"track_bfd": ["d weight 3"]}, {}, "", True),
        ({"track_script": ["s"]}, {"sync_group_tracking_weight": "on"}, "2.2.7", False),
        # It has no effect from 2.0 on, and keeps the weights before.
        ({"track_script": ["s"]}, {"global_tracking": True}, "2.2.7", True),
        ({"track_script": ["s"]}, {"global_tracking": True}, "1.3.5", False),
        ({"track_script": ["s"]}, {"global_tracking": True}, "", False),
    ],
)
def test_k12_weights_in_a_sync_group_as_keepalived_has_them(tracks: dict[str, Any], group: dict[str, Any], version: str, bad: bool) -> None:
    things: dict[str, Any] = {}
    if version != "1.3.5":
        things = {
            "vrrp_track_process": {"p": {"process": "x"}},
            "track_file": {"f": {"file": "/x"}},
            "bfd_instance": {"d": {"neighbor_ip": "10.0.0.2"}},
        }
    things["vrrp_script"] = {"s": {"script": "/bin/true", "weight": 2}}
    data = instances(tracks, {}, vrrp_sync_group={"g": {"group": ["a", "b"], **group}}, **things)
    found = keepalived_problems(data, version)
    assert bool(found) is bad
    assert all("in the sync group g, where keepalived ignores that" in problem for problem in found)


@needs_keepalived
@pytest.mark.parametrize(
    ("keyword", "track"),
    [
        ("track_process", "p weight 20"),
        ("track_interface", "e2 weight 5"),
        ("track_script", "s weight 5"),
        ("track_file", "f weight 5"),
        ("track_bfd", "d weight 5"),
    ],
)
def test_k12_keepalived_and_we_say_the_same(keyword: str, track: str, tmp_path: Path) -> None:
    data = {
        "global_defs": {"script_user": "root", "enable_script_security": True},
        "vrrp_track_process": {"p": {"process": "x"}},
        "track_file": {"f": {"file": "/tmp/corpus-k12", "init_file": 0}},
        "bfd_instance": {"d": {"neighbor_ip": "10.0.0.2", "source_ip": "10.0.0.1"}},
        "vrrp_script": {"s": {"script": "/usr/bin/true"}},
        "vrrp_sync_group": {"g": {"group": ["a", "b"]}},
        "vrrp_instance": {
            "a": {**BASE, "interface": "e0", keyword: [track]},
            "b": {**BASE, "interface": "e1", "virtual_ipaddress": ["10.0.1.10"]},
        },
    }
    _code, words = judge({"text": keepalived_conf(data)}, tmp_path)["text"]
    assert any("due to SYNC group" in word for word in words) is bool(keepalived_problems(data))


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (instance(unicast_peer="10.0.1.2,10.0.1.3"), "vrrp_instance.a.unicast_peer[0]"),
        (instance(unicast_peer=["10.0.1.2", "router2"]), "vrrp_instance.a.unicast_peer[1]"),
        (instance(unicast_peer=["10.0.1.300"]), "vrrp_instance.a.unicast_peer[0]"),
        (instance(unicast_peer=["10.0.1.2/24"]), "vrrp_instance.a.unicast_peer[0]"),
        (instance(virtual_ipaddress=["gateway.example.com"]), "vrrp_instance.a.virtual_ipaddress[0]"),
        (instance(virtual_ipaddress={"10.0.0.1/33": None}), "vrrp_instance.a.virtual_ipaddress['10.0.0.1/33']"),
        (instance(virtual_ipaddress=["10.0.0.1/255.255.255.0"]), "vrrp_instance.a.virtual_ipaddress[0]"),
        (instance(virtual_ipaddress=["fe80::1%eth0"]), "vrrp_instance.a.virtual_ipaddress[0]"),
        (instance(virtual_ipaddress=["10.0.0.1/24 brd 10.0.0.256"]), "vrrp_instance.a.virtual_ipaddress[0]"),
        (instance(virtual_ipaddress=["10.0.0.1 peer other"]), "vrrp_instance.a.virtual_ipaddress[0]"),
        (instance(virtual_ipaddress_excluded=[{"address": "x"}]), "vrrp_instance.a.virtual_ipaddress_excluded[0]"),
        (instance(mcast_src_ip="eth0"), "vrrp_instance.a.mcast_src_ip"),
        (instance(unicast_peer=["10.0.0.2"], unicast_src_ip="10.0.0"), "vrrp_instance.a.unicast_src_ip"),
        ({"static_ipaddress": ["localhost dev eth0"]}, "static_ipaddress[0]"),
        ({"global_defs": {"vrrp_mcast_group4": "all"}}, "global_defs.vrrp_mcast_group4"),
        ({"virtual_server": {"www 80": {"real_server": {"10.0.0.1": {}}}}}, "virtual_server['www 80']"),
        ({"virtual_server": {"10.0.0.1 80": {"real_server": {"db1 80": {}}}}}, "virtual_server['10.0.0.1 80'].real_server['db1 80']"),
        ({"virtual_server": {"fwmark 1": {"real_server": {"10.0.0.1": {"TCP_CHECK": {"connect_ip": "x"}}}}}},
         "virtual_server['fwmark 1'].real_server['10.0.0.1'].TCP_CHECK.connect_ip"),
        ({"bfd_instance": {"b": {"neighbor_ip": "x"}}}, "bfd_instance.b.neighbor_ip"),
    ],
)  # fmt: skip
def test_k13_what_must_be_an_address_is_one(data: dict[str, Any], place: str) -> None:
    for version in ("", "2.2.7"):
        [found] = keepalived_problems(data, version)
        assert found.startswith(f"{place} must be an IP address (got ")


def test_k13_lists_in_one_text_are_told_apart() -> None:
    [found] = keepalived_problems(instance(unicast_peer="10.0.1.2,10.0.1.3"))
    assert found == "vrrp_instance.a.unicast_peer[0] must be an IP address (got '10.0.1.2,10.0.1.3'). Write each as an entry of the list."


@pytest.mark.parametrize(
    "data",
    [
        instance(unicast_peer=["$PEER", "10.0.$NET.1", "${A}", {"raw": "x"}], virtual_ipaddress=["$VIP/24 dev $DEV"]),
        instance(virtual_ipaddress=["10.0.0.1/24 brd + dev eth0", "10.0.0.2 peer 10.0.0.3", "10.0.0.4/24 brd 10.0.0.255"]),
        {"virtual_server": {"group web": {}, "fwmark 5": {}, "$VS 80": {}, "2001:db8::1 80": {"real_server": {"$RS 80": {}}}}},
        {"virtual_server_group": {"web": ["10.0.0.1-5 80"]}, "global_defs": {"smtp_server": "mail.example.com 25"}},
    ],
)
def test_k13_parameters_and_names_that_may_be_are_left_alone(data: dict[str, Any]) -> None:
    assert keepalived_problems(data) == []


@pytest.mark.parametrize(
    "keywords",
    [
        {"track_script": []}, {"virtual_routes": []}, {"virtual_rules": ()}, {"track_interface": {}}, {"virtual_ipaddress_excluded": []},
        {"garp_extra_if": []}, {"notify": []}, {"virtual_routes": {"comment": "none yet"}},
    ],
)  # fmt: skip
def test_k14_an_empty_list_of_what_may_be_absent_is_absent(keywords: dict[str, Any]) -> None:
    assert lines(instance(**keywords)) == lines(instance())
    assert keepalived_problems(instance(**keywords), "1.3.5") == []


def test_k14_at_the_top_and_in_lines_too() -> None:
    empty = {"global_defs": {"notification_email": [], "router_id": "r"}, "garp_group": [], "static_routes": [], "virtual_server": {}}
    assert lines(empty) == ["global_defs {", "router_id r", "}"]
    assert keepalived_problems(empty, "1.3.5") == []
    assert "10.0.0.1 dev eth0" in lines(instance(virtual_ipaddress=[{"address": "10.0.0.1", "dev": "eth0", "label": []}]))


@pytest.mark.parametrize("peers", [[], {}, (), {"comment": "none yet"}])
def test_k14_no_peers_is_one_message(peers: Any) -> None:
    assert keepalived_problems(instance(unicast_src_ip="10.0.0.1", unicast_peer=peers)) == [
        "vrrp_instance.a.unicast_peer must have at least one entry (got none). Give it the addresses of the other routers; with no peer"
        " keepalived falls back to multicast"
    ]


def test_k14_no_address_is_an_error_where_keepalived_wants_one() -> None:
    assert keepalived_problems(instance(virtual_ipaddress=[])) == []
    assert "has no virtual_ipaddress" in keepalived_problems(instance(virtual_ipaddress=[], version=3))[0]
    assert keepalived_problems(instance(virtual_ipaddress=[], version=3, no_virtual_ipaddress=True)) == []
    assert keepalived_problems(instance(virtual_ipaddress=[], version=3, raw="x")) == []


def test_k17_a_missing_interface_is_told() -> None:
    both = instances({"interface": None}, {"interface": None, "virtual_router_id": 1})
    assert keepalived_problems(both) == [f"vrrp_instance.{name} has no interface; name the one that VRRP runs on" for name in "ab"]
    unicast = instance(interface=None, unicast_src_ip="10.0.0.1", unicast_peer=["10.0.0.2"])
    for version, good in {"": True, "2.0.20": False, "2.1.5": True, "2.2.4": True, "2.2.7": False, "2.2.8": True, "2.4.3": True}.items():
        assert (keepalived_problems(unicast, version) == []) is good, version
    assert keepalived_problems(instance(interface=None, include="x")) == []


@pytest.mark.parametrize("text", ["yes", "on", "true", "True", "YES"])
def test_k17_booleans_in_text_are_treated_alike(text: str) -> None:
    def written(value: str) -> list[str]:
        line = {"address": "10.0.0.1", "no_track": value}
        return lines(instance(smtp_alert=value, nopreempt=value, use_vmac=value, notify_deleted=value, virtual_ipaddress=[line]))

    assert {"nopreempt", "use_vmac", "notify_deleted", "10.0.0.1 no_track", f"smtp_alert {text.lower()}"} <= set(written(text))
    off = {"yes": "no", "on": "off", "true": "false", "True": "False", "YES": "NO"}[text]
    assert written(off) == lines(instance(smtp_alert=off, virtual_ipaddress=["10.0.0.1"]))
    assert f"smtp_alert {off.lower()}" in written(off)
    # And the checks see them.
    assert "no effect with state MASTER" in keepalived_problems(instance(state="MASTER", nopreempt=text))[0]
    assert keepalived_problems(instance(state="MASTER", nopreempt=off)) == []


# -- P7: releases ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("block", "keyword", "first"),
    [
        # Words that mean several things, each with the release of its own block; from the release notes and sources.
        ("vrrp_instance", "track_file", "2.0.0"), ("main", "track_file", "2.1.0"), ("main", "vrrp_track_file", "2.0.0"),
        ("vrrp_instance", "vrf", "2.2.5"), ("vrrp_instance", "linkbeat_use_polling", "2.0.0"), ("main", "linkbeat_use_polling", "1.3.5"),
        ("virtual_server", "mh-port", "2.0.20"), ("vrrp_sync_group", "notify_priority_changes", "2.2.0"),
        ("vrrp_instance", "notify_priority_changes", "2.0.16"), ("vrrp_instance", "check_unicast_src", "2.1.0"),
        ("global_defs", "vrrp_check_unicast_src", "1.3.5"), ("real_server", "UDP_CHECK", "2.1.0"), ("UDP_CHECK", "payload", "2.2.0"),
        ("global_defs", "reload_time_file", "2.1.0"), ("global_defs", "reload_repeat", "2.1.0"), ("global_defs", "notify_fifo", "1.3.6"),
        ("vrrp_instance", "unicast_ttl", "2.1.0"), ("global_defs", "vrrp_rt_priority", "2.0.0"),
        ("global_defs", "vrrp_rlimit_rttime", "2.1.0"), ("vrrp_instance", "old_unicast_checksum", "1.3.7"),
        ("vrrp_instance", "auth_hmac", "2.4.0"), ("main", "includea", "2.2.0"),
    ],
)  # fmt: skip
def test_p7_first_releases(block: str, keyword: str, first: str) -> None:
    assert FIRST_RELEASE[block, keyword] == first


def test_p7_a_keyword_that_is_false_is_written_where_it_takes_off() -> None:
    assert keepalived_problems(instance(notify_priority_changes=False), "1.3.5") == [
        "vrrp_instance.a.notify_priority_changes needs keepalived 2.0.16 (this host has 1.3.5)"
    ]
    assert keepalived_problems(instance(track_src_ip=False, track_file=[]), "1.3.5") == []


def test_p7_what_only_tunes_is_left_out_and_told_once_with_its_consequence() -> None:
    data = {"global_defs": {"vrrp_rt_priority": 50, "vrrp_rlimit_rttime": 10000, "router_id": "r"}, **instance()}
    assert keepalived_problems(data, "1.3.5") == []
    assert keepalived_problems(data, "1.3.5", kind="warnings") == [
        "vrrp_rt_priority is left out: it needs keepalived 2.0.0 (this host has 1.3.5). keepalived here has no real-time priority: on a"
        " busy host it can be late with its adverts, and the virtual addresses can move.",
        "vrrp_rlimit_rttime is left out: it needs keepalived 2.1.0 (this host has 1.3.5). keepalived here keeps its default limit of CPU"
        " time without a pause.",
    ]
    text = keepalived_conf(data, version="1.3.5")
    assert "vrrp_rt_priority" not in text
    assert "router_id r" in text
    assert "vrrp_rt_priority 50" in keepalived_conf(data, version="2.0.0")
    assert "vrrp_rlimit_rttime" not in keepalived_conf(data, version="2.0.0")
    for version in ("", "2.2.7"):
        assert keepalived_problems(data, version, kind="warnings") == []
        assert keepalived_conf(data, version=version) == keepalived_conf(data)


def test_p7_everything_that_is_left_out_is_a_keyword_newer_than_the_oldest_release() -> None:
    for keyword in LEFT_OUT:
        assert release(GRAMMAR["global_defs"][keyword].since) > (1, 3, 5)
