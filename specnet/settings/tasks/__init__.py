"""The tasks: one file per kind, found by its name; its counterpart in specnet/training/tasks trains it."""
