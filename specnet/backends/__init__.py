"""Convert a checked network for other libraries, each in a module or package of its own."""
