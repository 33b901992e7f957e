"""Networks of PyTorch: Python that makes one, `package.module:function`, and archives of torch.export, .pt2."""
