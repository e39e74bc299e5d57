#!/usr/bin/env python3
"""The figures of README.md: draws them from results, or checks that they and the sentence below them are what the code
makes from those.

    readme_figures.py --take build/paper    copies what they show from a full run into docs/figures/results, and draws
    readme_figures.py                       draws from docs/figures/results
    readme_figures.py --check               fails where a figure's text is not what the code writes; needs nothing that
                                            draws, but compares more where matplotlib is there
    ... --check --correlation FILE          fails too where FILE, a new correlation.json, would be described otherwise
"""

import argparse
import html
import importlib.util
import json
import pathlib
import re
import shutil
import sys

import captions
import drawing
import figures
import page

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "docs" / "figures"
RESULTS = FOLDER / "results"


def take(run):
    """Keeps what the two figures show: the real tasks, all seeds' summaries, and the first seed's curve."""
    shutil.rmtree(RESULTS, ignore_errors=True)
    RESULTS.mkdir(parents=True)
    correlation = json.loads((run / "correlation.json").read_text(encoding="utf-8"))
    kept = {"bundled": correlation["bundled"], "tasks": correlation["tasks"]}
    if not kept["bundled"]:
        raise SystemExit(f"{run} was not made from the bundled data")
    (RESULTS / "correlation.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    for path in sorted((run / "early_stopping").glob("seed_*")):
        kept_here = RESULTS / "early_stopping" / path.name
        kept_here.mkdir(parents=True)
        for name in ("early_stopping.csv", "early_stopping_summary.csv"):
            shutil.copyfile(path / name, kept_here / name)


def seeds_sentence():
    """What README.md says of all seeds."""
    rows = [{key: float(value) for key, value in summary.items()} for _, summary, _ in page.read_trainings(RESULTS)]

    def span(values, form):
        values = [format(value, form) for value in sorted(values)]
        return f"{values[0]} to {values[-1]}"

    lost = [row["largest_probe"] - row["probe_of_best"] for row in rows]
    return (
        f"Over {rows[0]['epochs'] + 1:.0f} epochs its Spearman correlation with a linear probe was"
        f" {span([row['spearman'] for row in rows], '.2f')} ({len(rows)} seeds; the figure is the first); patience"
        f" saved {span([row['epochs_saved'] for row in rows], '.0f')} of {rows[0]['epochs']:.0f} epochs and cost"
        f" {span(lost, '.2f')} of accuracy."
    )


def tasks_of(path):
    return json.loads(path.read_text(encoding="utf-8"))["tasks"]


def wanted():
    """{name: (title, alternative text, function that draws)}"""
    tasks = tasks_of(RESULTS / "correlation.json")
    _, summary, curve = page.read_trainings(RESULTS)[0]
    return {
        "correlation": (*captions.correlation(tasks), lambda: figures.correlation(tasks)),
        "early_stopping": (
            *captions.early_stopping(curve, summary),
            lambda: figures.early_stopping(curve, summary),
        ),
    }


def described(svg):
    """Title and alternative text of an SVG file."""
    return tuple(html.unescape(re.search(f"<{tag} [^>]*>(.*?)</{tag}>", svg, re.S)[1]) for tag in ("title", "desc"))


def words(svg):
    """All texts with a letter, sorted: the numbers at the axes depend on the version of matplotlib and on fonts."""
    texts = re.findall(r"<text [^>]*>(.*?)</text>", svg, re.S)
    return sorted(html.unescape(text.strip()) for text in texts if re.search("[A-Za-z]", text))


def stale(correlation):
    """What differs, as sentences."""
    found = []
    readme = (FOLDER.parents[1] / "README.md").read_text(encoding="utf-8")
    if seeds_sentence() not in " ".join(readme.split()):
        found.append(f"README.md does not say: {seeds_sentence()}")
    figures_can_be_drawn = importlib.util.find_spec("matplotlib") is not None
    for name, (title, description, draw) in wanted().items():
        svg = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
        if described(svg) != (title, description):
            found.append(f"{name}.svg says {described(svg)}, and the code {(title, description)}")
        if figures_can_be_drawn:
            now = words(drawing.svg(draw(), name, title, description))
            if words(svg) != now:
                found.append(f"{name}.svg shows the texts {words(svg)}, and the code draws {now}")
    if correlation is not None:
        now, kept = (captions.correlation(tasks_of(path)) for path in (correlation, RESULTS / "correlation.json"))
        if now != kept:
            found.append(f"the results have changed from {kept} to {now}")
    if not figures_can_be_drawn:
        print("matplotlib is not there: titles and descriptions were compared, and nothing was drawn")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--take", type=pathlib.Path, metavar="FOLDER", help="a full run's output")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--correlation", type=pathlib.Path, metavar="FILE")
    arguments = parser.parse_args()
    if arguments.check:
        found = stale(arguments.correlation)
        if found:
            found.append("draw them again: examples/paper/readme_figures.py --take build/paper")
            sys.exit("\n".join(found))
        print("the figures of README.md are up to date")
        return
    if arguments.take:
        take(arguments.take)
    for name, (title, description, draw) in wanted().items():
        (FOLDER / f"{name}.svg").write_text(drawing.svg(draw(), name, title, description), encoding="utf-8")


if __name__ == "__main__":
    main()
