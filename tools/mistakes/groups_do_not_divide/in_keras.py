from keras import Input, Sequential, layers

Sequential([
    Input((56, 56, 3)),
    layers.Conv2D(48, 3, padding="same", activation="relu", name="conv1"),
    layers.Conv2D(128, 3, padding="same", groups=32, activation="relu", name="conv2"),  # here
    layers.GlobalAveragePooling2D(),
    layers.Dense(10, name="fc3"),
])
