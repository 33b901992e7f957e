import torch
from torch import nn


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.pool = nn.MaxPool2d(2)
        self.down1 = nn.Conv2d(3, 16, 3, padding=1)
        self.down2 = nn.Conv2d(16, 32, 3, padding=1)
        self.up3 = nn.ConvTranspose2d(32, 16, 2, stride=2)
        self.conv4 = nn.Conv2d(32, 2, 1)

    def forward(self, x):
        skip = torch.relu(self.down1(x))
        x = torch.relu(self.down2(self.pool(skip)))
        x = torch.cat([self.up3(x), skpi], 1)  # here
        return self.conv4(x)


UNet()(torch.zeros(1, 3, 64, 64))
