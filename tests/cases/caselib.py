"""Tools of make_cases.py: deterministic data, byte-exact file writers and the oracle.

The oracle works from the definition in 60-digit arithmetic (mpmath): features and labels are
taken as the exact numbers that the file holds.  It exists to make right answers for the cases;
it is no part of the product and no model for it.
"""
import functools
import json
import math
import os

import mpmath as mp
import numpy as np

from casefiles import *  # noqa: F401,F403

mp.mp.dps = 60


# ---------------------------------------------------------------- deterministic numbers
class Stream:
    """A 64-bit counter generator (splitmix), so the files do not depend on a numpy version."""

    def __init__(self, seed):
        self.state = (seed * 0x9E3779B97F4A7C15 + 0x1234567) & (2**64 - 1)

    def bits(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & (2**64 - 1)
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & (2**64 - 1)
        return z ^ (z >> 31)

    def integer(self, low, high):
        return low + self.bits() % (high - low + 1)

    def bell(self, spread):
        """About normal: the sum of three uniform integers in [-spread, spread]."""
        return sum(self.integer(-spread, spread) for _ in range(3))


def classes(seed, rows, columns, count, signal=20, noise=9, step=16, order="mixed"):
    """Features that are multiples of 1/step (|value| < 8: exact in f16 and bf16 for step 16 when
    clipped to 8 bits) and int64 labels 0..count-1."""
    s = Stream(seed)
    means = [[s.integer(-signal, signal) for _ in range(columns)] for _ in range(count)]
    labels = [i % count for i in range(rows)]
    if order == "mixed":
        for i in range(rows - 1, 0, -1):
            j = s.integer(0, i)
            labels[i], labels[j] = labels[j], labels[i]
    data = np.zeros((rows, columns))
    for i in range(rows):
        for j in range(columns):
            k = means[labels[i]][j] + s.bell(noise)
            data[i, j] = max(-127, min(127, k)) / step
    return data, np.array(labels, dtype=np.int64)


def responses(seed, features, weights_spread=3, noise=6):
    """A linear response with noise, multiples of 1/256."""
    s = Stream(seed)
    w = [s.integer(-weights_spread, weights_spread) for _ in range(features.shape[1])]
    return np.array([sum(w[j] * features[i, j] for j in range(features.shape[1])) + s.bell(noise) / 16.0
                     for i in range(features.shape[0])])


# ---------------------------------------------------------------- the oracle
def _mpf(array):
    return [[mp.mpf(float(v)) for v in row] for row in np.atleast_2d(array)]


@functools.lru_cache(maxsize=None)
def _spectrum(key):
    rows, columns, raw = key
    f = np.frombuffer(raw).reshape(rows, columns)
    x = mp.matrix(_mpf(f)) if rows and columns else None
    small = x.T * x if columns <= rows else x * x.T
    values, vectors = mp.eigsy(small)
    n = small.rows
    top = max([abs(values[i]) for i in range(n)] + [mp.mpf(0)])
    keep = [i for i in range(n) if top > 0 and values[i] > top * mp.mpf(10) ** -40]
    return x, columns <= rows, [values[i] for i in keep], [[vectors[r, i] for r in range(n)] for i in keep]


def target_evidence(features, y, extra_rows=0, extra_ones=0):
    """(value per row, status, t) of one target: the exact global maximum of the evidence.

    extra_rows: rows of zero features that are counted but not given; in extra_ones of them y is 1, else 0.
    status: 'interior', 'null' (best at infinite prior precision), 'interpolation' (best at zero
    noise, finite), 'unbounded' (the target is an exact linear function of the features); a list
    where two of them lie within 1e-9.
    """
    f = np.ascontiguousarray(features, dtype=np.float64)
    rows, columns = f.shape
    total = mp.mpf(rows + extra_rows)
    x, primal, sigma, vectors = _spectrum((rows, columns, f.tobytes()))
    ymp = [mp.mpf(float(v)) for v in y]
    yy = sum(v * v for v in ymp) + extra_ones
    if yy == 0:
        return None, "empty", None
    if primal:
        b = [sum(x[i, j] * ymp[i] for i in range(rows) if ymp[i] != 0) for j in range(columns)]
        x2 = [sum(v[j] * b[j] for j in range(columns)) ** 2 / s for s, v in zip(sigma, vectors)]
    else:
        x2 = [sum(v[i] * ymp[i] for i in range(rows)) ** 2 for v in vectors]
    r0 = yy - sum(x2)
    if abs(r0) < yy * mp.mpf(10) ** -35:
        r0 = mp.mpf(0)
    assert r0 >= 0

    def q(t):
        return r0 + sum(a * t / (t + s) for a, s in zip(x2, sigma))

    def value(t):
        return -(mp.log(2 * mp.pi * q(t) / total) + 1 + sum(mp.log1p(s / t) for s in sigma) / total) / 2

    def slope(t):  # d(value)/d(ln t), times 2*total
        return sum(s / (s + t) for s in sigma) - total * t * sum(s * a / (t + s) ** 2 for a, s in zip(x2, sigma)) / q(t)

    best, status, where = -(mp.log(2 * mp.pi * yy / total) + 1) / 2, "null", mp.inf
    points = [(best, "null")]
    if r0 == 0:
        if len(sigma) < rows + extra_rows:
            return mp.inf, "unbounded", mp.mpf(0)
        limit = -(mp.log(2 * mp.pi * sum(a / s for a, s in zip(x2, sigma)) / total) + 1 + sum(mp.log(s) for s in sigma) / total) / 2
        points.append((limit, "interpolation"))
        if limit > best:
            best, status, where = limit, "interpolation", mp.mpf(0)
    if sigma:
        low, high = mp.log(min(sigma)) - 45, mp.log(max(sigma)) + 45
        steps = 700
        grid = [low + (high - low) * i / steps for i in range(steps + 1)]
        mp.mp.dps = 30
        signs = [slope(mp.exp(u)) for u in grid]
        mp.mp.dps = 60
        for i in range(steps):
            if signs[i] > 0 >= signs[i + 1]:
                a, b_ = grid[i], grid[i + 1]
                for _ in range(170):
                    m = (a + b_) / 2
                    if slope(mp.exp(m)) > 0:
                        a = m
                    else:
                        b_ = m
                v = value(mp.exp(a))
                points.append((v, "interior"))
                if v > best:
                    best, status, where = v, "interior", mp.exp(a)
    if status == "interior" and rows <= 60 and not extra_rows:
        _check_definition(x, ymp, where, q(where), best)
    near = sorted({name for v, name in points if best - v < mp.mpf(10) ** -9})
    return best, near if len(near) > 1 else status, where


def _check_definition(x, y, t, q, value):
    """The same number as the log density of y under its marginal normal law, by a dense Cholesky."""
    n = x.rows
    beta = n / q
    cov = (x * x.T) / (t * beta) + mp.eye(n) / beta
    chol = mp.cholesky(cov)
    z = mp.lu_solve(chol, mp.matrix(y)) if n < 3 else _forward(chol, y)
    density = -(n * mp.log(2 * mp.pi) + 2 * sum(mp.log(chol[i, i]) for i in range(n)) + sum(v * v for v in z)) / 2
    assert abs(density / n - value) < mp.mpf(10) ** -30, (density / n, value)


def _forward(lower, y):
    z = []
    for i in range(lower.rows):
        z.append((y[i] - sum(lower[i, j] * z[j] for j in range(i))) / lower[i, i])
    return z


def digits(v):
    if v == mp.inf:
        return "inf"
    return mp.nstr(v, 15, min_fixed=-6, max_fixed=16)


def classification(features, labels, ids=None, extra=0, extra_class=None):
    """Expected entry of a classification score. ids: the class ids that could be named (0..max by default).
    extra: further rows of zero features, all of class extra_class."""
    labels = np.asarray(labels)
    ids = range(int(labels.max()) + 1) if ids is None else ids
    targets, skipped, values = [], [], []
    for c in ids:
        y = (labels == c).astype(float)
        ones = extra if c == extra_class else 0
        if not y.any() and not ones:
            skipped.append(int(c))
            continue
        v, status, _ = target_evidence(features, y, extra, ones)
        targets.append({"target": c if isinstance(c, str) else int(c), "rows": int(y.sum()) + ones, "value": digits(v), "status": status})
        values.append(v)
    mean = mp.inf if any(v == mp.inf for v in values) else sum(values) / len(values)
    entry = {"value": digits(mean), "targets": targets}
    if skipped:
        entry["skipped"] = skipped
    return entry


def regression(features, y):
    y = np.asarray(y, dtype=np.float64)
    y = y.reshape(len(y), -1)
    targets, values, skipped = [], [], []
    for c in range(y.shape[1]):
        v, status, _ = target_evidence(features, y[:, c])
        if status == "empty":
            skipped.append(c)
            continue
        targets.append({"target": c, "value": digits(v), "status": status})
        values.append(v)
    mean = mp.inf if any(v == mp.inf for v in values) else sum(values) / len(values)
    entry = {"value": digits(mean), "targets": targets}
    if skipped:
        entry["skipped"] = skipped
    return entry


def nce(source, target):
    n = len(source)
    total = mp.mpf(0)
    for z in sorted(set(source)):
        nz = sum(1 for s in source if s == z)
        for y in sorted(set(target)):
            nyz = sum(1 for s, t in zip(source, target) if s == z and t == y)
            if nyz:
                total += mp.mpf(nyz) / n * mp.log(mp.mpf(nyz) / nz)
    return digits(total)


def leep(theta, target):
    rows = _mpf(theta)
    n, cs = len(rows), len(rows[0])
    pz = [sum(r[z] for r in rows) / n for z in range(cs)]
    total = mp.mpf(0)
    joint = {y: [sum(r[z] for r, t in zip(rows, target) if t == y) / n for z in range(cs)] for y in set(target)}
    for r, t in zip(rows, target):
        total += mp.log(sum(joint[t][z] / pz[z] * r[z] for z in range(cs) if pz[z] > 0))
    return digits(total / n)


def hscore(features, labels):
    """tr(cov(f)^+ cov(g)), both divided by N; the pseudo-inverse over the exact rank."""
    f = mp.matrix(_mpf(features))
    n, d = f.rows, f.cols
    mean = [sum(f[i, j] for i in range(n)) / n for j in range(d)]
    cov = mp.matrix(d, d)
    for a in range(d):
        for b in range(d):
            cov[a, b] = sum((f[i, a] - mean[a]) * (f[i, b] - mean[b]) for i in range(n)) / n
    between = mp.matrix(d, d)
    for c in sorted(set(labels)):
        idx = [i for i in range(n) if labels[i] == c]
        m = [sum(f[i, j] for i in idx) / len(idx) - mean[j] for j in range(d)]
        for a in range(d):
            for b in range(d):
                between[a, b] += mp.mpf(len(idx)) / n * m[a] * m[b]
    values, vectors = mp.eigsy(cov)
    top = max(values)
    total = mp.mpf(0)
    for k in range(d):
        if values[k] > top * mp.mpf(10) ** -40:
            v = vectors[:, k]
            total += (v.T * between * v)[0] / values[k]
    return digits(total)


def _lexrank(primary, secondary):
    order = sorted(range(len(primary)), key=lambda i: (primary[i], secondary[i]))[::-1]
    rank = [0] * len(order)
    for r, i in enumerate(order):
        rank[i] = r
    return rank


def weighted_tau(x, y):
    """Vigna's weighted tau with hyperbolic weights, mean over both lexicographic rankings; not-a-number is smallest."""
    x = [-math.inf if v is None or math.isnan(v) else v for v in x]
    y = [-math.inf if v is None or math.isnan(v) else v for v in y]
    n = len(x)
    if n < 2:
        return "nan"

    def once(rank):
        num, sx, sy = mp.mpf(0), mp.mpf(0), mp.mpf(0)
        for i in range(n):
            for j in range(i):
                w = mp.mpf(1) / (rank[i] + 1) + mp.mpf(1) / (rank[j] + 1)
                a = (x[i] > x[j]) - (x[i] < x[j])
                b = (y[i] > y[j]) - (y[i] < y[j])
                num += w * a * b
                sx += w * a * a
                sy += w * b * b
        return None if sx == 0 or sy == 0 else num / mp.sqrt(sx * sy)

    a, b = once(_lexrank(x, y)), once(_lexrank(y, x))
    return "nan" if a is None or b is None else digits((a + b) / 2)


def tau_b(x, y):
    n = len(x)
    num = tx = ty = 0
    for i in range(n):
        for j in range(i):
            a = (x[i] > x[j]) - (x[i] < x[j])
            b = (y[i] > y[j]) - (y[i] < y[j])
            num, tx, ty = num + a * b, tx + a * a, ty + b * b
    return "nan" if tx == 0 or ty == 0 else digits(mp.mpf(num) / mp.sqrt(mp.mpf(tx) * ty))


def _midranks(v):
    return [sum(1 for b in v if b < a) + (sum(1 for b in v if b == a) + 1) / mp.mpf(2) for a in v]


def pearson(x, y):
    x, y = [mp.mpf(v) for v in x], [mp.mpf(v) for v in y]
    n = len(x)
    mx, my = sum(x) / n, sum(y) / n
    a = sum((u - mx) * (v - my) for u, v in zip(x, y))
    b = mp.sqrt(sum((u - mx) ** 2 for u in x) * sum((v - my) ** 2 for v in y))
    return "nan" if b == 0 else digits(a / b)


def spearman(x, y):
    return pearson(_midranks(x), _midranks(y))


# ---------------------------------------------------------------- the case list
class Cases:
    def __init__(self, folder, prefix):
        self.folder, self.prefix, self.items, self.counts = folder, prefix, [], {}

    def add(self, kind, reports, files, operation, expected, why, **more):
        short = more.pop("short", kind)
        self.counts[short] = self.counts.get(short, 0) + 1
        item = {"id": "%s-%s-%02d" % (self.prefix, short, self.counts[short]), "kind": kind, "reports": reports.split(),
                "files": files.split() if isinstance(files, str) else files, "operation": operation, "expected": expected, "why": why}
        item.update(more)
        for name in item["files"]:
            assert name in self.folder.written, name
        self.items.append(item)

    def save(self):
        with open(os.path.join(self.folder.base, "cases.json"), "w") as f:
            f.write("[\n" + ",\n".join(json.dumps(i, ensure_ascii=True) for i in self.items) + "\n]\n")
        used = {n for i in self.items for n in i["files"]}
        assert self.folder.written == used, self.folder.written ^ used
        return self.items


def error(*must_name, says):
    """Each must_name is a text, or a list of alternatives, that the one-sentence message contains (letter case ignored)."""
    return {"error": {"must_name": list(must_name), "says": says}}


def either(*options):
    return {"one_of": list(options)}
