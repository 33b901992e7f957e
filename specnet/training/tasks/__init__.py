"""The tasks: one file per kind of specnet/settings/tasks, which computes and shows what that file says."""
