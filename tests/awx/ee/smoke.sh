#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs inside the execution environment (tools/ee starts it): is everything there that the playbooks need?
set -euo pipefail
export ANSIBLE_FORCE_COLOR=0 ANSIBLE_NOCOWS=1 PYTHONPATH=/tests

work=$(mktemp -d)
python3 -m cc_simulator keys "$work/keys"
python3 -m cc_simulator serve --keys "$work/keys" --name CC_01 --state ENABLED --host 127.0.0.1 --port 8774 \
  >"$work/simulator.log" 2>&1 &
simulator=$!
trap 'kill $simulator 2>/dev/null || true' EXIT

# As the injectors of the AWX credential give them.
export EUCALYPTUS_CC_CLIENT_CERT=$work/keys/cloud-cert.pem EUCALYPTUS_CC_CLIENT_KEY=$work/keys/cloud-pk.pem
export EUCALYPTUS_CC_CERT=$work/keys/cluster-cert.pem
ansible-playbook /tests/awx/ee/smoke.yml || { cat "$work/simulator.log"; exit 1; }

# Read with the example inventory: unknown modules, filters and roles show here.
cd /runner/project
for playbook in /usr/share/ansible/collections/ansible_collections/eucalyptus/ha/playbooks/*.yml; do
  ansible-playbook --syntax-check -i inventory/hosts "eucalyptus.ha.$(basename "$playbook" .yml)" >/dev/null
done
for playbook in *.yml; do
  ansible-playbook --syntax-check -i inventory/hosts "$playbook" >/dev/null
  echo "$playbook: can be read"
done
# What pip installed is what ee-constraints.txt has (S10).
pip list --format=freeze --path "$(echo /usr/local/lib/python3*/dist-packages)" | sort --ignore-case >"$work/installed"
if grep --invert-match --line-regexp --fixed-strings --ignore-case --file=/usr/share/eucalyptus-ha/ee-constraints.txt "$work/installed"; then
  echo "the packages above are not in meta/ee-constraints.txt with this version" >&2
  exit 1
fi
for program in ssh sshpass ansible-runner; do
  command -v "$program" >/dev/null || { echo "$program is missing" >&2; exit 1; }
done
echo "runs as $(id -un 2>/dev/null || id -u), $(ansible --version | head -1), $(python3 --version)"
