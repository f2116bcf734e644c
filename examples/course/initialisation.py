"""Initialisation: vanishing and exploding signals

Each layer multiplies its signal by about std(w) * sqrt(inputs / 2), a deep net by a power
of that. He's variance of 2 / inputs keeps it as it is with ReLU; Xavier's 1 / inputs
halves it in every layer; of zeros nothing is left, and all units stay alike.
"""

import autograd_core as ag
from autograd_core import nn, optim, train
from real_data import digits, picture

ways = {"He": nn.init.kaiming_normal_, "Xavier": nn.init.xavier_normal_, "zeros": nn.init.zeros_}
for std in (0.02, 0.5):
    ways[f"std {std}"] = lambda w, std=std: nn.init.normal_(w, std=std)
data, loss, sizes, grads = digits()[0], nn.CrossEntropyLoss(), {}, {}
for name, fill in ways.items():
    ag.manual_seed(0)
    hidden = [layer for _ in range(10) for layer in (nn.Linear(64, 64), nn.ReLU())]
    model = nn.Sequential(*hidden, nn.Linear(64, 10))
    for layer in model:
        if isinstance(layer, nn.Linear):
            fill(layer.weight)
    found = train.signals(model, loss, *data)
    sizes[name], grads[name] = found["std"][1::2], found["output_grad"][1::2]
    opt = optim.SGD(model.parameters(), 0.05)
    history = train.fit(model, opt, loss, data, epochs=5, clip_norm=10)
    print(name, history["loss"], found.flagged[:3], sizes[name][-1], grads[name][0])
