"""Augmentation.

Of few images make many: shifted, turned, zoomed, mixed with others, anew in each
epoch. The label stays what it was (or is mixed in the same share).
"""

from real_data import digits, save

import autograd_core as ag
from autograd_core import nn, optim, train

(x, y), held = digits(rows=30)
jitter = train.Jitter(8, 8, shift=0.7, rotate=15, zoom=0.1, noise=0.1)
mixup = train.Mixup(0.4, classes=10)
ways = {"none": None, "Mixup": mixup, "Jitter": jitter, "both": [jitter, mixup]}
scores, parts, loss = {}, {"train": (x, y), "hold-out": held}, nn.CrossEntropyLoss()
for name, augment in ways.items():
    ag.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))
    opt, data = (
        optim.Adam(model.parameters(), 1e-3),
        train.Batches(x, y, augment=augment),
    )
    train.fit(model, opt, loss, data, epochs=400)
    right = {
        n: train.accuracy(train.predict(model, a), b) for n, (a, b) in parts.items()
    }
    scores[name] = right
    print(f"{name}: train {right['train']:.1%}, hold-out {right['hold-out']:.1%}")
save(train.bars(scores, ylabel="accuracy"))
