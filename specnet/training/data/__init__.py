"""The images to train on."""
