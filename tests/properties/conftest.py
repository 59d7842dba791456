"""How many inputs each property tries: few in the suite, `AEJAX_EXAMPLES=100000` once and long."""

from __future__ import annotations

import os

import hypothesis

EXAMPLES = int(os.environ.get("AEJAX_EXAMPLES", "25"))

hypothesis.settings.register_profile(
    "inputs",
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
    derandomize="AEJAX_EXAMPLES" not in os.environ,  # the suite's few are always the same
)
hypothesis.settings.load_profile("inputs")
