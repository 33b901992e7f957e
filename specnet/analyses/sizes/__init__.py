"""The sizes of an input that a network takes: which are valid, which are exact, and which its weights fit."""
