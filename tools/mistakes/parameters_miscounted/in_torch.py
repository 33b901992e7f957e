import torch
from torch import nn


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.pool = nn.AvgPool2d(2)
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc3 = nn.Linear(400, 100)  # here
        self.fc4 = nn.Linear(100, 84)
        self.fc5 = nn.Linear(84, 10)

    def forward(self, x):
        x = self.pool(torch.tanh(self.conv1(x)))
        x = self.pool(torch.tanh(self.conv2(x)))
        x = torch.tanh(self.fc3(x.flatten(1)))
        x = torch.tanh(self.fc4(x))
        return self.fc5(x)


net = LeNet()
net(torch.zeros(1, 1, 32, 32))
assert sum(parameter.numel() for parameter in net.parameters()) == 61_706
