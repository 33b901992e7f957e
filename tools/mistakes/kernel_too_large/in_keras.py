from keras import Input, Sequential, layers

Sequential([
    Input((28, 28, 1)),
    layers.Conv2D(6, 5, activation="relu", name="conv1"),
    layers.MaxPooling2D(2),
    layers.Conv2D(16, 5, activation="relu", name="conv2"),
    layers.MaxPooling2D(2),
    layers.Conv2D(120, 5, activation="relu", name="conv3"),  # here
    layers.Flatten(),
    layers.Dense(10, name="fc4"),
])
