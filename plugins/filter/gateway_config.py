# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that turns the settings of a gateway into the data of keepalived's configuration."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _keepalived_pair

DOCUMENTATION = r"""
name: gateway_config
short_description: "[INTERNAL] Compose keepalived's configuration for a gateway"
version_added: 0.1.0
author: The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - B(This is an internal tool of role cc_gateway.) It can change or go at any time.
  - Composes C(global_defs), the C(vrrp_script)s and the C(vrrp_instance)s of role P(eucalyptus.ha.cc_gateway#role), in the form that
    role P(eucalyptus.ha.keepalived#role) and filter P(eucalyptus.ha.keepalived_conf#filter) take.
  - >-
    Every gateway is C(state BACKUP) with the same base priority on both hosts. With V(hold) an ENABLED controller adds the weight,
    so the VIP stays where it is when none or both are ENABLED. With V(release) the check has no weight, and its failure is a FAULT.
  - >-
    A controller that has just become ENABLED adds another weight for a few seconds, so that it takes the VIP from one that still
    counts as ENABLED: a controller that hangs, or whose last answer is remembered. Afterwards both are equal again.
  - Maintenance is a FAULT in either case, since a host in maintenance must not hold the VIP even when nobody else can.
  - The site's own C(global_defs) have the last word about C(router_id), which is the inventory name otherwise, and about mail.
    With C(notification_email) there, keepalived mails every change of state of the gateway.
positional: auth_pass, further, versions, site
options:
  _input:
    description: The settings, as C(__cc_gateway.composition) of role P(eucalyptus.ha.cc_gateway#role) has them, without passwords.
    type: dict
    required: true
  auth_pass:
    description: The password of VRRP version 2.
    type: str
    default: ""
  further:
    description: The value of C(cc_gateway_further), whose entries may have passwords of their own.
    type: list
    elements: dict
    default: []
  versions:
    description:
      - The release of keepalived on each host of the pair, by host; empty where it is not known.
      - Releases that cannot receive each other's adverts get C(old_unicast_checksum), or are rejected.
    type: dict
  site:
    description: The value of C(keepalived_config), which the result will be combined with.
    type: dict
"""

EXAMPLES = r"""
- name: Show keepalived's configuration for a gateway
  ansible.builtin.debug:
    msg: "{{ (settings | eucalyptus.ha.gateway_config | eucalyptus.ha.keepalived_conf).splitlines() }}"
  vars:
    settings:
      host: cc1
      user: eucalyptus
      check_script: /usr/bin/python3 -E -s -S /usr/libexec/keepalived/cc-enabled-check --timeout 1.5
      newly_script: /usr/bin/python3 -E -s -S /usr/libexec/keepalived/cc-enabled-check --memory /run/eucalyptus-ha/cc_enabled.check
      check_interval: 2
      check_timeout: 1.5
      check_fall: 1
      check_rise: 1
      when_none_enabled: hold
      weight: 100
      maintenance_script: /usr/bin/test ! -e /etc/eucalyptus-ha/maintenance
      notify_script: /usr/libexec/keepalived/eucalyptus-ha-notify
      gateways:
        - instance: eucalyptus
          vip: 10.0.0.10
          virtual_router_id: 45
          interface: eth0
          address: 10.0.0.1
          peers: [10.0.0.2]
          priority: 100
          version: 3
          advert_interval: 0.1
          garp_master_delay: 1
          garp_master_refresh: 30
"""

RETURN = r"""
_value:
  description: The data of keepalived's configuration.
  type: dict
  sample:
    global_defs: {router_id: cc1}
    vrrp_script: {}
    vrrp_instance: {}
"""

CHECK = "cc_enabled"
NEWLY = "cc_newly_enabled"
# Added to the priority while the controller is newly enabled. keepalived caps the sum at 254 (vrrp_track.c, 1.3.5 to 2.4).
NEWLY_WEIGHT = 40
MAINTENANCE = "no_maintenance"
RLIMIT_RTTIME = 1000000
# Seconds until keepalived kills a script, which counts as a failure and moves the VIP. With 2 s this hit 4 of 16 checks of a host
# that had stood still for 5 s, and with 1 s the test for maintenance on a busy host. No longer, as keepalived before 1.4, and 2.1.3
# to 2.3.2, start further ones beside a script that does not end (vrrp_scheduler.c; the latter log that they skip them).
SCRIPT_TIMEOUT = 10


def _vip_line(vip: str, interface: str) -> str:
    address = ipaddress.ip_interface(vip)
    # Without a prefix the manual keepalived setup's: the address alone.
    prefix = address.network.prefixlen if "/" in vip else address.max_prefixlen
    return f"{address.ip}/{prefix} dev {interface}"


def _of_the_site(host: str, site: Mapping[str, Any]) -> dict:
    """What the site decides in its global_defs, where it has not."""
    found: dict[str, Any] = {"router_id": host}
    if site.get("notification_email"):
        # smtp_connect_timeout: seconds.
        found |= {"notification_email_from": f"keepalived@{host}", "smtp_server": "127.0.0.1", "smtp_connect_timeout": 30}
    return {key: value for key, value in found.items() if key not in site}


def _global_defs(given: dict, site: Mapping[str, Any]) -> dict:
    found = {
        **_of_the_site(given["host"], site),
        "enable_script_security": True,
        "script_user": given["user"],
        # Without it keepalived (2.2.7, tried) accepts a higher priority from any address that can send it a packet.
        "vrrp_check_unicast_src": True,
    }
    if int(given.get("rt_priority") or 0) > 0:
        found["vrrp_rt_priority"] = int(given["rt_priority"])
        # Microseconds of CPU without a pause after which the kernel kills it. With keepalived's own limit of 10 ms it was killed five
        # times in 12 flips, with this one never (2.2.7, in network namespaces).
        found["vrrp_rlimit_rttime"] = RLIMIT_RTTIME
    return found


def newly_seconds(gateways: list[dict]) -> float:
    """How long a controller counts as newly enabled: until the other host has given the VIP up (3 to 4 adverts), and 2 s to spare."""
    return round(2 + 4 * max(float(gateway["advert_interval"]) for gateway in gateways), 2)


def _scripts(given: dict) -> dict:
    check = {
        "script": given["check_script"],
        "interval": int(given["check_interval"]),
        # Later than the check's own, whose message has the cause.
        "timeout": int(float(given["check_timeout"])) + SCRIPT_TIMEOUT,
        "fall": int(given["check_fall"]),
        "rise": int(given["check_rise"]),
        # Until the first answer the host counts as not ENABLED.
        "init_fail": True,
    }
    if given["when_none_enabled"] == "hold":
        check["weight"] = int(given["weight"])
    newly = {
        "script": f"{given['newly_script']} --newly-enabled {newly_seconds(given['gateways']):g}",
        # It only reads the memory of the check, so it may run each second whatever the source is.
        "interval": 1,
        "timeout": SCRIPT_TIMEOUT,
        "fall": 1,
        "rise": 1,
        "weight": NEWLY_WEIGHT,
        "init_fail": True,
    }
    maintenance = {"script": given["maintenance_script"], "interval": 1, "timeout": SCRIPT_TIMEOUT, "fall": 1, "rise": 1}
    return {CHECK: check, NEWLY: newly, MAINTENANCE: maintenance}


def _instance(given: dict, gateway: dict, mail: bool) -> dict:
    version, advert_interval = int(gateway["version"]), float(gateway["advert_interval"])
    found = {
        # Both BACKUP: the priorities decide which one becomes MASTER.
        "state": "BACKUP",
        "interface": gateway["interface"],
        "virtual_router_id": int(gateway["virtual_router_id"]),
        "priority": int(gateway["priority"]),
        "version": version,
        "advert_int": int(advert_interval) if version == 2 else advert_interval,
        "unicast_src_ip": gateway["address"],
        "unicast_peer": list(gateway["peers"]),
        "garp_master_delay": int(gateway["garp_master_delay"]),
        "garp_master_refresh": int(gateway["garp_master_refresh"]),
        "virtual_ipaddress": [_vip_line(gateway["vip"], gateway["interface"])],
        "track_script": [CHECK, NEWLY, MAINTENANCE],
        "notify": given["notify_script"],
    }
    if gateway.get("outside"):
        # Excluded from the adverts alone: the hosts hear each other whether or not both have it, so that they can change in turn.
        found["virtual_ipaddress_excluded"] = [gateway["outside"]]
        found["notify_master"] = {"command": gateway["notify_master"], "user": "root"}
    if version == 2:
        found["authentication"] = {"auth_type": "PASS", "auth_pass": gateway["auth_pass"]}
    if mail:
        found["smtp_alert"] = True
    return found


def _checksum(given: dict, gateway: dict, versions: dict) -> dict:
    """What the instance of a gateway needs beside another release of keepalived (cases P5: EL 7 beside anything newer)."""
    family = ipaddress.ip_interface(gateway["vip"]).version
    mix = _keepalived_pair.compare(versions, int(gateway["version"]), True, family)
    if mix.state == "reject":
        raise AnsibleFilterError(f"{mix.message} (VRRP instance {gateway['instance']})")
    return {"old_unicast_checksum": True} if mix.state == "fix" and given["host"] in mix.hosts else {}


def gateway_config(
    given: dict, auth_pass: str = "", further: list | tuple = (), versions: dict | None = None, site: Mapping[str, Any] | None = None
) -> dict:
    """The data of keepalived's configuration for the gateways of one host.

    :param given: settings, see _gateway_settings.Settings.composition
    :param auth_pass: the password of VRRP version 2
    :param further: cc_gateway_further, whose entries may have passwords of their own
    :param versions: releases of keepalived by host
    :param site: keepalived_config, which the result will be combined with
    :raises AnsibleFilterError: when a setting is missing, two gateways have the same instance, or global_defs is not a dictionary
    """
    global_defs = (site or {}).get("global_defs") or {}
    if not isinstance(global_defs, Mapping):
        raise AnsibleFilterError(f"keepalived_config: global_defs must be a dictionary (got {global_defs!r})")
    try:
        own = {entry["instance"]: entry.get("auth_pass") for entry in further}
        gateways = [{**gateway, "auth_pass": own.get(gateway["instance"]) or auth_pass} for gateway in given["gateways"]]
        names = [gateway["instance"] for gateway in gateways]
        if len(set(names)) != len(names):
            raise AnsibleFilterError(f"gateway_config: two gateways have the same instance: {', '.join(names)}")
        return {
            "global_defs": _global_defs(given, global_defs),
            "vrrp_script": _scripts(given),
            "vrrp_instance": {
                gateway["instance"]: {
                    **_instance(given, gateway, bool(global_defs.get("notification_email"))),
                    **_checksum(given, gateway, versions or {}),
                }
                for gateway in gateways
            },
        }
    except KeyError as error:
        raise AnsibleFilterError(f"gateway_config: the setting {error} is missing") from error
    except (TypeError, ValueError) as error:
        raise AnsibleFilterError(f"gateway_config: {error}") from error


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"gateway_config": gateway_config}
