"""What the papers say, beside what was measured here, and by which rule the two agree.

Sources: [ICML] You, Liu, Wang, Long: LogME, ICML 2021; [JMLR] You et al., JMLR 2022; [code] the figures, tables and
README that thuml/LogME shows; [SFDA] the README of TencentARC/SFDA.
"""

# Weighted tau of LogME in the figures of [ICML] and [code].
PRINTED_IMAGES = {
    "aircraft": 0.54,
    "birdsnap": 0.67,
    "caltech101": 0.70,
    "stanfordcars": 0.65,
    "cifar10": 0.78,
    "cifar100": 0.79,
    "dtd": 0.48,
    "oxfordiiitpets": 0.58,
    "sun397": 0.86,
}
PRINTED_LANGUAGE = {"mnli": 1.0, "qqp": 0.73, "qnli": 1.0, "sst2": 1.0, "cola": 1.0, "mrpc": 0.53, "rte": 1.0}
# Mean weighted tau over the 11 data sets of group 1 as printed in [SFDA].
PRINTED_SFDA = {"LEEP": 0.410, "LogME": 0.509, "NLEEP": 0.611, "PARC": 0.467, "SFDA": 0.710}

# Seconds in the cost table of [ICML], as [code] shows it. Measures include the extraction of the features.
PRINTED_COST = {
    "fine-tuning": 1.61e5,
    "feature extraction": 37.3,
    "LEEP": 37.3,
    "NCE": 37.5,
    "LogME, naive": 839.8,
    "LogME, optimised": 50.4,
}
PRINTED_SPEEDUP = 3000

# Printed with two digits, from tables that were rounded too.
PRINTED_TOLERANCE = 0.03
# Exponents: what a growing share of time in fast matrix products takes off a slope at sizes that fit ten minutes.
SLOPE_TOLERANCE = 0.35
# What stopping early may cost.
ACCURACY_TOLERANCE = 0.01

AGREED, PARTLY, NOT = "agreed", "partly", "did not agree"


def claim(about, said, source, measured, verdict, rule):
    return {"about": about, "said": said, "source": source, "measured": measured, "verdict": verdict, "rule": rule}


def interval_text(row):
    """The interval of a row of a tau table."""
    return "too few models for an interval" if row["low"] is None else f"{row['low']:.2f} to {row['high']:.2f}"


def share(good, count):
    """The verdict where each of several things may agree."""
    return AGREED if good == count else NOT if good == 0 else PARTLY


def toy(rows):
    series = {}
    for row in rows:
        series.setdefault((row["task"], row["seed"]), []).append((float(row["noise"]), float(row["logme"])))
    falling = sum(
        all(after[1] < before[1] for before, after in zip(points, points[1:]))
        for points in map(sorted, series.values())
    )
    return claim(
        "Toy problems",
        "LogME falls steadily as noise in the features grows",
        "ICML",
        f"{falling} of {len(series)} series (two tasks) fall at every step",
        share(falling, len(series)),
        "every step of every seed falls",
    )


def real(tasks):
    result = []
    for task in tasks:
        for row in task["taus"]:
            if row["measure"] != "logme" or row["against"] not in ("probe", "finetuned", "mse"):
                continue
            if task["task"] == "regression" and row["against"] == "probe":
                continue
            sign = -1 if row["against"] == "mse" else 1
            against = {
                "mse": "the mean squared error of a probe",
                "probe": "the accuracy of a trained probe",
                "finetuned": "the accuracy after fine-tuning",
            }[row["against"]]
            interval = interval_text(row)
            clear = row["low"] is not None and min(sign * row["low"], sign * row["high"]) > 0
            verdict = AGREED if clear else PARTLY if sign * row["weighted_kendall"] > 0 else NOT
            result.append(
                claim(
                    f"Real features: {task['name']}",
                    "negative correlation with the error" if sign < 0 else "positive correlation with the accuracy",
                    "ICML",
                    f"weighted tau {row['weighted_kendall']:.2f} ({interval}) "
                    f"against {against}, {row['models']} models",
                    verdict,
                    "the sign is right and the interval leaves out 0 (partly: the sign alone)",
                )
            )
    return result


def printed(about, said, source, expected, rows):
    taus = {row["task"]: row["weighted_kendall"] for row in rows if row["measure"] == "logme"}
    far = {name: value for name, value in expected.items() if not abs(taus[name] - value) <= PRINTED_TOLERANCE}
    measured = f"{len(expected) - len(far)} of {len(expected)} recomputed within {PRINTED_TOLERANCE}"
    if far:
        measured += "; not " + ", ".join(
            f"{name} ({value:.2f} printed, {taus[name]:.2f} recomputed)" for name, value in far.items()
        )
    return claim(
        about,
        said,
        source,
        measured,
        share(len(expected) - len(far), len(expected)),
        f"recomputed tau within {PRINTED_TOLERANCE} of the printed one",
    )


def comparisons(correlation):
    compared, means = correlation["compared"], correlation["means"]
    count, largest = len(compared["datasets"]), compared["largest"]["logme"]
    image = {name: value["mean"] for name, value in means["images"].items()}
    first = means["sfda_group1"]["static"]["mean"]
    return [
        claim(
            "LogME against LEEP and NCE",
            "LogME orders models better than LEEP and NCE",
            "ICML",
            f"largest tau of the three on {largest} of the {count} data sets that have all three; means over those:"
            f" LogME {compared['means']['logme']:.2f}, NCE {compared['means']['nce']:.2f},"
            f" LEEP {compared['means']['leep']:.2f}",
            share(largest, count),
            "largest on every data set that has all three",
        ),
        claim(
            "LogME against no measure at all",
            "(not asked) a measure should beat the order of the models on other data sets",
            "benchmark critique",
            f"static ranker {image['static']:.2f}, LogME {image['logme']:.2f}"
            f" (means of {means['images']['static']['datasets']}"
            f" image data sets); SFDA's supervised models: static ranker {first:.2f}, best printed measure"
            f" {max(PRINTED_SFDA.values()):.2f}",
            AGREED if image["logme"] > image["static"] else NOT,
            "LogME's mean tau is larger than the static ranker's",
        ),
    ]


def degrees(slopes):
    """Whether the naive form grows as the fourth power, and the optimised one as the third."""
    measured = {row["form"]: row["measured_slope"] for row in slopes if row["against"] == "together"}
    naive, optimised = measured["naive"], measured["optimised"]
    near = abs(naive - 4) <= SLOPE_TOLERANCE and abs(optimised - 3) <= SLOPE_TOLERANCE
    return claim(
        "Quartic and cubic",
        "the optimisation turns a quartic complexity into a cubic one",
        "ICML",
        f"rows, columns and classes growing together: naive to the {naive:.2f}, optimised to the {optimised:.2f},"
        f" fixed point to the {measured['fixed_point']:.2f}, culogme to the {measured['library']:.2f}",
        AGREED if near else PARTLY if naive - optimised >= 0.5 else NOT,
        f"within {SLOPE_TOLERANCE} of 4 and of 3 (partly: half a power apart)",
    )


def cost(measured):
    """The price of a score beside that of fine-tuning, of which only the first is measured here."""
    extraction, fine_tuning = PRINTED_COST["feature extraction"], PRINTED_COST["fine-tuning"]
    printed = PRINTED_COST["LogME, optimised"] - extraction
    seconds = measured["command_seconds"]
    times = fine_tuning / (extraction + seconds)
    return claim(
        "A score in seconds instead of fine-tuning for days",
        f"fine-tuning {fine_tuning:.0f} s, features and LogME {PRINTED_COST['LogME, optimised']} s:"
        f" {PRINTED_SPEEDUP} times as fast",
        "abstract and Table 4 of ICML",
        f"culogme scores {measured['rows']} x {measured['columns']}, {measured['classes']} classes, in {seconds:.2f} s"
        f" ({printed:.0f} s printed for LogME alone); with the printed extraction of {extraction} s {times:.0f} times"
        " as fast as the printed fine-tuning",
        AGREED if times >= PRINTED_SPEEDUP else PARTLY if seconds <= printed else NOT,
        f"at least {PRINTED_SPEEDUP} times; extraction and fine-tuning are not run here (partly: the score alone is as"
        " fast as printed)",
    )


def complexity(result):
    slopes = result["slopes"]
    near = [row for row in slopes if abs(row["measured_slope"] - row["slope_of_complexity"]) <= SLOPE_TOLERANCE]
    timed = {(point["form"], point["columns"]): point for point in result["points"] if point["sweep"] == "columns"}
    columns = max(size for form, size in timed if form == "naive")
    naive, optimised, library = (timed[form, columns]["seconds"] for form in ("naive", "optimised", "library"))
    route = timed["library", columns]["route"]
    iterated = [point for point in result["points"] if point["steps"]]
    steps = [point["steps"] / point["classes"] for point in iterated]
    mean_steps = sum(steps) / len(steps)
    return [
        claim(
            "Complexity",
            "naive O(C D³ + C N D²), optimised O(C D² + C N D + D³ + N D²), fixed point O(N D² + C N D)",
            "ICML, JMLR",
            f"{len(near)} of {len(slopes)} fitted exponents within {SLOPE_TOLERANCE} of the expression's own "
            "slope at the same sizes",
            share(len(near), len(slopes)),
            f"within {SLOPE_TOLERANCE}",
        ),
        degrees(slopes),
        cost(result["cost"]),
        claim(
            "Cost of the optimisation",
            "optimised is 61 times as fast as naive (about 800 s and 13 s beside 37 s of feature extraction)",
            "code, Table 4 of ICML",
            f"{naive / optimised:.0f} times at {columns} columns, both in fp64; culogme {naive / library:.0f} times, by"
            f" its route {route}",
            AGREED if naive / optimised >= 10 else PARTLY if naive > optimised else NOT,
            "at least 10 times: sizes and machine differ",
        ),
        claim(
            "Iterations",
            "about 3 iterations suffice",
            "ICML",
            f"{mean_steps:.1f} a class on average, {max(steps):.1f} on the data that take most, until alpha/beta moves"
            " by less than 1e-3 or 11 are done",
            AGREED if mean_steps <= 4 else PARTLY if mean_steps <= 6 else NOT,
            "at most 4 on average (partly: twice as many as said)",
        ),
    ]


def early_stopping(summaries):
    """Judged on every seed, since one alone may be lucky."""
    rows = [{key: float(value) for key, value in row.items()} for row in summaries]
    lost = [row["largest_probe"] - row["probe_of_best"] for row in rows]
    good = sum(
        row["spearman"] > 0.8 and row["epochs_saved"] > 0 and less <= ACCURACY_TOLERANCE
        for row, less in zip(rows, lost)
    )
    least = min(row["spearman"] for row in rows)
    return claim(
        "Early stopping (the outlook)",
        "LogME could tell when unsupervised pre-training may stop",
        "ICML",
        f"{good} of {len(rows)} seeds meet the rule. By seed: Spearman "
        + ", ".join(f"{row['spearman']:.2f}" for row in rows)
        + f" with the probe over {rows[0]['epochs'] + 1:.0f} epochs; "
        + ", ".join(f"{row['epochs_saved']:.0f}" for row in rows)
        + f" of {rows[0]['epochs']:.0f} epochs saved; accuracy of the kept network below the best of all epochs by "
        + ", ".join(f"{less:.4f}" for less in lost),
        AGREED if good == len(rows) else PARTLY if least > 0.5 else NOT,
        f"for every seed Spearman above 0.8, epochs saved, and at most {ACCURACY_TOLERANCE} of accuracy lost (partly:"
        " Spearman above 0.5 for every seed)",
    )


def all_claims(results):
    correlation = results["correlation"]
    return [
        toy(results["toy"]),
        *complexity(results["complexity"]),
        *real(correlation["tasks"]),
        printed(
            "Nine image data sets",
            "weighted tau of LogME as in the figure; the table is a later re-run, with other LogME "
            "values on Caltech101, DTD, Pets and SUN397",
            "ICML",
            PRINTED_IMAGES,
            correlation["published"]["images"],
        ),
        printed(
            "Language models on GLUE",
            "weighted tau of LogME as in the figure, from which the values were read (two models "
            "of RTE to the same one)",
            "code",
            PRINTED_LANGUAGE,
            correlation["published"]["language"],
        ),
        *comparisons(correlation),
        early_stopping([row for _, row, _ in results["early_stopping"]]),
    ]
