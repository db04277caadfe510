"""Closed forms for the toy model of superposition with two hidden dimensions (Chen et al. 2023).

A configuration k, or k+, k++: k columns of W form a regular polygon, and one + stands for each further column that is
zero with a positive bias; a zero column with a negative bias is left unmarked.
"""

import numpy as np

POLYGON_TERM = {4: 0.0, 5: 0.23738, 6: 0.86746}
"""h_k: the k-gon's own share of 3c·L at its optimal length and bias."""

LEARNING_COEFFICIENT = {"5": 7, "5+": 8.5, "6": 8.5}
"""Theoretical learning coefficients for six features. Those of the 4-gons depend on the direction."""

DEAD_LENGTH = 0.3
LOSS_TOLERANCE = 0.0015
ANGLE_TOLERANCE = np.radians(20)


def population_loss(weights, bias):
    """E|x − f(x)|² over the distribution of the examples, exactly: H/(3c)."""
    products = weights.T @ weights
    total = 0.0
    for i, b in enumerate(bias):
        own = products[i, i]
        others = np.delete(products[i], i)
        quadratic = (1 - own) ** 2 - 3 * (1 - own) * b + 3 * b**2
        if b <= 0:
            active = others[(others > 0) & (-others <= b)]
            total += ((active + b) ** 3 / active).sum()
            total += b**3 / own**2 + b**3 / own + quadratic if own > 0 and -own <= b else 1
        else:
            falling = -others > b
            total += np.where(falling, -(b**3) / np.where(falling, others, 1),
                              others**2 + 3 * others * b + 3 * b**2).sum() + quadratic
    return total / (3 * len(bias))


def theory(configuration):
    """The loss and the learning coefficient of a configuration of six features, as text; empty where unknown."""
    if configuration is None:
        return "", ""
    side_count, dead_count = int(configuration[0]), configuration.count("+")
    loss = (POLYGON_TERM[side_count] + 6 - side_count) / 18 - dead_count / 144
    return f"{loss:.6f}", LEARNING_COEFFICIENT.get(configuration, "")


def configuration(weights, bias):
    """The configuration that the weights stand at, by the columns' angles and the loss; `None` between two."""
    alive = np.hypot(*weights) > DEAD_LENGTH
    side_count = int(alive.sum())
    if side_count not in POLYGON_TERM:
        return None
    found = str(side_count) + "+" * int((bias[~alive] > 0).sum())
    angles = np.sort(np.arctan2(*weights[::-1, alive]))
    gaps = np.diff(angles, append=angles[0] + 2 * np.pi)
    regular = np.abs(gaps - 2 * np.pi / side_count).max() <= ANGLE_TOLERANCE
    close = abs(population_loss(weights, bias) - float(theory(found)[0])) <= LOSS_TOLERANCE
    return found if regular and close else None
