# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was found on a host, judged: sentences for a person, each with what to do.

Private to the collection. The findings are what module gateway_host_info returns, and with check_source state_file also
what the check said from either source.
"""

from __future__ import annotations

import ipaddress
from typing import Any

NO_OPENSSL = (
    "the openssl command is missing on this host: install the package openssl; the check signs its requests with it "
    "(or set cc_gateway_check_source to state_file)"
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
    """The address of a text as the other findings spell it, without its prefix; None when it is none."""
    try:
        return str(ipaddress.ip_interface(str(text)).ip)
    except ValueError:
        return None


def needs_keys(given: dict) -> bool:
    """Whether requests to the controller are signed on this host."""
    return given.get("check_source") == "soap" and bool(given.get("ws_security"))


def _user(given: dict, found: dict, report: Report) -> None:
    user, python = found["user"], found["python"]
    if not user["exists"]:
        report.error(
            f"cc_gateway_user: there is no user {user['name']!r} on this host; install the cluster controller first, "
            "or name the user that it runs as (EUCA_USER of eucalyptus.conf)"
        )
    elif user["uid"] == 0:
        report.error(
            f"cc_gateway_user: {user['name']!r} is root, who does not run the check; name the user that the "
            "cluster controller runs as (EUCA_USER of eucalyptus.conf)"
        )
    elif python["works"] is False:
        report.error(
            f"{python['path']} does not work for user {user['name']} ({python['message']}); set ansible_python_interpreter to a "
            "Python of the operating system, such as /usr/bin/python3: the check runs with it"
        )


def _preload(found: dict, report: Report) -> None:
    if found["preload_error"]:
        report.error(f"cc_gateway_preload_file: {found['preload_error']}")


def _pair(given: dict, keys: dict, user: str, report: Report) -> None:
    """What the key and the certificate are, each for itself and together."""
    for name, file in (("client_key", keys["key"]), ("client_cert", keys["certificate"])):
        option = f"cc_gateway_{name}_content" if file["given"] else f"cc_gateway_{name}"
        what = "the text" if file["given"] else file["path"]
        if file["error"] == "does not exist":
            report.error(
                f"{option}: {what} does not exist; copy the cloud's keys to this host (Eucalyptus 3.2 to 4.2 does so when the "
                "controller is registered, later ones by clcadmin-copy-keys), or give another path"
            )
        elif file["error"]:
            way = (
                "openssl rsa -in KEY -out KEY takes the passphrase off"
                if file.get("encrypted")
                else "give the PEM file of the cloud controller"
            )
            report.error(f"{option}: {what} {file['error']}; {way}")
        elif file["unreadable"]:
            report.error(
                f"{option}: user {user} cannot read {what} ({file['unreadable']}); make that user the owner, with mode 0600, "
                "and let it pass the directories above"
            )
    if keys["user_error"] and given["findings"]["user"]["exists"]:
        report.error(f"the keys could not be tried as user {user}: {keys['user_error']}")
    if keys["key"]["rsa"] is False:
        report.error(
            "cc_gateway_client_key: the key is not an RSA key, and cluster controllers know no other; give the cloud's own cloud-pk.pem"
        )
    if keys["key"]["sha1_error"]:
        report.error(
            f"openssl makes no SHA-1 signatures on this host ({keys['key']['sha1_error']}), and the cluster controller takes no others; "
            "allow them (EL 9: update-crypto-policies --set DEFAULT:SHA1), or set cc_gateway_check_source to state_file"
        )
    if keys["key"]["others_can_read"]:
        report.warning(
            f"{keys['key']['path']} can be read by everybody on this host; it is the cloud's identity: chmod 0600"
        )
    mates = given["findings"]["user"]["group_mates"]
    if keys["key"]["given"] and mates:
        report.warning(
            f"cc_gateway_client_key_content: the key will be readable by the group of {user}, which has other members "
            f"({', '.join(mates)}). Remove them from that group, or give {user} a group of its own"
        )
    if keys["match"] is False:
        report.error(
            f"key and certificate do not belong to each other ({keys['key']['path']}, {keys['certificate']['path']}); "
            "take both from the cloud controller, at the same time"
        )


def _validity(given: dict, keys: dict, report: Report) -> None:
    certificate, own = keys["certificate"], keys["own"]
    if certificate["expired"]:
        report.error(
            f"the certificate {certificate['path']} ended {certificate['not_after']}; renew the cloud's certificate on "
            "the cloud controller, copy it to the cluster controllers, and run this again"
        )
    elif certificate["early"]:
        report.error(
            f"the certificate {certificate['path']} is valid from {certificate['not_before']} only; look at the clock of "
            "this host, and of the cloud controller"
        )
    elif certificate["days_left"] is not None and certificate["days_left"] < int(
        float(given.get("certificate_warn_days") or 0)
    ):
        report.warning(
            f"the certificate {certificate['path']} ends in {certificate['days_left']} days ({certificate['not_after']}); renew it before"
        )
    if own["same"] is False:
        report.error(
            f"the certificate {certificate['path']} is not the one that the cluster controller has ({own['path']}), "
            "which would refuse every question; put the new one on the controller first, or correct cc_gateway_client_cert"
            f"{'_content' if certificate['given'] else ''}"
        )
    elif own["error"] and own["path"] != certificate["path"]:
        report.warning(
            f"the cluster controller's own copy of the certificate, {own['path']}, {own['error']}: whether it is the same cannot be said; "
            "is cc_gateway_eucalyptus_root right?"
        )


def _controller(found: dict, report: Report) -> None:
    if not found["cc"]["alive"]:
        report.warning(
            f"the cluster controller does not answer ({found['cc']['message']}); the host counts as not ENABLED until it does: "
            "start it, or correct cc_gateway_cc_host and cc_gateway_cc_port"
        )


def _vip(given: dict, local: dict, report: Report) -> None:
    vip = local["vip"]
    if local["here"] and not local["configured"]:
        report.error(
            f"cc_gateway_vip: {vip} is an address of {local['interface']} of this host, and not by keepalived; take it "
            f"out of the network configuration, and off: ip address delete {vip} dev {local['interface']}"
        )
    answers = local["answers"] or {}
    foreign = " and ".join(answers.get("foreign_macs") or [])
    unnamed = " and ".join(answers.get("unnamed_macs") or [])
    if foreign:
        report.error(
            f"cc_gateway_vip: {vip} is in use: {foreign} on {answers['interface']} answers for it and is no host of the "
            f"group {given.get('group')}; find that machine (ip neighbour, the switch's table), or choose another VIP"
        )
    elif unnamed and not answers.get("virtual_mac"):
        silent = ", ".join(answers.get("silent") or [])
        why = f"{silent} did not answer for itself" if silent else "several hosts have that MAC address"
        report.warning(
            f"{unnamed} on {answers['interface']} answers for the VIP {vip}, and whether that is a host of the group "
            f"cannot be said ({why}); look at cc_gateway_address of the group's hosts, which should be in the VIP's network"
        )
    if answers.get("error"):
        report.warning(f"nobody could be asked who has the VIP {vip}: {answers['error']}")


def _is_foreign(router: dict, gateway: dict) -> bool:
    """Whether a router that was heard is in the way of a gateway."""
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
                    f"{router['source']} (VRRP {about}); choose another from 1 to 255, or, should that be the other "
                    "cluster controller, set its cc_gateway_address"
                )
    if found["listen_error"]:
        report.warning(f"other VRRP routers could not be listened for: {found['listen_error']}")


def _configuration(given: dict, found: dict, report: Report) -> None:
    setup = found["keepalived"]
    kept = {*(given.get("site_instances") or []), *(gateway["instance"] for gateway in given["gateways"])}
    lost = [one["name"] for one in setup["instances"] if not one["article"] and one["name"] not in kept]
    if setup["kind"] in ("other", "article") and lost and setup["running"]:
        report.error(
            f"keepalived runs here with VRRP instance{'s' if len(lost) > 1 else ''} {', '.join(lost)}, "
            "which this role did not configure and would end; take them over into keepalived_config, or stop "
            "keepalived first if they are of no use"
        )
    elif setup["kind"] == "other":
        report.warning(
            f"{given.get('keepalived_conf')} is not this collection's{': ' + setup['error'] if setup['error'] else ''}; "
            "it is kept in /var/backups/eucalyptus-ha and replaced"
        )
    if given.get("site_tracks_old_check"):
        report.error(
            "keepalived_config: an entry of it runs the article's CCclient script, which asks the controller in a way that modern ones "
            "answer with nothing; take vrrp_script and track_script of it out, the role brings a check"
        )


def _state_file(found: dict, report: Report) -> None:
    """Whether the state file says what the controller says (cc-protocol.md): its layout is not documented by Eucalyptus."""
    passive, asked = found.get("state_file"), found.get("soap") or {}
    if passive is None:
        return
    if not passive.get("definite"):
        report.error(
            f"cc_gateway_check_source: state_file does not work here ({passive.get('message') or 'the check said nothing'}); "
            "mend what the message names, or set it to soap"
        )
    elif asked.get("definite") and asked["local_state"] != passive["local_state"]:
        report.error(
            f"cc_gateway_check_source: the state file says {passive['local_state']} and the cluster controller itself "
            f"{asked['local_state']}; set it to soap (and tell us the release of Eucalyptus: its file may have another layout)"
        )
    elif not asked.get("definite"):
        report.warning(
            "whether the state file is right could not be compared with what the cluster controller says "
            f"({asked.get('message') or 'it could not be asked'})"
        )


def judge(given: dict) -> Report:
    """Judge given['findings'] with the settings around it."""
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
    _state_file(found, report)
    return report


def _differences(gateway: dict, old: dict) -> list[str]:
    version = int(float(gateway["version"]))
    new = {
        "VRRP version": (old["version"], version),
        "virtual_router_id": (old["virtual_router_id"], int(float(gateway["virtual_router_id"]))),
        "advert interval": (old["advert_interval"], float(gateway["advert_interval"])),
        "VIPs": (sorted(old["vips"]), [canonical(gateway["vip"])]),
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
    """The instance that a gateway takes the place of: of that name, or with that VIP, or (for the first) the article's."""
    named = [one for one in instances if one["name"] == gateway["instance"]]
    others = [one for one in instances if canonical(gateway["vip"]) in one["vips"] or (main and one["article"])]
    return next(iter(named + others), None)


def incompatible(given: dict) -> list[str]:
    """Why hosts with the old and with the new configuration would not hear each other; [] when they would, or nothing runs.

    Wants settings without errors. Measured with keepalived 2.2.7 (design.md): such hosts are two holders from the first
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
