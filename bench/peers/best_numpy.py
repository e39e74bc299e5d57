"""The fastest LogME that plain numpy gives: the Gram matrix in f32, tile by tile, added up in fp64; class sums by one
product per tile; one eigenproblem; and the fixed point of all classes at once, run until it stands still.
"""

import numpy as np

import common

TILE = 8192
STEPS = 100
TOLERANCE = 1e-6


def score(features, labels):
    rows, columns = features.shape
    classes = int(labels.max()) + 1
    gram = np.zeros((columns, columns))
    sums = np.zeros((classes, columns))
    every = np.arange(classes, dtype=labels.dtype)[:, None]
    for first in range(0, rows, TILE):
        tile = features[first:first + TILE]
        gram += tile.T @ tile  # numpy calls ssyrk here
        sums += (every == labels[first:first + TILE]).astype(np.float32) @ tile
    counts = np.bincount(labels, minlength=classes).astype(np.float64)

    sigma, vectors = np.linalg.eigh(gram)
    keep = sigma > sigma[-1] * columns * np.finfo(np.float32).eps * 1e-3
    sigma, vectors = sigma[keep], vectors[:, keep]
    x2 = (sums @ vectors) ** 2 / sigma
    outside = np.maximum(counts - x2.sum(axis=1), 0)

    t = np.full(classes, sigma.mean())
    for _ in range(STEPS):
        shrunk = sigma + t[:, None]
        gamma = (sigma / shrunk).sum(axis=1)
        m2 = (sigma * x2 / shrunk ** 2).sum(axis=1)
        residual = (x2 * (t[:, None] / shrunk) ** 2).sum(axis=1) + outside
        before, t = t, gamma / (rows - gamma) * residual / m2
        if np.max(np.abs(t - before) / before) < TOLERANCE:
            break
    energy = (x2 * (t[:, None] / (sigma + t[:, None]))).sum(axis=1) + outside
    values = -0.5 * (np.log(2 * np.pi * energy / rows) + 1 + np.log1p(sigma / t[:, None]).sum(axis=1) / rows)
    return values.mean()


if __name__ == "__main__":
    common.run(score)
