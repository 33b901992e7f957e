from keras import Input, Sequential, layers

net = Sequential([
    Input((32, 32, 1)),
    layers.Conv2D(6, 5, activation="tanh", name="conv1"),
    layers.AveragePooling2D(2),
    layers.Conv2D(16, 5, activation="tanh", name="conv2"),
    layers.AveragePooling2D(2),
    layers.Flatten(),
    layers.Dense(100, activation="tanh", name="fc3"),  # here
    layers.Dense(84, activation="tanh", name="fc4"),
    layers.Dense(10, name="fc5"),
])
assert net.count_params() == 61_706
