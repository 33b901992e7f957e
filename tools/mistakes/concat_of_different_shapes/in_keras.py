from keras import Input, Model, layers

x = Input((28, 28, 192))
a = layers.Conv2D(64, 1)(x)
b = layers.Conv2D(96, 1, activation="relu")(x)
b = layers.Conv2D(128, 3, padding="same")(b)
c = layers.Conv2D(16, 1, activation="relu")(x)
c = layers.Conv2D(32, 5)(layers.ZeroPadding2D(1)(c))  # here
d = layers.MaxPooling2D(3, 1, padding="same")(x)
d = layers.Conv2D(32, 1)(d)
y = layers.Concatenate(name="inception1")([a, b, c, d])
y = layers.GlobalAveragePooling2D()(y)
Model(x, layers.Dense(10, name="fc2")(y))
