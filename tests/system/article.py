# SPDX-License-Identifier: GPL-3.0-or-later
"""The manual set-up of the article (Keepalived and Eucalyptus, 2012), put on the hosts of a lab."""

from __future__ import annotations

from ansible_collections.eucalyptus.ha.plugins.plugin_utils._python_bundle import python_bundle
from lab import REPO
from system_helpers import wait_for

# What the article has people write, with its placeholders filled in.
CONFIGURATION = """\
global_defs {{
    notification_email {{
        root@localhost
    }}
    notification_email_from keepalived@localhost
    smtp_server 127.0.0.1
    smtp_connect_timeout 10
    lvs_id {host}
}}
vrrp_script cc-enabled-check {{
    script "/usr/local/bin/CCclient-enabled-check.sh"
    interval 5
    weight 2
    fall 1
    rise 1
}}
vrrp_instance cloud_cluster1_gateway {{
    state EQUAL
    interface eth0
    virtual_router_id 45
    priority 100
    advert_int 1
    authentication {{
        auth_type PASS
        auth_pass kHnx3Qz9
    }}
    virtual_ipaddress {{
        {vip}/32 dev eth0
    }}
    track_script {{
        cc-enabled-check
    }}
}}
"""
# In place of the article's script and of Eucalyptus' debug client, which it has people compile: the same contract.
SCRIPT = "#!/bin/sh\n/usr/local/bin/CCclient_full 127.0.0.1:8774 describeServices | grep -q LocalState=ENABLED\n"
CLIENT = (
    "#!/bin/sh\nkeys=/var/lib/eucalyptus/keys\n"
    "/usr/bin/python3 /opt/check.py --key $keys/cloud-pk.pem --cert $keys/cloud-cert.pem | sed 's/.*ENABLED.*/LocalState=ENABLED/'\n"
)


def put(cluster, host, path, text, mode="0644"):
    cluster.lab.exec(host, "sh", "-c", f"mkdir -p $(dirname {path}); cat > {path}; chmod {mode} {path}", input=text)


def set_up(cluster):
    """Both hosts as the article leaves them, running, and the VIP on cc1, whose controller is ENABLED."""
    check = python_bundle(str(REPO / "roles/cc_gateway/files/cc_enabled_check"))
    for host in ("cc1", "cc2"):
        cluster.sh(
            host,
            "apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends keepalived",
        )
        put(cluster, host, "/opt/check.py", check)
        put(cluster, host, "/usr/local/bin/CCclient_full", CLIENT, "0755")
        put(cluster, host, "/usr/local/bin/CCclient-enabled-check.sh", SCRIPT, "0755")
        put(cluster, host, "/etc/keepalived/keepalived.conf", CONFIGURATION.format(host=host, vip=cluster.vip))
        cluster.sh(host, "systemctl restart keepalived")
    wait_for(lambda: cluster.holders() == ["cc1"], 30)
    # Until the check has raised the priority, so that nothing is about to move.
    wait_for(lambda: "from 100 to 102" in cluster.sh("cc1", "journalctl -u keepalived --no-pager"), 30)
