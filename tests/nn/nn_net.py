"""A module with members in every place that is looked at, and their names."""

import autograd_core as ag
from autograd_core import nn


class Net(nn.Module):
    """Members in every place that is looked at, one of them shared."""

    def __init__(self):
        self.scale = nn.Parameter([2.0])
        self.body = nn.Sequential(nn.Linear(3, 4), nn.ReLU())
        self.seen = nn.Buffer(7)
        self.heads = [nn.Linear(4, 2), {"aux": nn.Linear(4, 1, bias=False)}]
        self.again = self.body[0]
        self.tied = self.heads[0].weight
        self.up = self  # a way back up
        self.note, self.plain = "not a member", ag.tensor([1.0])

    def forward(self, x):
        return self.heads[0](self.body(x)) * self.scale


PARAMETERS = [
    "scale",
    "tied",
    "body.0.weight",
    "body.0.bias",
    "heads.0.bias",
    "heads.1.aux.weight",
]
