# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for the Eucalyptus Cluster Controller, which answers as the real one does. README.md says how to use it."""
