"""L1, and its exact zeros.

The sum of `abs(w)` pulls every weight with the same force, however small it is: many
end at 0, which selects inputs. Plain gradient steps only jump about 0; `sparse=True`
takes the penalty as a proximal step, and finds the weights of scikit-learn's Lasso.
"""

import numpy as np
from real_data import diabetes, save, told
from sklearn.linear_model import Lasso

import autograd_core as ag
from autograd_core import nn, optim, train

data, held = diabetes()
weights, metrics = {}, {"r2": train.r2}
ways = {
    "no penalty": {},
    "L1, plain steps": {"l1": 0.2},
    "L1, sparse": {"l1": 0.2, "sparse": True},
    "elastic net": {"l1": 0.2, "l2": 0.4, "sparse": True},
}
for name, way in ways.items():
    ag.manual_seed(0)
    model = nn.Linear(10, 1)
    opt, loss = optim.SGD(model.parameters(), 0.1), nn.MSELoss()
    batches = train.Batches(*data, len(data[0]))
    history = train.fit(
        model, opt, loss, batches, held, epochs=300, metrics=metrics, **way
    )
    told(name, history, "r2")
    weights[name] = model.weight.numpy()[0]
    print(f"    {np.sum(weights[name] == 0)} of 10 weights are exactly 0")
away = np.abs(weights["L1, sparse"] - Lasso(alpha=0.1).fit(*data).coef_).max()
print(f"furthest from a weight of scikit-learn's Lasso: {away:.4f}")
save(train.bars({f"x{i}": {n: w[i] for n, w in weights.items()} for i in range(10)}))
