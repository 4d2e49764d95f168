# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for the Eucalyptus Cluster Controller, as strict as the real one. README.md says how to use it."""
