"""A run is a folder: writing it, reading it back, and finding others."""
