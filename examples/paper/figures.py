"""The figures of the paper's experiments. Each function draws what its namesake in captions.py describes."""

import captions
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


def toy(rows):
    figure, panels = drawing.subplots(2, 7, 2.8)
    for axes, task in zip(panels, ("classification", "regression")):
        groups, null = {}, 0.0
        for row in rows:
            if row["task"] == task:
                groups.setdefault(float(row["noise"]), []).append(float(row["logme"]))
                null = float(row["null_logme"])
        band(axes, groups, STYLES["logme"], "LogME")
        axes.axhline(null, linewidth=1, **{**STYLES["static"], "marker": ""})
        # Below the line, where no curve goes: a score falls to that of no signal, not under it.
        axes.annotate(
            "features without signal",
            (max(groups), null),
            xytext=(0, -4),
            textcoords="offset points",
            ha="right",
            va="top",
        )
        bottom, top = axes.get_ylim()
        axes.set_ylim(bottom - 0.08 * (top - bottom), top)
        axes.set(title=task.capitalize(), xlabel="noise in the features", ylabel="LogME")
    return figure


# Height of a name beside a plot, in inches.
NAME_HEIGHT = 0.135


def points(axes, height, x, y, labels):
    """Dots, with their names in a column at the right, so that names of neighbours do not cover each other, in axes of
    `height` inches: they have to be high enough for all names.
    """
    axes.plot(x, y, linestyle="", marker="o", color=STYLES["logme"]["color"])
    axes.margins(0.05)
    low, high = axes.get_ylim()
    gap = min(NAME_HEIGHT / height, 1 / max(len(y) - 1, 1))
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
    # What a panel's title, axis label and tick labels take.
    around = 0.8
    inside = max(2.1, NAME_HEIGHT * max(len(captions.probed(task)) for task in tasks))
    figure, panels = drawing.subplots(columns, 4.2 * columns, (inside + around) * lines, lines, squeeze=False)
    for axes in panels.flat[len(tasks) :]:
        axes.set_axis_off()
    for axes, task in zip(panels.flat, tasks):
        against, names = captions.against(task), captions.probed(task)
        points(
            axes,
            inside,
            [task["scores"][name]["logme"] for name in names],
            [task["known"][name][against] for name in names],
            names,
        )
        axes.locator_params(axis="x", nbins=5)
        axes.set(
            title=f"{task['name']}: {captions.tau_text(task)}",
            xlabel="LogME",
            ylabel="squared error of a probe" if against == "mse" else "accuracy of a probe",
        )
    return figure


def published(rows):
    datasets = list(dict.fromkeys(row["task"] for row in rows))
    figure, axes = drawing.subplots(1, 7, 4.2)
    measures = [name for name in STYLES if any(row["measure"] == name for row in rows)]
    for offset, measure in enumerate(measures):
        mine = [row for row in rows if row["measure"] == measure]
        height = [datasets.index(row["task"]) + 0.16 * (offset - (len(measures) - 1) / 2) for row in mine]
        style = {key: STYLES[measure][key] for key in ("color", "marker")}
        axes.plot([row["weighted_kendall"] for row in mine], height, linestyle="", label=NAMES[measure], **style)
        # Without an interval where there are too few models for one.
        bars = [(at, row["low"], row["high"]) for at, row in zip(height, mine) if row["low"] is not None]
        axes.hlines(
            [at for at, _, _ in bars],
            [low for _, low, _ in bars],
            [high for _, _, high in bars],
            color=style["color"],
            linewidth=1,
            alpha=0.6,
        )
    axes.axvline(0, color=drawing.INK, linewidth=0.6)
    axes.set(
        yticks=range(len(datasets)),
        yticklabels=datasets,
        xlabel="weighted Kendall tau, 95\N{NO-BREAK SPACE}% bootstrap interval",
    )
    axes.invert_yaxis()
    axes.legend(loc="upper center", bbox_to_anchor=(0.45, 1.12), ncols=len(measures))
    return figure


FORM_STYLES = {
    "naive": STYLES["leep"],
    "optimised": STYLES["nce"],
    "fixed_point": STYLES["hscore"],
    "library": STYLES["logme"],
}


def complexity(result):
    figure, panels = drawing.subplots(2, 7, 6.4, 2, sharey=True)
    for axes, variable in zip(panels.flat, captions.SWEEPS):
        letter, counted = captions.LETTERS[variable], "columns" if variable == "together" else variable
        mine = [point for point in result["points"] if point["sweep"] == variable]
        for form, style in FORM_STYLES.items():
            exponent = captions.fitted(result, variable, form)
            if exponent is None:
                continue
            curve = [point for point in mine if point["form"] == form]
            axes.loglog(
                [point[counted] for point in curve],
                [point["seconds"] for point in curve],
                label=f"{captions.FORM_NAMES[form]}: {letter}^{exponent:.2f}",
                **style,
            )
        sizes = sorted({point[counted] for point in mine})
        axes.set_xticks(sizes, [str(size) for size in sizes])
        axes.minorticks_off()
        if variable == "together":
            axes.set(xlabel="columns D", title="8 D rows, D / 8 classes: all grow")
        else:
            fixed = {key: value for key, value in result["base"].items() if key != variable}
            axes.set(xlabel=f"{variable} {letter}", title=", ".join(f"{value} {key}" for key, value in fixed.items()))
        axes.legend(fontsize=7)
    for axes in panels[:, 0]:
        axes.set_ylabel("processor seconds of one score")
    return figure


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
    # The last epoch is no stop: training ends there anyhow. The two lines share no height, so that neither crosses the
    # other's label.
    marks = [(best, "kept", 0.24, 1)] + ([(stopped, "stop", 0, 0.2)] if stopped < last else [])
    for epoch, name, low, high in marks:
        axes.axvline(epoch, low, high, color=drawing.INK, linewidth=0.7, linestyle=":")
        room = epoch < 0.8 * last
        axes.annotate(
            f"{name}: epoch {epoch}",
            (epoch, low + 0.06),
            xycoords=("data", "axes fraction"),
            xytext=(4 if room else -4, 0),
            textcoords="offset points",
            ha="left" if room else "right",
        )
    axes.set(xlabel="epoch of self-supervised training", ylabel="LogME")
    other.set_ylabel("accuracy of a linear probe")
    lines = axes.get_lines()[:1] + other.get_lines()[:1]
    # Above the plot: inside, a curve or a line may be anywhere.
    axes.legend(lines, [line.get_label() for line in lines], loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
    return figure
