"""The version of SpecNet, which a module can read without importing the public names of the package."""

__version__ = "0.1.0"
