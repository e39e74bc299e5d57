"""The figures of the paper's experiments. Each function takes results and returns (title, alternative text, figure)."""

import drawing
from drawing import NAMES, STYLES


def band(axes, groups, style, label):
    """Mean over the groups' values with the band from the smallest to the largest."""
    x = sorted(groups)
    means = [sum(groups[value]) / len(groups[value]) for value in x]
    axes.fill_between(
        x,
        [min(groups[value]) for value in x],
        [max(groups[value]) for value in x],
        color=style["color"],
        alpha=0.25,
        linewidth=0,
    )
    axes.plot(x, means, label=label, **style)
    return means


def toy(rows):
    figure, panels = drawing.subplots(2, 7, 2.8)
    seeds = len({row["seed"] for row in rows})
    said = []
    for axes, task in zip(panels, ("classification", "regression")):
        groups, null = {}, 0.0
        for row in rows:
            if row["task"] == task:
                groups.setdefault(float(row["noise"]), []).append(float(row["logme"]))
                null = float(row["null_logme"])
        means = band(axes, groups, STYLES["logme"], "LogME")
        axes.axhline(null, linewidth=1, **{**STYLES["static"], "marker": ""})
        axes.annotate(
            "features without signal", (max(groups), null), xytext=(0, 4), textcoords="offset points", ha="right"
        )
        axes.set(title=task.capitalize(), xlabel="noise in the features", ylabel="LogME")
        said.append(f"{task} from {means[0]:.2f} to {means[-1]:.2f}")
    return (
        "Toy problems: LogME against the noise in the features",
        f"A curve for each task, mean and range of {seeds} seeds, from the least noise to the most: " + ", ".join(said) + ".",
        figure,
    )


def points(axes, x, y, labels):
    """Dots, with their names in a column at the right, so that names of neighbours do not cover each other."""
    axes.plot(x, y, linestyle="", marker="o", color=STYLES["logme"]["color"])
    axes.margins(0.05)
    low, high = axes.get_ylim()
    gap = 0.075
    heights = []
    for value in sorted((value - low) / (high - low) for value in y):
        heights.append(max(value, heights[-1] + gap) if heights else value)
    # What was pushed above the top comes down again, from the topmost name on.
    ceiling = 1.0
    for index in reversed(range(len(heights))):
        heights[index] = min(heights[index], ceiling)
        ceiling = heights[index] - gap
    for height, (up, right, label) in zip(heights, sorted(zip(y, x, labels))):
        axes.annotate(
            label,
            (right, up),
            xytext=(1.04, height),
            textcoords="axes fraction",
            va="center",
            fontsize=7,
            arrowprops={"arrowstyle": "-", "linewidth": 0.4, "color": drawing.INK, "alpha": 0.5},
        )


def correlation(tasks):
    columns = min(2, len(tasks))
    lines = -(-len(tasks) // columns)
    figure, panels = drawing.subplots(columns, 4.2 * columns, 2.9 * lines, lines, squeeze=False)
    said = []
    for axes in panels.flat[len(tasks) :]:
        axes.set_axis_off()
    for axes, task in zip(panels.flat, tasks):
        against = "mse" if task["task"] == "regression" else "probe"
        names = [name for name in task["scores"] if against in task["known"].get(name, {})]
        points(
            axes,
            [task["scores"][name]["logme"] for name in names],
            [task["known"][name][against] for name in names],
            names,
        )
        # None where no models have been probed, or too few for a tau.
        tau = next(
            (row["weighted_kendall"] for row in task["taus"] if (row["measure"], row["against"]) == ("logme", against)),
            None,
        )
        tau_text = "no weighted tau" if tau is None else f"weighted tau {tau:.2f}"
        axes.set(
            title=f"{task['name']}: {tau_text}",
            xlabel="LogME",
            ylabel="squared error of a probe" if against == "mse" else "accuracy of a probe",
        )
        said.append(f"{task['name']}, {len(names)} models, {tau_text} against {against}")
    return (
        "Real pre-trained models: LogME against what a trained probe reaches",
        "One scatter plot for each task: " + "; ".join(said) + ".",
        figure,
    )


def published(rows, means):
    datasets = list(dict.fromkeys(row["task"] for row in rows))
    figure, axes = drawing.subplots(1, 7, 4.2)
    measures = [name for name in STYLES if any(row["measure"] == name for row in rows)]
    for offset, measure in enumerate(measures):
        mine = [row for row in rows if row["measure"] == measure]
        height = [datasets.index(row["task"]) + 0.16 * (offset - (len(measures) - 1) / 2) for row in mine]
        style = {key: STYLES[measure][key] for key in ("color", "marker")}
        axes.plot([row["weighted_kendall"] for row in mine], height, linestyle="", label=NAMES[measure], **style)
        axes.hlines(
            height,
            [row["low"] for row in mine],
            [row["high"] for row in mine],
            color=style["color"],
            linewidth=1,
            alpha=0.6,
        )
    axes.axvline(0, color=drawing.INK, linewidth=0.6)
    axes.set(yticks=range(len(datasets)), yticklabels=datasets, xlabel="weighted Kendall tau, 95 % bootstrap interval")
    axes.invert_yaxis()
    axes.legend(loc="upper center", bbox_to_anchor=(0.45, 1.12), ncols=len(measures))
    wins = sum(
        max(
            (row for row in rows if row["task"] == name and row["measure"] != "static"),
            key=lambda row: row["weighted_kendall"],
        )["measure"]
        == "logme"
        for name in datasets
    )
    return (
        "Published scores of ten models on nine image data sets: how each measure orders them",
        f"Dots with their intervals for {len(datasets)} data sets. LogME has the largest tau of the measures on {wins} "
        "of them. Means: "
        + ", ".join(f"{NAMES[key]} {value['mean']:.2f}" for key, value in means.items())
        + ".",
        figure,
    )


FORM_STYLES = {
    "naive": STYLES["leep"],
    "optimised": STYLES["nce"],
    "fixed_point": STYLES["hscore"],
    "library": STYLES["logme"],
}
FORM_NAMES = {
    "naive": "naive (ICML)",
    "optimised": "optimised (ICML)",
    "fixed_point": "fixed point (JMLR)",
    "library": "culogme",
}


def complexity(result):
    figure, panels = drawing.subplots(2, 7, 3.2, sharey=True)
    letters = {"columns": "D", "rows": "N"}
    said = []
    for axes, variable in zip(panels, letters):
        for form, style in FORM_STYLES.items():
            mine = [point for point in result["points"] if point["sweep"] == variable and point["form"] == form]
            fitted = [row for row in result["slopes"] if row["against"] == variable and row["form"] == form]
            if not fitted:
                continue
            exponent = fitted[0]["measured_slope"]
            axes.loglog(
                [point[variable] for point in mine],
                [point["seconds"] for point in mine],
                label=f"{FORM_NAMES[form]}: {letters[variable]}^{exponent:.2f}",
                **style,
            )
            said.append(f"{FORM_NAMES[form]} {letters[variable]} to the {exponent:.2f}")
        fixed = {key: value for key, value in result["base"].items() if key != variable}
        sizes = sorted({point[variable] for point in result["points"] if point["sweep"] == variable})
        axes.set_xticks(sizes, [str(size) for size in sizes])
        axes.minorticks_off()
        axes.set(
            xlabel=f"{variable} {letters[variable]}", title=", ".join(f"{value} {key}" for key, value in fixed.items())
        )
        axes.legend(fontsize=7)
    panels[0].set_ylabel("processor seconds of one score")
    return (
        "Processor time of one score against columns and rows, with fitted exponents",
        "Log-log curves of four forms of LogME; fitted to the largest sizes: " + ", ".join(said) + ".",
        figure,
    )


def early_stopping(rows, summary):
    figure, axes = drawing.subplots(1, 7, 3)
    epochs = [int(row["epoch"]) for row in rows]
    axes.plot(epochs, [float(row["logme"]) for row in rows], label="LogME", **{**STYLES["logme"], "marker": ""})
    other = axes.twinx()
    other.spines["right"].set_visible(True)
    other.plot(
        epochs, [float(row["probe"]) for row in rows], label="accuracy of the probe", **{**STYLES["leep"], "marker": ""}
    )
    best, stopped, last = int(summary["best_epoch"]), int(summary["stopped_after"]), int(summary["epochs"])
    # The last epoch is no stop: training ends there anyhow.
    marks = [(best, "kept", 0.30)] + ([(stopped, "stop", 0.18)] if stopped < last else [])
    for epoch, name, level in marks:
        axes.axvline(epoch, color=drawing.INK, linewidth=0.7, linestyle=":")
        axes.annotate(
            f"{name}: epoch {epoch}",
            (epoch, level),
            xycoords=("data", "axes fraction"),
            xytext=(-3, 0),
            textcoords="offset points",
            ha="right" if epoch > epochs[-1] / 3 else "left",
        )
    axes.set(xlabel="epoch of self-supervised training", ylabel="LogME")
    other.set_ylabel("accuracy of a linear probe")
    lines = axes.get_lines()[:1] + other.get_lines()[:1]
    axes.legend(lines, [line.get_label() for line in lines], loc="lower right")
    return (
        "LogME after every epoch of self-supervised training, and the accuracy of a linear probe",
        (
            f"Two curves over {len(rows)} epochs, Spearman correlation {float(summary['spearman']):.2f}. The network of"
            f" epoch {best} was kept; "
            + (f"patience stopped after epoch {stopped}." if stopped < last else "patience did not stop before the end.")
        ),
        figure,
    )
