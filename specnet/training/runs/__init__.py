"""Run folders: write one, read it back, and list those in a folder."""
