"""Darknet: the sections of a cfg, pjreddie's or AlexeyAB's, and the numbers of its .weights."""
