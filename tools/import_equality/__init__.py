"""Compare networks of torchvision and timm with what `specnet import` makes of them."""
