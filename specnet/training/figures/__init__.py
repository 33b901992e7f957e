"""Pictures of results on a part of the data, which know tensors and names alone."""
