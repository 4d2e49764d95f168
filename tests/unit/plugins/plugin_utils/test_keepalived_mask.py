# SPDX-License-Identifier: GPL-3.0-or-later
"""S7: a secret in a keepalived.conf of anybody's is hidden wherever it stands, and little else."""

from __future__ import annotations

import pytest
from ansible_collections.eucalyptus.ha.plugins.filter.keepalived_diff import keepalived_diff
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._keepalived_grammar import GRAMMAR
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._keepalived_mask import KEYWORDS, MASK, mask, secrets
from hypothesis import given
from hypothesis import strategies as st

SECRET = "hunter2x"

# What it is, and what is left of it.
TEXTS = {
    "plain": ("authentication {\n    auth_pass SECRET\n}\n", "authentication {\n    auth_pass MASK\n}\n"),
    "quoted": ('auth_pass "SECRET"\n', "auth_pass MASK\n"),
    "keyword quoted": ('"auth_pass" SECRET\n', '"auth_pass" MASK\n'),
    "several words": ("  password SECRET more\n", "  password MASK\n"),
    "comment": ("# auth_pass SECRET\n", "# auth_pass MASK\n"),
    "comment without a blank": ("#auth_pass SECRET\n", "#auth_pass MASK\n"),
    "other comment": ("! auth_pass SECRET\n", "! auth_pass MASK\n"),
    "comment at the end of a line": ("state BACKUP # password SECRET\n", "state BACKUP # password MASK\n"),
    "block on one line": (
        "authentication { auth_type PASS auth_pass SECRET }\n",
        "authentication { auth_type PASS auth_pass MASK }\n",
    ),
    "blocks on one line": ("a { b { auth_pass SECRET } }\n", "a { b { auth_pass MASK } }\n"),
    "condition": ("@cc1 auth_pass SECRET\n", "@cc1 auth_pass MASK\n"),
    "continued": ("auth_pass \\\n    SECRET\nstate BACKUP\n", "auth_pass \\\n    MASK\nstate BACKUP\n"),
    "continued twice": ("auth_pass\\\n  \\\n  SECRET\nstate BACKUP\n", "auth_pass\\\n  \\\n  MASK\nstate BACKUP\n"),
    "definition": ("$PW=SECRET\n$ID=51\nauth_pass $PW\n", "$PW=MASK\n$ID=51\nauth_pass MASK\n"),
    "definition in braces": ("$PW=SECRET\nauth_pass ${PW}\n", "$PW=MASK\nauth_pass MASK\n"),
    "definition after its use": ("auth_pass $PW\n$PW=SECRET\n", "auth_pass MASK\n$PW=MASK\n"),
    "definition of a definition": ("$A=SECRET\n$PW=$A\nauth_pass $PW\n", "$A=MASK\n$PW=MASK\nauth_pass MASK\n"),
    "definition commented out": ("#$PW=SECRET\n$PW=other\nauth_pass $PW\n", "#$PW=MASK\n$PW=MASK\nauth_pass MASK\n"),
    "definition continued": ("$PW=\\\n  SECRET\nauth_pass $PW\n", "$PW=\\\n  MASK\nauth_pass MASK\n"),
    "keyword by definition": ("$KEY=auth_pass\n$KEY SECRET\n", "$KEY=auth_pass\n$KEY MASK\n"),
    "block by definition": (
        "$AUTH=authentication { \\\n  auth_pass SECRET \\\n  }\nvrrp_instance a {\n  $AUTH\n}\n",
        "$AUTH=authentication { \\\n  auth_pass MASK \\\n  }\nvrrp_instance a {\n  $AUTH\n}\n",
    ),
    "elsewhere too": ("auth_pass SECRET\n# SECRET was set in May\n", "auth_pass MASK\n# MASK was set in May\n"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_s7_k16_a_secret_is_masked_wherever_it_stands(name: str) -> None:
    text, left = TEXTS[name]
    assert mask(text.replace("SECRET", SECRET)) == left.replace("MASK", MASK)


@pytest.mark.parametrize("name", TEXTS)
def test_s7_no_secret_is_in_a_difference(name: str) -> None:
    old = TEXTS[name][0].replace("SECRET", SECRET)
    assert SECRET not in "\n".join(keepalived_diff(old, "global_defs {\n}\n"))
    # Beside a new file whose secret is another, where it stands in a place that tells nothing.
    assert SECRET not in "\n".join(keepalived_diff(f"# {SECRET}\n", old))
    assert keepalived_diff(old, old.replace(SECRET, "other2xx")) == ["Only secrets differ."]


def test_what_is_no_secret_stays() -> None:
    text = "state BACKUP\n  auth_type PASS\n$ID=51\nvirtual_router_id $ID\nauth_passing x\nmy_password_file /etc/x\n"
    assert mask(text) == text
    assert secrets("# the password of the gateway is in the vault\npassword ab\n") == set()


def test_the_keywords_are_those_of_the_grammar() -> None:
    found = {key for rules in GRAMMAR.values() for key, rule in rules.items() if rule.kind == "secret"}
    # A rule of auth_hmac is of its own kind: a number stands before its secret.
    assert found | {r"key\s+\d+"} == set(KEYWORDS)


@given(st.text(alphabet='ab #!{}$\\"\n\t=auth_pass', max_size=60))
def test_any_text_keeps_its_lines_and_no_exception_comes(text: str) -> None:
    assert mask(text).count("\n") == text.count("\n")


@given(st.from_regex(r"[!-\[\]-~]{4,12}", fullmatch=True).filter(lambda text: not set(text) & set("\"'{}$*#")))
def test_any_secret_is_masked(secret: str) -> None:
    for text, _left in TEXTS.values():
        if secret not in text:
            assert secret not in mask(text.replace("SECRET", secret)).replace(MASK, "")
