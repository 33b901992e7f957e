"""Filter pictures with fixed kernels, and show how a convolution is computed; needs numpy and Pillow alone."""
