"""Caffe: prototxt of networks and solvers, and the weights of a caffemodel."""
