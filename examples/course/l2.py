"""L2 regularisation, or weight decay

The cost becomes J + l2/2 * the sum of all squared weights, so each step also shrinks the
weights. Large weights, which a net needs to follow the noise, cost more than they earn.
"""

import autograd_core as ag
from autograd_core import nn, optim, train
from real_data import diabetes, picture

data, held = diabetes()
scores = {}
for l2 in (0.0, 0.003, 0.03, 0.3):
    ag.manual_seed(0)
    model = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 1))
    opt = optim.Adam(model.parameters(), 0.01)
    train.fit(model, opt, nn.MSELoss(), data, epochs=200, l2=l2)
    r2 = {"train": train.r2(train.predict(model, data[0]), data[1])}
    r2["hold-out"] = train.r2(train.predict(model, held[0]), held[1])
    print(f"l2 {l2:g}: R2 {r2['train']:.2f} in training, {r2['hold-out']:.2f} held out")
    scores[f"l2 = {l2:g}"] = r2
train.bars(scores, picture(), ylabel="R2")
