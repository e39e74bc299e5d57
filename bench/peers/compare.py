"""Compares the command with the Python peers on the same files: whole commands in turn, wall time and peak memory.

python compare.py COMMAND IN_MEMORY FOLDER [--rounds N] [--slow-rounds N] [--output FILE]

COMMAND is the culogme program, IN_MEMORY culogme_bench_in_memory; FOLDER holds (or gets) the files of generate.py.
The medians of whole commands count what a user waits for; the second table is the score alone, of loaded arrays.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent


def measured(command):
    """Runs a command; wall seconds, peak resident bytes, standard output."""
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"compare.py: {' '.join(map(str, command))} ended with {process.returncode}")
        output.seek(0)
        return seconds, usage.ru_maxrss * 1024, output.read().decode()


def in_process(command, score_key="score"):
    report = json.loads(measured(command)[2])
    return report["seconds"], report[score_key]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command")
    parser.add_argument("in_memory")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--slow-rounds", type=int, default=3)
    parser.add_argument("--output", type=pathlib.Path)
    arguments = parser.parse_args()

    features, labels = arguments.folder / "features.npy", arguments.folder / "labels.npy"
    if not (features.exists() and labels.exists()):
        subprocess.run([sys.executable, HERE / "generate.py", arguments.folder], check=True)
    ours = [arguments.command, "score", features, "--labels", labels, "--format", "json"]
    fast = {"culogme": ours, "best numpy": [sys.executable, HERE / "best_numpy.py", features, labels]}
    slow = {"culogme": ours, "published": [sys.executable, HERE / "published.py", features, labels]}

    load_before = os.getloadavg()[0]
    runs = {name: [] for name in ("culogme", "best numpy", "published")}
    ratios = {"best numpy": [], "published": []}
    for command in fast.values():  # the files into the page cache, the interpreter's modules too
        measured(command)
    for peer, programs, rounds in (("best numpy", fast, arguments.rounds), ("published", slow, arguments.slow_rounds)):
        for _ in range(rounds):
            once = {name: measured(command) for name, command in programs.items()}
            for name, run in once.items():
                runs[name].append(run)
            ratios[peer].append(once[peer][0] / once["culogme"][0])

    # The score alone, on loaded arrays, in turn as well: a process each time, the first of its repeats not counted.
    compute = {"culogme": [], "best numpy": []}
    for _ in range(max(3, arguments.rounds // 2)):
        seconds, _ = in_process([arguments.in_memory, features, labels, "4"])
        compute["culogme"].append(statistics.median(seconds[1:]))
        seconds, _ = in_process(fast["best numpy"] + ["--repeats", "4"])
        compute["best numpy"].append(statistics.median(seconds[1:]))
    published = json.loads(runs["published"][-1][2])
    numpy_report = json.loads(runs["best numpy"][-1][2])
    own_report = json.loads(runs["culogme"][-1][2])
    reference = json.loads(measured(ours + ["--procedure", "reference"])[2])

    report = {
        "load_before": load_before,
        "load_after": os.getloadavg()[0],
        "programs": {
            name: {
                "wall_seconds": statistics.median(run[0] for run in runs[name]),
                "wall_seconds_all": [run[0] for run in runs[name]],
                "peak_bytes": statistics.median(run[1] for run in runs[name]),
            }
            for name in runs
        },
        "compute_seconds": {name: statistics.median(values) for name, values in compute.items()},
        "published_compute_seconds": statistics.median(json.loads(run[2])["seconds"][0] for run in runs["published"]),
        "faster_than_published": statistics.median(ratios["published"]),
        "faster_than_best_numpy": statistics.median(ratios["best numpy"]),
        "faster_than_best_numpy_compute": statistics.median(
            theirs / own for own, theirs in zip(compute["culogme"], compute["best numpy"])),
        "scores": {"culogme": own_report["score"], "culogme error bound": own_report["error_bound"],
                   "best numpy": numpy_report["score"], "culogme --procedure reference": reference["score"],
                   "published": published["score"]},
        "engine": own_report["engine"],
        "numpy_blas": numpy_report["blas"],
    }
    peak = {name: values["peak_bytes"] for name, values in report["programs"].items()}
    report["memory_of_published"] = peak["culogme"] / peak["published"]

    print(f"culogme engine: {report['engine']}\nnumpy BLAS: {report['numpy_blas']}")
    print(f"load average before {report['load_before']:.2f}, after {report['load_after']:.2f}")
    for name, values in report["programs"].items():
        print(f"{name:12} whole command {values['wall_seconds']:.3f} s, peak {values['peak_bytes'] / 1e6:.0f} MB")
    for name, seconds in report["compute_seconds"].items():
        print(f"{name:12} score of loaded arrays {seconds:.3f} s")
    print(f"published    score of loaded arrays {report['published_compute_seconds']:.3f} s")
    print(f"against published: {report['faster_than_published']:.1f} x faster, "
          f"{report['memory_of_published']:.3f} of its memory")
    print(f"against best numpy: {report['faster_than_best_numpy']:.2f} x faster (whole command), "
          f"{report['faster_than_best_numpy_compute']:.2f} x (loaded arrays)")
    for name, value in report["scores"].items():
        print(f"{name}: {value:.9g}")
    if arguments.output:
        arguments.output.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
