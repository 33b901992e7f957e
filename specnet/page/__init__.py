"""Pages: what there is to know of a run as one HTML file, which needs nothing but a browser."""
