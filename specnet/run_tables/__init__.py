"""Runs side by side: a table with a row for each, chosen, sorted and plotted by any of its columns."""
