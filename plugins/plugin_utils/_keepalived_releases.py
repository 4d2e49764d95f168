# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The first release of each keyword of keepalived.conf. Private to this collection.

Written by tools/keepalived-releases from the keywords that the parser of each release registers, 1.3.5 to 2.4.3
(56 releases of the keepalived project's repository). Do not edit. A keyword can have several meanings, so the blocks are kept
apart. Each line: block, release, keywords. 1.3.5 stands for "that release or an earlier one". No keyword was ever removed.
"""

from __future__ import annotations

TABLE = """
BFD_CHECK 2.0.0 alpha name
DNS_CHECK 1.3.5 bind_port bindto connect_ip connect_port connect_timeout fwmark name retry type
DNS_CHECK 1.3.7 alpha bind_if delay_before_retry delay_loop warmup
DNS_CHECK 2.0.11 log_all_failures
FILE_CHECK 2.1.0 track_file weight
HTTP_GET 1.3.5 bind_port bindto connect_ip connect_port connect_timeout delay_before_retry fwmark nb_get_retry url warmup
HTTP_GET 1.3.6 virtualhost
HTTP_GET 1.3.7 alpha bind_if delay_loop retry
HTTP_GET 1.4.3 enable_sni
HTTP_GET 2.0.11 log_all_failures
HTTP_GET 2.0.17 fast_recovery http_protocol
HTTP_GET.url 1.3.5 digest path status_code
HTTP_GET.url 1.3.6 virtualhost
HTTP_GET.url 2.0.7 regex regex_max_offset regex_min_offset regex_no_match regex_options regex_stack
MISC_CHECK 1.3.5 misc_dynamic misc_path misc_timeout user warmup
MISC_CHECK 1.3.7 alpha delay_before_retry delay_loop retry
MISC_CHECK 2.0.11 log_all_failures
PING_CHECK 2.1.0 alpha bind_if bind_port bindto connect_ip connect_port connect_timeout delay_before_retry delay_loop fwmark
  log_all_failures retry warmup
SMTP_CHECK 1.3.5 bind_port bindto connect_ip connect_port connect_timeout delay_before_retry fwmark helo_name host retry warmup
SMTP_CHECK 1.3.7 alpha bind_if delay_loop
SMTP_CHECK 2.0.11 log_all_failures
SSL 1.3.5 ca certificate key password
SSL_GET 1.3.5 bind_port bindto connect_ip connect_port connect_timeout delay_before_retry fwmark nb_get_retry url warmup
SSL_GET 1.3.6 virtualhost
SSL_GET 1.3.7 alpha bind_if delay_loop retry
SSL_GET 1.4.3 enable_sni
SSL_GET 2.0.11 log_all_failures
SSL_GET 2.0.17 fast_recovery http_protocol
SSL_GET 2.2.8 tls_compliant
SSL_GET.url 1.3.5 digest path status_code
SSL_GET.url 1.3.6 virtualhost
SSL_GET.url 2.0.7 regex regex_max_offset regex_min_offset regex_no_match regex_options regex_stack
SSL_GET.url 2.2.8 tls_compliant
TCP_CHECK 1.3.5 bind_port bindto connect_ip connect_port connect_timeout delay_before_retry fwmark retry warmup
TCP_CHECK 1.3.7 alpha bind_if delay_loop
TCP_CHECK 2.0.11 log_all_failures
UDP_CHECK 2.1.0 alpha bind_if bind_port bindto connect_ip connect_port connect_timeout delay_before_retry delay_loop fwmark log_all_failures
  require_reply retry warmup
UDP_CHECK 2.2.0 max_reply_length min_reply_length payload
auth_hmac 2.4.0 active_key anti_replay key mode time_window
authentication 1.3.5 auth_pass auth_type
bfd_instance 2.0.0 checker hoplimit idle_tx max_hops min_rx min_tx multiplier neighbor_ip neighbour_ip passive source_ip ttl vrrp weight
bfd_instance 2.2.8 multihop
garp_group 1.3.5 garp_interval gna_interval interface interfaces
global_defs 1.3.5 checker_no_swap checker_priority default_interface enable_dbus enable_script_security enable_snmp_checker
  enable_snmp_keepalived enable_snmp_rfc enable_snmp_rfcv2 enable_snmp_rfcv3 enable_traps lvs_flush lvs_sync_daemon lvs_timeouts
  notification_email notification_email_from router_id script_user smtp_connect_timeout smtp_helo_name smtp_server snmp_socket
  vrrp_check_unicast_src vrrp_garp_interval vrrp_garp_lower_prio_delay vrrp_garp_lower_prio_repeat vrrp_garp_master_delay
  vrrp_garp_master_refresh vrrp_garp_master_refresh_repeat vrrp_garp_master_repeat vrrp_gna_interval vrrp_higher_prio_send_advert
  vrrp_ipsets vrrp_iptables vrrp_lower_prio_no_advert vrrp_mcast_group4 vrrp_mcast_group6 vrrp_no_swap vrrp_priority
  vrrp_skip_check_adv_addr vrrp_strict vrrp_version
global_defs 1.3.6 lvs_notify_fifo lvs_notify_fifo_script notify_fifo notify_fifo_script vrrp_notify_fifo vrrp_notify_fifo_script
global_defs 1.3.7 dbus_service_name
global_defs 2.0.0 bfd_no_swap bfd_priority bfd_rlimit_rtime bfd_rt_priority checker_rlimit_rtime checker_rt_priority dynamic_interfaces
  enable_snmp_vrrp lvs_netlink_cmd_rcv_bufs lvs_netlink_cmd_rcv_bufs_force lvs_netlink_monitor_rcv_bufs lvs_netlink_monitor_rcv_bufs_force
  no_checker_emails no_email_faults rs_init_notifies smtp_alert smtp_alert_checker smtp_alert_vrrp vrrp_netlink_cmd_rcv_bufs
  vrrp_netlink_cmd_rcv_bufs_force vrrp_netlink_monitor_rcv_bufs vrrp_netlink_monitor_rcv_bufs_force vrrp_rlimit_rtime vrrp_rt_priority
global_defs 2.0.3 vrrp_rx_bufs_multiplier vrrp_rx_bufs_policy
global_defs 2.0.9 umask
global_defs 2.0.11 checker_log_all_failures nftables nftables_counters nftables_ifindex nftables_priority process_monitor_rcv_bufs
  process_monitor_rcv_bufs_force
global_defs 2.0.12 vrrp_min_garp
global_defs 2.0.14 vrrp_startup_delay
global_defs 2.0.15 lvs_flush_onstop random_seed
global_defs 2.0.16 bfd_process_name log_unknown_vrids lvs_process_name process_name process_names vrrp_notify_priority_changes
  vrrp_process_name
global_defs 2.0.17 bfd_cpu_affinity checker_cpu_affinity vrrp_cpu_affinity
global_defs 2.1.0 bfd_rlimit_rttime checker_rlimit_rttime max_auto_priority min_auto_priority_delay reload_repeat reload_time_file
  shutdown_script shutdown_script_timeout startup_script startup_script_timeout vrrp_rlimit_rttime
global_defs 2.2.0 checker_process_name disable_local_igmp include_check lvs_flush_on_stop reload_check_config reload_file
  tmp_config_directory vmac_addr_prefix vmac_prefix vrrp_vmac_garp_intvl
global_defs 2.2.2 nftables_ipvs nftables_ipvs_priority nftables_ipvs_start_fwmark
global_defs 2.2.3 config_save_dir data_use_instance vrrp_down_timer_adverts vrrp_garp_extra_if
global_defs 2.2.5 fifo_write_vrrp_states_on_reload
global_defs 2.2.8 json_version v3_checksum_as_v2
global_defs 2.3.0 dbus_no_interface_name snmp_rs_stats_update_interval snmp_vs_stats_update_interval use_symlink_paths
global_defs 2.3.2 iproute_etc_dir iproute_usr_dir
global_defs 2.3.3 json_dump_file state_dump_file stats_dump_file vrrp_owner_ignore_adverts
global_defs 2.4.0 vrrp_delay_after_boot
host 1.3.5 bind_port bindto connect_ip connect_port connect_timeout fwmark
host 1.3.7 alpha bind_if delay_before_retry delay_loop retry warmup
host 2.0.11 log_all_failures
main 1.3.5 SSL garp_group global_defs include instance linkbeat_use_polling namespace_with_ipsets net_namespace static_ipaddress
  static_routes static_rules use_pid_dir virtual_server virtual_server_group vrrp_instance vrrp_script vrrp_sync_group
main 2.0.0 bfd_instance child_wait_time vrrp_track_file
main 2.0.3 track_group
main 2.0.11 vrrp_track_process
main 2.0.13 linkbeat_interfaces
main 2.1.0 net_namespace_ipvs track_file
main 2.2.0 includea includeb includem includer includew
main 2.2.3 interface_up_down_delays
real_server 1.3.5 DNS_CHECK HTTP_GET MISC_CHECK SMTP_CHECK SSL_GET TCP_CHECK inhibit_on_failure lthreshold notify_down notify_up uthreshold
  weight
real_server 1.3.6 lvs_method virtualhost
real_server 1.3.7 alpha delay_before_retry delay_loop retry warmup
real_server 2.0.0 BFD_CHECK smtp_alert
real_server 2.0.13 connect_timeout
real_server 2.1.0 FILE_CHECK PING_CHECK UDP_CHECK
real_server 2.2.3 snmp_name
track_file 2.1.0 file init_file weight
track_group 2.0.3 group
virtual_server 1.3.5 alpha delay_loop flag-1 flag-2 flag-3 ha_suspend hashed hysteresis ip_family lb_algo lb_kind lvs_method lvs_sched omega
  ops persistence_engine persistence_granularity persistence_timeout protocol quorum quorum_down quorum_up real_server sh-fallback sh-port
  sorry_server sorry_server_inhibit virtualhost
virtual_server 1.3.6 sorry_server_lvs_method
virtual_server 1.3.7 delay_before_retry inhibit_on_failure retry warmup weight
virtual_server 2.0.0 smtp_alert
virtual_server 2.0.13 connect_timeout
virtual_server 2.0.20 mh-fallback mh-port
virtual_server 2.2.3 snmp_name
vrrp_instance 1.3.5 accept advert_int authentication debug dont_track_primary garp_lower_prio_delay garp_lower_prio_repeat garp_master_delay
  garp_master_refresh garp_master_refresh_repeat garp_master_repeat higher_prio_send_advert interface lower_prio_no_advert
  lvs_sync_daemon_interface mcast_src_ip native_ipv6 no_accept nopreempt notify notify_backup notify_fault notify_master notify_stop preempt
  preempt_delay priority promote_secondaries skip_check_adv_addr smtp_alert state strict_mode track_interface track_script unicast_peer
  unicast_src_ip use_vmac version virtual_ipaddress virtual_ipaddress_excluded virtual_router_id virtual_routes virtual_rules vmac_xmit_base
vrrp_instance 1.3.7 old_unicast_checksum
vrrp_instance 2.0.0 linkbeat_use_polling track_bfd track_file track_src_ip
vrrp_instance 2.0.3 kernel_rx_buf_size
vrrp_instance 2.0.6 notify_master_rx_lower_pri
vrrp_instance 2.0.11 track_process
vrrp_instance 2.0.16 notify_priority_changes
vrrp_instance 2.0.17 use_ipvlan
vrrp_instance 2.1.0 check_unicast_src notify_deleted unicast_ttl
vrrp_instance 2.2.0 use_vmac_addr vmac_garp_intvl
vrrp_instance 2.2.3 down_timer_adverts garp_extra_if
vrrp_instance 2.2.5 mcast_dst_ip unicast_fault_no_peer vrf
vrrp_instance 2.2.8 no_virtual_ipaddress timer_expired_backup v3_checksum_as_v2
vrrp_instance 2.3.2 thread_timer_expired
vrrp_instance 2.3.3 owner_ignore_adverts
vrrp_instance 2.4.0 auth_hmac
vrrp_script 1.3.5 fall init_fail interval rise script timeout user weight
vrrp_sync_group 1.3.5 global_tracking group notify notify_backup notify_fault notify_master smtp_alert
vrrp_sync_group 2.0.0 notify_stop sync_group_tracking_weight track_bfd track_file track_interface track_script
vrrp_sync_group 2.0.11 track_process
vrrp_sync_group 2.2.0 notify_priority_changes
vrrp_track_file 2.0.0 file init_file weight
vrrp_track_process 2.0.11 delay full_command process quorum weight
vrrp_track_process 2.0.16 fork_delay param_match quorum_max terminate_delay
"""
