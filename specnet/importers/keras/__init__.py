"""Read Keras models, of the versions 1 to 3, from .keras archives, HDF5 files and JSON; Keras itself is not needed."""
