"""Operations on maps N×H×W×C, as Keras and Flax lay them out, of the torch calls that layers name."""
