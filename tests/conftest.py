# SPDX-License-Identifier: Apache-2.0
"""What every test shares: how hard hypothesis tries."""

import hypothesis

hypothesis.settings.register_profile("dev", max_examples=50, deadline=None)
hypothesis.settings.register_profile(
    "ci", max_examples=300, deadline=None, derandomize=True
)
hypothesis.settings.register_profile(
    "cover", max_examples=10, deadline=None, derandomize=True
)
hypothesis.settings.load_profile("dev")
