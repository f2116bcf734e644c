"""Early stopping

The hold-out loss falls, then rises while the training loss falls on. Stop when it has not
become better for some epochs, and take the weights of the best one.
"""

import autograd_core as ag
from autograd_core import nn, optim, train
from real_data import diabetes, picture

data, held = diabetes()
for callbacks in [train.EarlyStopping(patience=10)], []:
    ag.manual_seed(0)
    model = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 1))
    opt = optim.Adam(model.parameters(), 0.01)
    history = train.fit(model, opt, nn.MSELoss(), data, held, epochs=100, callbacks=callbacks)
    kept = train.evaluate(model, nn.MSELoss(), *held)["loss"]
    best = history.best("valid_loss")
    print(f"{len(history)} epochs, best was {best['epoch']:.0f}: hold-out loss {kept:.3f}")
train.learning_curve(history, picture(), f"the best epoch was {best['epoch']:.0f}")
