"""What moves the weights: losses, optimizers, and averages of weights."""
