import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 10, 7)
        self.conv2 = nn.Conv2d(10, 6, 5, stride=2)  # here
        self.fc3 = nn.LazyLinear(10)

    def forward(self, x):
        x = torch.relu(self.conv1(x))
        x = torch.relu(self.conv2(x))
        print(f"conv2 gives {tuple(x.shape)}")
        return self.fc3(x.flatten(1))


Net()(torch.zeros(1, 3, 32, 32))
