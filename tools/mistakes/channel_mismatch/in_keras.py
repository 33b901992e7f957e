from keras import Input, Model, layers

inputs = Input((32, 32, 3))
x = layers.Conv2D(64, 3, padding="same", activation="relu", name="conv1")(inputs)
gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
gate = layers.Conv2D(4, 1, activation="relu")(gate)
gate = layers.Conv2D(32, 1, activation="sigmoid")(gate)  # here
x = layers.Multiply(name="gate2")([x, gate])
x = layers.GlobalAveragePooling2D()(x)
Model(inputs, layers.Dense(10, name="fc3")(x))
