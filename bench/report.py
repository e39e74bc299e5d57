"""Joins what scripts/bench measured into results.json and results.md: python report.py FOLDER"""

import json
import pathlib
import sys

# How the counters of the stages are shown; the others stay as they are.
RATES = {"flop/s": "GF/s", "fma_peak": "GF/s", "library_together": "GF/s", "library_per_thread": "GF/s",
         "bytes/s": "GB/s", "copy_bytes/s": "GB/s", "gemm_peak": "GF/s"}
FRACTIONS = ("of_",)
STANDARD = {"name", "run_name", "run_type", "repetitions", "repetition_index", "threads", "iterations", "real_time",
            "cpu_time", "time_unit", "family_index", "per_family_instance_index"}


def shown(name, value):
    if name in RATES:
        return f"{name} {value / 1e9:.1f} {RATES[name]}"
    if name.startswith(FRACTIONS):
        return f"{name} {value:.3f}"
    return f"{name} {value:.4g}"


def stage_table(stages):
    lines = ["| stage | median, ms | |", "| --- | --- | --- |"]
    for entry in stages["benchmarks"]:
        if entry.get("error_occurred"):
            lines.append(f"| {entry['name'].removesuffix('/iterations:1/manual_time')} | | {entry['error_message']} |")
            continue
        counters = ", ".join(shown(name, value) for name, value in entry.items() if name not in STANDARD)
        lines.append(f"| {entry['name'].removesuffix('/iterations:1/manual_time')} | {entry['real_time']:.1f} | {counters} |")
    return lines


def peer_table(peers):
    lines = ["| program | whole command, s | peak memory, MB | score of loaded arrays, s |", "| --- | --- | --- | --- |"]
    compute = dict(peers["compute_seconds"], published=peers["published_compute_seconds"])
    for name, values in peers["programs"].items():
        lines.append(f"| {name} | {values['wall_seconds']:.3f} | {values['peak_bytes'] / 1e6:.0f} | {compute[name]:.3f} |")
    lines += ["", f"Against the published chain: {peers['faster_than_published']:.1f} times faster with "
              f"{peers['memory_of_published']:.3f} of its memory. Against the best numpy: "
              f"{peers['faster_than_best_numpy']:.2f} times faster as a whole command, "
              f"{peers['faster_than_best_numpy_compute']:.2f} times on loaded arrays. "
              f"Load average {peers['load_before']:.2f} before, {peers['load_after']:.2f} after. "
              f"culogme: {peers['engine']}; numpy: {peers['numpy_blas']}."]
    return lines


def main():
    folder = pathlib.Path(sys.argv[1])
    parts = {name: json.loads((folder / f"{name}.json").read_text())
             for name in ("stages", "peers", "leep", "large") if (folder / f"{name}.json").exists()}
    context = parts["stages"]["context"]
    lines = ["# Benchmark results", ""]
    for key in ("date", "engine", "device", "blas_kernel", "compiler", "commit", "num_cpus", "load_avg"):
        lines.append(f"- {key}: {context.get(key)}")
    lines += ["", "## Stages", "", "Every floor is measured in the same process, in turn with the library.", ""]
    lines += stage_table(parts["stages"])
    if "peers" in parts:
        lines += ["", "## Peers", "", "The same files, whole commands in turn, medians.", ""] + peer_table(parts["peers"])
    if "leep" in parts:
        leep = parts["leep"]
        lines += ["", f"LEEP of {leep['rows']} x {leep['source_classes']} f64 probabilities and {leep['classes']} classes, "
                  f"loaded arrays: {leep['seconds'] * 1e3:.1f} ms, published {leep['published_seconds'] * 1e3:.1f} ms, "
                  f"{leep['faster_than_published']:.1f} times faster in turn; the values differ by "
                  f"{leep['difference']:.1e}."]
    if "large" in parts:
        large = parts["large"]
        lines += ["", "## A large file", "",
                  f"{large['bytes'] / 1e9:.1f} GB ({large['rows']} rows of {large['features']}) scored in "
                  f"{large['seconds']:.1f} s ({large['bytes_per_second'] / 1e9:.2f} GB/s), at most "
                  f"{large['peak_resident_bytes'] / 1e6:.0f} MB resident."]
    (folder / "results.json").write_text(json.dumps(parts, indent=1) + "\n")
    (folder / "results.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
