"""The training engine: state, steps and loop, and the evaluation of a network."""
