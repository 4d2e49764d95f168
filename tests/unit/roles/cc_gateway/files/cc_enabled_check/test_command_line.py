# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of the check."""

from __future__ import annotations

import json

import pytest
from ansible_collections.eucalyptus.ha.roles.cc_gateway.files import cc_enabled_check as check


def test_defaults_are_those_of_the_help_text():
    options = check.command_line.parse_arguments([])
    assert options == {
        "host": "127.0.0.1",
        "port": 8774,
        "timeout": 1.5,
        "source": "soap",
        "key": "/var/lib/eucalyptus/keys/cloud-pk.pem",
        "cert": "/var/lib/eucalyptus/keys/cloud-cert.pem",
        "state-file": "/var/lib/eucalyptus/CC/eucalyptusCCConfig",
        "memory": "",
        "grace": 0.0,
        "live-every": 0.0,
        "watch": 0.0,
        "newly-enabled": None,
        "verbose": False,
        "json": False,
        "help": False,
    }
    for value in (value for value in options.values() if value and isinstance(value, (str, int, float))):
        assert f"default {value}" in check.command_line.HELP or value == "soap"
    for name in options:
        assert f"--{name}" in check.command_line.HELP


@pytest.mark.parametrize("words", [["--port", "8775"], ["--port=8775"]])
def test_value_in_its_own_word_or_after_an_equals_sign(words):
    assert check.command_line.parse_arguments(words)["port"] == 8775


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--prot", "1"], "unknown argument '--prot'"),
        (["1"], "unknown argument '1'"),
        (["-h"], "unknown argument '-h'"),
        ([""], "unknown argument ''"),
        (["--"], "unknown argument '--'"),
        (["--json=yes"], "unknown argument '--json=yes'"),
        (["--key"], "--key needs a value"),
        (["--key", "--cert", "x"], "--key needs a value"),
        (["--key="], "--key has an empty value"),
        (["--memory", ""], "--memory has an empty value"),
        (["--port", "1", "--port", "1"], "--port is given twice"),
        (["--port", "0"], "--port must be a number from 1 to 65535 (got '0')"),
        (["--port", "65536"], "--port must be"),
        (["--port", "http"], "--port must be"),
        (["--timeout", "0"], "--timeout must be a number from 0.1 to 60 (got '0')"),
        (["--timeout", "nan"], "--timeout must be"),
        (["--timeout", "inf"], "--timeout must be"),
        (["--timeout", "-1"], "--timeout must be"),
        (["--grace", "3601", "--memory", "m"], "--grace must be"),
        (["--grace", "5"], "--grace needs --memory FILE"),
        (["--watch", "11", "--memory", "m"], "--watch must be"),
        (["--watch", "0.7", "--source", "state_file"], "--watch needs --memory FILE"),
        (["--watch", "0.7", "--memory", "m"], "--watch needs --source state_file or --newly-enabled"),
        (["--watch", "1.5", "--memory", "m", "--source", "state_file"], "--watch must be less than --timeout (1.5)"),
        (["--live-every", "61", "--memory", "m"], "--live-every must be"),
        (["--live-every", "-1", "--memory", "m"], "--live-every must be"),
        (["--live-every", "5", "--source", "state_file"], "--live-every needs --memory FILE"),
        (["--live-every", "5", "--memory", "m"], "--live-every needs --source state_file"),
        (["--newly-enabled", "3601", "--memory", "m"], "--newly-enabled must be a number from 0 to 3600 (got '3601')"),
        (["--newly-enabled", "x", "--memory", "m"], "--newly-enabled must be"),
        (["--newly-enabled", "0"], "--newly-enabled needs --memory FILE"),
        (["--newly-enabled", "2", "--memory", "m", "--watch", "1.5"], "--watch must be less than --timeout (1.5)"),
        (["--rest", "1.5"], "unknown argument '--rest'"),
        (["--no-ws-security"], "unknown argument '--no-ws-security'"),
        (["--source", "guess"], "--source must be soap or state_file (got 'guess')"),
        (["--host", "a b"], "--host must be a host name or an address (got 'a b')"),
        (["--host", "a<b"], "--host must be a host name or an address (got 'a<b')"),
        (["--host", "a\r\nX: y"], "--host must be a host name or an address"),
        (["--host", "h\xe4"], "--host must be a host name or an address"),
    ],
)
def test_wrong_call_is_refused_with_the_reason(words, message, capfd):
    assert check.main.main(words) == 1
    output = capfd.readouterr().out
    assert output.startswith("UNKNOWN: invalid arguments: ")
    assert message in output
    assert output.count("\n") == 1


def test_wrong_call_with_json_is_json(capfd):
    assert check.main.main(["--json", "--port", "x"]) == 1
    result = json.loads(capfd.readouterr().out)
    assert result["enabled"] is False
    assert "--port must be" in result["message"]


@pytest.mark.parametrize("words", [["--help"], ["--help", "--nonsense"], ["--port", "1", "--help"]])
def test_help_never_passes_for_enabled(words, capfd):
    assert check.main.main(words) == 1
    assert "--newly-enabled" in capfd.readouterr().out


def test_whole_process_prints_one_line_and_no_traceback(run_check):
    done = run_check("--nonsense")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == "UNKNOWN: invalid arguments: unknown argument '--nonsense'; --help lists them\n"


def test_closed_standard_output_does_not_change_the_verdict(run_check):
    done = run_check("--host", "127.0.0.1", "--port", "1", preexec_fn=lambda: __import__("os").close(1))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "least", "most"), [("port", "1", "65535"), ("timeout", "0.1", "60"), ("grace", "0", "3600"), ("newly-enabled", "0", "3600")]
)
def test_limits_of_options_are_allowed_themselves(name, least, most):
    for value in (least, most):
        assert check.command_line.parse_arguments([f"--{name}", value, "--memory", "m"])[name] == float(value)


def test_words_that_are_no_options():
    for word in ("xxhost", "-host", "host", "__host"):
        with pytest.raises(check.common.WrongCall, match=f"unknown argument '{word}'; --help lists them"):
            check.command_line.parse_arguments([word, "127.0.0.1"])


def test_a_host_with_a_letter_that_belongs_to_no_name():
    for host in ("X", "a.b-c_d:0%1", "Z9"):
        assert check.command_line.parse_arguments(["--host", host])["host"] == host
    for letter in "/@?#[]~'\"\\ ":
        with pytest.raises(check.common.WrongCall, match="--host must be a host name or an address"):
            check.command_line.parse_arguments(["--host", f"a{letter}"])
