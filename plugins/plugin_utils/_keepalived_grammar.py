# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The grammar of keepalived.conf as tables. Private to this collection.

Source: man keepalived.conf(5) of keepalived 2.2.7 and 2.4.3, the keyword lists of the parsers of 1.3.5 to 2.4.3
(_keepalived_releases).

One table a block, one line a keyword: ``keyword kind[:argument]``. The order of the lines is the order in which
the keywords are written. The line ``INCLUDES`` is the place of include files; without it they come last. Kinds:

=========  =====================================================================================
word       one word, quoted if it has to be
words      one or more words: a string is split at white space, each item of a list is one word
secret     as word; masked where the text is made for people to read
keys       lines of a number and a secret: a mapping of numbers to secrets
pattern    as word, always quoted, backslashes doubled (keepalived undoes it)
flag       ``true`` writes the keyword alone, ``false`` nothing
bool       ``true`` writes the keyword alone, ``false`` writes ``keyword off``
optional   as flag, or the words that may follow
script     a command line with its arguments, user and group
optscript  as flag, or a script
lines:KEY  a block with one entry a line; KEY names the first word in the long form of an entry
block:B    a block of table B; a list repeats it
named:B    blocks of table B with a name
=========  =====================================================================================

A ``*`` after the kind allows a list, which repeats the line. A ``!`` after the kind: what is there must not be empty. Elsewhere
an empty list or mapping of lines or words is nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.eucalyptus.ha.plugins.plugin_utils._keepalived_releases import TABLE

TRACKING = """
track_interface lines:interface
track_script lines:name
track_process lines:name
track_file lines:name
track_bfd lines:name
"""

NOTIFY = """
notify_master script
notify_backup script
notify_fault script
notify_stop script
notify_deleted optscript
notify script
notify_priority_changes bool
smtp_alert bool
"""

CHECKER_CONNECTION = """
connect_ip word
connect_port word
bindto word
bind_if word
bind_port word
fwmark word
"""

CHECKER_TIMES = """
alpha bool
connect_timeout word
retry word
delay_before_retry word
warmup word
delay_loop word
log_all_failures bool
"""

SERVER_DEFAULTS = """
virtualhost word
snmp_name word
connect_timeout word
retry word
delay_before_retry word
warmup word
delay_loop word
"""

HTTP = (
    CHECKER_CONNECTION
    + CHECKER_TIMES
    + """
http_protocol word
fast_recovery bool
nb_get_retry word
virtualhost word
enable_sni bool
"""
)

URL = """
path word
digest word
status_code words
virtualhost word
regex pattern
regex_no_match flag
regex_options words
regex_stack words
regex_min_offset word
regex_max_offset word
"""

TABLES = {
    "main": """
net_namespace word
net_namespace_ipvs word
namespace_with_ipsets flag
instance word
use_pid_dir flag
linkbeat_use_polling flag
child_wait_time word
global_defs block:global_defs
linkbeat_interfaces lines:interface
interface_up_down_delays lines:interface
track_group named:track_group
static_ipaddress lines:address
static_routes lines:route
static_rules lines:rule
garp_group block*:garp_group
track_file named:track_file
vrrp_track_file named:vrrp_track_file
vrrp_script named:vrrp_script
vrrp_track_process named:vrrp_track_process
bfd_instance named:bfd_instance
SSL block:SSL
virtual_server_group named-lines!:address
INCLUDES
vrrp_sync_group named:vrrp_sync_group
vrrp_instance named:vrrp_instance
virtual_server named:virtual_server
""",
    "global_defs": """
script_user words
enable_script_security flag
INCLUDES
tmp_config_directory word
config_save_dir word
use_symlink_paths bool
iproute_usr_dir word
iproute_etc_dir word
process_names flag
process_name word
vrrp_process_name word
checker_process_name word
lvs_process_name word
bfd_process_name word
startup_script script
startup_script_timeout word
shutdown_script script
shutdown_script_timeout word
notification_email lines:address
notification_email_from word
smtp_server words
smtp_helo_name word
smtp_connect_timeout word
smtp_alert bool
smtp_alert_vrrp bool
smtp_alert_checker bool
checker_log_all_failures bool
no_email_faults flag
router_id word
default_interface word
dynamic_interfaces optional
vrrp_version word
v3_checksum_as_v2 bool
vrrp_mcast_group4 word
vrrp_mcast_group6 word
vrrp_garp_master_delay word
vrrp_garp_master_repeat word
vrrp_garp_lower_prio_delay word
vrrp_garp_lower_prio_repeat word
vrrp_garp_master_refresh word
vrrp_garp_master_refresh_repeat word
vrrp_garp_interval word
vrrp_gna_interval word
vrrp_min_garp bool
vrrp_garp_extra_if words
vrrp_vmac_garp_intvl words
vmac_prefix word
vmac_addr_prefix word
vrrp_down_timer_adverts word
vrrp_lower_prio_no_advert bool
vrrp_higher_prio_send_advert bool
vrrp_check_unicast_src flag
vrrp_skip_check_adv_addr flag
vrrp_strict flag
vrrp_owner_ignore_adverts bool
vrrp_notify_priority_changes bool
vrrp_startup_delay word
vrrp_delay_after_boot word
vrrp_priority word
checker_priority word
bfd_priority word
vrrp_no_swap flag
checker_no_swap flag
bfd_no_swap flag
vrrp_cpu_affinity words
checker_cpu_affinity words
bfd_cpu_affinity words
vrrp_rt_priority word
checker_rt_priority word
bfd_rt_priority word
vrrp_rlimit_rttime word
checker_rlimit_rttime word
bfd_rlimit_rttime word
vrrp_rlimit_rtime word
checker_rlimit_rtime word
bfd_rlimit_rtime word
max_auto_priority optional
min_auto_priority_delay word
nftables optional
nftables_priority word
nftables_counters flag
nftables_ifindex flag
nftables_ipvs optional
nftables_ipvs_priority word
nftables_ipvs_start_fwmark word
vrrp_iptables optional
vrrp_ipsets optional
disable_local_igmp flag
lvs_sync_daemon words
lvs_timeouts words
lvs_flush flag
lvs_flush_on_stop optional
lvs_flush_onstop flag
lvs_netlink_cmd_rcv_bufs word
lvs_netlink_cmd_rcv_bufs_force bool
lvs_netlink_monitor_rcv_bufs word
lvs_netlink_monitor_rcv_bufs_force bool
vrrp_netlink_cmd_rcv_bufs word
vrrp_netlink_cmd_rcv_bufs_force bool
vrrp_netlink_monitor_rcv_bufs word
vrrp_netlink_monitor_rcv_bufs_force bool
process_monitor_rcv_bufs word
process_monitor_rcv_bufs_force bool
rs_init_notifies bool
no_checker_emails bool
vrrp_rx_bufs_policy words
vrrp_rx_bufs_multiplier word
umask words
snmp_socket word
enable_snmp_keepalived flag
enable_snmp_vrrp flag
enable_snmp_checker flag
enable_snmp_rfc flag
enable_snmp_rfcv2 flag
enable_snmp_rfcv3 flag
enable_traps flag
snmp_vs_stats_update_interval word
snmp_rs_stats_update_interval word
enable_dbus flag
dbus_no_interface_name flag
dbus_service_name word
notify_fifo words
notify_fifo_script script
vrrp_notify_fifo words
vrrp_notify_fifo_script script
lvs_notify_fifo words
lvs_notify_fifo_script script
fifo_write_vrrp_states_on_reload flag
random_seed word
reload_check_config optional
reload_time_file word
reload_repeat flag
reload_file optional
data_use_instance bool
json_version word
state_dump_file word
stats_dump_file word
json_dump_file word
include_check optional
log_unknown_vrids flag
""",
    "track_group": """
group lines!:name
""",
    "garp_group": """
garp_interval word
gna_interval word
interface word
interfaces lines!:interface
""",
    "track_file": """
file word
weight words
init_file optional
""",
    "vrrp_track_file": """
file word
weight words
init_file optional
""",
    "vrrp_script": """
script script!
interval word
timeout word
weight words
rise word
fall word
user words
init_fail flag
""",
    "vrrp_track_process": """
process words!
param_match word
weight words
quorum word
quorum_max word
fork_delay word
terminate_delay word
delay word
full_command flag
""",
    "bfd_instance": """
neighbor_ip word
neighbour_ip word
source_ip word
min_rx word
min_tx word
idle_tx word
multiplier word
passive flag
ttl word
hoplimit word
max_hops word
multihop bool
weight words
vrrp flag
checker flag
""",
    "vrrp_sync_group": """
group lines!:name
"""
    + TRACKING
    + NOTIFY.replace("notify_deleted optscript\n", "")
    + """
global_tracking flag
sync_group_tracking_weight flag
""",
    "vrrp_instance": """
state word
interface word
vrf word
version word
virtual_router_id word
priority word
advert_int word
use_vmac optional
use_vmac_addr flag
vmac_xmit_base flag
use_ipvlan optional
native_ipv6 flag
dont_track_primary flag
linkbeat_use_polling flag
nopreempt flag
preempt flag
preempt_delay word
accept flag
no_accept flag
strict_mode bool
skip_check_adv_addr bool
check_unicast_src flag
mcast_src_ip word
mcast_dst_ip word
unicast_src_ip word
track_src_ip flag
unicast_ttl word
unicast_fault_no_peer flag
old_unicast_checksum optional
v3_checksum_as_v2 bool
unicast_peer lines!:address
garp_master_delay word
garp_master_repeat word
garp_lower_prio_delay word
garp_lower_prio_repeat word
garp_master_refresh word
garp_master_refresh_repeat word
garp_extra_if words
vmac_garp_intvl words
down_timer_adverts word
lower_prio_no_advert bool
higher_prio_send_advert bool
owner_ignore_adverts bool
timer_expired_backup optional
thread_timer_expired optional
lvs_sync_daemon_interface words
kernel_rx_buf_size word
debug optional
authentication block:authentication
auth_hmac block:auth_hmac
virtual_ipaddress lines:address
virtual_ipaddress_excluded lines:address
no_virtual_ipaddress flag
promote_secondaries flag
virtual_routes lines:route
virtual_rules lines:rule
"""
    + TRACKING
    + NOTIFY
    + """
notify_master_rx_lower_pri script
""",
    "authentication": """
auth_type word
auth_pass secret
""",
    "auth_hmac": """
mode word
key keys
active_key word
anti_replay word
time_window word
""",
    "SSL": """
password secret
ca word
certificate word
key word
""",
    "virtual_server": """
ip_family word
protocol word
lvs_sched word
lb_algo word
hashed flag
flag-1 flag
flag-2 flag
flag-3 flag
sh-port flag
sh-fallback flag
mh-port flag
mh-fallback flag
ops flag
lvs_method words
lb_kind words
persistence_engine word
persistence_timeout optional
persistence_granularity word
ha_suspend flag
alpha flag
omega flag
inhibit_on_failure flag
smtp_alert bool
weight word
"""
    + SERVER_DEFAULTS
    + """
quorum word
hysteresis word
quorum_up script
quorum_down script
sorry_server words
sorry_server_inhibit flag
sorry_server_lvs_method words
real_server named:real_server
""",
    "real_server": """
weight word
lvs_method words
uthreshold word
lthreshold word
alpha bool
inhibit_on_failure bool
smtp_alert bool
"""
    + SERVER_DEFAULTS
    + """
notify_up script
notify_down script
HTTP_GET block*:HTTP_GET
SSL_GET block*:SSL_GET
TCP_CHECK block*:TCP_CHECK
SMTP_CHECK block*:SMTP_CHECK
DNS_CHECK block*:DNS_CHECK
MISC_CHECK block*:MISC_CHECK
BFD_CHECK block*:BFD_CHECK
UDP_CHECK block*:UDP_CHECK
PING_CHECK block*:PING_CHECK
FILE_CHECK block*:FILE_CHECK
""",
    "HTTP_GET": HTTP + "url block*:HTTP_GET.url\n",
    "HTTP_GET.url": URL,
    "SSL_GET": HTTP + "tls_compliant bool\nurl block*:SSL_GET.url\n",
    "SSL_GET.url": URL + "tls_compliant bool\n",
    "TCP_CHECK": CHECKER_CONNECTION + CHECKER_TIMES,
    "SMTP_CHECK": CHECKER_CONNECTION + CHECKER_TIMES + "helo_name word\nhost block*:host\n",
    "host": CHECKER_CONNECTION + CHECKER_TIMES,
    "DNS_CHECK": CHECKER_CONNECTION + CHECKER_TIMES + "type word\nname word\n",
    "MISC_CHECK": CHECKER_TIMES.replace("connect_timeout word\n", "")
    + "misc_path script!\nmisc_timeout word\nmisc_dynamic flag\nuser words\n",
    "BFD_CHECK": "name word\nalpha bool\n",
    "UDP_CHECK": CHECKER_CONNECTION
    + CHECKER_TIMES
    + "payload words\nrequire_reply optional\nmin_reply_length word\nmax_reply_length word\n",
    "PING_CHECK": CHECKER_CONNECTION + CHECKER_TIMES,
    "FILE_CHECK": "track_file word\nweight words\n",
}


@dataclass(frozen=True)
class Rule:
    """How one keyword of one block is written, and the first release that knows it."""

    order: int
    kind: str
    repeat: bool
    needed: bool
    argument: str
    since: str


def release(version: str) -> tuple[int, ...]:
    """``2.2.7`` as numbers, for comparison; the empty tuple if it has none."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _releases(text: str) -> dict[tuple[str, str], str]:
    """Block and keyword to the first release."""
    found = {}
    for row in text.replace("\n  ", " ").strip().split("\n"):
        block, first, *keywords = row.split(" ")
        found.update(dict.fromkeys(((block, keyword) for keyword in keywords), first))
    return found


FIRST_RELEASE = _releases(TABLE)
INCLUDES = "INCLUDES"
# Where include files stand in a block, among the orders of its rules.
INCLUDE_ORDER: dict[str, int] = {}


def _table(name: str, text: str) -> dict[str, Rule]:
    rules: dict[str, Rule] = {}
    for line in text.split("\n"):
        if line == INCLUDES:
            INCLUDE_ORDER[name] = len(rules)
        elif line:
            keyword, _space, rest = line.partition(" ")
            kind, _colon, argument = rest.partition(":")
            since = FIRST_RELEASE[name, keyword]
            rules[keyword] = Rule(len(rules), kind.rstrip("*!"), "*" in kind, "!" in kind, argument, since)
    return rules


GRAMMAR = {name: _table(name, text) for name, text in TABLES.items()}

# What only tunes keepalived is left out where its release does not know it, and reported with what that means; everything else
# is rejected there.
_REAL_TIME = "has no real-time priority: on a busy host it can be late with its adverts, and the virtual addresses can move"
_RUNTIME = "keeps its default limit of CPU time without a pause"
_AUTOMATIC = "does not get a real-time priority by itself when it is late"
_CPU = "may run on every CPU"
LEFT_OUT = {
    "vrrp_rt_priority": _REAL_TIME,
    "checker_rt_priority": "has no real-time priority for the checks of servers",
    "bfd_rt_priority": "has no real-time priority for BFD",
    "vrrp_rlimit_rttime": _RUNTIME,
    "checker_rlimit_rttime": _RUNTIME,
    "bfd_rlimit_rttime": _RUNTIME,
    "max_auto_priority": _AUTOMATIC,
    "min_auto_priority_delay": _AUTOMATIC,
    "vrrp_cpu_affinity": _CPU,
    "checker_cpu_affinity": _CPU,
    "bfd_cpu_affinity": _CPU,
}


def left_out(keyword: str, rule: Rule, version: tuple[int, ...]) -> bool:
    """Whether the keyword is not written for this release. No release: it is not known."""
    return keyword in LEFT_OUT and bool(version) and version < release(rule.since)
