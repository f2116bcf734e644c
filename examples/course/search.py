"""Searching hyper-parameters.

Random values rather than a grid; rates and widths on a log scale, beta by 1 - beta on
one; then once more where the best ones were.
"""

from real_data import digits, save

from autograd_core import nn, optim, train

data, held = digits(rows=600)


def score(lr, beta, width):
    model = nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10))
    opt = optim.SGD(model.parameters(), lr, momentum=beta)
    return train.fit(model, opt, nn.CrossEntropyLoss(), data, held, epochs=4)


space = {"lr": train.Log(1e-4, 1), "beta": train.OneMinus(1e-2, 0.5)}
space["width"] = train.Whole(8, 128, log=True)
found = train.search(score, space, trials=25, refine=1)
print(found)
save(found.plot())
