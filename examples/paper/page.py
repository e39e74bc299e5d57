#!/usr/bin/env python3
"""Draws the figures and writes one self-contained HTML page of all results beside what the papers say.

Reads what toy, correlation.py, bench/paper/complexity.py and early_stopping wrote into the folder; writes
figures/NAME.svg, claims.csv, claims.md and index.html there. early_stopping is read once for each seed.
"""

import argparse
import csv
import html
import json
import pathlib

import captions
import claims
import drawing
import figures
from command import FEWEST_FOR_INTERVAL, Command, write_csv

STYLE = """
:root{color-scheme:light dark;--line:#8885;--soft:#8882}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem;background:#fff;color:#1f2328}
@media(prefers-color-scheme:dark){body{background:#16181c;color:#e6e6e6}a{color:#7db4f0}}
h1,h2{line-height:1.2}h2{margin-top:2.5rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.875rem}
th,td{border-bottom:1px solid var(--line);padding:.3rem .6rem;text-align:left;vertical-align:top}
td.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
figure{margin:1.5rem 0}figcaption{font-size:.875rem}svg{width:100%;min-width:32rem;height:auto}
.verdict{white-space:nowrap;font-weight:600}
pre{background:var(--soft);padding:.6rem;overflow-x:auto}
"""


NO_BREAK = "\N{NO-BREAK SPACE}"
TABLES = {
    "images": "ten models on nine image data sets",
    "language": "four language models on GLUE",
    "sfda_group1": "SFDA's eleven supervised models",
    "sfda_group2": "SFDA's twelve self-supervised models",
}


def cell(value):
    if value is None or value == "":
        return "<td></td>"
    if isinstance(value, (int, float)):
        return f'<td class="number">{value if isinstance(value, int) else format(value, ".4g")}</td>'
    return f"<td>{html.escape(str(value))}</td>"


def table(caption, header, rows):
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in header)
    body = "".join("<tr>" + "".join(map(cell, row)) + "</tr>" for row in rows)
    # Wide tables scroll by keyboard too, which needs the focus and a name.
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{html.escape(caption)}"><table>'
        f"<caption>{html.escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def records(caption, rows, keys=None):
    if not rows:
        return f"<p>{html.escape(caption)}: none.</p>"
    keys = keys or list(rows[0])
    return table(caption, keys, [[row.get(key) for key in keys] for row in rows])


def claims_table(listed):
    head = "".join(
        f'<th scope="col">{name}</th>' for name in ("About", "Verdict", "The paper says", "Measured here", "Rule")
    )
    body = "".join(
        f'<tr><th scope="row">{html.escape(entry["about"])}</th><td class="verdict">{entry["verdict"]}</td>'
        f'<td>{html.escape(entry["said"])} <small>[{html.escape(entry["source"])}]</small></td>'
        f'<td>{html.escape(entry["measured"])}</td><td>{html.escape(entry["rule"])}</td></tr>'
        for entry in listed
    )
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="Claims"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def figure(name, pictures):
    title, picture = pictures[name]
    caption = html.escape(title)
    # On a phone the picture scrolls sideways rather than shrink until nobody can read it.
    scroll = f'<div class="scroll" role="region" tabindex="0" aria-label="{caption}">{picture}</div>'
    return f"<figure>{scroll}<figcaption>{caption}</figcaption></figure>"


def described(results):
    """{name of a figure: (title, alternative text)}"""
    correlation = results["correlation"]
    _, summary, curve = results["early_stopping"][0]
    return {
        "toy": captions.toy(results["toy"]),
        "correlation": captions.correlation(correlation["tasks"]),
        "published": captions.published(correlation["published"]["images"], correlation["compared"]),
        "complexity": captions.complexity(results["complexity"]),
        "early_stopping": captions.early_stopping(curve, summary),
    }


def draw(results, folder):
    """{name: (title, svg)}; the files are written too."""
    correlation = results["correlation"]
    _, summary, curve = results["early_stopping"][0]
    made = {
        "toy": figures.toy(results["toy"]),
        "correlation": figures.correlation(correlation["tasks"]),
        "published": figures.published(correlation["published"]["images"]),
        "complexity": figures.complexity(results["complexity"]),
        "early_stopping": figures.early_stopping(curve, summary),
    }
    folder.mkdir(exist_ok=True)
    pictures = {}
    for name, (title, description) in described(results).items():
        pictures[name] = (title, drawing.svg(made[name], name, title, description))
        (folder / f"{name}.svg").write_text(pictures[name][1], encoding="utf-8")
    return pictures


def scores_tables(tasks):
    columns = ["logme", "leep", "nce", "probe", "finetuned", "mse", "left_out_mse"]
    parts = []
    for task in tasks:
        rows = [{"model": name, **scores, **task["known"].get(name, {})} for name, scores in task["scores"].items()]
        used = [name for name in columns if any(name in row for row in rows)]
        parts.append(
            records(
                f"{task['name']}, {task['task']}: scored in {task['seconds']:.2f}{NO_BREAK}s", rows, ["model", *used]
            )
        )
    return "".join(parts)


def tau_table(caption, rows):
    """Data sets down, measures across: tau and its interval, where there are models enough for one."""
    measures = list(dict.fromkeys(row["measure"] for row in rows))
    cells = {
        (row["task"], row["measure"]): f"{row['weighted_kendall']:.2f} ({claims.interval_text(row)})" for row in rows
    }
    return table(
        caption,
        ["data set", *(drawing.NAMES[name] for name in measures)],
        [
            [task, *(cells.get((task, name)) for name in measures)]
            for task in dict.fromkeys(row["task"] for row in rows)
        ],
    )


def interval_rows(rows):
    """Rows of a tau table with their interval in one cell of text."""
    return [
        {
            "task": row["task"],
            "measure": drawing.NAMES[row["measure"]],
            "against": row["against"],
            "models": row["models"],
            "weighted tau": row["weighted_kendall"],
            f"95{NO_BREAK}% interval": claims.interval_text(row),
            "tau": row["kendall"],
            "regret at 1": row["regret_at_1"],
        }
        for row in rows
    ]


def real_text(correlation):
    """What the section of real models says, which depends on the tasks."""
    heads = {
        task["name"]: max(row["models"] for row in task["taus"] if row["measure"] == "leep")
        for task in correlation["tasks"]
        if any(row["measure"] == "leep" for row in task["taus"])
    }
    data = "the bundled data" if correlation["bundled"] else "other data than the bundled"
    few = [f"{html.escape(name)} ({count} models)" for name, count in heads.items() if count < FEWEST_FOR_INTERVAL]
    return (
        f"Features of real networks on {data}."
        " The probe is a cross-validated linear model; mse is its error in units of the target's variance (1 - R2),"
        " left_out_mse the same from <code>culogme predict --leave-one-out</code>. Regret at 1 is what choosing the"
        " best scored model costs: accuracy below the best model's, or error above the least. Below"
        f" {FEWEST_FOR_INTERVAL} models no interval is given, since resampling so few says nothing; and where the order"
        " is perfect it is so in every sample too, so that an interval from 1.00 to 1.00 tells nothing of other models."
        + (f" LEEP and NCE have few models with a head of source classes on {', '.join(few)}." if few else "")
    )


def cost_rows(cost):
    """Printed seconds beside measured ones; what is not measured here has no number."""
    extraction = claims.PRINTED_COST["feature extraction"]
    rows = [{"what": name, "printed s": value, "measured s": None} for name, value in claims.PRINTED_COST.items()]
    for row in rows:
        if row["what"] not in ("fine-tuning", "feature extraction"):
            row["what"] += ", with feature extraction"
    alone = claims.PRINTED_COST["LogME, optimised"] - extraction
    return rows + [
        {"what": "LogME alone, optimised (the difference)", "printed s": alone, "measured s": None},
        {
            "what": "LogME alone, fixed point (JMLR), numpy in fp64",
            "printed s": None,
            "measured s": cost["fixed_point_seconds"],
        },
        {
            "what": f"LogME alone, the culogme command from start to end ({cost['route']})",
            "printed s": None,
            "measured s": cost["command_seconds"],
        },
    ]


def complexity_text(result):
    """What was checked before anything was timed, and how to read the tables."""
    checks = "; ".join(
        f"{row['first']} and {row['second']} differ by {row['difference']:.1e} ({row['rows']} x {row['columns']})"
        for row in result["checks"]
    )
    routes = sorted({point["route"] for point in result["points"] if point["form"] == "library"})
    return (
        f"One run on one machine, BLAS of numpy: {html.escape(result['blas'])}. All give the same evidence: {checks}."
        " The numpy forms are timed in fp64, culogme by the route that it takes by itself, named beside each time"
        f" ({' or '.join(routes)}). Exponents are fitted to the {result['fitted_points']} largest sizes; beside them"
        " the slope that the expression itself has there, every constant one. Where rows, columns and classes grow"
        " together, the naive form is quartic and the optimised one cubic."
    )


def sections(results, pictures):
    correlation, means = results["correlation"], results["correlation"]["means"]
    compared = correlation["compared"]
    taus = [row for task in correlation["tasks"] for row in task["taus"]]
    mean_rows = [
        {
            "tables": TABLES[name],
            "measure": drawing.NAMES[measure],
            "mean weighted tau": value["mean"],
            "data sets": value["datasets"],
        }
        for name, group in means.items()
        for measure, value in group.items()
    ]
    printed = [
        {
            "tables": TABLES["sfda_group1"] + ", as printed there",
            "measure": name,
            "mean weighted tau": value,
            "data sets": 11,
        }
        for name, value in claims.PRINTED_SFDA.items()
    ]
    slopes = ["form", "against", "complexity", "degree", "slope_of_complexity", "measured_slope", "from", "to"]
    cost = results["complexity"]["cost"]
    left_out = f" (not {', '.join(compared['left_out'])})" if compared["left_out"] else ""
    common = [
        {
            "measure": drawing.NAMES[name],
            "mean weighted tau": value,
            "largest of the three on": compared["largest"].get(name),
        }
        for name, value in compared["means"].items()
    ]
    return [
        (
            "Toy problems",
            (
                "Three classes in the plane and a line, 600 rows; only the noise in the features changes. The band "
                "is the range of all seeds."
            ),
            figure("toy", pictures),
        ),
        (
            "Real pre-trained models",
            real_text(correlation),
            figure("correlation", pictures)
            + records("Weighted tau on real features", interval_rows(taus))
            + scores_tables(correlation["tasks"]),
        ),
        (
            "Published tables, recomputed",
            (
                "The static ranker orders models by their mean rank on the other data sets and never "
                f"looks at the one at hand. LogME, LEEP and NCE are compared on the {len(compared['datasets'])} data"
                f" sets that have all three{left_out}; the other means are over the data sets that each measure has."
            ),
            figure("published", pictures)
            + records(f"Means over the {len(compared['datasets'])} data sets that have LogME, LEEP and NCE", common)
            + records("Means over the data sets of each measure", mean_rows + printed)
            + "".join(tau_table(TABLES[name], rows) for name, rows in correlation["published"].items()),
        ),
        (
            "Three forms of LogME, and the library",
            complexity_text(results["complexity"]),
            figure("complexity", pictures)
            + records("Exponents", results["complexity"]["slopes"], slopes)
            + records("Seconds of one processor for one score", results["complexity"]["points"]),
        ),
        (
            "What a score costs",
            f"Seconds as the papers print them, beside those measured here on one processor for {cost['rows']} x"
            f" {cost['columns']} features and {cost['classes']} classes, the size of a"
            " common fine-tuning data set seen by a ResNet-50. Fine-tuning and feature extraction are not run here.",
            records("Seconds of one score", cost_rows(cost)),
        ),
        (
            "Stopping self-supervised training",
            (
                "A small contrastive network learns from 1797 unlabelled digits; LogME of its 32 features is taken"
                " after every epoch from streamed batches. The probe was trained at the end on the features of every"
                f" epoch. The figure shows {results['early_stopping'][0][0]}; seeds differ, so the claim is judged on"
                f" all {len(results['early_stopping'])}."
            ),
            figure("early_stopping", pictures)
            + records("Summary", [{"training": name, **row} for name, row, _ in results["early_stopping"]]),
        ),
    ]


def page(listed, parts, machine):
    count = {
        verdict: sum(entry["verdict"] == verdict for entry in listed)
        for verdict in (claims.AGREED, claims.PARTLY, claims.NOT)
    }
    body = "".join(
        f"<section><h2>{html.escape(title)}</h2><p>{text}</p>{content}</section>" for title, text, content in parts
    )
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,'
        f"initial-scale=1\"><title>LogME: the papers' experiments</title><style>{STYLE}</style></head><body><main>"
        "<h1>LogME: the papers' experiments</h1><p>Made by <code>examples/paper/run</code> with"
        f" {html.escape(machine)}."
        f"</p><section><h2>What agreed</h2><p>{', '.join(f'{number} {verdict}' for verdict, number in count.items())}."
        f"</p>{claims_table(listed)}</section>{body}</main></body></html>\n"
    )


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read_trainings(folder):
    """(name, summary, curve) of each seed that early_stopping was started with."""
    return [
        (
            path.name.replace("_", " "),
            rows_of(path / "early_stopping_summary.csv")[0],
            rows_of(path / "early_stopping.csv"),
        )
        for path in sorted((folder / "early_stopping").glob("seed_*"))
    ]


def read(folder):
    results = {
        name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("correlation", "complexity")
    }
    results["toy"] = rows_of(folder / "toy.csv")
    results["early_stopping"] = read_trainings(folder)
    return results


def markdown(listed):
    keys = ("about", "said", "source", "measured", "verdict", "rule")
    lines = ["| " + " | ".join(keys) + " |", "|" + " --- |" * len(keys)]
    return "\n".join(lines + ["| " + " | ".join(entry[key] for key in keys) + " |" for entry in listed]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--culogme", required=True, help="the command, asked for the machine it runs on")
    parser.add_argument("folder", type=pathlib.Path, help="where the results are and the page goes")
    arguments = parser.parse_args()
    results = read(arguments.folder)
    listed = claims.all_claims(results)
    write_csv(arguments.folder / "claims.csv", list(listed[0]), [list(entry.values()) for entry in listed])
    (arguments.folder / "claims.md").write_text(markdown(listed), encoding="utf-8")
    pictures = draw(results, arguments.folder / "figures")
    info = Command(arguments.culogme)("info")
    text = page(listed, sections(results, pictures), f"culogme {info['version']}, {info['engine']}")
    (arguments.folder / "index.html").write_text(text, encoding="utf-8")
    for entry in listed:
        print(f"{entry['verdict']:<14} {entry['about']}: {entry['measured']}")


if __name__ == "__main__":
    main()
