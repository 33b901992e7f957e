"""The report of a run: what there is to know of it as one HTML file."""
