#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Hosts made of network namespaces, each with an eth0 on one bridge.
#   networks.sh up PREFIX HOST=ADDRESS/PREFIXLENGTH[,…]…
#   networks.sh down PREFIX
set -eu
prefix=$2

up() {
  ip netns add "$prefix-bridge"
  ip -n "$prefix-bridge" link add br0 type bridge
  ip -n "$prefix-bridge" link set br0 up
  for host in "$@"; do
    name=${host%%=*}
    ip netns add "$prefix-$name"
    # Without duplicate address detection IPv6 addresses can be used at once.
    ip netns exec "$prefix-$name" sysctl -qw net.ipv6.conf.default.accept_dad=0
    ip -n "$prefix-$name" link set lo up
    ip -n "$prefix-$name" link add eth0 type veth peer name "$name" netns "$prefix-bridge"
    ip -n "$prefix-bridge" link set "$name" master br0 up
    ip -n "$prefix-$name" link set eth0 up
    for address in $(echo "${host#*=}" | tr , ' '); do
      ip -n "$prefix-$name" address add "$address" dev eth0
    done
  done
}

case $1 in
  up)
    shift 2
    up "$@"
    ;;
  down)
    ip netns list | cut -d ' ' -f 1 | grep "^$prefix-" | xargs -r -n 1 ip netns delete
    ;;
esac
