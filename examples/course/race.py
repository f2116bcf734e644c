"""The race: SGD, momentum, RMSprop and Adam.

On a saddle and a plateau the slope is nearly 0, and plain SGD hardly moves; in a
ravine it creeps. Momentum adds up the steps that agree, RMSprop divides each by the
usual size of its slope, Adam does both.
"""

from real_data import SURFACES, save

from autograd_core import optim, train

rules = {
    "SGD": lambda p: optim.SGD(p, 1e-3),
    "momentum": lambda p: optim.SGD(p, 1e-3, momentum=0.9),
    "RMSprop": lambda p: optim.RMSprop(p, 1e-2),
    "Adam": lambda p: optim.Adam(p, 5e-2),
}
figure, axes = train.panels(3)
ends = {}
for (title, (f, start)), ax in zip(SURFACES.items(), axes, strict=True):
    ways = {name: train.descend(f, start, rule, 200) for name, rule in rules.items()}
    train.paths(f, ways, title=title, ax=ax)
    ends[title] = {name: float(f(way[-1])) for name, way in ways.items()}
    print(f"{title}:", ", ".join(f"{n} {end:.2f}" for n, end in ends[title].items()))
save(figure)
