"""Mini-batches.

A batch of all rows gives one exact step for much work; a batch of one row a noisy
step for little, and no use of the machine's width. In between the cost falls fastest.
"""

from real_data import digits, save

import autograd_core as ag
from autograd_core import nn, optim, train

data, held = digits()
histories, (figure, (ax,)) = {}, train.panels(1)
for size, lr in (1, 0.02), (64, 0.3), (len(data[0]), 1.0):
    ag.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    opt, loss = optim.SGD(model.parameters(), lr), nn.CrossEntropyLoss()
    history = train.fit(model, opt, loss, data, held, epochs=10, batch_size=size)
    histories[size] = history
    ax.plot(history["seconds"], history["valid_loss"], ".-", label=f"batch {size}")
    print(f"batch {size}: hold-out loss {history.last('valid_loss'):.3f}")
ax.set(xlabel="seconds of 10 epochs", ylabel="hold-out loss", xscale="log")
ax.legend(frameon=False)
save(figure)
