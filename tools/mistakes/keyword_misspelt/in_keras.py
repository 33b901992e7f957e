from keras import Input, Sequential, layers

Sequential([
    Input((32, 32, 3)),
    layers.Conv2D(32, 3, padding="same", activation="relu", name="conv1"),
    layers.Conv2D(64, 4, padding="same", strid=2, activation="relu", name="conv2"),  # here
    layers.GlobalAveragePooling2D(),
    layers.Dense(10, name="fc3"),
])
