from keras import Input, Sequential, layers

net = Sequential([
    Input((32, 32, 3)),
    layers.Conv2D(10, 7, activation="relu", name="conv1"),
    layers.Conv2D(6, 5, strides=2, activation="relu", name="conv2"),  # here
    layers.Flatten(),
    layers.Dense(10, name="fc3"),
])
print(f"conv2 gives {net.get_layer('conv2').output.shape}")
