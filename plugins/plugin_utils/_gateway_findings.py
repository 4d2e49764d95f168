# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluates what was found on a host: sentences for people, each with the fix.

Private to the collection. The findings are what module gateway_host_info returns.
"""

from __future__ import annotations

import ipaddress
from typing import Any

NO_OPENSSL = (
    "the openssl command is missing on this host: install the package openssl. The check signs its requests with it "
    "(or set cc_gateway_check_source to auto)"
)


class Report:
    """Errors and warnings, a sentence each."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.warnings: list[str] = []

    def error(self, sentence: str) -> None:
        self.errors.append(sentence)

    def warning(self, sentence: str) -> None:
        self.warnings.append(sentence)


def canonical(text: Any) -> str | None:
    """The address of a text as the other findings spell it, without its prefix; None if it is not one."""
    try:
        return str(ipaddress.ip_interface(str(text)).ip)
    except ValueError:
        return None


def needs_keys(given: dict) -> bool:
    """Whether keys are used on this host: the check signs its requests, or the site has a pair deployed."""
    return uses_soap(given) or bool(given.get("client_key_content"))


def uses_soap(given: dict) -> bool:
    """Whether the check sends SOAP requests on this host."""
    return (given.get("source") or {}).get("source") == "soap"


def _user(given: dict, found: dict, report: Report) -> None:
    user, python = found["user"], found["python"]
    if not user["exists"]:
        report.error(
            f"cc_gateway_controller.user must be a user of this host (got {user['name']}). Install the cluster controller first, "
            "or set it to the user that the controller runs as (EUCA_USER of eucalyptus.conf)."
        )
    elif user["uid"] == 0:
        report.error(
            f"cc_gateway_controller.user must not be root (got {user['name']}); set it to the user that the cluster controller runs as "
            "(EUCA_USER)."
        )
    elif python["works"] is False:
        report.error(
            f"{python['path']}, which runs the check, does not work for user {user['name']} ({python['message']}). Repair or install the "
            "operating system's Python."
        )


def _preload(found: dict, report: Report) -> None:
    if found["preload_error"]:
        report.error(f"cc_gateway_preload_file: {found['preload_error']}")


def _pair(given: dict, keys: dict, user: str, report: Report) -> None:
    """What the key and the certificate are, each for itself and together."""
    for name, file in (("client_key", keys["key"]), ("client_cert", keys["certificate"])):
        option = f"cc_gateway_{name}_content" if file["given"] else f"cc_gateway_controller.{name}"
        what = "the text" if file["given"] else file["path"]
        if file["error"] == "does not exist":
            report.error(
                f"{option}: {what} does not exist. Copy the cloud's keys to this host (Eucalyptus 3.2 to 4.2 does so when the "
                "controller is registered, later releases with clcadmin-copy-keys), or set another path."
            )
        elif file["error"]:
            fix = "Use the PEM file of the cloud controller."
            if file.get("encrypted"):
                fix = "openssl rsa -in KEY -out KEY removes the passphrase."
            elif file["error"].startswith("cannot be read"):
                fix = f"Make {user} its owner, with mode 0600."
            report.error(f"{option}: {what} {file['error']}. {fix}")
        elif file["unreadable"]:
            report.error(
                f"{option}: user {user} cannot read {what} ({file['unreadable']}). Make that user the owner, with mode 0600, "
                "and make the directories above accessible to it."
            )
    if keys["user_error"] and given["findings"]["user"]["exists"]:
        report.error(f"the keys could not be tested as user {user}: {keys['user_error']}")
    if keys["key"]["rsa"] is False:
        report.error(
            "cc_gateway_controller.client_key must be an RSA key: cluster controllers accept nothing else. Use the cloud's own "
            "cloud-pk.pem."
        )
    if keys["key"]["sha1_error"]:
        report.error(
            f"openssl on this host does not allow SHA-1 signatures ({keys['key']['sha1_error']}), but cluster controllers accept "
            f"nothing else. "
            "Allow them (EL 9: update-crypto-policies --set DEFAULT:SHA1), or set cc_gateway_check_source to auto."
        )
    if keys["key"]["others_can_read"]:
        report.warning(
            f"{keys['key']['path']} can be read by everybody on this host. It is the cloud's identity. Run: chmod 0600 "
            f"{keys['key']['path']}"
        )
    mates = given["findings"]["user"]["group_mates"]
    if keys["key"]["given"] and mates:
        report.warning(
            f"cc_gateway_client_key_content: the key will be readable by the group of {user}, which has other members "
            f"({', '.join(mates)}). Remove them from that group, or give {user} a group of its own"
        )
    if keys["match"] is False:
        report.error(
            f"key and certificate do not belong to each other ({keys['key']['path']}, {keys['certificate']['path']}). "
            "Copy both from the cloud controller, at the same time."
        )


def _validity(given: dict, keys: dict, report: Report) -> None:
    certificate, own = keys["certificate"], keys["own"]
    if certificate["expired"]:
        report.error(
            f"the certificate {certificate['path']} expired at {certificate['not_after']}. Renew the cloud's certificate on "
            "the cloud controller, copy it to the cluster controllers, and run this again."
        )
    elif certificate["early"]:
        report.error(
            f"the certificate {certificate['path']} is not valid before {certificate['not_before']}. Check the clocks of "
            "this host and of the cloud controller."
        )
    elif certificate["days_left"] is not None and certificate["days_left"] < int(
        float(given.get("certificate_warn_days") or 0)
    ):
        report.warning(
            f"the certificate {certificate['path']} expires in {certificate['days_left']} days ({certificate['not_after']}); renew it "
            f"before then."
        )
    if own["same"] is False:
        option = "cc_gateway_client_cert_content" if certificate["given"] else "cc_gateway_controller.client_cert"
        report.error(
            f"the certificate {certificate['path']} is not the one that the cluster controller has ({own['path']}), "
            f"which would reject every request. Put the new one on the controller first, or correct {option}."
        )
    elif own["error"] and own["path"] != certificate["path"]:
        report.warning(
            f"could not compare the certificate with the cluster controller's own copy: {own['path']} {own['error']}. "
            "Check cc_gateway_eucalyptus_root."
        )


def _controller(found: dict, report: Report) -> None:
    if not found["cc"]["alive"]:
        report.warning(
            f"the cluster controller does not respond ({found['cc']['message']}). The host counts as not ENABLED until it does. "
            "Start it, or correct host and port in cc_gateway_controller. A firewall that closes the port is a likely cause if it runs."
        )


def _vip(given: dict, local: dict, report: Report) -> None:
    vip = local["vip"]
    if local["here"] and not local["configured"] and canonical(vip) in _networked(given):
        report.error(f"cc_gateway_vip: {vip} is this host's own address on {local['interface']}. Choose another, free address.")
    elif local["here"] and not local["configured"] and canonical(vip) not in map(canonical, (given.get("addresses") or {}).values()):
        report.error(
            f"{vip} is already configured on {local['interface']} of this host outside keepalived. If it is to be the VIP, "
            f"remove it from the "
            f"network configuration and run: ip address delete {canonical(vip)}/32 dev {local['interface']}. If it is the host's own "
            f"address, "
            "choose another VIP."
        )
    answers = local["answers"] or {}
    foreign = " and ".join(answers.get("foreign_macs") or [])
    unnamed = " and ".join(answers.get("unnamed_macs") or [])
    if foreign:
        report.error(
            f"cc_gateway_vip: {vip} is in use: {foreign} on {answers['interface']} answers for it and is not a host of the "
            f"group {given.get('group')}. Find that machine (ip neighbour, the switch's table), or choose another VIP."
        )
    elif unnamed and not answers.get("virtual_mac"):
        silent = ", ".join(answers.get("silent") or [])
        why = f"the other CC ({silent} did not answer ARP)" if silent else "one of the group's hosts (several have that MAC address)"
        report.warning(
            f"Something with MAC address {unnamed} on {answers['interface']} already answers for the VIP {vip}. It may be {why} or a "
            f"foreign "
            "machine. Make sure no other machine uses the VIP, and check cc_gateway_address."
        )
    if answers.get("error"):
        report.warning(f"could not check by ARP whether the VIP {vip} is already in use: {_for_users(answers['error'])}. Check "
                       f"cc_gateway_interface.")


def _networked(given: dict) -> set[str | None]:
    """Addresses that connect this host to a network: no message advises to delete one of them."""
    return {canonical(address) for address in given.get("interface_addresses") or [] if not address.endswith("/32")}


def _for_users(text: str) -> str:
    """A module's message without its options, which users of the playbooks do not have."""
    return text.split("; set probe_interface", maxsplit=1)[0].split(": name the one with probe_interface", maxsplit=1)[0]


def _is_foreign(router: dict, gateway: dict) -> bool:
    """Whether a router that was detected conflicts with a gateway."""
    ours = {canonical(text) for text in [gateway["address"], *gateway["peers"]]}
    return (
        router["interface"] == gateway["interface"]
        and str(router["virtual_router_id"]) == str(gateway["virtual_router_id"])
        and router["family"] == (6 if ":" in str(gateway["vip"]) else 4)
        and canonical(router["source"]) not in ours
    )


def _routers(given: dict, found: dict, report: Report) -> None:
    for gateway in given["gateways"]:
        for router in found["adverts"] or []:
            if _is_foreign(router, gateway):
                about = f"version {router['version']}, priority {router['priority']}, for {', '.join(router['addresses']) or 'no address'}"
                report.error(
                    f"cc_gateway_virtual_router_id: {router['virtual_router_id']} is in use on {router['interface']} by "
                    f"{router['source']} (VRRP {about}). Choose a free cc_gateway_virtual_router_id (1-255). If {router['source']} is "
                    f"the other "
                    "cluster controller, set its cc_gateway_address."
                )
    if found["listen_error"]:
        report.warning(f"could not check whether another VRRP router uses the virtual router ID: {found['listen_error']}")


def _configuration(given: dict, found: dict, report: Report) -> None:
    setup = found["keepalived"]
    kept = {*(given.get("site_instances") or []), *(gateway["instance"] for gateway in given["gateways"])}
    lost = [one["name"] for one in setup["instances"] if not one["article"] and one["name"] not in kept]
    if setup["kind"] in ("other", "article") and lost and setup["running"]:
        report.error(
            f"keepalived already runs VRRP instance{'s' if len(lost) > 1 else ''} {', '.join(lost)} on this host, "
            f"which this role would remove. Add {'them' if len(lost) > 1 else 'it'} to keepalived_config to keep "
            f"{'them' if len(lost) > 1 else 'it'}, or stop "
            f"keepalived if {'they are' if len(lost) > 1 else 'it is'} no longer needed."
        )
    elif setup["kind"] == "other":
        report.warning(
            f"{given.get('keepalived_conf')} was not written by this collection{': ' + setup['error'] if setup['error'] else ''}. "
            "It is kept in /var/backups/eucalyptus-ha and replaced."
        )
    if given.get("site_tracks_old_check"):
        report.error(
            "keepalived_config still runs the old CCclient script, which does not work with current Eucalyptus releases. Remove its "
            "vrrp_script "
            "and track_script. The role installs its own check."
        )


def _source(given: dict, report: Report) -> None:
    """What chose the source of the check, where that needs attention; the role's last tasks report the rest."""
    decision = given.get("source") or {}
    if decision.get("level") == "error":
        report.error(decision["evidence"])
    elif decision.get("level") == "warning":
        report.warning(decision["evidence"])
    arbitrators = str(given.get("arbitrators") or "").split()
    if uses_soap(given) and arbitrators:
        report.warning(
            f"CC_ARBITRATORS of eucalyptus.conf is {' '.join(arbitrators)}: while one of them does not respond, the controller holds "
            f"its lock for 10 s in every "
            "sixth round of its monitor, and SOAP requests get no answer. The state file is not affected."
        )


def judge(given: dict) -> Report:
    """Evaluate given['findings'] with the settings around it."""
    report, found = Report(), given["findings"]
    _user(given, found, report)
    _preload(found, report)
    if needs_keys(given):
        if not found["openssl"]:
            report.error(NO_OPENSSL)
        if found["client_keys"]:
            _pair(given, found["client_keys"], found["user"]["name"], report)
            _validity(given, found["client_keys"], report)
    _controller(found, report)
    for local in found["vips"]:
        _vip(given, local, report)
    _routers(given, found, report)
    _configuration(given, found, report)
    _source(given, report)
    return report


def _differences(gateway: dict, old: dict) -> list[str]:
    # Not the addresses of unicast: hosts that are renumbered are compared file by file, in module_utils/_keepalived_unit.py.
    version = int(float(gateway["version"]))
    new = {
        "VRRP version": (old["version"], version),
        "virtual_router_id": (old["virtual_router_id"], int(float(gateway["virtual_router_id"]))),
        "advert interval": (old["advert_interval"], float(gateway["advert_interval"])),
        # An address that the adverts leave out may differ.
        "VIPs": (sorted(set(old["vips"]) - set(old.get("excluded") or [])), [canonical(gateway["vip"])]),
        "interface": (old["interface"], gateway["interface"]),
        "adverts": ("unicast" if old["peers"] else "multicast", "unicast"),
        "authentication": ((old["auth_type"] or "none").upper(), "PASS" if version == 2 else "NONE"),
    }
    found = [f"{name} {_shown(before)} → {_shown(after)}" for name, (before, after) in new.items() if before != after]
    if version == 2 and old["auth_type"] and not old["same_auth_pass"]:
        found.append("another password")
    return found


def _shown(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def _old_self(gateway: dict, main: bool, instances: list[dict]) -> dict | None:
    """The instance that a gateway takes the place of: of that name, or with that VIP, or (for the first) the manual keepalived setup's."""
    named = [one for one in instances if one["name"] == gateway["instance"]]
    others = [one for one in instances if canonical(gateway["vip"]) in one["vips"] or (main and one["article"])]
    return next(iter(named + others), None)


def incompatible(given: dict) -> list[str]:
    """Why hosts with the old and with the new configuration could not receive each other's adverts; [] if they could, or nothing runs.

    Expects settings without errors. Measured with keepalived 2.2.7: such hosts are two holders from the first
    reload until the last.
    """
    setup = given["findings"]["keepalived"]
    if not setup["running"]:
        return []
    reasons = []
    for number, gateway in enumerate(given["gateways"]):
        old = _old_self(gateway, number == 0, setup["instances"])
        if old:
            reasons += [f"{gateway['instance']}: {change}" for change in _differences(gateway, old)]
    return reasons
