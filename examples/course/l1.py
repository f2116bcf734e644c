"""L1, and its exact zeros

The sum of |w| pulls every weight with the same force, however small it is: many end at 0,
which selects inputs. Plain gradient steps only jump about 0; `sparse=True` takes the
penalty as a proximal step, and finds the weights of scikit-learn's Lasso.
"""

import autograd_core as ag
import numpy as np
from autograd_core import nn, optim, train
from real_data import diabetes, picture
from sklearn.linear_model import Lasso

data, held = diabetes()
weights = {"Lasso": Lasso(alpha=0.1).fit(*data).coef_}
kinds = {"no penalty": {}, "L1, plain": {"l1": 0.2}, "L1, sparse": {"l1": 0.2, "sparse": True}}
kinds["elastic net"] = {"l1": 0.2, "l2": 0.4, "sparse": True}
for name, penalty in kinds.items():
    ag.manual_seed(0)
    model = nn.Linear(10, 1)
    opt = optim.SGD(model.parameters(), 0.1)
    train.fit(model, opt, nn.MSELoss(), data, epochs=300, batch_size=512, **penalty)
    r2, w = train.r2(train.predict(model, held[0]), held[1]), model.weight.numpy()[0]
    print(f"{name}: {np.sum(w == 0)} of 10 weights are 0, hold-out R2 {r2:.3f}")
    weights[name] = w
print(f"from Lasso's weights: {np.abs(weights['L1, sparse'] - weights['Lasso']).max():.4f}")
columns = {n: {f"{n}: {(w == 0).sum()} zeros": 0.0} for n, w in ()}
bars = {f"x{i}": {n: w[i] for n, w in weights.items()} for i in range(10)}
train.bars(bars, picture(), ylabel="weight")
