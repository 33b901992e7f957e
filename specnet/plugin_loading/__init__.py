"""Plugins: which ones a project names or installed packages announce, their import, and what is said where it fails."""
