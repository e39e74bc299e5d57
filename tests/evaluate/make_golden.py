"""Writes golden.txt: what scipy says about random lists with ties and NaN.

Run with numpy and scipy: python make_golden.py. One case a line, fields parted by ';', list values by spaces:
x; y; ranks; weightedtau with rank=True; rank=None; rank=False; rank=ranks; kendalltau (b); spearmanr; pearsonr.
The last three are taken over the pairs without NaN, and are nan where undefined. The tests read the file and need no
Python.
"""
import pathlib
import warnings

import numpy as np
import scipy
from scipy import stats

warnings.simplefilter("ignore")
generator = np.random.default_rng(20240817)


def values(n, kind):
    if kind == 0:  # heavy ties
        return generator.integers(0, max(2, n // 3), n).astype(float)
    if kind == 1:  # light ties
        return generator.integers(-n, 2 * n, n).astype(float)
    if kind == 2:  # no ties
        return np.round(generator.normal(size=n), 6)
    if kind == 3:  # a common part far larger than the spread
        return 1000 + np.round(generator.normal(size=n), 3)
    if kind == 4:  # signed zeros are equal
        return generator.choice([-1.0, -0.0, 0.0, 1.0], n)
    return np.full(n, 3.0)  # one value


def statistic(function, x, y):
    if len(x) < 2 or len(set(x)) < 2 or len(set(y)) < 2:
        return float("nan")
    return float(function(x, y).statistic)


def case(n, x_kind, y_kind, missing, related):
    x, y = values(n, x_kind), values(n, y_kind)
    if related:
        y = np.where(generator.random(n) < 0.7, x, y)
    if missing:
        x[generator.random(n) < 0.15] = np.nan
        y[generator.random(n) < 0.15] = np.nan
    ranks = generator.integers(0, n, n) if generator.random() < 0.3 else generator.permutation(n)
    # scipy 1.17 gives a list of nothing but NaN two ranks; the definition gives it one, all tied.
    if np.isnan(x).all() or np.isnan(y).all():
        return None
    taus = [float(stats.weightedtau(x, y, rank=rank).statistic) for rank in (True, None, False, ranks)]
    kept = ~(np.isnan(x) | np.isnan(y))
    others = [statistic(f, x[kept], y[kept]) for f in (stats.kendalltau, stats.spearmanr, stats.pearsonr)]
    lists = [" ".join(f"{v:.12g}" for v in x), " ".join(f"{v:.12g}" for v in y), " ".join(map(str, ranks))]
    return ";".join(lists + [repr(v) for v in taus + others])


def main():
    lines = []
    for n in [1, 2, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 17, 23, 31]:
        for x_kind in range(6):
            for y_kind in range(6):
                line = case(n, x_kind, y_kind, generator.random() < 0.4, generator.random() < 0.5)
                if line is not None:
                    lines.append(line)
    for n in [100, 127, 128, 129, 300]:
        for kind in range(5):
            lines.append(case(n, kind, (kind + 1) % 5, kind % 2 == 0, kind > 1))
    text = f"# scipy {scipy.__version__}, {len(lines)} cases, made by make_golden.py\n" + "\n".join(lines) + "\n"
    pathlib.Path(__file__).with_name("golden.txt").write_text(text)


main()
