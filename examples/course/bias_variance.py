"""Bias and variance.

A training error far above what is possible is bias: a larger net, or longer training.
A dev error far above the training error is variance: more data, or regularisation.
The test rows have decided nothing, and are looked at once.
"""

from real_data import digits, save

import autograd_core as ag
from autograd_core import nn, optim, train

(x, y), (held_x, held_y) = digits(rows=200)
dev, test = train.split(held_y, 0.5)
parts = {"train": (x, y), "dev": (held_x[dev], held_y[dev])}
parts["test"] = held_x[test], held_y[test]
loss, errors = nn.CrossEntropyLoss(), {}
for name, width, p in ("small", 2, 0.0), ("big", 256, 0.0), ("big, dropout", 256, 0.5):
    ag.manual_seed(0)
    layers = nn.Linear(64, width), nn.ReLU(), nn.Dropout(p), nn.Linear(width, 10)
    model = nn.Sequential(*layers)
    train.fit(model, optim.Adam(model.parameters(), 0.01), loss, (x, y), epochs=60)
    outputs = {n: train.predict(model, a) for n, (a, _) in parts.items()}
    errors[name] = {n: 1 - train.accuracy(outputs[n], b) for n, (_, b) in parts.items()}
    print(f"{name}:", ", ".join(f"{n} error {e:.1%}" for n, e in errors[name].items()))
save(train.bars(errors, ylabel="error"))
