"""Mini-batches

A batch of all rows gives one exact step for much work; a batch of one row a noisy step
for little, and no use of the machine's width. In between the cost falls fastest.
"""

import autograd_core as ag
from autograd_core import nn, optim, train
from real_data import digits, picture

data, held = digits()
losses = {}
for size in (1, 64, 1198):
    ag.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    opt, loss = optim.SGD(model.parameters(), 0.1), nn.CrossEntropyLoss()
    history = train.fit(model, opt, loss, data, held, epochs=15, batch_size=size)
    print(size, history["loss"], history.last("valid_loss"), history.last("seconds"))
    losses[f"batch {size}"] = history["valid_loss"]
train.lines(losses, picture(), xlabel="epoch", ylabel="hold-out loss", log=True)
