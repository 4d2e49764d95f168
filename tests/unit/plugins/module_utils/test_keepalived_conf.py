# SPDX-License-Identifier: GPL-3.0-or-later
"""The VRRP instances read from keepalived.conf."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys

import pytest

if sys.version_info < (3, 6):
    pytest.skip("written for Python 3: pathlib, text and bytes; test_keepalived_files has it for 2.7", allow_module_level=True)

from ansible_collections.eucalyptus.ha.plugins.module_utils import _keepalived_conf
from hypothesis import given
from hypothesis import strategies as st


def read(tmp_path, text, **others):
    for name, content in dict({"keepalived.conf": text}, **others).items():
        path = tmp_path / name.replace("__", "/")
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    return _keepalived_conf.read(str(tmp_path / "keepalived.conf"), config_id="cc1")


def vips(found):
    return {one["name"]: [(vip["vip"], vip["prefix"], vip["interface"]) for vip in one["vips"]] for one in found["instances"]}


def test_what_the_collection_writes(tmp_path):
    found = read(
        tmp_path,
        """
        global_defs {
            router_id cc1
            enable_script_security
        }
        vrrp_script cc_enabled {
            script "/usr/bin/python3 /usr/libexec/keepalived/cc-enabled-check { }"
            interval 2
        }
        vrrp_instance eucalyptus {
            state BACKUP
            interface eth0
            virtual_router_id 45
            priority 120
            virtual_ipaddress {
                10.0.0.10/32 dev eth1   ! the gateway
            }
            virtual_ipaddress_excluded {
                10.0.0.11
                # 10.0.0.12
            }
            track_script {
                cc_enabled
            }
        }
        """,
    )
    assert found["problems"] == []
    assert found["error"] is None
    (instance,) = found["instances"]
    assert (instance["interface"], instance["virtual_router_id"], instance["base_priority"]) == ("eth0", 45, 120)
    assert vips(found) == {"eucalyptus": [("10.0.0.10", 32, "eth1"), ("10.0.0.11", None, "eth0")]}
    assert [vip["excluded"] for vip in instance["vips"]] == [False, True]


@pytest.mark.parametrize(
    "text",
    [
        "vrrp_instance a {\ninterface eth0\nvirtual_ipaddress {\n10.0.0.10\n}\n}",
        "vrrp_instance a { interface eth0\nvirtual_ipaddress { 10.0.0.10 }\n}",
        "vrrp_instance a\n{\ninterface eth0\nvirtual_ipaddress\n{\n10.0.0.10\n}\n}",
        "vrrp_instance a{\ninterface eth0\nvirtual_ipaddress{\n10.0.0.10\n}\n}",
        'vrrp_instance "a" {\ninterface \'eth0\'\nvirtual_ipaddress {\n10.0.0.10 # }\n}\n}',
        "$VIP=10.0.0.10\nvrrp_instance a {\ninterface eth0\nvirtual_ipaddress {\n$VIP\n}\n}",
        "$NET=10.0.0\n$VIP=${NET}.10\nvrrp_instance a {\ninterface eth0\nvirtual_ipaddress {\n${VIP}\n}\n}",
        "vrrp_instance a {\n@cc1 interface eth0\n@cc2 interface eth9\nvirtual_ipaddress {\n@^cc1 10.9.9.9\n@^cc2 10.0.0.10\n}\n}",
        "$I= \\\nvrrp_instance ${N} { \\\ninterface eth0 \\\nvirtual_ipaddress { \\\n10.0.0.10 \\\n} \\\n}\n$N=a\n$I\n",
    ],
)
def test_the_ways_to_write_the_same(tmp_path, text):
    found = read(tmp_path, text)
    assert vips(found) == {"a": [("10.0.0.10", None, "eth0")]}
    assert found["problems"] == []


def test_include_files_are_followed_from_where_they_are(tmp_path):
    found = read(
        tmp_path,
        "include conf.d/*.conf\nincludea other.conf\n",
        **{
            "conf.d__a.conf": "vrrp_instance a {\nvirtual_ipaddress {\n10.0.0.10\n}\n}\ninclude c.txt",
            "conf.d__b.conf": "vrrp_instance b {\nvirtual_ipaddress {\nfd00::10/64 dev eth1\n}\n}\n",
            "conf.d__c.txt": "vrrp_instance c {\n}\n",
            "other.conf": "vrrp_instance d {\n}\n",
        }
    )
    assert vips(found) == {
        "a": [("10.0.0.10", None, None)], "c": [], "b": [("fd00::10", 64, "eth1")], "d": [],
    }  # fmt: skip
    assert len(found["files"]) == 5


def test_an_include_file_that_is_missing_is_reported(tmp_path):
    found = read(tmp_path, "include nothing.conf\ninclude none.d/*.conf\nvrrp_instance a {\n}\n")
    assert [one["name"] for one in found["instances"]] == ["a"]
    assert [problem.rsplit("/", 1)[-1] for problem in found["problems"]] == ["nothing.conf: the include file does not exist"]


def test_a_file_that_includes_itself_ends(tmp_path):
    found = read(tmp_path, "include keepalived.conf\nvrrp_instance a {\n}\n")
    assert any("includes itself" in problem for problem in found["problems"])


def test_an_address_that_is_none_is_reported(tmp_path):
    found = read(tmp_path, "vrrp_instance a {\nvirtual_ipaddress {\n10.0.0.300\n10.0.0.10\n}\n}")
    assert vips(found) == {"a": [("10.0.0.10", None, None)]}
    assert found["problems"] == [
        "VRRP instance a, virtual_ipaddress: '10.0.0.300' is not an IPv4 or IPv6 address"
    ]


def test_a_file_that_is_not_there(tmp_path):
    found = _keepalived_conf.read(str(tmp_path / "none"))
    assert (found["error"].errno, found["instances"], found["problems"]) == (2, [], [])


def test_other_blocks_are_passed_over(tmp_path):
    found = read(
        tmp_path,
        "virtual_server 10.0.0.10 80 {\nreal_server 10.0.0.1 80 {\nweight 1\n}\n}\nstatic_ipaddress {\n10.0.0.9 dev eth0\n}\n"
        "vrrp_sync_group g {\ngroup {\na\n}\n}\nvrrp_instance a {\nvirtual_ipaddress {\n10.0.0.10\n}\n}\n",
    )
    assert vips(found) == {"a": [("10.0.0.10", None, None)]}


@given(st.text(alphabet="{}$=\\\n \"'!#@^vrp_instace10./inlud", max_size=200))
def test_no_text_is_fatal(tmp_path_factory, text):
    directory = tmp_path_factory.mktemp("conf")
    assert isinstance(read(directory, text)["instances"], list)


def test_an_include_file_that_cannot_be_read_is_reported_and_a_directory_is_passed_over(tmp_path):
    (tmp_path / "directory").mkdir()
    # A link to itself: even root cannot read it.
    (tmp_path / "loop.conf").symlink_to("loop.conf")
    found = read(tmp_path, "include director*\ninclude loop.con*\nvrrp_instance a {\n virtual_ipaddress {\n 10.0.0.10\n }\n}\n")
    assert found["problems"] == ["include file {}/loop.conf: too many symbolic links".format(tmp_path)]
    assert list(vips(found)) == ["a"]


def test_an_instance_without_a_name_is_reported(tmp_path):
    found = read(tmp_path, "vrrp_instance {\n interface eth0\n}\nvrrp_instance b {\n priority many\n}\n")
    assert [one["name"] for one in found["instances"]] == ["b"]
    assert found["problems"][0].endswith("keepalived.conf: a vrrp_instance without a name")
