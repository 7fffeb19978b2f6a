# SPDX-License-Identifier: Apache-2.0
"""Nanoseconds: every instant and every deadline is an integer count of them."""

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
NS_PER_US = 1_000
