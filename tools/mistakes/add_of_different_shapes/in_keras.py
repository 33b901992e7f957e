from keras import Input, Model, layers

x = inputs = Input((56, 56, 64))
y = layers.Conv2D(128, 3, padding="same", activation="relu")(x)
y = layers.Conv2D(128, 3, padding="same")(y)
x = layers.Add(name="block1")([y, x])  # here
x = layers.GlobalAveragePooling2D()(x)
Model(inputs, layers.Dense(10, name="fc2")(x))
