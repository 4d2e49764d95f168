# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

class ModuleDocFragment:
    # Beside plugins/module_utils/_cc_options.py, which has the argument spec.
    DOCUMENTATION = r"""
options:
  host:
    description:
      - The Cluster Controller (CC) to query. A host name, an IPv4 address, or an IPv6 address with or without brackets.
      - Query each CC at its own address. At the VIP, the host that holds it responds.
    type: str
    required: true
  port:
    description:
      - The port of the CC, C(CC_PORT) in C(eucalyptus.conf).
    type: int
    default: 8774
  client_cert:
    description:
      - Path of the cloud's certificate, C(cloud-cert.pem), in PEM format, on the host where the module runs. It must equal the
        CC's own copy.
      - Required unless O(client_cert_content) is given. Every request is signed, since every CC demands it.
      - If it is not set or empty, the environment variable E(EUCALYPTUS_CC_CLIENT_CERT) is used.
    type: path
  client_key:
    description:
      - Path of the cloud's private key, C(cloud-pk.pem), in PEM format and without passphrase, on the host where the module runs.
      - It is the identity of the cloud. Anyone who has it controls the whole cloud.
      - Required unless O(client_key_content) is given.
      - If it is not set or empty, the environment variable E(EUCALYPTUS_CC_CLIENT_KEY) is used.
    type: path
  client_cert_content:
    description:
      - The text of the certificate instead of the path in O(client_cert). It wins over the environment variable.
    type: str
  client_key_content:
    description:
      - The text of the private key instead of the path in O(client_key). It wins over the environment variable.
    type: str
  cc_cert:
    description:
      - Path of the CC's certificate, C(cluster-cert.pem) of its partition, on the host where the module runs. The
        answer must be signed with it.
      - Required unless O(cc_cert_content) is given or O(verify_response=false).
      - If it is not set or empty, the environment variable E(EUCALYPTUS_CC_CERT) is used.
    type: path
  cc_cert_content:
    description:
      - The text of the certificate instead of the path in O(cc_cert). It wins over the environment variable.
    type: str
  verify_response:
    description:
      - Reject an answer that is not signed by the CC, not complete, not fresh, or not to this request.
      - With V(false) anybody on the network path can answer in place of the CC. RV(ignore:response_verified) is the result.
    type: bool
    default: true
  timeout:
    description:
      - Seconds for the whole call, from the name lookup to the last byte of the answer. More than 0, at most 3600.
    type: float
    default: 10
  user_id:
    description:
      - The user name in the request. The CC logs it and does not check it. Printable ASCII.
    type: str
    default: admin
requirements:
  - Python 3.8 or later on the host where the module runs
  - zeep >= 4.2
  - xmlsec >= 1.3.13
"""
