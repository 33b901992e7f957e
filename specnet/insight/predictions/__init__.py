"""The view `predictions` of each task but `classify`: one file per kind of target, found by its name."""
