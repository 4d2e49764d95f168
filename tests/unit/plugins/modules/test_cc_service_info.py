# SPDX-License-Identifier: GPL-3.0-or-later
"""cc_service_info as a whole process, the way Ansible runs it, against the CC simulator."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys

import pytest

if sys.version_info < (3, 10):
    pytest.skip("uses the stand-in controller, which needs the Python of a control node", allow_module_level=True)

import json
import os
import subprocess
import time
from pathlib import Path

import yaml
from ansible.module_utils.common.parameters import PASS_VARS
from ansible_collections.eucalyptus.ha.plugins.doc_fragments import _cc_connection
from ansible_collections.eucalyptus.ha.plugins.module_utils import _cc_options
from ansible_collections.eucalyptus.ha.plugins.modules import cc_service_info
from ansible_collections.eucalyptus.ha.tests.cc_simulator import keys as simulator_keys
from ansible_collections.eucalyptus.ha.tests.cc_simulator.server import Simulator

from .conftest import NEEDS_ANSIBLE, PLAYBOOK, python_path

pytestmark = pytest.mark.today_only("a process for each; the one about dates and a good answer are run at other dates")

REPOSITORY = Path(__file__).resolve().parents[4]
COLLECTIONS = REPOSITORY / ".cache" / "collections"
MODULE = "ansible_collections.eucalyptus.ha.plugins.modules.cc_service_info"
# What a process of its own takes over from here; coverage of a process is counted by what it finds in the environment.
SHARED = {name: value for name, value in os.environ.items() if name == "PATH" or name.startswith("COVERAGE_")}


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    """The cloud's and the cluster's keys."""
    base = tmp_path_factory.getbasetemp()
    return simulator_keys.make_once((base.parent if base.name.startswith("popen-") else base) / "cc-keys")


@pytest.fixture
def cc(keys):
    """An ENABLED CC."""
    with Simulator(keys, state="ENABLED") as simulator:
        yield simulator


@pytest.fixture
def secrets(keys):
    """The options with the paths of the secrets."""
    return {
        "client_key": str(keys / "cloud-pk.pem"),
        "client_cert": str(keys / "cloud-cert.pem"),
        "cc_cert": str(keys / "cluster-cert.pem"),
    }


@pytest.fixture
def foreign(keys):
    """The options with the client's secrets of another cloud."""
    other = simulator_keys.make_once(keys.parent / "foreign-keys")
    return {"client_key": str(other / "cloud-pk.pem"), "client_cert": str(other / "cloud-cert.pem")}


def run(arguments, environment=None, before="", check_mode=False):
    """What the module prints, as a dict. ``before``: Python to run first in its process."""
    code = "{}\nimport runpy\nrunpy.run_module({!r}, run_name='__main__')".format(before, MODULE)
    # From ansible-core 2.21 on, a module tells what it was given only when asked to; older ones know no such option.
    of_ansible = {"_ansible_check_mode": check_mode}
    if "inject_invocation" in PASS_VARS:
        of_ansible["_ansible_inject_invocation"] = True
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": dict(arguments, **of_ansible)}),
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env=dict(SHARED, PYTHONPATH=python_path(COLLECTIONS), **environment or {}),
    )
    assert "Traceback" not in done.stderr, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("check_mode", [False, True])
def test_enabled(cc, secrets, check_mode):
    """The whole answer; the same in check mode, and never a change."""
    result = run(dict({"host": "127.0.0.1", "port": cc.port}, **secrets), check_mode=check_mode)
    own = {
        "type": "cluster",
        "partition": "PARTI00",
        "name": "CC_00",
        "uris": [cc.url],
        "local_state": "ENABLED",
        "local_epoch": 0,
        "details": ["ERRORS=0"],
    }
    assert 0 < result["elapsed"] < 20
    expected = {"changed": False, "services": [own], "cluster": own, "enabled": True, "response_verified": True}
    assert {name: result[name] for name in expected} == expected
    assert set(result) == set(expected) | {"elapsed", "invocation"}


def test_returned_values_are_documented(cc, secrets, foreign):
    """RETURN names what comes back, no more and no less, on success and on failure."""
    documented = yaml.safe_load(cc_service_info.RETURN)
    good = run(dict({"host": "127.0.0.1", "port": cc.port}, **secrets))
    bad = run(dict(secrets, host="127.0.0.1", port=cc.port, **foreign))
    of_ansible = {"changed", "failed", "invocation", "msg", "warnings"}
    assert set(good) | set(bad) == (set(documented) | set(of_ansible)) - {"http_status", "warnings"}
    assert set(documented["services"]["contains"]) == set(good["services"][0])
    assert set(documented["fault"]["contains"]) == set(bad["fault"])
    gone = run(dict({"host": "127.0.0.1", "port": cc.port}, **secrets), before="")
    assert gone["enabled"]


def test_options_are_documented():
    """The fragment and the argument spec agree on names, types and defaults."""
    documented = yaml.safe_load(_cc_connection.ModuleDocFragment.DOCUMENTATION)["options"]
    spec = _cc_options.argument_spec()
    assert set(documented) == set(spec)
    for name, option in spec.items():
        assert documented[name]["type"] == option["type"]
        assert documented[name].get("default") == option.get("default")
        assert documented[name].get("required", False) == option.get("required", False)


@pytest.mark.wall_clock
def test_disabled(cc, secrets):
    """A standby is no failure."""
    cc.state = "DISABLED"
    result = run(dict({"host": "127.0.0.1", "port": cc.port}, **secrets))
    assert not result["enabled"]
    assert result["cluster"]["local_state"] == "DISABLED"


def test_environment(cc, secrets):
    """AWX gives paths by environment variables, and empty strings for what a survey left empty."""
    environment = {
        "EUCALYPTUS_CC_CLIENT_KEY": secrets["client_key"],
        "EUCALYPTUS_CC_CLIENT_CERT": secrets["client_cert"],
        "EUCALYPTUS_CC_CERT": secrets["cc_cert"],
    }
    target = {"host": "127.0.0.1", "port": cc.port}
    assert run(target, environment)["response_verified"]
    empty = dict.fromkeys(tuple(secrets) + ("client_key_content", "client_cert_content", "cc_cert_content", "user_id"), "")
    assert run(dict(target, **empty), environment)["response_verified"]
    assert run(dict(target, **empty))["reason"] == "options"


def test_content_wins_over_the_environment(cc, keys, secrets):
    """A path in the environment is a default, not a contradiction."""
    contents = {"{}_content".format(option): Path(path).read_text() for option, path in secrets.items()}
    names = ("EUCALYPTUS_CC_CLIENT_KEY", "EUCALYPTUS_CC_CLIENT_CERT", "EUCALYPTUS_CC_CERT")
    environment = dict.fromkeys(names, "/nonexistent")
    assert run(dict({"host": "127.0.0.1", "port": cc.port}, **contents), environment)["response_verified"]


def test_secrets_are_not_shown(cc, secrets):
    """Neither when it works nor when it fails."""
    key = Path(secrets["client_key"]).read_text()
    arguments = dict(secrets, **{"host": "127.0.0.1", "port": cc.port, "client_key": None, "client_key_content": key})
    wrong = dict(arguments, client_key_content=key.replace("PRIVATE KEY-----\n", "PRIVATE KEY-----\nAAAA", 1))
    for result in (run(arguments), run(wrong)):
        shown = json.dumps(result)
        assert not any(line in shown for line in key.splitlines()[1:-1])
        assert result["invocation"]["module_args"]["client_key_content"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
    assert run(wrong)["reason"] == "key_invalid"


def test_verification_can_be_switched_off(cc, secrets):
    """And is then not claimed."""
    result = run(dict(secrets, **{"host": "127.0.0.1", "port": cc.port, "cc_cert": None, "verify_response": False}))
    assert result["enabled"]
    assert not result["response_verified"]


def test_ws_security_cannot_be_switched_off(secrets):
    """No CC answers an unsigned request."""
    result = run(dict(secrets, host="127.0.0.1", port=1, ws_security=False))
    assert "Unsupported parameters" in result["msg"]
    assert "ws_security" in result["msg"]


@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_ipv6(keys, secrets, host):
    """With and without brackets."""
    with Simulator(keys, host="::1", state="ENABLED") as cc:
        result = run(dict({"host": host, "port": cc.port}, **secrets))
        assert cc.last.addressing.to == "http://[::1]:{}/axis2/services/EucalyptusCC".format(cc.port)
        assert cc.last.headers["host"] == "[::1]:{}".format(cc.port)
    assert result["enabled"]


def test_proxies_are_not_used(cc, secrets):
    """A proxy in the environment is for the world, not for a CC."""
    environment = {"http_proxy": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9", "all_proxy": "http://127.0.0.1:9"}
    assert run(dict({"host": "127.0.0.1", "port": cc.port}, **secrets), environment)["enabled"]


def test_what_the_cc_takes_over(cc, secrets):
    """Empty lists and epoch 0, the mildest there is, and never another identity."""
    run(dict(secrets, **{"host": "127.0.0.1", "port": cc.port, "user_id": "somebody"}))
    assert cc.cc.epoch == 0
    assert not any(cc.cc.lists.values())
    assert cc.cc.identity.name == "CC_00"
    assert cc.last.request.user_id == "somebody"
    assert cc.last.request.correlation_id
    assert cc.counts == {"DescribeServices": 1}
    assert cc.last.headers["connection"] == "close"


def test_fault(cc, secrets, foreign):
    """Code, text, HTTP status and the likely cause, and the host in front."""
    result = run(dict(secrets, host="127.0.0.1", port=cc.port, **foreign))
    assert result["failed"]
    assert result["reason"] == "fault"
    assert result["msg"].startswith("Cluster Controller 127.0.0.1:{}: ".format(cc.port))
    assert {name: result["fault"][name] for name in ("code", "text", "http_status")} == {
        "code": "soapenv:Sender",
        "text": "Unknown Error :(",
        "http_status": 500,
    }
    assert "client_cert" in result["fault"]["cause"]


def test_hanging_cc(cc, secrets):
    """Its timeout is for the whole call."""
    cc.set_behaviour("hang")
    started = time.monotonic()
    result = run(dict(secrets, **{"host": "127.0.0.1", "port": cc.port, "timeout": 0.5}))
    # The start of the process included, on a machine that may be busy; the server would hang for ever.
    assert time.monotonic() - started < 15
    assert result["reason"] == "timeout"


@pytest.mark.wall_clock
def test_expired_certificates_are_a_warning(tmp_path, keys, secrets):
    """The CC does not look at dates: a cloud of twelve years' age must still be seen."""
    old = tmp_path / "old"
    old.mkdir()
    for name in ("cloud-pk.pem", "cluster-pk.pem", "cluster-cert.pem"):
        (old / name).write_bytes((keys / name).read_bytes())
    key = keys / "cloud-pk.pem"
    request = ["openssl", "req", "-new", "-key", key, "-subj", "/CN=cloud", "-out", old / "request.pem"]
    subprocess.run(request, check=True, capture_output=True)
    config = old / "ca.cnf"
    (old / "index.txt").touch()
    config.write_text(
        "[ca]\ndefault_ca=x\n[x]\ndatabase={0}/index.txt\nnew_certs_dir={0}\npolicy=p\nrand_serial=yes\ndefault_md=sha256\n"
        "[p]\ncommonName=supplied\n".format(old)
    )
    command = ["openssl", "ca", "-config", config, "-selfsign", "-keyfile", key, "-in", old / "request.pem", "-batch", "-notext"]
    dates = ["-startdate", "20120101000000Z", "-enddate", "20220101000000Z"]
    subprocess.run(list(command) + list(dates) + ["-out", old / "cloud-cert.pem"], check=True, capture_output=True)
    with Simulator(old, state="ENABLED") as cc:
        result = run(dict(secrets, **{"host": "127.0.0.1", "port": cc.port, "client_cert": str(old / "cloud-cert.pem")}))
        assert result["enabled"]
        assert "client_cert: the certificate expired on 2022-01-01" in str(result["warnings"])
    with Simulator(keys) as cc:
        result = run(dict(secrets, **{"host": "127.0.0.1", "port": cc.port, "client_cert": str(old / "cloud-cert.pem")}))
        assert result["reason"] == "fault"
        assert "client_cert: the certificate expired on 2022-01-01" in result["msg"]


@pytest.mark.parametrize("library", ["zeep", "xmlsec", "lxml"])
def test_missing_library(library):
    """The standard message, and the import error kept."""
    # The traceback itself is shown by ansible-core up to 2.18, and from 2.19 on to those who ask for it.
    result = run({"host": "127.0.0.1"}, before="import sys; sys.modules[{!r}] = None".format(library))
    assert result["failed"]
    assert "Failed to import the required Python library (" in result["msg"]
    assert ("xmlsec" if library == "xmlsec" else "zeep") in result["msg"]
    assert "The import failed with: ModuleNotFoundError: import of {} halted".format(library) in result["msg"]


@NEEDS_ANSIBLE
def test_by_ansible(cc, secrets, tmp_path):
    """As a task in check mode: found by its name, sent with its module_utils, its secrets out of the log."""
    key = Path(secrets["client_key"]).read_text()
    arguments = dict(secrets, **{"host": "127.0.0.1", "port": cc.port, "client_key": "", "client_key_content": key})
    (tmp_path / "play.yml").write_text(
        json.dumps(
            [
                {
                    "hosts": "localhost",
                    "gather_facts": False,
                    "vars": {"ansible_python_interpreter": sys.executable},
                    "tasks": [
                        {"eucalyptus.ha.cc_service_info": arguments, "register": "cc"},
                        {"ansible.builtin.assert": {"that": ["cc.enabled", "cc.response_verified", "cc is not changed"]}},
                    ],
                }
            ]
        )
    )
    done = subprocess.run(
        [PLAYBOOK, "-vvv", "--check", "-i", "localhost,", "-c", "local", tmp_path / "play.yml"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(COLLECTIONS), ANSIBLE_LOCAL_TEMP=str(tmp_path)),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not any(line in done.stdout + done.stderr for line in key.splitlines()[1:-1])
