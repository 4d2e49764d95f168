# SPDX-License-Identifier: GPL-3.0-or-later
# A host of Enterprise Linux 8 or later as an operator would have it, for role keepalived alone: LAB_FAMILY=el with LAB_BASE_IMAGE.
# keepalived is not in it on purpose: installing it is the collection's work.
ARG BASE
FROM ${BASE}
RUN dnf install -y -q --setopt=install_weak_deps=False \
      dbus-daemon iproute iptables iputils openssh-server openssl procps-ng python3 rsyslog systemd \
 && dnf clean all && rm -f /etc/ssh/ssh_host_*_key*
# What a container has no use for, and what would fight podman over the interfaces.
RUN systemctl mask console-getty.service getty.target systemd-udevd.service systemd-logind.service dnf-makecache.timer \
 && systemctl enable sshd.service
# The drop-in comes first in the file's order, so it wins where the distribution says something else.
RUN if [ -d /etc/ssh/sshd_config.d ]; then printf 'UseDNS no\nPermitRootLogin prohibit-password\n' > /etc/ssh/sshd_config.d/00-lab.conf; \
    else printf 'UseDNS no\nPermitRootLogin prohibit-password\n' >> /etc/ssh/sshd_config; fi \
 # systemd-user-sessions keeps everybody out until the host is up; a container's may never say so.
 && sed -i '/pam_nologin/d' /etc/pam.d/sshd
STOPSIGNAL SIGRTMIN+3
CMD ["/sbin/init"]
