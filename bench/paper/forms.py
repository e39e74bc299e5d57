"""Two forms of LogME from the paper's formulas (You et al., ICML 2021), in numpy and fp64.

Per class: A = alpha I + beta F'F, m = beta A^-1 F'y, gamma = the effective number of parameters, then
alpha <- gamma / m'm, beta <- (N - gamma) / |Fm - y|^2, until alpha / beta moves by less than `tolerance`.
The form that was published later (JMLR 2022) is bench/peers/published.py.
"""

import numpy as np

STEPS = 11
TOLERANCE = 1e-3


def log_evidence(alpha, beta, squares, residual, log_det, rows, features):
    """Log evidence per row: squares = m'm, residual = |Fm - y|^2, log_det = ln|A|."""
    return (
        rows * np.log(beta)
        + features * np.log(alpha)
        - rows * np.log(2 * np.pi)
        - beta * residual
        - alpha * squares
        - log_det
    ) / (2 * rows)


def maximise(y, f, solve, steps, tolerance):
    """The iteration of one class: solve(alpha, beta) gives m, gamma and a function for ln|A|. Evidence and steps."""
    rows, features = f.shape
    alpha = beta = 1.0
    done = 0
    for done in range(1, steps + 1):
        m, gamma, _ = solve(alpha, beta)
        ratio = alpha / beta
        alpha = gamma / (m @ m)
        beta = (rows - gamma) / ((f @ m - y) ** 2).sum()
        if abs(alpha / beta - ratio) <= tolerance * ratio:
            break
    m, _, log_det = solve(alpha, beta)
    return log_evidence(alpha, beta, m @ m, ((f @ m - y) ** 2).sum(), log_det(), rows, features), done


def naive(f, labels, steps=STEPS, tolerance=TOLERANCE):
    """Forms and inverts A in every step: O(D^3 + N D^2) a step. Mean evidence and the steps of all classes together."""

    def class_evidence(y):
        def solve(alpha, beta):
            a = alpha * np.eye(f.shape[1]) + beta * (f.T @ f)
            inverse = np.linalg.inv(a)
            return beta * (inverse @ (f.T @ y)), f.shape[1] - alpha * np.trace(inverse), lambda: np.linalg.slogdet(a)[1]

        return maximise(y, f, solve, steps, tolerance)

    return over_classes(class_evidence, labels)


def optimised(f, labels, steps=STEPS, tolerance=TOLERANCE):
    """One eigendecomposition F'F = V diag(sigma) V', then only products with vectors: O(D^2 + N D) a step."""
    sigma, v = np.linalg.eigh(f.T @ f)

    def class_evidence(y):
        def solve(alpha, beta):
            scale = alpha + beta * sigma
            m = beta * (v @ ((v.T @ (f.T @ y)) / scale))
            return m, (beta * sigma / scale).sum(), lambda: np.log(scale).sum()

        return maximise(y, f, solve, steps, tolerance)

    return over_classes(class_evidence, labels)


def over_classes(class_evidence, labels):
    results = [class_evidence((labels == c).astype(np.float64)) for c in range(int(labels.max()) + 1)]
    return float(np.mean([value for value, _ in results])), sum(steps for _, steps in results)
