"""Exponentially weighted averages, and bias correction.

v = beta * v + (1 - beta) * x averages about the last 1 / (1 - beta) values and stores
one. It starts at 0, so the first averages are too small; dividing by 1 - beta ** t,
the sum of the weights so far, mends that.
"""

import numpy as np
from real_data import digits, save

import autograd_core as ag
from autograd_core import nn, optim, train

ag.manual_seed(0)
model, batches = nn.Linear(64, 10), train.Batches(*digits()[0], 4)
opt = optim.SGD(model.parameters(), 0.05)
step = train.make_step(model, opt, nn.CrossEntropyLoss())
losses = [step(*batches.at(i))[0].item() for i in range(75)]
biased, corrected = optim.Average(0.9, unbiased=False), optim.Average(0.9)
series = {"loss of a mini-batch": losses}
series["biased"] = [biased.update(loss) for loss in losses]
series["bias corrected"] = [corrected.update(loss) for loss in losses]
plain = [np.mean(losses[max(0, i - 9) : i + 1]) for i in range(len(losses))]
series["plain mean of the last 10"] = plain
for name, values in series.items():
    print(f"{name}: {', '.join(f'{value:.2f}' for value in values[:5])}, ...")
save(train.lines(series, xlabel="step", ylabel="loss"))
