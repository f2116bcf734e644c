"""Dropout.

Every unit is left out at random in every step, so none can rely on another. The cost
in training is then a random number: to see whether it falls, turn dropout off, which
is what evaluation does ("valid_loss" here, of the training rows themselves).
"""

import numpy as np
from real_data import diabetes, save

import autograd_core as ag
from autograd_core import nn, optim, train

(data, held), curves, scores = diabetes(), {}, {}
parts, columns = {"train": data, "hold-out": held}, ("loss", "valid_loss")
for p in (0.0, 0.5):
    ag.manual_seed(0)
    layers = nn.Linear(10, 64), nn.ReLU(), nn.Dropout(p), nn.Linear(64, 1)
    model, loss, metrics = nn.Sequential(*layers), nn.MSELoss(), {"r2": train.r2}
    opt, batches = optim.Adam(model.parameters(), 0.003), train.Batches(*data, 1000)
    history = train.fit(model, opt, loss, batches, data, epochs=300)
    curves |= {f"p = {p}, {name}": history[name] for name in columns}
    rises = [sum(np.diff(history[name]) > 0) for name in columns]
    r2 = scores[f"p = {p}"] = {
        n: train.evaluate(model, loss, *d, metrics)["r2"] for n, d in parts.items()
    }
    print("p = {}: loss up {} times, valid_loss {};".format(p, *rises), end="")
    print(f" train R2 {r2['train']:.2f}, hold-out {r2['hold-out']:.2f}")
figure, axes = train.panels(2)
train.lines(curves, xlabel="step", ylabel="cost", ax=axes[0])
save(train.bars(scores, ylabel="R2", ax=axes[1]))
