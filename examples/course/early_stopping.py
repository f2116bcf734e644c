"""Early stopping

The hold-out loss falls, then rises while the training loss falls on. Stop when it has not
become better for some epochs, and take the weights of the best one.
"""

import autograd_core as ag
from autograd_core import nn, optim, train
from real_data import diabetes, save

data, held = diabetes()
loss = nn.MSELoss()
for callbacks in [train.EarlyStopping(patience=10)], []:
    ag.manual_seed(0)
    model = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 1))
    opt = optim.Adam(model.parameters(), 0.01)
    history = train.fit(model, opt, loss, data, held, epochs=100, callbacks=callbacks)
    parts = {"train": data, "hold-out": held}
    losses = {
        n: train.evaluate(model, loss, *part)["loss"] for n, part in parts.items()
    }
    print(
        f"{len(history)} epochs:",
        ", ".join(f"{n} loss {v:.3f}" for n, v in losses.items()),
    )
best = history.best("valid_loss")["epoch"]
title = f"the best epoch was {best:.0f}"
save(train.learning_curve(history, title=title))
