"""Writes reference.txt: what the published algorithm of LogME gives, in numpy and nothing else.

The algorithm is that of You, Liu, Wang, Long, "LogME: Practical Assessment of Pre-trained Models for Transfer
Learning" (2021, and the fixed point of the journal version), with what its published implementation adds: a start at
alpha = beta = 1, at most 11 steps, a stop when t = alpha / beta changes by at most 1e-3 of itself, 1e-5 added to both
denominators, D / 2 ln alpha beside the min(N, D) eigenvalues that were kept, the m and the residual of the step before
in the evidence, and classes 0 ... max(label), empty ones included.

Data is made here by the generator of tests/support/data.cpp, with the same bits, so that the goldens need no arrays.
Left out are problems that the algorithm itself cannot answer to ten digits in fp64: where N - gamma or the residual
cancels to less than 1e-5 of N or of y'y, its beta is rounding noise.

Run with Debian's python3-numpy: python3 make_reference.py > reference.txt
"""

import numpy as np

MASK = (1 << 64) - 1


def normals(rows, cols, seed):
    state = seed
    values = np.empty(rows * cols)
    for i in range(rows * cols):
        total = -6.0
        for _ in range(12):
            state = (state + 0x9E3779B97F4A7C15) & MASK
            z = state
            z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
            z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
            z ^= z >> 31
            total += (z >> 11) * 2.0**-53
        values[i] = total
    return values.reshape(rows, cols)


def eigenvalues_and_vectors(features):
    """sigma = s^2 and the left singular vectors: through F'F where N > D, directly else."""
    rows, cols = features.shape
    if rows <= cols:
        u, s, _ = np.linalg.svd(features, full_matrices=False)
        return s**2, u
    sigma, v = np.linalg.eigh(features.T @ features)
    s = np.sqrt(np.maximum(sigma, 0))
    kept = s > 1e-10
    return sigma[kept], features @ v[:, kept] / s[kept]


def published(features, y, tolerance, iterations, guard):
    rows, cols = features.shape
    sigma, u = eigenvalues_and_vectors(features)
    x2 = (u.T @ y) ** 2
    outside = y @ y - x2.sum()
    alpha = beta = left = 1.0
    for step in range(1, iterations + 1):
        t = alpha / beta
        gamma = (sigma / (sigma + t)).sum()
        m2 = (sigma * x2 / (t + sigma) ** 2).sum()
        res2 = (x2 / (1 + sigma / t) ** 2).sum() + outside
        left = min(left, (rows - gamma) / rows)
        if y.any():
            left = min(left, (res2 + guard) / (y @ y))
        alpha = gamma / (m2 + guard)
        beta = (rows - gamma) / (res2 + guard)
        evidence = (
            cols / 2 * np.log(alpha)
            + rows / 2 * np.log(beta)
            - np.log(alpha + beta * sigma).sum() / 2
            - beta / 2 * res2
            - alpha / 2 * m2
            - rows / 2 * np.log(2 * np.pi)
        ) / rows
        if abs(alpha / beta - t) / t <= tolerance:
            break
    return (evidence, alpha, beta, step) if left >= 1e-5 else None


def labels_of(rows, classes):
    """Runs of 1, 2, 3, ... rows, so that the classes have different sizes."""
    labels, label, run = [], 0, 1
    while len(labels) < rows:
        labels += [classes[label % len(classes)]] * run
        label, run = label + 1, run % 5 + 1
    return np.array(labels[:rows])


def one_hot(labels):
    return (labels[:, None] == np.arange(labels.max() + 1)).astype(float)


def problems():
    """name, kind, seed, rows, cols, scale of the features, targets; kind and classes tell the targets."""
    for rows, cols in ((60, 7), (200, 24), (21, 20), (30, 30), (24, 70), (13, 200)):
        for scale in (1.0, 0.05, 0.01, 20.0):
            yield "classes", rows, cols, scale, (0, 1, 2)
            yield "responses", rows, cols, scale, 5
    yield "classes", 80, 6, 1.0, (0, 2, 5)  # 1, 3 and 4 are empty
    yield "classes", 20, 40, 1.0, (1, 3)  # 0 and 2 are empty


VARIANTS = ((1e-3, 11, 1e-5), (1e-2, 11, 1e-5), (1e-6, 200, 1e-5), (0.0, 3, 1e-5), (1e-3, 11, 0.0))


def main():
    print(f"# numpy {np.__version__}, made by make_reference.py")
    print("# kind;rows;cols;scale;classes or targets;seed;tolerance;iterations;guard;target;evidence;alpha;beta;steps")
    for seed, (kind, rows, cols, scale, what) in enumerate(problems(), start=1):
        features = normals(rows, cols, seed) * scale
        if kind == "classes":
            labels = labels_of(rows, what)
            features += scale * normals(labels.max() + 1, cols, seed + 1000)[labels]
            targets = one_hot(labels)
        else:
            # Sums in the order of the columns, as the test's loop does.
            targets = normals(rows, what, seed + 2000)
            weights = normals(cols, what, seed + 3000)
            for j in range(cols):
                targets = targets + features[:, j : j + 1] / scale * weights[j]
        for tolerance, iterations, guard in VARIANTS:
            if guard == 0.0 and not targets.any(axis=0).all():
                continue  # an empty class has no finite value without the guard
            fits = [published(features, y, tolerance, iterations, guard) for y in targets.T]
            if None in fits:
                continue
            for k, (evidence, alpha, beta, steps) in enumerate(fits):
                listed = " ".join(map(str, what)) if kind == "classes" else str(what)
                print(
                    f"{kind};{rows};{cols};{scale:g};{listed};{seed};{tolerance:g};{iterations};{guard:g};{k};"
                    f"{evidence:.17g};{alpha:.17g};{beta:.17g};{steps}"
                )


if __name__ == "__main__":
    main()
