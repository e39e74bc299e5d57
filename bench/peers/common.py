"""What both Python peers share: arguments, timing and the report line."""

import argparse
import json
import time

import numpy as np


def blas():
    """Name, version and kernel of the BLAS library that numpy loaded."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return "unknown (threadpoolctl is not installed)"
    for pool in threadpool_info():
        if pool["user_api"] == "blas":
            return f"{pool['internal_api']} {pool['version']} {pool.get('architecture', '')}".strip()
    return "unknown"


def run(score):
    """Scores the two files of the command line, `--repeats` times, and prints one line of JSON.

    `seconds` counts only the score of arrays that are loaded; the whole command is timed by whoever starts it.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("features")
    parser.add_argument("labels")
    parser.add_argument("--repeats", type=int, default=1)
    arguments = parser.parse_args()
    features = np.load(arguments.features)
    labels = np.load(arguments.labels)
    seconds = []
    value = None
    for _ in range(arguments.repeats):
        start = time.perf_counter()
        value = score(features, labels)
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"score": float(value), "seconds": seconds, "blas": blas()}))
