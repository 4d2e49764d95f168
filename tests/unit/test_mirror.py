# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests of a file are where its path says: plugins/filter/vip_holder.py has tests/unit/plugins/filter/test_vip_holder.py."""

from pathlib import Path

import pytest

UNIT = Path(__file__).resolve().parent
ROOT = UNIT.parents[1]
# What is below tests/, and not below the repository.
OF_TESTS = ("cc_simulator", "mutants")

# Tests of something else than one file, and of what.
OTHERS = {
    "cc_simulator/test_illness.py": "the simulator as a whole: what it does wrong on request",
    "roles/keepalived/test_admit_vrrp.py": "templates/admit-vrrp.sh.j2, a script of the role",
    "cc_simulator/test_real.py": "the simulator beside a recording of a real controller",
    "cc_simulator/test_strictness.py": "the simulator as a whole: what it rejects",
    "cc_simulator/test_command_line.py": "the simulator as a process: __main__.py and control.py",
    "conformance/test_canonical_requests.py": "module and check beside each other",
    "conformance/test_conformance.py": "module and check beside each other",
    "conformance/test_cost.py": "module and check beside each other",
    "conformance/test_local_refusals.py": "module and check beside each other",
    "conformance/test_refusal_table.py": "docs/cc-error-messages.md, which the cases here write",
    "docs/test_examples.py": "every example of every page",
    "docs/test_facts.py": "every page, beside the code",
    "docs/test_pages.py": "every page",
    "mutants/test_mutants_by_hand.py": "mutants.yml and run.py",
    "mutants/test_report.py": "survivors.md and accepted.yml",
    "playbooks/test_node_controllers.py": "playbooks nc_route, remove and status, where they meet node controllers",
    "plugins/filter/test_every_filter.py": "every filter",
    "plugins/filter/test_filter_options.py": "every filter",
    "plugins/filter/test_keepalived_cases.py": "keepalived_conf and keepalived_problems, case by case",
    "plugins/filter/test_keepalived_corpus.py": "keepalived_conf and keepalived_problems, over whole configurations",
    "plugins/filter/test_keepalived_round_trip.py": "keepalived_conf, read again by module_utils/_keepalived_conf",
    "plugins/module_utils/test_cc_unhappy.py": "the errors of every file that talks to a controller",
    "plugins/module_utils/test_keepalived_files.py": "_keepalived_conf, _process, _setup and _state on Pythons that only hosts have",
    "plugins/module_utils/test_keys_and_users.py": "_client_keys, _as_user and _cc_alive on Pythons that only hosts have",
    "plugins/module_utils/test_packets.py": "_arp_probe, _reachability and _vrrp_listen on Pythons that only hosts have",
    "plugins/module_utils/test_safe_files_adversary.py": "_safe_files under attack; needs root",
    "plugins/modules/test_every_module.py": "every module",
    "plugins/modules/test_keepalived_modules.py": "keepalived_host_info, keepalived_config_test and keepalived_wait",
    "plugins/modules/test_modules_on_hosts.py": "every module on Pythons that only hosts have",
    "plugins/modules/test_recorders.py": "reachability_info and vip_moves_info",
    "roles/cc_gateway/files/cc_enabled_check/test_fuzz.py": "the check as a whole: damaged answers",
    "roles/cc_gateway/files/cc_enabled_check/test_interpreters.py": "the check as a whole, on every Python",
    "roles/cc_gateway/files/cc_enabled_check/test_recorded_state_files.py": "state_file.py and memory.py, on recorded files",
    "roles/cc_gateway/model/test_model.py": "gateway_model.py, a model of two hosts",
    "roles/keepalived/test_keepalived_role.py": "tasks, variables and templates of the role",
    "roles/test_content.py": "the tasks of every role",
    "roles/test_options.py": "the options of every role",
    "test_mirror.py": "where the tests are",
    "test_names.py": "what YAML calls by the name of the collection",
    "test_wall_clock.py": "tests/unit/wall_clock.py",
}
FILES = sorted(str(path.relative_to(UNIT)) for path in UNIT.rglob("test_*.py"))


def sources(name: str) -> set[str]:
    """What a test file may be the tests of: the files and folders in the place that it mirrors, as test files name them."""
    folder = Path(name).parent
    place = ROOT / "tests" / folder if folder.parts and folder.parts[0] in OF_TESTS else ROOT / folder
    if not folder.parts or not place.is_dir():
        return set()
    return {path.name.split(".")[0].replace("-", "_").lstrip("_") for path in place.iterdir()}


@pytest.mark.parametrize("name", FILES)
def test_a_test_file_is_that_of_a_source_file(name):
    mirrors = Path(name).stem.removeprefix("test_") in sources(name)
    assert mirrors != (name in OTHERS), (
        f"tests/unit/{name} mirrors a file, so OTHERS need not name it"
        if mirrors
        else f"no file belongs to tests/unit/{name}: name it for the file that it tests, or say in OTHERS what it tests"
    )


def test_every_exception_is_there():
    assert set(OTHERS) <= set(FILES)
