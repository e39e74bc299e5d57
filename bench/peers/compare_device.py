"""Compares the score of arrays in a CUDA device's memory with what runs there in torch, in turn, on the same files.

python compare_device.py ON_DEVICE FOLDER [--rounds N] [--slow-rounds N] [--output FILE]

ON_DEVICE is culogme_bench_on_device; FOLDER holds (or gets) the files of generate.py. Needs torch with CUDA, and the
PyPI package transformer-ranker (pip install --no-deps transformer-ranker==0.2.0) for the public implementation.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys

from compare import HERE, measured


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("on_device")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slow-rounds", type=int, default=1)
    parser.add_argument("--output", type=pathlib.Path)
    arguments = parser.parse_args()

    features, labels = arguments.folder / "features.npy", arguments.folder / "labels.npy"
    if not (features.exists() and labels.exists()):
        subprocess.run([sys.executable, HERE / "generate.py", arguments.folder], check=True)
    torch = [sys.executable, HERE / "torch_on_device.py"]
    programs = {"culogme": [arguments.on_device, features, labels, "6"],
                "best torch": torch + ["best", features, labels, "--repeats", "6"],
                "transformer-ranker": torch + ["transformer-ranker", features, labels, "--repeats", "3"]}
    seconds, scores, device = {name: [] for name in programs}, {}, "an unknown device"
    for number in range(arguments.rounds):
        for name, command in programs.items():
            slow = name == "transformer-ranker"
            if slow and number >= arguments.slow_rounds:
                continue
            report = json.loads(measured(command)[2])
            times, scores[name] = report["seconds"], report["score"]
            device = report.get("device", device)
            # The first makes handles and loads kernels.
            seconds[name].append(statistics.median(times[1:]))
    report = {"seconds": {name: statistics.median(times) for name, times in seconds.items()},
              "seconds_all": seconds, "scores": scores, "device": device}
    own = report["seconds"]["culogme"]
    report["faster_than"] = {name: value / own for name, value in report["seconds"].items() if name != "culogme"}
    print(f"on {report['device']}")
    for name, value in report["seconds"].items():
        print(f"{name:20} {value * 1e3:10.1f} ms  {value / own:8.2f} x  score {scores[name]:.12g}")
    if arguments.output:
        arguments.output.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
