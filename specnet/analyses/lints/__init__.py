"""Advice on sound networks: likely mistakes (W5…) and rules of thumb (N5…)."""

from specnet.analyses.lints.registry import advise as advise
