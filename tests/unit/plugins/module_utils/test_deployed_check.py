# SPDX-License-Identifier: GPL-3.0-or-later
"""The check as it is deployed: its command line in keepalived.conf, and what it printed."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys

import pytest

if sys.version_info < (3, 6):
    pytest.skip("written for Python 3: pathlib, text and bytes", allow_module_level=True)

import getpass
import json

from ansible_collections.eucalyptus.ha.plugins.module_utils import _deployed_check, _keepalived_conf

FIRST_EDITION = (
    "/usr/bin/python3 -E -s -S /usr/libexec/keepalived/cc-enabled-check --host 127.0.0.1 --port 8774 --timeout 1.5 "
    "--key '/var/lib/eucalyptus/keys/cloud-pk.pem' --cert /var/lib/eucalyptus/keys/cloud-cert.pem "
    "--grace 5 --rest 1.5 --watch 0 --memory /run/eucalyptus-ha/cc_enabled.check"
)
SECOND_EDITION = (
    "/usr/bin/python3 -E -s -S /usr/libexec/keepalived/cc-enabled-check --host 127.0.0.1 --port 8775 --timeout 1.5 "
    "--source state_file --state-file /var/lib/eucalyptus/CC/eucalyptusCCConfig "
    "--grace 5 --memory /run/eucalyptus-ha/cc_enabled.check --watch 0.88 --live-every 5"
)
NEWLY = SECOND_EDITION.replace("--watch 0.88 --live-every 5", "--newly-enabled 2.4 --watch=0.88")


def conf(tmp_path, *scripts, **options):
    blocks = "".join("vrrp_script s{} {{\n    {}\n}}\n".format(number, lines) for number, lines in enumerate(scripts))
    path = tmp_path / "keepalived.conf"
    path.write_text("global_defs {{\n    {}\n}}\n{}".format(options.get("head", "script_user eucalyptus"), blocks), encoding="utf-8")
    return _keepalived_conf.parse(str(path))[0]


def quoted(command, more=""):
    return 'script "{}"\n    {}'.format(command, more)


def test_o24_the_command_line_is_the_one_in_keepalived_conf(tmp_path):
    found = _deployed_check.script(conf(tmp_path, 'script "/usr/bin/test ! -e /x"', quoted(FIRST_EDITION, "weight 100")))
    assert found["argv"] == FIRST_EDITION.replace("'", "").split()
    assert (found["user"], found["weight"]) == ("eucalyptus", 100)


@pytest.mark.parametrize("command", [FIRST_EDITION, SECOND_EDITION])
def test_o24_the_controller_is_queried_as_keepalived_does_but_without_a_memory(command):
    argv = _deployed_check.query_argv(command.replace("'", "").split())
    assert argv[-1] == "--json"
    assert not set(argv) & {"--memory", "--grace", "--rest", "--watch", "--live-every", "5", "0.88"}
    for option in ("--host", "--port", "--timeout", "--key", "--cert", "--source", "--state-file"):
        assert _deployed_check.value_of(argv, option) == _deployed_check.value_of(command.replace("'", "").split(), option)


def test_o24_an_option_that_only_another_version_knows_stays():
    assert _deployed_check.query_argv(["c", "--no-ws-security", "--rest", "2", "--new=3"]) == ["c", "--no-ws-security", "--new=3", "--json"]


def test_the_second_script_of_the_check_is_not_the_one_that_queries(tmp_path):
    found = _deployed_check.script(conf(tmp_path, quoted(NEWLY, "weight 40"), quoted(SECOND_EDITION)))
    assert _deployed_check.value_of(found["argv"], "--port") == "8775"
    assert found["weight"] == 0


@pytest.mark.parametrize(
    ("scripts", "head", "user"),
    [
        ([quoted(FIRST_EDITION, "user euca euca")], "script_user other", "euca"),
        ([quoted(FIRST_EDITION)], "script_user other group", "other"),
        ([quoted(FIRST_EDITION)], "router_id cc1", None),
    ],
)
def test_the_user_is_the_scripts_own_or_the_default(tmp_path, scripts, head, user):
    assert _deployed_check.script(conf(tmp_path, *scripts, head=head))["user"] == user


@pytest.mark.parametrize(
    "script",
    ['script "/usr/local/bin/CCclient-enabled-check.sh"', "interval 1", "script \"/usr/libexec/keepalived/cc-enabled-check 'x\"", ""],
)
def test_without_a_script_that_runs_the_check_there_is_none(tmp_path, script):
    assert _deployed_check.script(conf(tmp_path, script)) is None


def test_a_script_without_quotes_is_read_as_well(tmp_path):
    found = _deployed_check.script(conf(tmp_path, "script /usr/libexec/keepalived/cc-enabled-check --port 1\n    weight x"))
    assert (found["argv"][1:], found["weight"]) == (["--port", "1"], 0)


def test_values_of_options():
    assert _deployed_check.value_of(["--cert=/a=b", "--port"], "--cert") == "/a=b"
    assert _deployed_check.value_of(["--cert=/a=b", "--port"], "--port") is None


def test_an_answer():
    answer = _deployed_check.parse_answer('{"definite": true, "local_state": "ENABLED", "message": "ENABLED"}')
    assert (answer["definite"], answer["local_state"]) == (True, "ENABLED")


@pytest.mark.parametrize(
    ("output", "complaint", "otherwise", "message"),
    [
        ("UNKNOWN: unknown argument --x", "", "", "UNKNOWN: unknown argument --x"),
        ("", "runuser: user x does not exist", "", "runuser: user x does not exist"),
        ("", "", "non-zero return code", "non-zero return code"),
        ("[]", "", "", "[]"),
        ("{}", None, None, "{}"),
        ("  ", "\n", "", "the check printed nothing"),
        ("two\nlines", "", "", "lines"),
    ],
)
def test_no_answer(output, complaint, otherwise, message):
    found = _deployed_check.parse_answer(output, complaint, otherwise)
    assert found == {"definite": False, "local_state": None, "message": message}


def program(tmp_path, printed):
    path = tmp_path / "check.py"
    path.write_text("import sys\nsys.stdout.write({!r} % ' '.join(sys.argv[1:]))\n".format(printed), encoding="utf-8")
    return [sys.executable, str(path), "--port", "1", "--watch", "9"]


def test_the_deployed_check_is_run_as_its_user(tmp_path):
    tmp_path.chmod(0o755)
    argv = program(tmp_path, '{"definite": true, "local_state": "DISABLED", "message": "%s"}')
    found = _deployed_check.query({"argv": argv, "user": getpass.getuser()})
    assert (found["local_state"], found["message"]) == ("DISABLED", "--port 1 --json")


@pytest.mark.parametrize(
    ("user", "message"),
    [
        (None, "keepalived.conf names no user for the check (script_user)"),
        ("nonesuch", "there is no user 'nonesuch' on this host"),
    ],
)
def test_a_check_that_cannot_be_run_is_no_answer(tmp_path, user, message):
    found = _deployed_check.query({"argv": program(tmp_path, "%s"), "user": user})
    assert (found["definite"], found["message"]) == (False, message)


def test_the_sum_of_the_program_tells_one_version_from_another(tmp_path):
    assert _deployed_check.sources(str(tmp_path)) == {}
    (tmp_path / "cc_enabled_check.py").write_text("one", encoding="utf-8")
    one = _deployed_check.sources(str(tmp_path))
    (tmp_path / "cc_enabled_check.py").write_text("two", encoding="utf-8")
    assert list(one) == ["cc_enabled_check.py"]
    assert _deployed_check.sources(str(tmp_path)) != one


HOSTILE = "{{ lookup('pipe', 'touch /tmp/won') }}"


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        # What the check's user may have it print: s2_, whatever field it is in.
        ({"definite": True, "local_state": "ENABLED", "message": HOSTILE}, {"message": "({ lookup('pipe', 'touch /tmp/won') }}"}),
        ({"definite": True, "local_state": "ENABLED", "message": "x" * 9999}, {"message": "x" * 400}),
        ({"definite": True, "local_state": "ENABLED", "message": "a\nb\x1b[31m\u00e9"}, {"message": "a?b?[31m?"}),
        ({"definite": True, "local_state": "ENABLED", "message": ["a"]}, {"message": ""}),
        ({"definite": True, "local_state": HOSTILE, "message": ""}, {"definite": False, "local_state": None}),
        ({"definite": True, "local_state": {"a": 1}, "message": ""}, {"definite": True, "local_state": None}),
        ({"definite": HOSTILE, "local_state": "ENABLED", "message": ""}, {"definite": False, "local_state": None}),
        ({"definite": False, HOSTILE: HOSTILE}, {"({ lookup('pipe', 'touch /tmp/won') }}": "({ lookup('pipe', 'touch /tmp/won') }}"}),
    ],
)
def test_s2_an_answer_holds_no_template_and_only_what_an_answer_may_hold(printed, expected):
    found = _deployed_check.parse_answer(json.dumps(printed))
    assert {key: found[key] for key in expected} == expected
    assert "{{" not in json.dumps(found)


@pytest.mark.parametrize("text", ["[" * 100000, '{"definite": true, "elapsed": 1e999}', '{"definite": true, "elapsed": NaN}', HOSTILE])
def test_s2_an_answer_that_is_meant_to_break_the_reader(text):
    found = _deployed_check.parse_answer(text)
    assert found["local_state"] is None
    assert len(found["message"]) <= 400
    assert "{{" not in found["message"]
    assert "elapsed" not in found
