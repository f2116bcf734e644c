"""The learning rate to begin with.

Train for some steps while the rate grows by a factor in each. Where the loss is lowest
the rate becomes too high; a tenth of that is a good one to begin with. The model is
put back.
"""

from real_data import digits, save

import autograd_core as ag
from autograd_core import nn, optim, train

data, loss = digits()[0], nn.CrossEntropyLoss()
ag.manual_seed(0)
model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
found = train.find_lr(
    model, optim.SGD(model.parameters(), 1.0), loss, data, low=1e-4, high=10, steps=500
)
start = model.state_dict()
final = {}
for lr in (found.suggestion / 100, found.suggestion):
    model.load_state_dict(start)
    opt = optim.SGD(model.parameters(), lr)
    final[lr] = train.fit(model, opt, loss, data, epochs=5).last("loss")
    print(f"rate {lr:.2g}: loss {final[lr]:.3f} after 5 epochs")
save(found.plot())
