"""What a trained network has learned: a view is a picture with its numbers, made by one file in views/."""
