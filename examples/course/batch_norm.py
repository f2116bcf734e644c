"""Batch normalisation.

Between the layers every unit is normalised over the batch, then scaled and shifted by
two weights that are learnt. Deep nets train faster, and take larger rates. Evaluation
uses running averages, so that one row needs no batch.
"""

from real_data import digits, save

import autograd_core as ag
from autograd_core import nn, optim, train

data, held = digits()
losses = {}
for name, norm in (
    ("without", lambda n: nn.Identity()),
    ("with BatchNorm", nn.BatchNorm1d),
):
    ag.manual_seed(0)
    hidden = [
        part
        for i in range(8)
        for part in (nn.Linear(32 if i else 64, 32), norm(32), nn.Sigmoid())
    ]
    model = nn.Sequential(*hidden, nn.Linear(32, 10))
    opt, loss = optim.Adam(model.parameters(), 0.01), nn.CrossEntropyLoss()
    losses[name] = train.fit(model, opt, loss, data, held, epochs=20)["valid_loss"]
    right = [train.accuracy(train.predict(model, x), y) for x, y in (data, held)]
    print(f"{name}: train {right[0]:.1%}, hold-out {right[1]:.1%}")
save(train.lines(losses, xlabel="epoch", ylabel="hold-out loss", log=True))
