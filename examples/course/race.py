"""The race: SGD, momentum, RMSprop and Adam

On a saddle and a plateau the slope is nearly 0, and plain SGD hardly moves; in a ravine it
zigzags. Momentum adds up the steps that agree, RMSprop divides each by the usual size of
its slope, Adam does both.
"""

from autograd_core import optim, train
from real_data import picture

saddle = lambda p: p[0] ** 2 - p[1] ** 2 + p[1] ** 4 / 4
plateau = lambda p: (1.5 - p[0] * (1 - p[1])) ** 2 + (2.25 - p[0] * (1 - p[1] ** 2)) ** 2 + (2.625 - p[0] * (1 - p[1] ** 3)) ** 2
ravine = lambda p: (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2
rules = {"SGD": lambda p: optim.SGD(p, 1e-3), "momentum": lambda p: optim.SGD(p, 1e-3, momentum=0.9)}
rules |= {"RMSprop": lambda p: optim.RMSprop(p, 1e-2), "Adam": lambda p: optim.Adam(p, 5e-2)}
figure, axes = train.panels(3)
races = (saddle, (1.0, 1e-3), "a saddle"), (plateau, (1.0, 1.5), "Beale's plateau"), (ravine, (-1.2, 1.0), "Rosenbrock's ravine")
for (f, start, title), ax in zip(races, axes):
    ways = {name: train.descend(f, start, rule, 200) for name, rule in rules.items()}
    print(title, {name: round(float(f(way[-1])), 3) for name, way in ways.items()})
    train.paths(f, ways, title=title, ax=ax)
if picture():
    figure.write(picture())
