"""Max-norm

After each step the weights into every unit are scaled back to a norm that they must not
exceed: unlike L2 it leaves small weights alone, and no weight can run away.
"""

import autograd_core as ag
from autograd_core import nn, optim, train
from real_data import diabetes, picture

data, held = diabetes()
scores = {}
for limit in (None, 1.0, 0.5, 0.25):
    ag.manual_seed(0)
    model = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 1))
    opt = optim.Adam(model.parameters(), 0.01)
    train.fit(model, opt, nn.MSELoss(), data, epochs=200, max_norm=limit)
    r2 = {"train": train.r2(train.predict(model, data[0]), data[1])}
    r2["hold-out"] = train.r2(train.predict(model, held[0]), held[1])
    print(f"norm {limit}: R2 {r2['train']:.2f} in training, {r2['hold-out']:.2f} held out")
    scores["free" if limit is None else f"norm <= {limit}"] = r2
train.bars(scores, picture(), ylabel="R2")
