import torch
from torch import nn


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(64, 128, 3, padding=1)
        self.conv2 = nn.Conv2d(128, 128, 3, padding=1)

    def forward(self, x):
        return self.conv2(torch.relu(self.conv1(x))) + x  # here


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.block1 = Block()
        self.fc2 = nn.Linear(128, 10)

    def forward(self, x):
        x = self.block1(x)
        return self.fc2(x.mean((2, 3)))


Net()(torch.zeros(1, 64, 56, 56))
