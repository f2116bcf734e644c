"""L2 regularisation, or weight decay.

The cost becomes J + l2/2 * the sum of all squared weights, so each step also shrinks
the weights. Large weights, which a net needs to follow the noise, cost more than they
earn.
"""

from real_data import diabetes, save, told

import autograd_core as ag
from autograd_core import nn, optim, train

scores, metrics = {}, {"r2": train.r2}
for l2 in (0.0, 0.003, 0.03, 0.3):
    ag.manual_seed(0)
    model = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 1))
    history = train.fit(
        model,
        optim.Adam(model.parameters(), 0.01),
        nn.MSELoss(),
        *diabetes(),
        epochs=200,
        metrics=metrics,
        l2=l2,
    )
    name = f"l2 = {l2:g}"
    scores[name] = told(name, history, "r2")
save(train.bars(scores, ylabel="R2"))
