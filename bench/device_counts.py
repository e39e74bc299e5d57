#!/usr/bin/env python3
"""Counts what scores cost on a CUDA device and compares it with the fewest possible.

    bench/device_counts.py [--program PATH] [--small] [--json FILE] -- PREFIX...

PREFIX starts a program under a profiler that counts, and has {profile} where the profiler wants the file it writes,
such as `TOOL --profile {profile} --`. The file is JSON; read_profile() says which keys it needs. Counts, not times:
they are the same on every device. What the program does without the score (--prepare) is counted too and subtracted.
What a library does inside a call (launches, memory traffic) is not counted, its flops are. Exit status 1 where a goal
is missed; docs/performance.md lists those that are.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field

SECTOR = 32  # bytes that a memory access moves at least
BYTES = {"f16": 2, "bf16": 2, "f32": 4, "f64": 8}
CHUNK_ROWS, MOST_TILE_ROWS, MOST_TILE_ELEMENTS = 128, 8192, 1 << 24  # as in kernels/launch.hpp and src/cpu/fold.cpp
CHAIN_ROWS = 1024  # of a product in f32 or of tensor cores
SLOT_BYTES = 2 << 20  # of page-locked memory, as in src/cuda/upload.cpp
PACKED_BYTES = {"f32": 4, "tf32": 4, "half": 2, "f64": 8}


@dataclass
class Kernel:
    launches: int = 0
    moved: int = 0     # bytes of the sectors that its accesses touch, those of one warp's access once
    distinct: int = 0  # bytes of different sectors: what a perfect cache would fetch
    asked: int = 0     # bytes that lanes loaded and stored, broadcasts counted for each lane
    conflicts: int = 0
    f64: int = 0       # lane instructions in f64


@dataclass
class Profile:
    kernels: dict = field(default_factory=dict)
    calls: dict = field(default_factory=dict)  # library function -> (calls, flops)
    syncs: int = 0
    memory: int = 0  # most bytes allocated at a time
    to_host: int = 0
    to_host_copies: int = 0


def read_profile(path):
    """The one place that knows the profiler's JSON:
    kernels: [{name, launches, sectors_moved, distinct_sectors, load_bytes, store_bytes, bank_conflict_cycles,
               lane_instructions: {fp64}}]      library_calls: [{name, calls, flops}]
    totals: {host_synchronisations, memory_high_water, d2h_bytes, d2h_count}"""
    data = json.loads(pathlib.Path(path).read_text())
    profile = Profile()
    for entry in data["kernels"]:
        name = entry["name"].split("(")[0].split("<")[0].split("::")[-1].removesuffix("_kernel")
        kernel = profile.kernels.setdefault(name, Kernel())
        kernel.launches += entry["launches"]
        kernel.moved += SECTOR * entry["sectors_moved"]
        kernel.distinct += SECTOR * entry["distinct_sectors"]
        kernel.asked += entry["load_bytes"] + entry["store_bytes"]
        kernel.conflicts += entry["bank_conflict_cycles"]
        kernel.f64 += entry["lane_instructions"]["fp64"]
    for entry in data["library_calls"]:
        calls, flops = profile.calls.get(entry["name"].split("[")[0], (0, 0))
        profile.calls[entry["name"].split("[")[0]] = (calls + entry["calls"], flops + entry["flops"])
    totals = data["totals"]
    profile.syncs, profile.memory = totals["host_synchronisations"], totals["memory_high_water"]
    profile.to_host, profile.to_host_copies = totals["d2h_bytes"], totals["d2h_count"]
    return profile


@dataclass
class Case:
    name: str
    rows: int
    cols: int
    classes: int
    element: str = "f32"
    precision: str = "f32"
    memory: str = "device"
    task: str = "classification"
    limit: int = 0

    def arguments(self):
        return ["--rows", self.rows, "--cols", self.cols, "--classes", self.classes, "--element", self.element,
                "--precision", self.precision, "--memory", self.memory, "--task", self.task,
                "--workspace-limit", self.limit]

    def product(self):
        return PACKED_BYTES[self.precision]

    def tile_rows(self):
        rows = MOST_TILE_ROWS
        while rows > 64 and rows * self.cols > MOST_TILE_ELEMENTS:
            rows //= 2
        rows = min(rows, -(-self.rows // CHUNK_ROWS) * CHUNK_ROWS)
        width = self.cols + (1 if self.task == "classification" else self.classes)
        while self.limit > 0 and rows > CHUNK_ROWS and rows * 24 * width > self.limit:
            rows = max(rows // 2 // CHUNK_ROWS * CHUNK_ROWS, CHUNK_ROWS)
        return rows

    def tiles(self):
        height = self.tile_rows()
        return [min(height, self.rows - row) for row in range(0, self.rows, height)]

    def products(self, rows):
        """Sums that a tile of so many rows has side by side, as DeviceFolder::narrow_products."""
        if self.precision not in ("tf32", "half"):
            return 1
        return max(min(2 * self.tile_rows() // self.cols, rows // CHAIN_ROWS), 1)

    def class_tiles(self):
        """Classes present in a tile, summed over the tiles: expected of labels in random order."""
        return sum(self.classes * (1 - (1 - 1 / self.classes) ** rows) for rows in self.tiles())


@dataclass
class Counted:
    case: Case
    profile: Profile
    syncs: int
    memory: int
    output: dict


def count(program, prefix, case):
    def run(extra):
        with tempfile.TemporaryDirectory() as folder:
            path = str(pathlib.Path(folder) / "profile.json")
            command = [part.replace("{profile}", path) for part in prefix] + [program] + case.arguments() + extra
            done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
            if done.returncode != 0:
                sys.exit(f"{' '.join(str(part) for part in command)}\n{done.stdout}{done.stderr}")
            return read_profile(path), json.loads(done.stdout.strip().splitlines()[-1])

    prepared, _ = run(["--prepare"])
    profile, output = run([])
    counted = Counted(case, profile, profile.syncs - prepared.syncs, profile.memory - prepared.memory, output)
    tiles = profile.kernels["pack_tile"].launches
    if tiles != len(case.tiles()):
        sys.exit(f"{case.name}: {tiles} tiles packed, {len(case.tiles())} expected: tile_rows() is out of date")
    return counted


def stages(counted):
    """(stage, kernels, fewest bytes) of a score of classes."""
    case, d, c = counted.case, counted.case.cols, counted.case.classes
    tiles, half = len(case.tiles()), counted.case.cols * (counted.case.cols + 1) // 2
    staged = case.memory == "host" or case.rows < case.tile_rows()
    labels = case.rows * (8 if staged else 4)
    packed = case.rows * d * (BYTES[case.element] + case.product()) + 16 * d * case.class_tiles()
    table = [("tile and class sums", ["pack_tile", "combine"], packed),
             ("sort of labels", ["sort_labels"], labels + 8 * case.rows),
             ("exponent rises (look only)", ["raise"], tiles * SECTOR)]
    if case.precision != "f64":
        sums = sum(4 * case.products(rows) + 16 for rows in case.tiles())
        table.append(("sum across tiles", ["add_gram"], half * sums))
    head = min(case.rows, 1024, case.tiles()[0]) * d * BYTES[case.element]
    table += [("frame of the first rows", ["largest", "feature_pilot"], head),
              ("mean put back", ["shift_gram", "trace"], 16 * half),
              ("column sums and F'Y", ["class_total", "shift_targets"], 24 * c * d),
              ("check of the decomposition", ["probe", "frobenius", "probe_sides"], 8 * half),
              ("evidence", ["evidence"], 16 * c * d)]
    return [row for row in table if all(name in counted.profile.kernels for name in row[1])]


def fewest_flops(case):
    n, d, c = case.rows, case.cols, case.classes
    product = {"f32": "cublasSsyrk", "f64": "cublasDsyrk"}.get(case.precision, "cublasGemmStridedBatchedEx")
    return {product: n * d * (d + 1),
            "cusolverDnXsyevd": 4 / 3 * d**3 + 2 * c * d * d, "cublasDgemm": 2 * c * d * d}


def memory_budget(counted):
    case, d, c = counted.case, counted.case.cols, counted.case.classes
    statistics = 8 * (d * d + (c + 1) * d + 2 * d + c) + 4 * d
    tiles = case.tile_rows() * d * (case.product() + 2 * BYTES[case.element])
    return statistics, tiles, counted.output["solver_workspace"]


def million(value):
    return f"{value / 1e6:.2f}"


def report_case(counted):
    case, profile = counted.case, counted.profile
    launches = sum(kernel.launches for kernel in profile.kernels.values())
    calls = sum(count for count, _ in profile.calls.values())
    print(f"## {case.name}\n\nN = {case.rows}, D = {case.cols}, C = {case.classes}, {case.element} in {case.memory} "
          f"memory, {case.precision} products, {len(case.tiles())} tiles of {case.tile_rows()} rows\n")
    print("| stage | launches | fewest, MB | moved, MB | ratio | touched, MB | moved / asked | bank conflicts |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for stage, names, fewest in stages(counted):
        kernels = [profile.kernels[name] for name in names]
        moved, distinct = sum(k.moved for k in kernels), sum(k.distinct for k in kernels)
        print(f"| {stage} | {sum(k.launches for k in kernels)} | {million(fewest)} | {million(moved)} | "
              f"{moved / fewest:.3f} | {million(distinct)} | {moved / sum(k.asked for k in kernels):.2f} | "
              f"{sum(k.conflicts for k in kernels)} |")
    print("\n| library call | calls | Gflop | fewest, Gflop | ratio |\n| --- | --- | --- | --- | --- |")
    fewest = fewest_flops(case)
    for name, (number, flops) in sorted(profile.calls.items()):
        least = fewest.get(name)
        print(f"| {name} | {number} | {flops / 1e9:.4f} | " +
              (f"{least / 1e9:.4f} | {flops / least:.2f} |" if least else "| |"))
    evidence = profile.kernels["evidence"]
    statistics, tiles, solver = memory_budget(counted)
    print(f"\n{launches} launches of our kernels and {calls} library calls; {counted.syncs} host synchronisations; "
          f"{profile.to_host} bytes to the host in {profile.to_host_copies} copies; "
          f"{evidence.f64 / case.classes / case.cols:.0f} f64 instructions per target and eigenvalue in the evidence.\n"
          f"Device memory of the score {million(counted.memory)} MB, budget {million(statistics + tiles + solver)} MB "
          f"(statistics {million(statistics)}, three tiles {million(tiles)}, solver {million(solver)}).\n")


def per_tile(program, prefix, cols, classes, task="classification", precision="f32"):
    """Launches and library calls of one more tile of 1024 rows, from 2 to 4 tiles and from 4 to 8."""
    numbers = []
    for tiles in (2, 4, 8):
        case = Case("per tile", 1024 * tiles, cols, classes, precision=precision, task=task, limit=1024 * 24 * (cols + (1 if task == "classification" else classes)))
        profile = count(program, prefix, case).profile
        numbers.append((sum(k.launches for k in profile.kernels.values()), sum(c for c, _ in profile.calls.values())))
    return [tuple((after - before) / tiles for before, after in zip(numbers[i], numbers[i + 1]))
            for i, tiles in ((0, 2), (1, 4))]


class Goals:
    def __init__(self):
        self.lines, self.all_met = [], True

    def add(self, text, met):
        self.lines.append(f"| {text} | {'yes' if met else '**no**'} |")
        self.all_met = self.all_met and met

    def print(self):
        print("## Goals\n\n| goal | holds |\n| --- | --- |")
        print("\n".join(self.lines))


def judge(counted_cases, goals):
    for counted in counted_cases:
        case, kernels = counted.case, counted.profile.kernels
        moved = sum(kernels[name].moved for name in ("pack_tile", "combine", "sort_labels", "raise"))
        fewest = sum(least for stage, _, least in stages(counted) if stage in ("tile and class sums", "sort of labels"))
        goals.add(f"{case.name}: tile and class sum kernels move {moved / fewest:.3f} of the fewest bytes (1.1)",
                  moved <= 1.1 * fewest)
        packing = kernels["pack_tile"]
        goals.add(f"{case.name}: packing touches {packing.moved / packing.asked:.3f} of the bytes it asks for, "
                  f"{packing.conflicts} bank conflicts (1, 0)",
                  packing.moved <= 1.01 * packing.asked and packing.conflicts == 0)
        if case.memory == "device":
            goals.add(f"{case.name}: host synchronisations {counted.syncs} (1)", counted.syncs == 1)
        else:  # a page-locked slot is waited for before it is filled again
            pieces = sum(-(-rows * case.cols * BYTES[case.element] // SLOT_BYTES) + 1 for rows in case.tiles())
            goals.add(f"{case.name}: host synchronisations {counted.syncs} (1, and {pieces} for pieces of page-locked "
                      "memory)", counted.syncs <= 1 + pieces)
        budget = sum(memory_budget(counted))
        goals.add(f"{case.name}: device memory {counted.memory / budget:.3f} of statistics + 3 tiles + solver "
                  "workspace (1)",
                  counted.memory <= budget)


def judge_evidence(program, prefix, goals):
    """Bytes that one more eigenvalue costs a target: 16 where it and the projection are read once."""
    classes, sizes = 20, (256, 512)
    profiles = [count(program, prefix, Case("evidence", 4096, d, classes)).profile for d in sizes]
    moved = [profile.kernels["evidence"].moved for profile in profiles]
    slope = (moved[1] - moved[0]) / classes / (sizes[1] - sizes[0])
    goals.add(f"evidence: {slope:.2f} bytes per eigenvalue and target, 8 of them the projection (16)", slope < 20)


def judge_launches(program, prefix, goals):
    for task, precision in (("classification", "f32"), ("classification", "f64"), ("regression", "f32"),
                            ("classification", "half")):
        found = {(d, c): per_tile(program, prefix, d, c, task, precision) for d, c in ((64, 5), (192, 5), (64, 40))}
        each = {slope for slopes in found.values() for slope in slopes}
        text = ", ".join(f"{own:g} + {calls:g}" for own, calls in sorted(each))
        goals.add(f"{task} {precision}: launches + library calls per tile of 1024 rows are {text} for D, C = "
                  f"{', '.join(f'{d}, {c}' for d, c in found)} from 2 to 4 and from 4 to 8 tiles (one value)",
                  len(each) == 1)


def main():
    if "--" not in sys.argv:
        sys.exit(__doc__)
    at = sys.argv.index("--")
    parser = argparse.ArgumentParser(usage="device_counts.py [options] -- PREFIX...")
    parser.add_argument("--program", default="build/bench/bench/culogme_bench_device_counts")
    parser.add_argument("--small", action="store_true", help="leave the 50000 x 2048 cases out")
    parser.add_argument("--json", help="also write the raw counts")
    options = parser.parse_args(sys.argv[1:at])
    prefix = sys.argv[at + 1:]
    if not any("{profile}" in part for part in prefix):
        sys.exit("the prefix needs {profile} where the profiler's file goes")

    cases = [Case("S", 10000, 512, 10), Case("S, f64 products", 10000, 512, 10, precision="f64"),
             Case("S, host memory", 10000, 512, 10, memory="host"), Case("S, f16", 10000, 512, 10, element="f16"),
             Case("S, f16, half products", 10000, 512, 10, element="f16", precision="half"),
             Case("S, tf32 products", 10000, 512, 10, precision="tf32"),
             Case("S, 1000 classes", 10000, 512, 1000)]
    if not options.small:
        cases += [Case("M", 50000, 2048, 100), Case("M, f64 products", 50000, 2048, 100, precision="f64"),
                  Case("M, host memory", 50000, 2048, 100, memory="host")]
    goals, counted_cases = Goals(), []
    for case in cases:
        counted_cases.append(count(options.program, prefix, case))
        report_case(counted_cases[-1])
    judge(counted_cases, goals)
    judge_evidence(options.program, prefix, goals)
    judge_launches(options.program, prefix, goals)
    goals.print()
    if options.json:
        rows = [{"case": vars(c.case), "syncs": c.syncs, "memory": c.memory, "output": c.output,
                 "kernels": {name: vars(k) for name, k in c.profile.kernels.items()}, "calls": c.profile.calls}
                for c in counted_cases]
        pathlib.Path(options.json).write_text(json.dumps(rows, indent=1) + "\n")
    sys.exit(0 if goals.all_met else 1)


if __name__ == "__main__":
    main()
