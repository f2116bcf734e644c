"""Normalising inputs.

Two inputs of different size make the cost a narrow valley: the learning rate must be
small for the steep way, and then hardly moves along the flat one. Subtract the mean
and divide by the deviation, both of the training rows, and one rate suits both.
"""

from real_data import cancer, save

from autograd_core import optim, train

figure, axes = train.panels(2)
ends, box = {}, ((-1, 1), (-1, 1))
for name, lr, ax in ("raw", 1e-3, axes[0]), ("normalised", 0.2, axes[1]):
    (x, y), _ = cancer(raw=name == "raw")
    a, b = x[:, 0], x[:, 1]

    def cost(w, a=a, b=b, y=y):
        return ((w[0] * a + w[1] * b - y) ** 2).mean()

    way = train.descend(cost, (0.8, -0.8), lambda w, lr=lr: optim.SGD(w, lr), 40)
    ends[name] = cost(way[-1])
    print(f"{name}: lr {lr:g}, cost {ends[name]:.3f} after 40 steps")
    train.paths(cost, {f"SGD, lr {lr:g}": way}, box=box, ax=ax, title=name)
save(figure)
