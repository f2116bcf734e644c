"""Gradient checking.

Compare the gradients with differences (J(w + e) - J(w - e)) / 2e, in float64 and with
dropout frozen; check at the start and again after some training. The one number is
norm(a - n) / (norm(a) + norm(n)): below 1e-7 is good, above 1e-3 wrong. Here `detach`
cuts part of a gradient off.
"""

from real_data import digits, save

import autograd_core as ag
from autograd_core import nn, train


class Planted(nn.Module):
    """SiLU, x * sigmoid(x), but for its gradient."""

    def forward(self, x):
        return x * nn.functional.sigmoid(x).detach()


data, loss = digits()[0], nn.CrossEntropyLoss()
reports, found = {}, {}
for name, layer in ("right", nn.SiLU()), ("planted bug", Planted()):
    ag.manual_seed(0)
    layers = nn.Linear(64, 32), layer, nn.Dropout(0.3), nn.Linear(32, 10)
    model = nn.Sequential(*layers)
    report = train.check_gradients(model, loss, *data, l2=0.01, raise_on_failure=False)
    print(f"{name}: {report.verdict()}")
    reports[name] = report
    found[name] = {row.name: row.norms.relative for row in report.rows}
save(train.bars(found, ylabel="relative difference", log=True))
