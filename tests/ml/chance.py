"""How often may chance err? Bounds for counts of simulated trials."""

import math


def at_most(share: float, runs: int) -> int:
    """So many of the runs, and no more, chance allows a rate of `share`: but once in 10,000."""
    total, count = 0.0, 0
    while True:
        total += math.comb(runs, count) * share**count * (1 - share) ** (runs - count)
        if total > 1 - 1e-4:
            return count
        count += 1
