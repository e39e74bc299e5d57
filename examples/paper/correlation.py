#!/usr/bin/env python3
"""How well LogME, LEEP and NCE order pre-trained models: on bundled data, and recomputed from published tables.

Real features: for each task every model's scores beside the accuracy of a trained probe and after fine-tuning, and the
weighted Kendall tau of each measure with its bootstrap interval; for regression against mean squared errors, where a
good measure has a negative tau. Published tables: the tau of each measure, beside that of a static ranker which never
looks at the data set: it orders the models by their mean rank on all the others.

Writes CSV files and correlation.json into --out.
"""

import argparse
import json
import pathlib
import sys

from command import FEWEST_FOR_INTERVAL, Command, npy_header, read_table, write_csv

HERE = pathlib.Path(__file__).resolve().parent
BUNDLED = HERE.parent / "data"
MEASURES = ("logme", "leep", "nce")
# Of these a small value is good.
ERRORS = ("mse", "left_out_mse")


def task_of(folder):
    """The task that the labels of a folder are for, as --task names it."""
    path = folder / "labels.npy"
    if not path.exists():
        return "classification"
    dtype, shape = npy_header(path)
    if dtype[1] == "f":
        return "regression"
    return "multilabel" if len(shape) == 2 and shape[1] > 1 else "classification"


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def left_out_error(command, folder, name, task):
    """Mean over the targets of the leave-one-out mean squared error in units of the target's variance."""
    paths = [folder / f"{name}{suffix}" for suffix in (".npy", ".npz", ".safetensors")]
    features = next((path for path in paths if path.exists()), None)
    if features is None:
        raise SystemExit(f"{folder} has no file of the features of {name}")
    result = command("predict", features, "--labels", folder / "labels.npy", "--task", task, "--leave-one-out")
    return mean(1 - r_squared for r_squared in result["r_squared"])


def summary(task, entry):
    """One row of a tau table, from an entry of `culogme evaluate`. No interval where there are too few models."""
    interval = (entry.get("interval") or {}).get("weighted_kendall") or [None, None]
    if entry["models"] < FEWEST_FOR_INTERVAL:
        interval = [None, None]
    return {
        "task": task,
        "measure": entry["measure"],
        "against": entry["accuracy"],
        "models": entry["models"],
        "weighted_kendall": entry["weighted_kendall"],
        "low": interval[0],
        "high": interval[1],
        "kendall": entry["kendall"],
        "regret_at_1": entry["regret_at_1"],
    }


def tau_rows(command, task, scores, known, column):
    """Rows of the tau table against one column of `known`."""
    entries = command.evaluate(scores, known, column)
    rows = [summary(task, entry) for entry in entries.values()]
    if column in ERRORS:
        # The command takes the largest value for the best one, so what a choice costs comes from the negated errors.
        negated = {name: {column: -row[column]} for name, row in known.items() if column in row}
        costs = command.evaluate(scores, negated, column)
        for row in rows:
            row["regret_at_1"] = costs[row["measure"]]["regret_at_1"]
    # Undefined for one model, and where all scores or all accuracies are equal.
    return [row for row in rows if row["weighted_kendall"] is not None]


def real_task(command, folder):
    """Scores, known accuracies and tau table of one folder of features."""
    task = task_of(folder)
    sources = list(folder.glob("*.probabilities.npy")) + list(folder.glob("*.source_labels.npy"))
    measures = MEASURES if task == "classification" and sources else MEASURES[:1]
    ranked = command("rank", folder, "--measure", ",".join(measures), "--task", task)
    scores = {
        model["name"]: {measure: value for measure, value in model["measures"].items() if value is not None}
        for model in ranked["models"]
    }
    known = {
        name: {key: value for key, value in row.items() if key in ("probe", "finetuned")}
        for name, row in read_table(folder / "accuracies.csv").items()
    }
    if task == "regression":
        for name, row in known.items():
            # The probe's accuracy is R^2, so this is its error in units of the target's variance.
            if "probe" in row:
                row["mse"] = 1 - row["probe"]
            if name in scores:
                row["left_out_mse"] = left_out_error(command, folder, name, task)
    taus = []
    for column in ("probe", "finetuned", *ERRORS):
        if sum(column in row for row in known.values()) > 1:
            taus += tau_rows(command, folder.name, scores, known, column)
    seconds = ranked["seconds"]["total"]
    return {"name": folder.name, "task": task, "scores": scores, "known": known, "taus": taus, "seconds": seconds}


def static_scores(accuracies, dataset):
    """Minus the mean rank (1 is best, ties share) of each model over the other data sets."""

    def rank(name, column):
        value = accuracies[name][column]
        others = [row[column] for row in accuracies.values()]
        return 1 + sum(other > value for other in others) + (sum(other == value for other in others) - 1) / 2

    columns = [column for column in next(iter(accuracies.values())) if column != dataset]
    return {name: {"static": -mean(rank(name, column) for column in columns)} for name in accuracies}


def joined(scores, static):
    return {name: {**row, **static[name]} for name, row in scores.items()}


def published_tables(command, folder):
    """Tau tables of the nine image data sets, the language models and SFDA's two groups of models."""
    names = sorted(
        path.name.removesuffix("_scores.csv") for path in folder.glob("*_scores.csv") if "glue" not in path.name
    )
    accuracies = {}
    for name in names:
        for model, row in read_table(folder / f"{name}_accuracies.csv").items():
            accuracies.setdefault(model, {})[name] = row["finetuned"]
    tables = {"images": [], "language": [], "sfda_group1": [], "sfda_group2": []}
    for name in names:
        scores = joined(read_table(folder / f"{name}_scores.csv"), static_scores(accuracies, name))
        entries = command.evaluate(scores, {model: {name: row[name]} for model, row in accuracies.items()}, name)
        tables["images"] += [summary(name, entry) for entry in entries.values()]

    glue = {kind: read_table(folder / f"glue_{kind}.csv") for kind in ("scores", "accuracies")}
    for task in next(iter(glue["scores"].values())):
        scores = joined(
            {model: {"logme": row[task]} for model, row in glue["scores"].items()},
            static_scores(glue["accuracies"], task),
        )
        tables["language"] += [
            summary(task, entry) for entry in command.evaluate(scores, glue["accuracies"], task).values()
        ]

    for group in ("sfda_group1", "sfda_group2"):
        accuracies = read_table(folder / f"{group}_accuracies.csv")
        for name in next(iter(accuracies.values())):
            entries = command.evaluate(static_scores(accuracies, name), accuracies, name)
            tables[group] += [summary(name, entry) for entry in entries.values()]
    return tables


def means_of(rows):
    """Mean tau of each measure over the data sets that have it, and over how many."""
    measures = dict.fromkeys(row["measure"] for row in rows)
    taus = {measure: [row["weighted_kendall"] for row in rows if row["measure"] == measure] for measure in measures}
    return {measure: {"mean": mean(values), "datasets": len(values)} for measure, values in taus.items()}


def compared(rows, measures=MEASURES):
    """How often each measure has the largest tau, and the means, over those data sets alone that have all measures."""
    taus = {}
    for row in rows:
        taus.setdefault(row["task"], {})[row["measure"]] = row["weighted_kendall"]
    complete = {task: values for task, values in taus.items() if all(measure in values for measure in measures)}
    largest = [max(measures, key=values.get) for values in complete.values()]
    common = [measure for measure in next(iter(taus.values())) if all(measure in row for row in complete.values())]
    return {
        "measures": list(measures),
        "datasets": list(complete),
        "left_out": [task for task in taus if task not in complete],
        "largest": {measure: largest.count(measure) for measure in measures},
        "means": {measure: mean(row[measure] for row in complete.values()) for measure in common},
    }


def write(out, tasks, tables, bundled):
    out.mkdir(parents=True, exist_ok=True)
    columns = [*MEASURES, "probe", "finetuned", *ERRORS]
    write_csv(
        out / "tasks.csv",
        ["task", "model", *columns],
        [
            [task["name"], name, *({**row, **task["known"].get(name, {})}.get(column) for column in columns)]
            for task in tasks
            for name, row in task["scores"].items()
        ],
    )
    tau_tables = {
        "tasks_tau": [row for task in tasks for row in task["taus"]],
        **{f"{name}_tau": rows for name, rows in tables.items()},
    }
    for name, rows in tau_tables.items():
        if rows:
            write_csv(out / f"{name}.csv", list(rows[0]), [list(row.values()) for row in rows])
    summary_of_all = {
        "bundled": bundled,
        "tasks": tasks,
        "published": tables,
        "means": {name: means_of(rows) for name, rows in tables.items()},
        "compared": compared(tables["images"]),
    }
    (out / "correlation.json").write_text(json.dumps(summary_of_all, indent=1) + "\n", encoding="utf-8")
    return summary_of_all


def interval_text(row):
    return "too few models" if row["low"] is None else f"{row['low']:.2f} to {row['high']:.2f}"


def show(result):
    print(f"{'task':<14} {'measure':<8} {'against':<13} models  weighted tau (95 % interval)")
    for row in [row for task in result["tasks"] for row in task["taus"]]:
        print(
            f"{row['task']:<14} {row['measure']:<8} {row['against']:<13} {row['models']:>6}  "
            f"{row['weighted_kendall']:6.3f} ({interval_text(row)})"
        )
    print("\nPublished tables: mean weighted tau over the data sets")
    for name, means in result["means"].items():
        print(
            f"{name:<14} "
            + ", ".join(f"{key} {value['mean']:.3f} ({value['datasets']})" for key, value in means.items())
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--culogme", required=True, help="the command")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder for the tables")
    parser.add_argument(
        "--data", type=pathlib.Path, default=BUNDLED, help="folder of tasks laid out as examples/data (default: that)"
    )
    arguments = parser.parse_args()
    command = Command(arguments.culogme)
    folders = sorted(path.parent for path in arguments.data.glob("*/accuracies.csv"))
    if not folders:
        raise SystemExit(f"{arguments.data} has no folder with an accuracies.csv")
    tasks = [real_task(command, folder) for folder in folders]
    bundled = arguments.data.resolve() == BUNDLED
    show(write(arguments.out, tasks, published_tables(command, BUNDLED / "benchmarks"), bundled))


if __name__ == "__main__":
    sys.exit(main())
