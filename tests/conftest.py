# SPDX-License-Identifier: Apache-2.0
"""What every test shares: how hard hypothesis tries, and that Ctrl-C is heard."""

import signal

import hypothesis

hypothesis.settings.register_profile("dev", max_examples=50, deadline=None)
hypothesis.settings.register_profile(
    "ci", max_examples=300, deadline=None, derandomize=True
)
hypothesis.settings.register_profile(
    "cover", max_examples=10, deadline=None, derandomize=True
)
hypothesis.settings.load_profile("dev")

# A shell lets what it starts in the background ignore SIGINT, and so would every
# process that a test starts, and then asks to stop.
signal.signal(signal.SIGINT, signal.default_int_handler)
