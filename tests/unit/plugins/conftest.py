# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of modules and module_utils, so in words that Python 2.7 reads."""

from ansible_collections.eucalyptus.ha.tests.unit.plugins.module_utils import stand_ins

programs = stand_ins.programs
