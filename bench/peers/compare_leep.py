"""Compares LEEP of loaded arrays with the published numpy code, in turn, on the same file of f64 probabilities.

python compare_leep.py LEEP_IN_MEMORY FOLDER [--rounds N] [--rows N] [--source-classes Z] [--classes C] [--output FILE]

LEEP_IN_MEMORY is culogme_bench_leep_in_memory; FOLDER gets the files. Every round starts each program once; the first of
its repeats is not counted.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent


def generate(folder, rows, source_classes, classes):
    """Softmax of normal logits, larger where the source class is one of those that go with the label."""
    random = np.random.default_rng(20240608)
    folder.mkdir(parents=True, exist_ok=True)
    labels = random.permutation(np.arange(rows) % classes)
    probabilities = np.lib.format.open_memmap(
        folder / "probabilities.npy", mode="w+", dtype=np.float64, shape=(rows, source_classes))
    for first in range(0, rows, 5000):
        part = labels[first:first + 5000]
        logits = 1.5 * random.standard_normal((len(part), source_classes))
        logits += 3.0 * (np.arange(source_classes)[None, :] % classes == part[:, None])
        logits = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities[first:first + 5000] = logits / logits.sum(axis=1, keepdims=True)
    probabilities.flush()
    np.save(folder / "labels.npy", labels.astype(np.int64))


def run(command):
    return json.loads(subprocess.run([str(word) for word in command], check=True, capture_output=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=50000)
    parser.add_argument("--source-classes", type=int, default=1000)
    parser.add_argument("--classes", type=int, default=100)
    parser.add_argument("--output", type=pathlib.Path)
    arguments = parser.parse_args()

    generate(arguments.folder, arguments.rows, arguments.source_classes, arguments.classes)
    files = [arguments.folder / "probabilities.npy", arguments.folder / "labels.npy"]
    load_before = os.getloadavg()[0]
    own, published, ratios = [], [], []
    for _ in range(arguments.rounds):
        ours = run([arguments.program, *files, 6])
        theirs = run([sys.executable, HERE / "leep_published.py", *files, "--repeats", 3])
        own.append(statistics.median(ours["seconds"][1:]))
        published.append(statistics.median(theirs["seconds"][1:]))
        ratios.append(published[-1] / own[-1])
    report = {
        "rows": arguments.rows, "source_classes": arguments.source_classes, "classes": arguments.classes,
        "seconds": statistics.median(own), "published_seconds": statistics.median(published),
        "faster_than_published": statistics.median(ratios), "ratios": ratios,
        "difference": abs(ours["score"] - theirs["score"]), "score": ours["score"], "engine": ours["engine"],
        "numpy_blas": theirs["blas"], "load_before": load_before, "load_after": os.getloadavg()[0],
    }
    if report["difference"] > 1e-12 * max(1, abs(report["score"])):
        sys.exit(f"compare_leep.py: {ours['score']!r} and {theirs['score']!r} differ")
    print(f"LEEP of {report['rows']} x {report['source_classes']} probabilities, {report['classes']} classes: "
          f"culogme {report['seconds'] * 1e3:.1f} ms, published {report['published_seconds'] * 1e3:.1f} ms, "
          f"{report['faster_than_published']:.1f} x faster, values differ by {report['difference']:.1e}, "
          f"load average {report['load_before']:.2f} before, {report['load_after']:.2f} after")
    if arguments.output:
        arguments.output.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
