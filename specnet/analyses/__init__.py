"""Static analyses of a network: cost, receptive field, expectations, differences, lints."""
