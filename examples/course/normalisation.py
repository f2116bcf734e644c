"""Normalising inputs

Two inputs of different size make the cost a narrow valley: the learning rate must be
small for the steep way, and then hardly moves along the flat one. Subtract the mean and
divide by the deviation, both of the training rows, and one rate suits both.
"""

from autograd_core import optim, train
from real_data import cancer, picture

figure, axes = train.panels(2)
for raw, lr, ax in (True, 2e-3, axes[0]), (False, 0.2, axes[1]):
    (x, y), _ = cancer(raw=raw)
    x = x[:, [0, 27]] * ([1.0, 20.0] if raw else 1.0)
    target = y - y.mean()

    def cost(w, x=x, y=target):
        return ((x[:, 0] * w[0] + x[:, 1] * w[1] - y) ** 2).mean()

    way = train.descend(cost, (0.0, 0.0), lambda w, lr=lr: optim.SGD(w, lr), 40)
    print(raw, [float(cost(p)) for p in (way[0], way[-1])], way[-1])
    train.paths(cost, {f"SGD, lr {lr:g}": way}, ax=ax, title="raw" if raw else "normalised")
if picture():
    figure.write(picture())
