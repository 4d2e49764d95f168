# SPDX-License-Identifier: GPL-3.0-or-later
"""eucalyptus.conf as the cluster controller's own parser reads it."""

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.eucalyptus.ha.plugins.filter.eucalyptus_conf import eucalyptus_conf


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('VNET_MODE="MANAGED"\n', {"VNET_MODE": "MANAGED"}),
        ("CC_PORT=8775 trailing\n", {"CC_PORT": "8775"}),
        ("CC_PORT = 8776\n", {"CC_PORT": "8776"}),
        ('# CC_PORT="1"\n#CC_PORT=2\nCC_PORT=3', {"CC_PORT": "3"}),
        ('VNET_PUBLICIPS="10.1.1.1 10.1.1.2-10.1.1.9"\n', {"VNET_PUBLICIPS": "10.1.1.1 10.1.1.2-10.1.1.9"}),
        ("A=1\nA=2\n", {"A": "1"}),
        ('EMPTY=""\nBARE=\nNEXT=x\n', {"EMPTY": "", "BARE": "", "NEXT": "x"}),
        ('ROOT="$HOME/x"\n', {"ROOT": "$HOME/x"}),
        ("  INDENTED=yes\n", {"INDENTED": "yes"}),
        ("CC_PORT=8774#comment\n", {"CC_PORT": "8774#comment"}),
        ("export=1\nnonsense\n= 3\n", {"export": "1"}),
        ("", {}),
    ],
)
def test_reads(text, expected):
    assert eucalyptus_conf(text) == expected


def test_the_local_file_is_read_first_and_wins():
    assert eucalyptus_conf(['CC_PORT="1"\n', 'CC_PORT="2"\nVNET_MODE="MANAGED"\n']) == {
        "CC_PORT": "1",
        "VNET_MODE": "MANAGED",
    }


@pytest.mark.parametrize("bad", [None, 3, {"a": "b"}, [None]])
def test_refuses_what_is_not_text(bad):
    with pytest.raises(AnsibleFilterError, match="text of a file"):
        eucalyptus_conf(bad)
