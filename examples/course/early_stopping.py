"""Early stopping.

The hold-out loss falls, then rises while the training loss falls on. Stop when it has
not become better for some epochs, and take the weights of the best one.
"""

from real_data import diabetes, save

import autograd_core as ag
from autograd_core import nn, optim, train

data, held = diabetes()
kept, loss, parts = {}, nn.MSELoss(), {"train": data, "hold-out": held}
for name, callbacks in ("stopped", [train.EarlyStopping(patience=10)]), ("whole", []):
    ag.manual_seed(0)
    model = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 1))
    opt = optim.Adam(model.parameters(), 0.01)
    history = train.fit(model, opt, loss, data, held, epochs=100, callbacks=callbacks)
    kept[name] = {n: train.evaluate(model, loss, *d)["loss"] for n, d in parts.items()}
    print(f"{name}, {len(history)} epochs:", end=" ")
    print(", ".join(f"{n} loss {v:.3f}" for n, v in kept[name].items()))
best = history.best("valid_loss")["epoch"]
title = f"the best epoch was {best:.0f}"
save(train.learning_curve(history, title=title))
