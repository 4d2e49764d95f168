# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter keepalived_conf: every construct, quoting, order, errors, speed, and keepalived's own opinion."""

from __future__ import annotations

import copy
import random
import re
import string
import time
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.eucalyptus.ha.plugins.filter.keepalived_conf import FilterModule
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._keepalived_grammar import FIRST_RELEASE, GRAMMAR, release
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._keepalived_mask import mask
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._keepalived_render import (
    EXTRAS,
    KeepalivedDataError,
    natural,
    place,
    render,
)
from ansible_collections.eucalyptus.ha.tests.unit.plugins.filter.keepalived_judge import (
    DATA,
    VERSION,
    judge,
    read_words,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

keepalived_conf = FilterModule().filters()["keepalived_conf"]


def conf(data: dict[str, Any]) -> str:
    return keepalived_conf(data, header="")


def instance(**keywords: Any) -> list[str]:
    """The lines inside of one instance, without their indentation."""
    lines = conf({"vrrp_instance": {"i": keywords}}).splitlines()
    assert lines[0] == "vrrp_instance i {"
    assert lines[-1] == "}"
    return [line[4:] for line in lines[1:-1]]


def fails(data: Any) -> str:
    with pytest.raises(AnsibleFilterError) as caught:
        conf(data)
    return str(caught.value)


# -- shapes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        pytest.param({"interface": "eth0"}, ["interface eth0"], id="word"),
        pytest.param({"priority": 100}, ["priority 100"], id="number"),
        pytest.param({"advert_int": 0.1}, ["advert_int 0.1"], id="fraction"),
        pytest.param({"advert_int": 1.0}, ["advert_int 1.0"], id="whole fraction"),
        pytest.param({"advert_int": 0.000001}, ["advert_int 0.000001"], id="no exponent"),
        pytest.param({"priority": "$PRIO"}, ["priority $PRIO"], id="parameter"),
        pytest.param({"priority": "${PRIO}"}, ['priority "${PRIO}"'], id="parameter in braces"),
        pytest.param({"nopreempt": True}, ["nopreempt"], id="flag on"),
        pytest.param({"nopreempt": False}, [], id="flag off"),
        pytest.param({"nopreempt": None}, [], id="null"),
        pytest.param({"smtp_alert": True}, ["smtp_alert"], id="bool on"),
        pytest.param({"smtp_alert": False}, ["smtp_alert off"], id="bool off"),
        pytest.param({"smtp_alert": "yes"}, ["smtp_alert yes"], id="bool as text"),
        pytest.param({"use_vmac": True}, ["use_vmac"], id="optional alone"),
        pytest.param({"use_vmac": "v0 02:00:00:00:01"}, ["use_vmac v0 02:00:00:00:01"], id="optional with words"),
        pytest.param({"use_vmac": False}, [], id="optional off"),
        pytest.param({"garp_extra_if": "all 100"}, ["garp_extra_if all 100"], id="words as text"),
        pytest.param({"garp_extra_if": ["all", 100]}, ["garp_extra_if all 100"], id="words as list"),
        pytest.param({"garp_extra_if": " all\t100 "}, None, id="words with a tab"),
        pytest.param(
            {"authentication": {"auth_pass": "x y", "auth_type": "PASS"}},
            ["authentication {", "    auth_type PASS", '    auth_pass "x y"', "}"],
            id="block in a block",
        ),
        pytest.param({"notify": "/bin/n x"}, ['notify "/bin/n x"'], id="script"),
        pytest.param({"notify": "/bin/n 'x y'"}, ["notify \"/bin/n 'x y'\""], id="script with quotes"),
        pytest.param({"notify": ["/bin/n", "x y", 3, ""]}, ["notify \"/bin/n 'x y' 3 ''\""], id="script as list"),
        pytest.param(
            {"notify": {"command": "/bin/n", "user": "u", "group": "g"}}, ['notify "/bin/n" u g'], id="script with user"
        ),
        pytest.param({"notify_deleted": True}, ["notify_deleted"], id="optional script alone"),
        pytest.param({"notify_deleted": "/bin/n"}, ['notify_deleted "/bin/n"'], id="optional script"),
        pytest.param(
            {"virtual_ipaddress": ["10.0.0.1/24  dev eth0", {"10.0.0.2/24": None}, {"10.0.0.3/24": "dev eth1"}]},
            [
                "virtual_ipaddress {",
                "    10.0.0.1/24 dev eth0",
                "    10.0.0.2/24",
                "    10.0.0.3/24 dev eth1",
                "}",
            ],
            id="lines",
        ),
        pytest.param(
            {
                "virtual_ipaddress": [
                    {"address": "10.0.0.1", "no_track": True, "dev": "eth0", "home": False, "brd": None}
                ]
            },
            ["virtual_ipaddress {", "    10.0.0.1 dev eth0 no_track", "}"],
            id="line in its long form",
        ),
        pytest.param({"virtual_ipaddress": "10.0.0.1"}, ["virtual_ipaddress {", "    10.0.0.1", "}"], id="one line"),
        pytest.param(
            {"track_script": {"b": {"weight": 5, "reverse": True}, "a": None}},
            ["track_script {", "    a", "    b weight 5 reverse", "}"],
            id="lines as mapping: names sorted, reverse after weight",
        ),
        pytest.param(
            {"track_script": ["b", "a"]}, ["track_script {", "    b", "    a", "}"], id="lines as list keep their order"
        ),
        pytest.param(
            {"unicast_peer": [{"raw": "@main 10.0.0.2\n@backup 10.0.0.3\n"}]},
            ["unicast_peer {", "    @main 10.0.0.2", "    @backup 10.0.0.3", "}"],
            id="raw among lines",
        ),
        pytest.param(
            {"virtual_ipaddress": {"10.0.0.1": None, "raw": "~SEQ(N, 2, 4) 10.0.0.${N}"}},
            ["virtual_ipaddress {", "    10.0.0.1", "    ~SEQ(N, 2, 4) 10.0.0.${N}", "}"],
            id="raw beside lines",
        ),
        pytest.param(
            {"comment": ["one # two", ""], "raw_first": "@a state MASTER", "state": "BACKUP", "raw": "x\n\n  y\n"},
            ["# one # two", "#", "@a state MASTER", "state BACKUP", "x", "", "  y"],
            id="comment and raw text",
        ),
        pytest.param({"include": ["/etc/a/*.conf", "b"]}, ["include /etc/a/*.conf", "include b"], id="include"),
        pytest.param({"includea": "/etc/{a,b}"}, ["includea /etc/{a,b}"], id="include with braces for glob"),
    ],
)
def test_construct(data: dict[str, Any], lines: list[str] | None) -> None:
    if lines is None:
        assert "control character" in fails({"vrrp_instance": {"i": data}})
        return
    written = conf({"vrrp_instance": {"i": data}}).splitlines()[1:-1]
    assert [line[4:] for line in written] == lines


def test_the_form_of_the_gateway() -> None:
    """What cc_gateway gives, as a whole."""
    data = {
        "vrrp_instance": {
            "eucalyptus": {
                "track_script": ["cc_enabled"],
                "virtual_ipaddress": ["10.0.0.10/32 dev eth0"],
                "unicast_peer": ["10.0.0.2"],
                "unicast_src_ip": "10.0.0.1",
                "version": 3,
                "advert_int": 0.1,
                "priority": 100,
                "virtual_router_id": 45,
                "interface": "eth0",
                "state": "BACKUP",
            }
        },
        "vrrp_script": {
            "cc_enabled": {"rise": 1, "fall": 1, "weight": 100, "interval": 2, "script": "/bin/c --port 1"}
        },
        "global_defs": {"script_user": "eucalyptus", "enable_script_security": True, "router_id": "cc1"},
    }
    assert keepalived_conf(data) == (
        "# Written by Ansible (eucalyptus.ha.keepalived_conf). Changes made here are lost.\n"
        "\n"
        "global_defs {\n"
        "    script_user eucalyptus\n"
        "    enable_script_security\n"
        "    router_id cc1\n"
        "}\n"
        "\n"
        "vrrp_script cc_enabled {\n"
        '    script "/bin/c --port 1"\n'
        "    interval 2\n"
        "    weight 100\n"
        "    rise 1\n"
        "    fall 1\n"
        "}\n"
        "\n"
        "vrrp_instance eucalyptus {\n"
        "    state BACKUP\n"
        "    interface eth0\n"
        "    version 3\n"
        "    virtual_router_id 45\n"
        "    priority 100\n"
        "    advert_int 0.1\n"
        "    unicast_src_ip 10.0.0.1\n"
        "    unicast_peer {\n"
        "        10.0.0.2\n"
        "    }\n"
        "    virtual_ipaddress {\n"
        "        10.0.0.10/32 dev eth0\n"
        "    }\n"
        "    track_script {\n"
        "        cc_enabled\n"
        "    }\n"
        "}\n"
    )


def test_servers_and_checkers() -> None:
    text = conf(
        {
            "virtual_server": {
                "fwmark 7": {
                    "real_server": [
                        {
                            "name": "10.0.0.1 80",
                            "PING_CHECK": True,
                            "HTTP_GET": [
                                {"url": [{"path": "/a"}, {"path": "/b", "regex": r"^\d{2} #"}]},
                                {"url": {"path": "/c"}},
                            ],
                        }
                    ]
                }
            }
        }
    )
    assert text == (
        "virtual_server fwmark 7 {\n"
        "    real_server 10.0.0.1 80 {\n"
        "        HTTP_GET {\n"
        "            url {\n"
        "                path /a\n"
        "            }\n"
        "            url {\n"
        "                path /b\n"
        '                regex "^\\\\d{2} #"\n'
        "            }\n"
        "        }\n"
        "        HTTP_GET {\n"
        "            url {\n"
        "                path /c\n"
        "            }\n"
        "        }\n"
        "        PING_CHECK {\n"
        "        }\n"
        "    }\n"
        "}\n"
    )


def test_virtual_server_group_as_mapping_and_as_list() -> None:
    expected = "virtual_server_group web {\n    10.0.0.1 80\n    fwmark 1 inet\n}\n"
    lines = ["10.0.0.1 80", "fwmark 1 inet"]
    assert conf({"virtual_server_group": {"web": lines}}) == expected
    assert conf({"virtual_server_group": [{"name": "web", "lines": lines}]}) == expected


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("a b", '"a b"'),
        ("a#b", '"a#b"'),
        ("a!b", '"a!b"'),
        ("it's", '"it\'s"'),
        ("a\\b", "a\\b"),
        ("é", '"é"'),
        ("${_PWD}/x", '"${_PWD}/x"'),
    ],
)
def test_words_are_quoted_where_keepalived_needs_it(value: str, written: str) -> None:
    assert conf({"global_defs": {"router_id": value}}) == f"global_defs {{\n    router_id {written}\n}}\n"


def test_a_password_may_have_any_character_that_can_be_written() -> None:
    assert instance(authentication={"auth_pass": "a#{!}"})[1] == '    auth_pass "a#{!}"'


# -- order -----------------------------------------------------------------------------------------------------


def test_lists_keep_their_order_and_mappings_are_sorted_as_people_would() -> None:
    names = ["VI_10", "VI_2", "VI_1"]
    as_mapping = conf({"vrrp_instance": {name: {"priority": 1} for name in names}})
    as_list = conf({"vrrp_instance": [{"name": name, "priority": 1} for name in names]})
    assert re.findall(r"VI_\d+", as_mapping) == ["VI_1", "VI_2", "VI_10"]
    assert re.findall(r"VI_\d+", as_list) == names
    assert sorted(["eth10", "eth9", "a1b2", "a1b10"], key=natural) == ["a1b2", "a1b10", "eth9", "eth10"]


def shuffled(data: Any, chance: random.Random) -> Any:
    if isinstance(data, dict):
        keys = list(data)
        chance.shuffle(keys)
        return {key: shuffled(data[key], chance) for key in keys}
    if isinstance(data, list):
        return [shuffled(item, chance) for item in data]
    return data


@given(st.integers())
@settings(max_examples=20, deadline=None)
def test_the_same_data_gives_the_same_bytes(seed: int) -> None:
    """However the keys of the mappings are ordered."""
    for data in DATA.values():
        assert keepalived_conf(shuffled(data, random.Random(seed))) == keepalived_conf(data)  # noqa: S311 - no secret


def test_the_data_is_left_alone() -> None:
    before = copy.deepcopy(DATA)
    for data in DATA.values():
        keepalived_conf(data)
    assert before == DATA


# -- errors ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param([], "the configuration is of type list", id="no mapping"),
        pytest.param({"vrrp_instance": 1}, "vrrp_instance is of type int", id="named block that is none"),
        pytest.param({"vrrp_instance": {"i": 1}}, "vrrp_instance.i is of type int", id="block that is none"),
        pytest.param({"vrrp_instance": [{}]}, "vrrp_instance[0] needs to be a mapping with a name", id="no name"),
        pytest.param({"vrrp_instance": {"a b{": {}}}, "as a name contains a brace", id="brace in a name"),
        pytest.param({"vrrp_instance": {"a\nb": {}}}, "control character '\\n'", id="line feed in a name"),
        pytest.param({"vrrp_instance": {'a"b': {}}}, "double quote", id="quote in a name"),
        pytest.param({"vrrp_instances": {}}, "vrrp_instances is not a keyword", id="unknown block"),
        pytest.param({"vrrp_instances": {}}, "did you mean vrrp_instance?", id="hint"),
        pytest.param({"global_defs": {"lvs_id": "x"}}, "global_defs.lvs_id is not a keyword", id="removed keyword"),
        pytest.param({"global_defs": {1: "x"}}, "is not a keyword", id="key that is no text"),
        pytest.param(
            {"vrrp_instance": {"i": {"prioritty": 1}}},
            "vrrp_instance.i.prioritty is not a keyword of keepalived at this place; did you mean priority?",
            id="typing error",
        ),
        pytest.param(
            {"vrrp_instance": {"i": {"priority": "1\n}"}}}, "vrrp_instance.i.priority contains", id="line feed"
        ),
        pytest.param({"vrrp_instance": {"i": {"priority": "1\r"}}}, "control character '\\r'", id="carriage return"),
        pytest.param({"vrrp_instance": {"i": {"interface": "a}"}}}, "contains a brace", id="brace"),
        pytest.param({"vrrp_instance": {"i": {"interface": "a\\"}}}, "ends in a backslash", id="backslash at the end"),
        pytest.param({"vrrp_instance": {"a b\\": {}}}, "ends in a backslash", id="backslash at the end of a name"),
        pytest.param({"vrrp_instance": {"i": {"interface": "${a b"}}}, "contains a brace", id="half a parameter"),
        pytest.param({"vrrp_instance": {"i": {"interface": ""}}}, "is empty", id="empty"),
        pytest.param({"vrrp_instance": {"i": {"interface": "  "}}}, "is empty", id="blank"),
        pytest.param(
            {"vrrp_instance": {"i": {"interface": True}}}, "is true, but the keyword needs a value", id="bool"
        ),
        pytest.param({"vrrp_instance": {"i": {"interface": ["a"]}}}, "is a list", id="list for a word"),
        pytest.param({"vrrp_instance": {"i": {"interface": {}}}}, "is a mapping", id="mapping for a word"),
        pytest.param({"vrrp_instance": {"i": {"interface": object()}}}, "is of type object", id="odd type"),
        pytest.param({"vrrp_instance": {"i": {"advert_int": float("nan")}}}, "nan is not a number", id="not a number"),
        pytest.param({"vrrp_instance": {"i": {"nopreempt": 1}}}, "must be true or false (got 1)", id="number for a flag"),
        pytest.param({"vrrp_instance": {"i": {"smtp_alert": "maybe"}}}, "must be true or false (got 'maybe')", id="odd bool"),
        pytest.param({"vrrp_instance": {"i": {"unicast_peer": []}}}, "unicast_peer must have at least one entry", id="no peers"),
        pytest.param({"vrrp_instance": {"i": {"unicast_peer": {}}}}, "must have at least one entry", id="no peers, mapping"),
        pytest.param({"vrrp_instance": {"i": {"unicast_peer": {"comment": "x"}}}}, "at least one entry", id="only a comment"),
        pytest.param({"vrrp_sync_group": {"g": {"group": []}}}, "Give it the names of the members", id="no members"),
        pytest.param({"garp_group": {"interfaces": []}}, "Give it the names of the interfaces", id="no interfaces"),
        pytest.param({"vrrp_track_process": {"p": {"process": []}}}, "Give it the name of the process", id="no process"),
        pytest.param({"virtual_server_group": {"g": []}}, "Give it the addresses of the group", id="no servers"),
        pytest.param({"vrrp_script": {"s": {"script": []}}}, "Give it the program", id="no program"),
        pytest.param({"vrrp_instance": {"i": {"unicast_peer": 1}}}, "takes a list of lines", id="number for lines"),
        pytest.param(
            {"vrrp_instance": {"i": {"unicast_peer": ["a", "}"]}}}, "unicast_peer[1] contains a brace", id="line"
        ),
        pytest.param({"vrrp_instance": {"i": {"unicast_peer": ["~SEQ(a,1)"]}}}, "begins with '~'", id="sequence"),
        pytest.param({"vrrp_instance": {"i": {"unicast_peer": ["@x 10.0.0.1"]}}}, "begins with '@'", id="condition"),
        pytest.param({"vrrp_instance": {"i": {"unicast_peer": ["include /x"]}}}, "would include a file", id="include"),
        pytest.param(
            {"vrrp_instance": {"i": {"unicast_peer": [{"a": 1, "b": 2}]}}}, "needs the key 'address'", id="keys"
        ),
        pytest.param({"vrrp_instance": {"i": {"notify": {"command": []}}}}, "needs at least the program", id="no command in a list"),
        pytest.param({"vrrp_instance": {"a": {"auth_hmac": {"key": "x"}}}}, "a mapping of numbers to keys", id="key without a number"),
        pytest.param({"vrrp_instance": {"a": {"auth_hmac": {"key": {1: 'a"b'}}}}}, "auth_hmac.key['1'] contains", id="odd key"),
        pytest.param({"vrrp_instance": {"i": {"notify": {"user": "u"}}}}, "has no command", id="no command"),
        pytest.param({"vrrp_instance": {"i": {"notify": {"command": "x", "group": "g"}}}}, "but no user", id="no user"),
        pytest.param({"vrrp_instance": {"i": {"notify": {"command": "x", "usr": "g"}}}}, "has 'usr'", id="odd key"),
        pytest.param({"vrrp_instance": {"i": {"notify": "a 'b"}}}, "single quote without its partner", id="half quote"),
        pytest.param({"vrrp_instance": {"i": {"notify": ["a", "it's"]}}}, "single quote", id="quote in an argument"),
        pytest.param({"vrrp_instance": {"i": {"notify": 'a "b"'}}}, "double quote", id="double quote in a script"),
        pytest.param({"vrrp_instance": {"i": {"notify": "a \\d"}}}, "backslash", id="backslash in a script"),
        pytest.param({"vrrp_instance": {"i": {"comment": "a\\"}}}, "would swallow the next line", id="comment"),
        pytest.param({"vrrp_instance": {"i": {"raw": "a\\"}}}, "would swallow the next line", id="raw"),
        pytest.param({"vrrp_instance": {"i": {"raw": 1}}}, "raw is text", id="raw number"),
        pytest.param({"vrrp_instance": {"i": {"raw": "a\x00"}}}, "control character", id="raw zero byte"),
        pytest.param({"include": "a b"}, "is not the name of a file", id="include with a blank"),
        pytest.param({"garp_group": [{}, {"x": 1}]}, "garp_group[1].x is not a keyword", id="path with an index"),
        pytest.param(
            {"virtual_server": {"10.0.0.1 80": {"real_server": {"10.0.0.2 80": {"weight": [1]}}}}},
            "virtual_server['10.0.0.1 80'].real_server['10.0.0.2 80'].weight is a list",
            id="path with odd names",
        ),
    ],
)
def test_bad_data_is_an_error_that_names_the_place(data: Any, message: str) -> None:
    assert message in fails(data)


def test_all_errors_come_at_once() -> None:
    message = fails({"global_defs": {"router_id": "", "x": 1}, "vrrp_instance": {"i": {"priority": True}}})
    assert "global_defs.router_id" in message
    assert "global_defs.x" in message
    assert "vrrp_instance.i.priority" in message


# -- properties ------------------------------------------------------------------------------------------------


@given(st.text(max_size=30))
@settings(max_examples=300, deadline=None)
def test_a_value_comes_back_as_it_was_or_is_refused(value: str) -> None:
    try:
        text = conf({"global_defs": {"router_id": value, "smtp_helo_name": "end"}})
    except AnsibleFilterError:
        assert not value.strip() or value.endswith("\\") or re.search(r"[\x00-\x1f\x7f\"{}]", value)
        return
    # Only a line feed ends a line for keepalived, which knows bytes and no Unicode.
    lines = text.split("\n")
    assert len(lines) == 5
    assert read_words(lines[2]) == ["router_id", value]
    assert lines[1:] == ["    smtp_helo_name end", lines[2], "}", ""]


@given(st.text(max_size=20), st.text(max_size=20))
@settings(max_examples=300, deadline=None)
def test_nothing_breaks_out_of_its_line(name: str, value: str) -> None:
    """Names, lines and scripts: whatever they are, the blocks are the same."""
    data = {
        "vrrp_instance": {
            name: {"virtual_ipaddress": [value], "notify": ["/bin/n", value], "authentication": {"auth_pass": value}}
        }
    }
    try:
        text = conf(data)
    except AnsibleFilterError:
        return
    unquoted = re.sub(r'"[^"\n]*"', "", text)
    assert unquoted.count("{") == unquoted.count("}") == 3
    assert text.count("\n") == 9


@given(st.text(alphabet=string.printable, min_size=1, max_size=12))
@settings(max_examples=200, deadline=None)
def test_a_masked_text_has_no_secret(secret: str) -> None:
    word = "Zq7" + secret
    try:
        text = keepalived_conf({"vrrp_instance": {"i": {"authentication": {"auth_pass": word}}}}, mask=True)
    except AnsibleFilterError as error:
        text, masked = str(error), ""
    else:
        masked = "auth_pass ********"
    assert "Zq7" not in text
    assert masked in text


def test_the_keys_of_auth_hmac_are_masked_and_the_file_of_ssl_is_not() -> None:
    signed = {"auth_hmac": {"key": {1: "Zq7 one of many", 20: "hex:Zq7"}, "active_key": 20}}
    text = keepalived_conf({"SSL": {"key": "/etc/ssl/key.pem"}, "vrrp_instance": {"i": signed}}, mask=True)
    assert "Zq7" not in text
    assert [line.strip() for line in text.splitlines() if "key" in line] == [
        "key /etc/ssl/key.pem", "key 1 ********", "key 20 ********", "active_key 20",
    ]  # fmt: skip


def test_masking_covers_raw_text_and_conditions() -> None:
    text = "a {\n  @main auth_pass one\n\tauth_pass two three\npassword four\n  unicast_src_ip 10.0.0.1\n}\n"
    assert not re.search("one|two|three|four", mask(text))
    assert "10.0.0.1" in mask(text)


# -- speed -----------------------------------------------------------------------------------------------------


def many(count: int) -> dict[str, Any]:
    return {
        "vrrp_instance": {
            f"VI_{number}": {
                "state": "BACKUP",
                "interface": f"eth{number}",
                "virtual_router_id": number % 255 + 1,
                "priority": 100,
                "advert_int": 0.1,
                "version": 3,
                "unicast_src_ip": "10.0.0.1",
                "unicast_peer": ["10.0.0.2", "10.0.0.3"],
                "virtual_ipaddress": [f"10.{number // 250}.{number % 250}.1/24 dev eth{number}"],
                "track_script": ["cc_enabled weight 10"],
                "notify": "/usr/libexec/keepalived/notify 'a b'",
            }
            for number in range(count)
        }
    }


def seconds(count: int) -> float:
    data = many(count)
    best = 9.0
    for _round in range(5):
        start = time.process_time()
        keepalived_conf(data)
        best = min(best, time.process_time() - start)
    return best


def test_a_thousand_instances_take_a_fifth_of_a_second_at_most_and_it_grows_in_line() -> None:
    thousand = seconds(1000)
    assert thousand <= 0.2
    assert seconds(4000) <= 8 * thousand


# -- the grammar, and keepalived's opinion of it: see test_keepalived_corpus ------------------------------------


def test_the_grammar_has_every_keyword_and_no_other() -> None:
    """What the parsers of keepalived register is generated; how each keyword is written is the grammar's."""
    known = {(table, key) for table, rules in GRAMMAR.items() for key in rules}
    assert known == {pair for pair in FIRST_RELEASE if pair[1] not in EXTRAS}


def test_names_of_all_kinds_can_be_put_in_order() -> None:
    names = ["a", "a0", "a00", "0", "10", "2", "", "a0b"]
    data = {"vrrp_script": {name or "-": {"script": "/usr/bin/true"} for name in names}}
    order = [line.split()[1] for line in keepalived_conf(data).splitlines() if line.startswith("vrrp_script")]
    assert order == ["0", "2", "10", "-", "a", "a0", "a00", "a0b"]


WORDS = st.text(
    alphabet=st.characters(codec="utf-8", exclude_characters="\"{}\\'$~@", exclude_categories=["Cc", "Cs"]),
    min_size=1,
    max_size=12,
).filter(
    # A name that begins like a directive of ours is refused, and some are options of a line: hypothesis knows these words from our sources.
    lambda text: text.strip() == text
    and len(text.encode()) < 60
    and not text.startswith(("include", "raw"))
    and text not in {"address", "comment", "interface", "name", "route", "rule"}
)


@pytest.mark.skipif(not VERSION, reason="needs the program keepalived and a network namespace of its own")
@given(st.lists(WORDS, min_size=30, max_size=60, unique=True))
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
def test_keepalived_takes_any_name_and_argument(tmp_path_factory: pytest.TempPathFactory, words: list[str]) -> None:
    data = {
        "global_defs": {"enable_script_security": True, "script_user": "root", "router_id": words[0]},
        "vrrp_script": {word: {"script": ["/usr/bin/true", word]} for word in words},
        "vrrp_instance": {
            words[0]: {
                "interface": "e0",
                "virtual_router_id": 1,
                "virtual_ipaddress": ["10.0.0.10"],
                "track_script": [{word: None} for word in words],
            }
        },
    }
    assert judge({"words": keepalived_conf(data)}, tmp_path_factory.mktemp("words"))["words"] == (0, [])


# -- the rarer refusals -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param({"track_interface": [None]}, "vrrp_instance.i.track_interface[0] is null", id="null in a list"),
        pytest.param({"priority": {"a": 1}}, "is a mapping, but the keyword takes a value", id="mapping for a word"),
        pytest.param({"priority": object()}, "is of type object, which cannot be written", id="object"),
        pytest.param({"virtual_ipaddress": ['10.0.0.1 label "a"']}, "contains a double quote; give the words as a list", id="quoted words"),
        pytest.param({"virtual_ipaddress": ["10.0.0.10", []]}, "virtual_ipaddress[1] is an empty list", id="empty list of words"),
        pytest.param({"comment": ["fine", 7]}, "vrrp_instance.i.comment is not text", id="comment that is no text"),
        pytest.param({"comment": "a\x00b"}, "vrrp_instance.i.comment is not text", id="comment with NUL"),
        pytest.param({"notify": ["{"]}, "vrrp_instance.i.notify is a lone brace", id="lone brace"),
        pytest.param({"notify": "}"}, "vrrp_instance.i.notify is a lone brace", id="lone closing brace"),
        pytest.param({"virtual_ipaddress": {"10.0.0.10": {"dev": {}}}}, "virtual_ipaddress['10.0.0.10']", id="bad option of a line"),
    ],
)
def test_further_values_are_refused_with_their_place(data, words):
    assert words in fails({"vrrp_instance": {"i": data}})


def test_a_pattern_with_a_double_quote_is_refused_with_the_way_out():
    url = {"path": "/", "regex": 'a"b'}
    server = {"10.0.0.2 80": {"HTTP_GET": {"url": url}}}
    assert "\\x22 means the same in a pattern" in fails({"virtual_server": {"10.0.0.1 80": {"real_server": server}}})


def test_a_mapping_of_lines_has_comment_includes_and_raw_too():
    lines = instance(
        virtual_ipaddress={"comment": "two", "10.0.0.11": None, "10.0.0.2": {"dev": "eth0"}, "include": "more.conf", "raw": "10.0.0.12"}
    )
    assert lines == [
        "virtual_ipaddress {", "    # two", "    10.0.0.2 dev eth0", "    10.0.0.11", "    include more.conf", "    10.0.0.12", "}",
    ]  # fmt: skip


def test_null_leaves_out_what_a_mapping_of_lines_may_have():
    """As everywhere else."""
    extras = {"comment": None, "include": None, "raw": None}
    assert instance(virtual_ipaddress={"10.0.0.10": None, **extras}) == ["virtual_ipaddress {", "    10.0.0.10", "}"]


def test_named_blocks_in_a_list_need_their_name_and_null_leaves_one_out():
    said = fails({"vrrp_instance": [{"priority": 1}, "x"]})
    assert "vrrp_instance[0] needs to be a mapping with a name" in said
    assert "vrrp_instance[1] needs to be a mapping with a name" in said
    assert conf({"vrrp_instance": {"a": None, "b": {"priority": 1}}}) == "vrrp_instance b {\n    priority 1\n}\n"


def test_a_bad_name_is_told_as_a_name():
    assert "as a name contains a double quote" in fails({"vrrp_instance": {'a"b': {"priority": 1}}})


# -- what machine-made mutants showed to be untested (tests/mutants) --------------------------------------------


def problems_of(data: Any) -> list[str]:
    with pytest.raises(KeepalivedDataError) as caught:
        render(data)
    assert str(caught.value) == "; ".join(caught.value.problems)
    return caught.value.problems


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), "the configuration"),
        (("vrrp_instance",), "vrrp_instance"),
        (("vrrp_instance", "a", "priority"), "vrrp_instance.a.priority"),
        (("vrrp_instance", "a b", 0, "x-1"), "vrrp_instance['a b'][0].x-1"),
        ((2, "a"), "[2].a"),
        (("10.0.0.1",), "['10.0.0.1']"),
    ],
)
def test_a_place_is_written_as_in_a_template(path, text):
    assert place(path) == text


def test_problems_are_told_each_with_its_place():
    assert problems_of({"vrrp_instance": {"i": {"priority": [], "interface": {}, 5: 1}}, "global_defs": 7}) == [
        "global_defs is of type int; it needs a mapping of keywords to values",
        "vrrp_instance.i['5'] is not a keyword of keepalived at this place; if your keepalived knows it, write it as raw text",
        "vrrp_instance.i.interface is a mapping, but the keyword takes a value",
        "vrrp_instance.i.priority is a list, but the keyword takes one value",
    ]


@pytest.mark.parametrize("key", EXTRAS)
def test_null_leaves_out_whatever_a_block_may_have(key):
    assert instance(**{key: None, "interface": "eth0"}) == ["interface eth0"]
    assert instance(**{"priority": None, key: None, "interface": "eth0"}) == ["interface eth0"]


@pytest.mark.parametrize("key", ["raw", "raw_first"])
def test_raw_text_that_is_none_is_told_by_its_place_and_the_rest_goes_on(key):
    assert problems_of({"vrrp_instance": {"i": {key: 7}}}) == [
        f"vrrp_instance.i.{key} is of type int; raw is text or a list of texts"
    ]
    assert problems_of({"vrrp_instance": {"i": {key: [7, "a\x01", "b\\", 8]}}}) == [
        f"vrrp_instance.i.{key}[0] is of type int; raw is text or a list of texts",
        f"vrrp_instance.i.{key}[1] contains the control character '\\x01'",
        f"vrrp_instance.i.{key}[2] ends in a backslash, which would swallow the next line",
        f"vrrp_instance.i.{key}[3] is of type int; raw is text or a list of texts",
    ]


def test_raw_text_keeps_its_letters_and_loses_its_own_indentation():
    assert instance(raw="\n    X one {\n\n      two\n    } X\n") == ["X one {", "", "  two", "} X"]
    assert instance(raw=["a", ["b"][0], "c\n\n\nd"]) == ["a", "b", "c", "", "", "d"]
    assert conf({"vrrp_instance": {"i": {"raw": "a\n\nb"}}}) == "vrrp_instance i {\n    a\n\n    b\n}\n"


def test_comments_keep_their_letters():
    assert instance(comment="X one X\n\ntwo  \nX\n", interface="eth0") == ["# X one X", "#", "# two", "# X", "interface eth0"]
    assert instance(comment=["a", "b\nc"], interface="eth0") == ["# a", "# b", "# c", "interface eth0"]
    assert problems_of({"vrrp_instance": {"i": {"comment": [7, "a\\", 8]}}}) == [
        "vrrp_instance.i.comment is not text",
        "vrrp_instance.i.comment has a line that ends in a backslash, which would swallow the next line",
        "vrrp_instance.i.comment is not text",
    ]


def test_a_bad_name_of_a_file_is_told_by_its_place():
    said = "is not the name of a file without white space, quotes, # and !"
    assert problems_of({"include": "a b"}) == [f"include {said}"]
    assert problems_of({"include": ["a", "b c", "d", "e#"]}) == [f"include[1] {said}", f"include[3] {said}"]


@pytest.mark.parametrize(
    ("secret", "line"),
    [("plain", "auth_pass plain"), ("two words", 'auth_pass "two words"'), ("a{b}#!", 'auth_pass "a{b}#!"'), (" {x", 'auth_pass " {x"')],
)
def test_a_secret_is_quoted_only_where_it_must_be(secret, line):
    assert line in [one.strip() for one in instance(authentication={"auth_type": "PASS", "auth_pass": secret})]


@pytest.mark.parametrize("secret", ['a"b', "{", " } ", "a\\", "a b\\"])
def test_a_secret_that_cannot_be_written_is_refused(secret):
    assert problems_of({"vrrp_instance": {"i": {"authentication": {"auth_pass": secret}}}}) == [
        "vrrp_instance.i.authentication.auth_pass contains a double quote, ends in a backslash or is a lone brace,"
        " which keepalived.conf cannot express"
    ]


@pytest.mark.parametrize("value", ["on", "off", "true", "false", "yes", "no"])
def test_words_for_true_and_false_are_written_as_they_are(value):
    [key] = [name for name, rule in GRAMMAR["vrrp_instance"].items() if rule.kind == "bool"][:1]
    assert instance(**{key: value}) == [f"{key} {value}"]


@pytest.mark.parametrize(
    ("script", "line"),
    [
        ({"command": "/bin/x"}, 'notify "/bin/x"'),
        ({"command": "/bin/x", "user": None, "group": None}, 'notify "/bin/x"'),
        ({"command": "/bin/x", "user": "u"}, 'notify "/bin/x" u'),
        ({"command": "/bin/x", "user": "u", "group": "g"}, 'notify "/bin/x" u g'),
        (["/bin/x", "", "a b", 7], "notify \"/bin/x '' 'a b' 7\""),
    ],
)
def test_a_script_in_each_form(script, line):
    assert instance(notify=script) == [line]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ({"command": "/bin/x", "group": "g"}, "has a group but no user"),
        ({"user": "u"}, "has no command"),
        ({"command": "/bin/x", "users": "u"}, "has 'users'; a script has command, user and group"),
        (["/bin/x", 'a"b'], "contains a double quote, which keepalived's releases read differently; put it into the script itself"),
        (["/bin/x", "a\\b"], "contains a backslash, which keepalived's releases read differently; put it into the script itself"),
        (["/bin/x", "it's"], "contains a single quote, which keepalived does not support inside an argument; put it into the script"),
        ({"command": []}, "is an empty list; it needs at least the program"),
        ("/bin/x 'a", "has a single quote without its partner; keepalived would not run the script"),
    ],
)
def test_a_script_that_cannot_be_written_is_refused(script, said):
    assert problems_of({"vrrp_instance": {"i": {"notify": script}}}) == [f"vrrp_instance.i.notify {said}"]


@pytest.mark.parametrize("options", [None, True, {}])
def test_a_line_without_options_is_its_word(options):
    assert instance(virtual_ipaddress={"10.0.0.10": options}) == ["virtual_ipaddress {", "    10.0.0.10", "}"]


def test_lines_in_a_list():
    lines = [{"raw": "X {\n}"}, "Xeth0", {"10.0.0.10": "dev eth0"}, {"address": "10.0.0.11", "dev": "eth1", "no_track": True}]
    assert instance(virtual_ipaddress=lines) == [
        "virtual_ipaddress {", "    X {", "    }", "    Xeth0", "    10.0.0.10 dev eth0", "    10.0.0.11 dev eth1 no_track", "}",
    ]  # fmt: skip


def test_a_bad_line_is_one_problem_and_not_an_empty_block_besides():
    assert problems_of({"vrrp_instance": {"i": {"virtual_ipaddress": ["@x", "~x", {}, {"a": 1, "b": 2}]}}}) == [
        "vrrp_instance.i.virtual_ipaddress[0] begins with '@', which keepalived does not accept as text; use raw to write it unchanged",
        "vrrp_instance.i.virtual_ipaddress[1] begins with '~', which keepalived does not accept as text; use raw to write it unchanged",
        "vrrp_instance.i.virtual_ipaddress[2] needs the key 'address'",
        "vrrp_instance.i.virtual_ipaddress[3] needs the key 'address'",
    ]


def test_a_bad_line_where_one_is_needed_is_one_problem():
    assert problems_of({"vrrp_instance": {"i": {"unicast_peer": ["@x"]}}}) == [
        "vrrp_instance.i.unicast_peer[0] begins with '@', which keepalived does not accept as text; use raw to write it unchanged"
    ]


@pytest.mark.parametrize(
    ("real_server", "lines"),
    [
        ({"TCP_CHECK": {}}, ["TCP_CHECK {", "}"]),  # a checker with its defaults
        ({"TCP_CHECK": []}, []),
        ({"notify_up": {}, "weight": 1}, ["weight 1"]),
    ],
)
def test_an_empty_block_is_written_and_an_empty_value_is_none(real_server, lines):
    text = conf({"virtual_server": {"10.0.0.1 80": {"real_server": {"10.0.0.2 80": real_server}}}})
    assert [line.strip() for line in text.splitlines()] == ["virtual_server 10.0.0.1 80 {", "real_server 10.0.0.2 80 {", *lines, "}", "}"]


@pytest.mark.parametrize(
    ("data", "problems"),
    [
        ([], ["the configuration is of type list; it needs a mapping of keywords to values"]),
        ({"global_defs": [{}]}, ["global_defs is of type list; it needs a mapping of keywords to values"]),
        ({"vrrp_instance": ["a name"]}, ["vrrp_instance[0] needs to be a mapping with a name"]),
        (
            {"vrrp_instance": {'a"b': {}, 'c"d': {}}},
            [f"vrrp_instance[{name!r}] as a name contains a double quote, which keepalived.conf cannot express" for name in ('a"b', 'c"d')],
        ),
        (
            {"virtual_server_group": {"g": 7, "h": 8}},
            [f"virtual_server_group.{name} is of type int; it takes a list of lines" for name in "gh"],
        ),
    ],
)  # fmt: skip
def test_blocks_that_are_none(data, problems):
    assert problems_of(data) == problems


def test_only_servers_are_called_by_several_words():
    assert conf({"vrrp_instance": {"a b": {"priority": 1}}}).startswith('vrrp_instance "a b" {\n')
    assert conf({"virtual_server": {"10.0.0.1 80": {"lb_algo": "rr"}}}).startswith("virtual_server 10.0.0.1 80 {\n")


def test_a_header_that_is_no_comment_is_refused():
    with pytest.raises(AnsibleFilterError, match="keepalived_conf: header is not text"):
        keepalived_conf({}, header="a\x00b")


def test_a_blank_line_stands_before_each_block_at_the_top():
    data = {"global_defs": {"router_id": "a"}, "vrrp_instance": {"i": {"track_script": ["s"]}, "j": {"priority": 1}}}
    assert conf(data) == (
        "global_defs {\n    router_id a\n}\n\nvrrp_instance i {\n    track_script {\n        s\n    }\n}\n\n"
        "vrrp_instance j {\n    priority 1\n}\n"
    )


def test_a_masked_line_is_otherwise_the_same():
    assert mask("a {\n    auth_pass x y\n    @cc1 password  z\n}\n") == "a {\n    auth_pass ********\n    @cc1 password  ********\n}\n"


@pytest.mark.parametrize(
    ("text", "numbers"), [("2.2.7", (2, 2, 7)), ("2.2.7-1+b2", (2, 2, 7)), ("v2.3.1 (05/11,2024)", (2, 3, 1)), ("2.3", (2, 3)), ("", ())]
)
def test_a_release_is_its_first_three_numbers(text, numbers):
    """What a distribution adds does not make it newer than what it is compared with."""
    assert release(text) == numbers


def test_first_releases_are_versions():
    """A keyword is refused for older ones, which are compared as numbers."""
    assert {first for first in FIRST_RELEASE.values() if not re.fullmatch(r"\d+\.\d+\.\d+", first)} == set()


@pytest.mark.parametrize(
    ("lines", "where", "said"),
    [
        ({"a": None, "comment": 7}, ".comment", "is not text"),
        ({"a": None, "raw": 7}, ".raw", "is of type int; raw is text or a list of texts"),
        (["a", {"raw": 7}], "[1].raw", "is of type int; raw is text or a list of texts"),
        ({"a": None, "include": "b c"}, ".include", "is not the name of a file without white space, quotes, # and !"),
    ],
)
def test_what_stands_beside_lines_is_told_by_its_place(lines, where, said):
    assert problems_of({"vrrp_instance": {"i": {"virtual_ipaddress": lines}}}) == [f"vrrp_instance.i.virtual_ipaddress{where} {said}"]
