"""One view a file: `compute(run, request)` returns the View; `specnet.insight.registry` lists them."""
