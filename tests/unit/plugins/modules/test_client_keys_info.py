# SPDX-License-Identifier: GPL-3.0-or-later
"""client_keys_info: the options reach the look, and a look that cannot be had fails with its reason."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys

import pytest

if sys.version_info < (3, 10):
    pytest.skip("uses the stand-in controller, which needs the Python of a control node", allow_module_level=True)

import yaml
from ansible_collections.eucalyptus.ha.plugins.modules import client_keys_info
from ansible_collections.eucalyptus.ha.tests.cc_simulator import keys as simulator_keys
from ansible_collections.eucalyptus.ha.tests.unit.plugins.modules.return_paths import documented, returned

pytestmark = pytest.mark.wall_clock


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
