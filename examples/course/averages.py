"""Exponentially weighted averages, and bias correction

v = beta * v + (1 - beta) * x averages about the last 1 / (1 - beta) values and stores one.
It starts at 0, so the first averages are too small; dividing by 1 - beta ** t, the sum of
the weights so far, mends that.
"""

import numpy as np
from autograd_core import nn, optim, train
from real_data import digits, picture

(x, y), _ = digits()
model = nn.Linear(64, 10)
step = train.make_step(model, optim.SGD(model.parameters(), 0.05), nn.CrossEntropyLoss())
batches = train.Batches(x, y, 32)
losses = [step(*batches[i])[0].item() for i in range(100)]
biased, corrected = optim.Average(0.95, unbiased=False), optim.Average(0.95)
series = {"loss of a mini-batch": losses, "biased": [biased.update(v) for v in losses]}
series["bias corrected"] = [corrected.update(v) for v in losses]
series["mean of the last 20"] = [np.mean(losses[max(0, i - 19) : i + 1]) for i in range(100)]
print({n: [round(float(v), 2) for v in s[:3]] for n, s in series.items()})
train.lines(series, picture(), xlabel="step", ylabel="loss")
