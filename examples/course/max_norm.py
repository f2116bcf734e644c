"""Max-norm.

After each step the weights into every unit are scaled back to a norm that they must
not exceed: unlike L2 it leaves small weights alone, and no weight can run away.
"""

from real_data import diabetes, save, told

import autograd_core as ag
from autograd_core import nn, optim, train

scores, metrics = {}, {"r2": train.r2}
for limit in (None, 1.0, 0.5, 0.25):
    ag.manual_seed(0)
    model = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 1))
    history = train.fit(
        model,
        optim.Adam(model.parameters(), 0.01),
        nn.MSELoss(),
        *diabetes(),
        epochs=200,
        metrics=metrics,
        max_norm=limit,
    )
    name = f"norm <= {limit}" if limit else "free"
    scores[name] = told(name, history, "r2")
save(train.bars(scores, ylabel="R2"))
