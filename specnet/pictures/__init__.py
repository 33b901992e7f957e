"""Read image files of all formats to numpy arrays, whatever becomes of them."""
