"""Small networks without transformer blocks."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

# ONNX stores epsilon in single precision; the references must use the number that is in the file.
EPSILON = float(np.float32(1e-5))


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 7), nn.Tanh(), nn.Linear(7, 4))

    def forward(self, x):
        return self.net(x)


class DeepLinear(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(a, b, bias=False) for a, b in [(5, 6), (6, 4), (4, 3)]])

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 4, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(4, eps=EPSILON)
        self.conv2 = nn.Conv2d(4, 6, 3, stride=1)
        self.fc = nn.Linear(6, 3)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.avg_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc(x.flatten(1))


class Superposition(nn.Module):
    """Elhage et al. 2022, "Toy Models of Superposition": relu(x WᵀW + b)."""

    def __init__(self):
        super().__init__()
        self.W = nn.Parameter(torch.randn(2, 6))
        self.b = nn.Parameter(torch.randn(6))

    def forward(self, x):
        return F.relu(x @ self.W.T @ self.W + self.b)


class ModularAddition(nn.Module):
    def __init__(self, p=7):
        super().__init__()
        self.embed = nn.Embedding(p, 6)
        self.left = nn.Linear(6, 8, bias=False)
        self.right = nn.Linear(6, 8, bias=False)
        self.out = nn.Linear(8, p)

    def forward(self, x):
        return self.out(F.gelu(self.left(self.embed(x[:, 0])) + self.right(self.embed(x[:, 1]))))


class ResNet(nn.Module):
    """He et al. 2016: a stem with group normalisation, then a block whose shortcut is a strided convolution."""

    def __init__(self, stem=4, width=6, classes=3):
        super().__init__()
        self.conv = nn.Conv2d(2, stem, 3, padding=1, bias=False)
        self.gn = nn.GroupNorm(2, stem, eps=EPSILON)
        self.conv1 = nn.Conv2d(stem, width, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width, eps=EPSILON)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width, eps=EPSILON)
        self.down = nn.Sequential(nn.Conv2d(stem, width, 1, stride=2, bias=False), nn.BatchNorm2d(width, eps=EPSILON))
        self.fc = nn.Linear(width, classes)

    def forward(self, x):
        x = F.relu(self.gn(self.conv(x)))
        residual = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return self.fc(F.adaptive_avg_pool2d(F.relu(residual + self.down(x)), 1).flatten(1))


class LSTM(nn.Module):
    """Two recurrent layers that predict the next token."""

    def __init__(self, vocabulary=9, width=6, hidden=5):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, width)
        self.lstm = nn.LSTM(width, hidden, num_layers=2, batch_first=True)
        self.out = nn.Linear(hidden, vocabulary)

    def forward(self, x):
        return self.out(self.lstm(self.embed(x))[0])
