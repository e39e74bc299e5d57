#!/usr/bin/env python3
"""Times the forms of LogME against columns, rows and classes, and fits the exponents of the paper's complexity table.

naive and optimised (ICML 2021, forms.py), fixed_point (JMLR 2022, ../peers/published.py) and the library, in one run on
the same data. First all are checked to give the same evidence. Last, one score of features as large as those of the
papers' cost table. Writes complexity.csv, complexity_slopes.csv, cost.csv and complexity.json into --out.
"""

import argparse
import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

# One processor for every form, and its own time: exponents are of work, not of what threads make of it or of what else
# the machine does. Programs that are started from here inherit it; BLAS looks when it is loaded, so before numpy.
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import numpy as np  # noqa: E402

import forms  # noqa: E402

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "peers"))
import common  # noqa: E402
import published  # noqa: E402

BASE = {"rows": 4096, "columns": 128, "classes": 10}
SWEEPS = {
    "columns": [64, 128, 256, 512, 1024],
    "rows": [2048, 4096, 8192, 16384, 32768, 65536],
    "classes": [4, 8, 16, 32, 64, 128],
    # Columns, with rows and classes in proportion: what the papers mean by quartic and cubic.
    "together": [64, 128, 192, 256, 384],
}
FORMS = ("naive", "optimised", "fixed_point", "library")
# A form whose last point took longer than this is not measured at larger sizes of the same sweep.
PATIENCE = 4.0
# Slopes are fitted to this many of the largest sizes: small ones show what calls cost, not what grows.
FITTED = 3
# ResNet-50's features of the training images of Aircraft.
COST = {"rows": 6667, "columns": 2048, "classes": 100}

# As printed in the papers; the library's from docs/method.md. The expression has every constant one, and its degree is
# that of rows, columns and classes together.
TABLE = {
    "naive": ("O(C D^3 + C N D^2)", "quartic", lambda n, d, c: c * d**3 + c * n * d**2),
    "optimised": (
        "O(C D^2 + C N D + D^3 + N D^2)",
        "cubic",
        lambda n, d, c: c * d**2 + c * n * d + d**3 + n * d**2,
    ),
    "fixed_point": ("O(N D^2 + C N D)", "cubic", lambda n, d, c: n * d**2 + c * n * d),
    "library": ("O(N D^2 + N D + D^3 + C D^2)", "cubic", lambda n, d, c: n * d**2 + n * d + d**3 + c * d**2),
}


def shape(variable, size):
    """Rows, columns and classes of one point of a sweep."""
    if variable == "together":
        return {"rows": 8 * size, "columns": size, "classes": size // 8}
    return {**BASE, variable: size}


def problem(rows, columns, classes, seed=1):
    """Rectified features of a mixture, as a network's last layer gives them: f32 rows and balanced labels."""
    random = np.random.default_rng(seed)
    labels = random.permutation(np.arange(rows) % classes)
    centres = random.normal(size=(classes, 32))
    hidden = centres[labels] + 1.5 * random.normal(size=(rows, 32))
    values = hidden @ random.normal(size=(32, columns)) / 6 + 0.5 * random.normal(size=(rows, columns))
    return np.maximum(values, 0).astype(np.float32), labels.astype(np.int64)


class Library:
    """The programs of the build: the command for scores, the bench program for the time of arrays in memory."""

    def __init__(self, command, in_memory):
        self.command, self.in_memory = command, in_memory
        self.folder = tempfile.TemporaryDirectory()

    def save(self, features, labels):
        paths = [str(pathlib.Path(self.folder.name, name)) for name in ("features.npy", "labels.npy")]
        np.save(paths[0], features)
        np.save(paths[1], labels)
        return paths

    def score(self, features, labels, *options):
        features, labels = self.save(features, labels)
        return self.call(self.command, "score", features, "--labels", labels, *options, "--format", "json", "--quiet")

    def seconds(self, features, labels, repeats):
        """Seconds of the processor for each repeat, by the route that the library takes unless told otherwise."""
        return self.call(self.in_memory, *self.save(features, labels), str(repeats))["processor_seconds"]

    @staticmethod
    def call(*arguments):
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{arguments[0]} failed: {done.stderr.strip()}")
        return json.loads(done.stdout)


def check(library):
    """What should be equal is: the two ICML forms run to convergence and the library's maximum; the JMLR form and the
    library's `reference` procedure, all in fp64; and the library by the route that is timed, which it takes unless told
    otherwise, and by its fp64 route. Returns the differences; ends the program when one is too large.

    The forms' evidence is a maximum, so a step that is off by 1e-10 is off by its square there; what remains is the
    rounding of fp64 sums over N terms, for which 1e-10 is generous, and the library's own bound.
    """
    features, labels = problem(2000, 48, 7)
    exact = features.astype(np.float64)
    naive = forms.naive(exact, labels, 5000, 1e-12)[0]
    optimised = forms.optimised(exact, labels, 5000, 1e-12)[0]
    maximum = library.score(features, labels, "--precision", "f64")
    fixed_point = float(published.score(features, labels))
    reference = library.score(features, labels, "--precision", "f64", "--procedure", "reference")
    # Large enough that the library does not take f64 products by itself.
    large = problem(**shape("columns", max(SWEEPS["columns"])))
    default, f64 = library.score(*large), library.score(*large, "--precision", "f64")
    pairs = [
        ("naive", naive, "optimised", optimised, 0.0, exact.shape),
        ("optimised", optimised, "culogme, f64", maximum["score"], maximum["error_bound"], exact.shape),
        ("fixed point", fixed_point, "culogme, f64, reference procedure", reference["score"], 0.0, exact.shape),
        (
            f"culogme, {default['route']}",
            default["score"],
            f"culogme, {f64['route']}",
            f64["score"],
            default["error_bound"] + f64["error_bound"],
            large[0].shape,
        ),
    ]
    result = []
    for first, value, second, other, bound, size in pairs:
        allowed = 1e-10 + bound
        result.append(
            {
                "first": first,
                "second": second,
                "rows": size[0],
                "columns": size[1],
                "values": [value, other],
                "difference": abs(value - other),
                "allowed": allowed,
            }
        )
        if not abs(value - other) <= allowed:
            raise SystemExit(f"{first} gives {value!r} and {second} {other!r}: more than {allowed:.1e} apart")
    return result


def timed(form, library, features, labels):
    """Seconds of the processor for one score, the least of several; the steps of all classes where they are counted;
    and the route of the products.
    """
    repeats = 5
    if form == "library":
        return min(library.seconds(features, labels, repeats)), None, library.score(features, labels)["route"]
    function = {
        "naive": forms.naive,
        "optimised": forms.optimised,
        "fixed_point": lambda f, y: (published.score(f, y), None),
    }[form]
    exact = features.astype(np.float64)
    seconds, steps = [], None
    while len(seconds) < repeats and sum(seconds) < PATIENCE / 2:
        start = time.process_time()
        _, steps = function(exact, labels)
        seconds.append(time.process_time() - start)
    return min(seconds), steps, "f64"


def slope(sizes, values):
    return float(np.polyfit(np.log(sizes[-FITTED:]), np.log(values[-FITTED:]), 1)[0])


def measure(library, quick):
    points, slopes = [], []
    # BLAS starts its threads and the processor its clock before anything is timed.
    forms.optimised(problem(**BASE)[0].astype(np.float64), problem(**BASE)[1])
    for variable, sizes in SWEEPS.items():
        sizes = sizes[:2] if quick else sizes
        series = {form: [] for form in FORMS}
        for size in sizes:
            where = shape(variable, size)
            features, labels = problem(**where)
            for form in FORMS:
                if series[form] and series[form][-1]["seconds"] > PATIENCE:
                    continue
                seconds, steps, route = timed(form, library, features, labels)
                series[form].append(
                    {"sweep": variable, "form": form, "route": route, **where, "seconds": seconds, "steps": steps}
                )
                print(f"{variable:>8} {size:>6}  {form:<12} {seconds:10.5f} s  {route}", flush=True)
        for form, measured in series.items():
            points += measured
            if len(measured) < 2:
                continue
            sizes_of_form = sizes[: len(measured)]
            expression, degree, operations = TABLE[form]
            expected = [operations(point["rows"], point["columns"], point["classes"]) for point in measured]
            slopes.append(
                {
                    "form": form,
                    "against": variable,
                    "complexity": expression,
                    "degree": degree,
                    "slope_of_complexity": slope(sizes_of_form, expected),
                    "measured_slope": slope(sizes_of_form, [point["seconds"] for point in measured]),
                    "from": sizes_of_form[-FITTED:][0],
                    "to": sizes_of_form[-1],
                }
            )
    return points, slopes


def cost(library, quick):
    """Seconds of the processor for one score of the size of the papers' cost table: of an array in memory by numpy, and
    of a file by the whole command.
    """
    where = {"rows": 600, "columns": 64, "classes": 10} if quick else COST
    features, labels = problem(**where)
    start = time.process_time()
    published.score(features, labels)
    numpy_seconds = time.process_time() - start
    before = os.times()
    result = library.score(features, labels)
    after = os.times()
    return {
        **where,
        "fixed_point_seconds": numpy_seconds,
        "command_seconds": sum(after[2:4]) - sum(before[2:4]),  # of the children, user and system
        "route": result["route"],
    }


def write_table(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--culogme", required=True, help="the command")
    parser.add_argument("--in-memory", required=True, help="the program culogme_bench_in_memory")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder for the tables")
    parser.add_argument("--quick", action="store_true", help="only the two smallest sizes, to see that it runs")
    arguments = parser.parse_args()
    library = Library(arguments.culogme, arguments.in_memory)
    checks = check(library)
    for entry in checks:
        print(f"{entry['first']} and {entry['second']} differ by {entry['difference']:.1e}")
    points, slopes = measure(library, arguments.quick)
    arguments.out.mkdir(parents=True, exist_ok=True)
    write_table(arguments.out / "complexity.csv", points)
    write_table(arguments.out / "complexity_slopes.csv", slopes)
    price = cost(library, arguments.quick)
    print(
        f"{price['rows']} x {price['columns']}, {price['classes']} classes: fixed_point "
        f"{price['fixed_point_seconds']:.2f} s, the whole command {price['command_seconds']:.2f} s"
    )
    write_table(arguments.out / "cost.csv", [price])
    result = {
        "base": BASE,
        "fitted_points": FITTED,
        "blas": common.blas(),
        "checks": checks,
        "cost": price,
        "slopes": slopes,
        "points": points,
    }
    (arguments.out / "complexity.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    for entry in slopes:
        print(
            f"{entry['form']:<12} against {entry['against']:<8} measured {entry['measured_slope']:5.2f}, "
            f"{entry['complexity']} has {entry['slope_of_complexity']:.2f}"
        )


if __name__ == "__main__":
    main()
