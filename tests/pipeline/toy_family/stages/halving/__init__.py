"""Episodes split into a better and a worse half."""

from stages.paths import Place
from stages.registry import Registry

HALVING = Registry("way of halving", __name__, ["by_return"])
HALVES = Place("results/halves/{dataset}/{halving}/seeds-{block}.json")
