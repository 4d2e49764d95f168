# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=sh
# Looks at a node controller's routes and at who manages them. Changes nothing.
# Arguments: VIP, INTERFACE and CONTROL ADDRESS, each possibly empty. Prints lines "KEY BASE64", and for each file
# "file MODE PATH BASE64", which plugins/plugin_utils/_nc_route_look.py reads.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
vip=$1 interface=$2 control=$3

say() { printf '%s ' "$1"; base64 | tr -d '\n'; echo; }

[ -d /run/systemd/system ] && echo yes | say systemd
ip -4 -o address show | sed 's/.* inet \([0-9.]*\).*/\1/' | say addresses
ip -4 -o route show default | say default_routes
# An address set apart for documentation (RFC 5737): whatever way it takes is the way out.
ip -4 -o route get 192.0.2.1 2>&1 | say way_out
if [ -n "$vip" ]; then
  to_vip=$(ip -4 -o route get "$vip" 2>&1)
  echo "$to_vip" | say to_vip
  [ -n "$interface" ] || interface=$(echo "$to_vip" | sed -n 's/.* dev \([^ ]*\).*/\1/p')
fi
[ -n "$interface" ] || interface=$(ip -4 -o route show default | sed -n 's/.* dev \([^ ]*\).*/\1/p' | head -n 1)
echo "$interface" | say interface
head -n 1 "/sys/class/net/$interface/address" 2>/dev/null | say mac

# sudo drops SSH_CONNECTION; the SSH session it was called from still has it.
pid=$$
while [ -z "$control" ] && [ "${pid:-0}" -gt 1 ]; do
  control=$(tr '\0' '\n' < "/proc/$pid/environ" 2>/dev/null | sed -n 's/^SSH_CONNECTION=\([^ ]*\) .*/\1/p')
  pid=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$pid/status" 2>/dev/null)
done
echo "$control" | say control
case $control in
  *[!0-9.]* | '') ;;
  *) ip -4 -o route show match "$control" | say way_back ;;
esac

for unit in systemd-networkd NetworkManager networking network; do
  systemctl --quiet is-active "$unit.service" 2>/dev/null && echo "$unit"
done | say active
for unit in networking network eucalyptus-nc-route; do
  systemctl --quiet is-enabled "$unit.service" 2>/dev/null && echo "$unit"
done | say enabled
[ -d /etc/dhcp/dhclient-enter-hooks.d ] && echo yes | say dhclient
command -v netplan > /dev/null && echo yes | say netplan
# networkctl knows "reload" since systemd 244.
[ "$(networkctl --version 2>/dev/null | sed -n 's/^systemd \([0-9]*\).*/\1/p')" -ge 244 ] 2>/dev/null && echo yes | say networkctl_reload

index=$(cat "/sys/class/net/$interface/ifindex" 2>/dev/null)
network_file=$(sed -n 's/^NETWORK_FILE=//p' "/run/systemd/netif/links/$index" 2>/dev/null)
echo "$network_file" | say network_file

# "connected (externally)": somebody else has configured the device, and NetworkManager only shows it.
if systemctl --quiet is-active NetworkManager.service 2>/dev/null && command -v nmcli > /dev/null &&
  nmcli -t -f GENERAL.STATE device show "$interface" 2>/dev/null | grep -v externally | grep -q :100; then
  uuid=$(nmcli -t -f UUID,DEVICE connection show --active | sed -n "s/:$interface\$//p" | head -n 1)
  if [ -n "$uuid" ]; then
    echo "$uuid" | say connection
    nmcli -t -f connection.id connection show "$uuid" | sed 's/^connection.id://' | say connection_name
    nmcli -t -f ipv4.method,ipv4.gateway,ipv4.routes,ipv4.never-default connection show "$uuid" | say settings
  fi
fi

for file in /etc/network/interfaces /etc/network/interfaces.d/* /etc/network/if-up.d/eucalyptus-nc-route \
  /etc/dhcp/dhclient-enter-hooks.d/eucalyptus-nc-route /etc/netplan/*.yaml \
  /etc/systemd/network/*.network /etc/systemd/network/*.network.d/*.conf "$network_file" \
  /etc/sysconfig/network /etc/sysconfig/network-scripts/ifcfg-* /etc/sysconfig/network-scripts/route-* \
  /etc/systemd/system/eucalyptus-nc-route.service /var/lib/eucalyptus-ha/nc_route.json; do
  [ -f "$file" ] || continue
  printf 'file %s ' "$(stat -L -c %a "$file")"
  printf %s "$file" | base64 | tr -d '\n'
  printf ' '
  base64 < "$file" | tr -d '\n'
  echo
done
exit 0
