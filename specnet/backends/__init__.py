"""What becomes of a checked network elsewhere: one outside library a file."""
