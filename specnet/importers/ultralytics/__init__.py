"""Read Ultralytics's model files: YAML whose rows are `[from, number, module, arguments]`."""
