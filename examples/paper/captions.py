"""Title and alternative text of each figure, from the results that it shows. Needs nothing that draws."""

from drawing import NAMES

FORM_NAMES = {
    "naive": "naive (ICML)",
    "optimised": "optimised (ICML)",
    "fixed_point": "fixed point (JMLR)",
    "library": "culogme",
}
# What a sweep's sizes are called; `together` counts its columns.
LETTERS = {"columns": "D", "rows": "N", "classes": "C", "together": "D"}
SWEEPS = ("columns", "rows", "classes", "together")


def toy(rows):
    seeds = len({row["seed"] for row in rows})
    said = []
    for task in ("classification", "regression"):
        groups = {}
        for row in rows:
            if row["task"] == task:
                groups.setdefault(float(row["noise"]), []).append(float(row["logme"]))
        least, most = (sum(groups[level]) / len(groups[level]) for level in (min(groups), max(groups)))
        said.append(f"{task} from {least:.2f} to {most:.2f}")
    return (
        "Toy problems: LogME against the noise in the features",
        f"A curve for each task, mean and range of {seeds} seeds, from the least noise to the most: {', '.join(said)}."
        " A line below each curve marks features without signal.",
    )


def against(task):
    """The column that LogME is drawn against."""
    return "mse" if task["task"] == "regression" else "probe"


def probed(task):
    """Names of the models whose probe is known."""
    return [name for name in task["scores"] if against(task) in task["known"].get(name, {})]


def tau_text(task):
    # None where no models have been probed, or too few for a tau.
    for row in task["taus"]:
        if (row["measure"], row["against"]) == ("logme", against(task)):
            return f"weighted tau {row['weighted_kendall']:.2f}"
    return "no weighted tau"


def correlation(tasks):
    said = [f"{task['name']}, {len(probed(task))} models, {tau_text(task)} against {against(task)}" for task in tasks]
    return (
        "Real pre-trained models: LogME against what a trained probe reaches",
        "One scatter plot for each task: " + "; ".join(said) + ".",
    )


def published(rows, compared):
    means = ", ".join(f"{NAMES[key]} {value:.2f}" for key, value in compared["means"].items())
    count = len(compared["datasets"])
    return (
        "Published scores of ten models on nine image data sets: how each measure orders them",
        f"Dots with their intervals for {len({row['task'] for row in rows})} data sets. {count} of them have LogME,"
        f" LEEP and NCE; LogME has the largest tau of the three on {compared['largest']['logme']} of those. Means over"
        f" those: {means}.",
    )


def fitted(result, variable, form):
    """The fitted exponent of one curve; None where it has too few points."""
    for row in result["slopes"]:
        if (row["against"], row["form"]) == (variable, form):
            return row["measured_slope"]
    return None


def complexity(result):
    said = []
    for variable in SWEEPS:
        exponents = {name: fitted(result, variable, form) for form, name in FORM_NAMES.items()}
        named = [f"{name} {value:.2f}" for name, value in exponents.items() if value is not None]
        what = "rows, columns and classes together" if variable == "together" else variable
        said.append(f"against {what}: {', '.join(named)}")
    return (
        "Processor time of one score against columns, rows, classes and all together, with fitted exponents",
        f"Log-log curves of four forms of LogME. Exponents fitted to the largest sizes, {'; '.join(said)}.",
    )


def early_stopping(rows, summary):
    best, stopped, last = (int(summary[key]) for key in ("best_epoch", "stopped_after", "epochs"))
    # The last epoch is no stop: training ends there anyhow.
    end = f"patience stopped after epoch {stopped}." if stopped < last else "patience did not stop before the end."
    return (
        "LogME after every epoch of self-supervised training, and the accuracy of a linear probe",
        f"Two curves over {len(rows)} epochs, Spearman correlation {float(summary['spearman']):.2f}. The network of"
        f" epoch {best} was kept; {end}",
    )
