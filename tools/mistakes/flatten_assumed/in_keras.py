from keras import Input, Sequential, layers

Sequential([
    Input((32, 32, 3)),
    layers.Conv2D(6, 5, activation="relu", name="conv1"),
    layers.MaxPooling2D(2),
    layers.Conv2D(16, 5, activation="relu", name="conv2"),
    layers.MaxPooling2D(2),
    layers.Reshape((256,), name="flat3"),  # here
    layers.Dense(120, activation="relu", name="fc4"),
    layers.Dense(10, name="fc5"),
])
