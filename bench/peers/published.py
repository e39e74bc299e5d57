"""LogME as it was published (You et al., ICML 2021 and JMLR 2022), in numpy: the chain that users run today.

Everything in fp64; the singular vectors of F from the SVD of F'F, the left ones formed as F V / s; then per class a
one-hot column, its projection, and at most 11 steps of the fixed point from alpha = beta = 1 with guards of 1e-5.
"""

import numpy as np

import common

STEPS = 11
GUARD = 1e-5
TOLERANCE = 1e-3


def evidence(y, u, sigma, rows, features):
    """Log evidence per row of one target, by the published iteration."""
    x2 = (u.T @ y) ** 2
    outside = (y ** 2).sum() - x2.sum()
    alpha = beta = 1.0
    result = 0.0
    for _ in range(STEPS):
        t = alpha / beta
        gamma = (sigma / (sigma + t)).sum()
        m2 = (sigma * x2 / (t + sigma) ** 2).sum()
        residual = (x2 / (1 + sigma / t) ** 2).sum() + outside
        alpha = gamma / (m2 + GUARD)
        beta = (rows - gamma) / (residual + GUARD)
        result = (features / 2 * np.log(alpha) + rows / 2 * np.log(beta)
                  - np.log(alpha + beta * sigma).sum() / 2
                  - beta / 2 * residual - alpha / 2 * m2 - rows / 2 * np.log(2 * np.pi)) / rows
        if abs(alpha / beta - t) / t <= TOLERANCE:
            break
    return result


def score(features, labels):
    f = features.astype(np.float64)
    rows, columns = f.shape
    _, square, vh = np.linalg.svd(f.T @ f)
    s = np.sqrt(square)
    scaled = f @ vh.T
    rank = int((s > 1e-10).sum())
    u = scaled[:, :rank] / s[:rank]
    sigma = s[:rank] ** 2
    values = [evidence((labels == c).astype(np.float64), u, sigma, rows, columns) for c in range(labels.max() + 1)]
    return np.mean(values)


if __name__ == "__main__":
    common.run(score)
