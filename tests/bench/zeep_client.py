# SPDX-License-Identifier: GPL-3.0-or-later
"""The smallest client that zeep allows, to compare with: `python zeep_client.py WSDL PORT` prints localState."""

from __future__ import annotations

import sys

import zeep

client = zeep.Client(sys.argv[1])
service = client.create_service(
    "{http://eucalyptus.ucsb.edu/}EucalyptusCC", f"http://127.0.0.1:{sys.argv[2]}/axis2/services/EucalyptusCC"
)
answer = service.DescribeServices(correlationId="bench", userId="admin", epoch=0)
print(answer.serviceStatuses[0].localState)
