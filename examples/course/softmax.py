"""Softmax, and what is taken for what.

Of ten scores the softmax makes ten probabilities, and the cross entropy is minus the
log of the true one's. The confusion matrix says which classes are hard to tell apart.
"""

from matplotlib.figure import Figure
from real_data import digits, save
from sklearn.metrics import ConfusionMatrixDisplay

import autograd_core as ag
from autograd_core import nn, optim, train

data, (x, y) = digits()
ag.manual_seed(0)
model = nn.Linear(64, 10)
opt = optim.Adam(model.parameters(), 0.01)
train.fit(model, opt, nn.CrossEntropyLoss(), data, epochs=20)
chances = nn.functional.softmax(ag.tensor(train.predict(model, x))).numpy()
matrix = train.confusion_matrix(y, chances.argmax(1))
print(f"accuracy {train.accuracy(chances, y):.1%}", end=", ")
print(f"log loss {train.log_loss(chances, y):.3f}")
for worst in train.worst_confusions(matrix, 3):
    print(f"{worst.label} taken for {worst.predicted}: {worst.times} times")
figure = Figure(figsize=(4.5, 4), layout="constrained")
ConfusionMatrixDisplay(matrix).plot(ax=figure.subplots(), cmap="Blues", colorbar=False)
save(figure)
