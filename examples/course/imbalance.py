"""Class imbalance.

Where one row in twenty is malignant, a model that calls nearly everything benign has
a low loss. Weights by class make each class count the same: more tumours are found,
for some false alarms.
"""

import numpy as np
from real_data import cancer, save

import autograd_core as ag
from autograd_core import nn, optim, train

(x, y), (held_x, held_y) = cancer()
rows = np.concatenate([np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:6]])
x, y, scores = x[rows][:, :4], y[rows], {}
balanced = train.class_weights(y).astype("float32")
for name, weight in ("plain", None), ("class weights", balanced):
    ag.manual_seed(0)
    model = nn.Linear(4, 2)
    loss = nn.CrossEntropyLoss(weight=weight)
    train.fit(model, optim.Adam(model.parameters(), 0.01), loss, (x, y), epochs=100)
    output, metrics = (
        train.predict(model, held_x[:, :4]),
        (train.recall, train.precision, train.f1),
    )
    scores[name] = {metric.__name__: metric(output, held_y) for metric in metrics}
    print(f"{name}:", ", ".join(f"{k} {v:.2f}" for k, v in scores[name].items()))
save(train.bars(scores, ylabel="held out"))
