"""Images that share the value of one factor."""

import numpy as np

from gan_run.plugins.metrics.disentanglement.representation import Categories


class SharedFactor:
    """Draws batches in which images share one factor, and the others vary.

    The factor of a batch is drawn uniformly, values as often as they occur, and images with replacement.

    Args:
        factors: The value of each factor of N images, (N, K).
        draws: Where random numbers come from.
    """

    def __init__(self, factors: Categories, draws: np.random.Generator) -> None:
        self._factors = factors
        self._draws = draws
        # The images sorted by each factor: those of one value are a slice.
        self._sorted = np.argsort(factors, axis=0, kind="stable")
        values = int(factors.max()) + 1
        self._sizes = np.stack([np.bincount(column, minlength=values) for column in factors.T])
        self._starts = np.cumsum(self._sizes, axis=1) - self._sizes

    @property
    def count(self) -> int:
        """K, the number of factors."""
        return int(self._factors.shape[1])

    def batches(self, count: int, size: int) -> tuple[Categories, Categories]:
        """Draw batches of images that all have the same value of a factor.

        Args:
            count: Number of batches.
            size: Number of images of each.

        Returns:
            The factor of each batch, (count,), and the images, as rows, (count, size).
        """
        factor, first = self._factor(count), self._images((count, 1))
        return factor, self._partners(np.broadcast_to(first, (count, size)), factor[:, None])

    def pairs(self, count: int, size: int) -> tuple[Categories, Categories]:
        """Draw batches of pairs: the images of a pair have the same value of a factor, other pairs have others.

        Args:
            count: Number of batches.
            size: Number of pairs of each.

        Returns:
            The factor of each batch, (count,), and the images, as rows, (count, size, 2).
        """
        factor, first = self._factor(count), self._images((count, size))
        return factor, np.stack([first, self._partners(first, factor[:, None])], axis=-1)

    def _factor(self, count: int) -> Categories:
        return self._draws.integers(self.count, size=count)

    def _images(self, shape: tuple[int, int]) -> Categories:
        return self._draws.integers(len(self._factors), size=shape)

    def _partners(self, rows: Categories, factor: Categories) -> Categories:
        """For each row a random one that has the same value of the factor."""
        values = self._factors[rows, factor]
        within = (self._draws.random(rows.shape) * self._sizes[factor, values]).astype(np.int64)
        partners: Categories = self._sorted[self._starts[factor, values] + within, factor]
        return partners
