import torch
from torch import nn


class Inception(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(192, 64, 1)
        self.b = nn.Sequential(nn.Conv2d(192, 96, 1), nn.ReLU(), nn.Conv2d(96, 128, 3, padding=1))
        self.c = nn.Sequential(nn.Conv2d(192, 16, 1), nn.ReLU(), nn.Conv2d(16, 32, 5, padding=1))  # here
        self.d = nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.Conv2d(192, 32, 1))

    def forward(self, x):
        return torch.cat([self.a(x), self.b(x), self.c(x), self.d(x)], 1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.inception1 = Inception()
        self.fc2 = nn.Linear(256, 10)

    def forward(self, x):
        x = self.inception1(x)
        return self.fc2(x.mean((2, 3)))


Net()(torch.zeros(1, 192, 28, 28))
