"""Initialisation: vanishing and exploding signals.

Each layer multiplies its signal by about std(w) * sqrt(inputs / 2), a deep net by a
power of that. He's variance of 2 / inputs keeps it as it is with ReLU; Xavier's 1 /
inputs halves it in every layer; of zeros nothing is left, and all units stay alike.
"""

from real_data import digits, save

import autograd_core as ag
from autograd_core import nn, train

ways = {
    "He": nn.init.kaiming_normal_,
    "Xavier": nn.init.xavier_normal_,
    "std 0.5": lambda weight: nn.init.normal_(weight, std=0.5),
    "std 0.02": lambda weight: nn.init.normal_(weight, std=0.02),
    "zeros": nn.init.zeros_,
}
sizes, grads = {}, {}
for name, fill in ways.items():
    ag.manual_seed(0)
    linear = [nn.Linear(64, 64, bias=False) for _ in range(11)]
    for layer in linear:
        fill(layer.weight)
    model = nn.Sequential(*(part for layer in linear for part in (layer, nn.ReLU())))
    found = train.signals(model, nn.CrossEntropyLoss(), *digits()[0])
    sizes[name], grads[name] = found["std"][1::2], found["output_grad"][1::2]
    print(f"{name}: std {sizes[name][-1]:.1e}, gradient {grads[name][0]:.1e}")
del sizes["zeros"], grads["zeros"]  # a logarithm has no place for them
figure, axes = train.panels(2)
train.lines(sizes, xlabel="layer", ylabel="std of activations", log=True, ax=axes[0])
save(train.lines(grads, xlabel="layer", ylabel="gradient", log=True, ax=axes[1]))
