from keras import Input, Model, layers

inputs = Input((64, 64, 3))
skip = layers.Conv2D(16, 3, padding="same", activation="relu", name="down1")(inputs)
x = layers.MaxPooling2D(2)(skip)
x = layers.Conv2D(32, 3, padding="same", activation="relu", name="down2")(x)
x = layers.Conv2DTranspose(16, 2, strides=2, name="up3")(x)
x = layers.Concatenate()([x, skpi])  # here
Model(inputs, layers.Conv2D(2, 1, name="conv4")(x))
