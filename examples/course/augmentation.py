"""Augmentation

Of few images make many: shifted, turned, zoomed, mixed with others, anew in each epoch.
The label stays what it was (or is mixed in the same share).
"""

import autograd_core as ag
from autograd_core import nn, optim, train
from real_data import digits, picture

(x, y), held = digits(rows=60)
jitter = train.Jitter(8, 8, shift=1, rotate=12, zoom=0.1)
mixup = train.Mixup(0.4, classes=10)
scores = {}
ways = {"none": None, "Jitter": jitter, "Mixup": mixup, "both": [jitter, mixup]}
for name, augment in ways.items():
    ag.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))
    opt, loss = optim.Adam(model.parameters(), 0.003), nn.CrossEntropyLoss()
    train.fit(model, opt, loss, train.Batches(x, y, 20, augment=augment), epochs=200)
    rows = {"train": (x, y), "hold-out": held}
    scores[name] = {k: train.accuracy(train.predict(model, a), b) for k, (a, b) in rows.items()}
    print(f"{name}: train {scores[name]['train']:.1%}, hold-out {scores[name]['hold-out']:.1%}")
train.bars(scores, picture(), ylabel="accuracy")
