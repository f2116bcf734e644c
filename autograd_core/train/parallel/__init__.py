"""Several processes, one training: the same bits on any number of them."""

from autograd_core.train.parallel.gradients import Parallel
from autograd_core.train.parallel.ranks import OtherRankError, Ranks
from autograd_core.train.parallel.steps import ShardedSteps

__all__ = ["OtherRankError", "Parallel", "Ranks", "ShardedSteps"]
