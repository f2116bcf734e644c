"""Dropout

Every unit is left out at random in every step, so none can rely on another. The cost in
training is then a random number: to see whether it falls, turn dropout off, which is what
evaluation does ("valid_loss" here, of the training rows).
"""

import autograd_core as ag
from autograd_core import nn, optim, train
from real_data import digits, picture

data, held = digits(rows=150)
figure, (left, right) = train.panels(2)
right_of = {}
for p in (0.0, 0.5):
    ag.manual_seed(0)
    layers = nn.Linear(64, 256), nn.ReLU(), nn.Dropout(p), nn.Linear(256, 10)
    model = nn.Sequential(*layers)
    opt = optim.Adam(model.parameters(), 0.003)
    history = train.fit(model, opt, nn.CrossEntropyLoss(), data, data, epochs=80, batch_size=150)
    right_of[f"p = {p}"] = {n: train.accuracy(train.predict(model, x), y) for n, (x, y) in (("train", data), ("hold-out", held))}
    rises = {n: sum(b > a for a, b in zip(history[n], history[n][1:])) for n in ("loss", "valid_loss")}
    print(p, right_of[f"p = {p}"], rises)
series = {"dropout on": history["loss"], "dropout off": history["valid_loss"]}
train.lines(series, ylabel="cost", xlabel="epoch", log=True, ax=left)
train.bars(right_of, picture(), ylabel="accuracy", ax=right)
