# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection eucalyptus.ha: it may change at any time without notice.
"""The part of the Cluster Controller's interface that this collection uses, as WSDL 1.1 text.

The messages are the same from Eucalyptus 3.1 to 5.1 (C(wsdl/eucalyptus_cc.wsdl)). The request is declared
narrower than the CC's own: it has no C(services) and no C(serviceIds), so that this client cannot send them. A CC
adopts an entry of type C(cluster) as its identity and, from 3.3 on, answers nothing to a list without one
(C(cluster/handlers.c), doDescribeServices).
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

#: Target namespace of all messages.
NAMESPACE = 'http://eucalyptus.ucsb.edu/'

#: Value of SOAPAction and of wsa:Action. The CC chooses the operation by wsa:Action alone.
ACTION = 'EucalyptusCC#DescribeServices'

#: Path of the service below http://HOST:PORT.
SERVICE_PATH = '/axis2/services/EucalyptusCC'

#: Qualified name of the binding, as zeep requires it.
BINDING = '{%s}EucalyptusCC' % NAMESPACE

WSDL = """<?xml version="1.0" encoding="UTF-8"?>
<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:cc="%(namespace)s" targetNamespace="%(namespace)s">
  <wsdl:types>
    <xs:schema targetNamespace="%(namespace)s" elementFormDefault="qualified">
      <xs:complexType name="serviceInfo">
        <xs:sequence>
          <xs:element name="partition" type="xs:string" minOccurs="0"/>
          <xs:element name="type" type="xs:string" minOccurs="0"/>
          <xs:element name="name" type="xs:string" minOccurs="0"/>
          <xs:element name="uris" type="xs:string" minOccurs="0" maxOccurs="unbounded"/>
        </xs:sequence>
      </xs:complexType>
      <xs:complexType name="serviceStatus">
        <xs:sequence>
          <xs:element name="serviceId" type="cc:serviceInfo" minOccurs="0"/>
          <xs:element name="localState" type="xs:string" minOccurs="0"/>
          <xs:element name="localEpoch" type="xs:int" minOccurs="0"/>
          <xs:element name="details" type="xs:string" minOccurs="0" maxOccurs="unbounded"/>
        </xs:sequence>
      </xs:complexType>
      <xs:element name="DescribeServices">
        <xs:complexType>
          <xs:sequence>
            <xs:element name="correlationId" type="xs:string"/>
            <xs:element name="userId" type="xs:string"/>
            <xs:element name="epoch" type="xs:int"/>
          </xs:sequence>
        </xs:complexType>
      </xs:element>
      <xs:element name="DescribeServicesResponse">
        <xs:complexType>
          <xs:sequence>
            <xs:element name="correlationId" type="xs:string" minOccurs="0"/>
            <xs:element name="userId" type="xs:string" minOccurs="0"/>
            <xs:element name="statusMessage" type="xs:string" minOccurs="0"/>
            <xs:element name="return" type="xs:boolean" minOccurs="0"/>
            <xs:element name="epoch" type="xs:int" minOccurs="0"/>
            <xs:element name="services" type="cc:serviceInfo" minOccurs="0" maxOccurs="unbounded"/>
            <xs:element name="disabledServices" type="cc:serviceInfo" minOccurs="0" maxOccurs="unbounded"/>
            <xs:element name="notreadyServices" type="cc:serviceInfo" minOccurs="0" maxOccurs="unbounded"/>
            <xs:element name="nodeName" type="xs:string" minOccurs="0"/>
            <xs:element name="serviceStatuses" type="cc:serviceStatus" minOccurs="0" maxOccurs="unbounded"/>
          </xs:sequence>
        </xs:complexType>
      </xs:element>
    </xs:schema>
  </wsdl:types>
  <wsdl:message name="Request"><wsdl:part name="parameters" element="cc:DescribeServices"/></wsdl:message>
  <wsdl:message name="Response"><wsdl:part name="parameters" element="cc:DescribeServicesResponse"/></wsdl:message>
  <wsdl:portType name="EucalyptusCC">
    <wsdl:operation name="DescribeServices">
      <wsdl:input message="cc:Request"/>
      <wsdl:output message="cc:Response"/>
    </wsdl:operation>
  </wsdl:portType>
  <wsdl:binding name="EucalyptusCC" type="cc:EucalyptusCC">
    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="DescribeServices">
      <soap:operation soapAction="%(action)s" style="document"/>
      <wsdl:input><soap:body use="literal"/></wsdl:input>
      <wsdl:output><soap:body use="literal"/></wsdl:output>
    </wsdl:operation>
  </wsdl:binding>
</wsdl:definitions>
""" % {'namespace': NAMESPACE, 'action': ACTION}
