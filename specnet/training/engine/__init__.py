"""The training itself: its state, steps and loop, and the evaluation of a network."""
