"""Learning-rate decay.

With a large rate the weights get near the minimum fast and then wander about it; a
rate that falls brings them in. All schedules start from the same rate of 0.5.
"""

from real_data import digits, save

import autograd_core as ag
from autograd_core import nn, optim, train

ways = {
    "constant": lambda opt: optim.ConstantLR(opt, 1.0),
    "step": lambda opt: optim.StepLR(opt, 6, 0.3),
    "exponential": lambda opt: optim.ExponentialLR(opt, 0.85),
    "1/t": lambda opt: optim.InverseTimeLR(opt, 0.5),
    "1/sqrt(t)": lambda opt: optim.InverseSqrtLR(opt),
    "cosine": lambda opt: optim.CosineAnnealingLR(opt, 24),
    "warm restarts": lambda opt: optim.CosineAnnealingWarmRestarts(opt, 8),
    "one-cycle": lambda opt: optim.OneCycleLR(opt, 0.5, 24 * 300),
    "plateau": lambda opt: optim.ReduceLROnPlateau(opt, factor=0.3, patience=1),
}
rates, losses, (data, held) = {}, {}, digits()
for name, schedule in ways.items():
    ag.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    opt, loss = optim.SGD(model.parameters(), 0.5), nn.CrossEntropyLoss()
    batches, plan = train.Batches(*data, 4), [schedule(opt)]
    history = train.fit(model, opt, loss, batches, held, epochs=24, callbacks=plan)
    rates[name], losses[name] = history["lr"], history["valid_loss"]
    print(f"{name}: hold-out loss {losses[name][-1]:.3f}")
figure, axes = train.panels(2)
train.lines(rates, xlabel="epoch", ylabel="learning rate", ax=axes[0])
axes[0].get_legend().remove()
save(train.lines(losses, xlabel="epoch", ylabel="hold-out loss", log=True, ax=axes[1]))
