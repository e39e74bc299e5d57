#!/usr/bin/env python3
"""Runs the papers' experiments on short inputs, with the programs of this build, and checks the page of their results.

    paper_test.py --source FOLDER --culogme PROGRAM --toy PROGRAM --early-stopping PROGRAM --in-memory PROGRAM
                  --out FOLDER

Exit code 77 (skipped) without numpy. Without matplotlib everything but the drawing is tested.
"""

import argparse
import html.parser
import importlib.util
import pathlib
import subprocess
import sys
import unittest

parser = argparse.ArgumentParser()
for option in ("--source", "--culogme", "--toy", "--early-stopping", "--in-memory", "--out"):
    parser.add_argument(option, type=pathlib.Path, required=True)
GIVEN = parser.parse_args()
PAPER = GIVEN.source / "examples" / "paper"
sys.path.insert(0, str(PAPER))

import captions  # noqa: E402
import claims  # noqa: E402
import correlation  # noqa: E402
import page  # noqa: E402
import readme_figures  # noqa: E402

DRAWS = importlib.util.find_spec("matplotlib") is not None
FIGURES = ("toy", "correlation", "published", "complexity", "early_stopping")
# Toy, complexity, degree, cost, cost of the optimisation, iterations; four of real features, two printed figures, two
# comparisons; early stopping.
CLAIMS = 6 + 4 + 2 + 2 + 1
SEEDS = (1, 2)


def experiments(out):
    """Everything that examples/paper/run does before the page, as short as it goes."""
    out.mkdir(parents=True, exist_ok=True)
    toy = subprocess.run([GIVEN.toy, "--seeds", "2"], check=True, capture_output=True, text=True).stdout
    (out / "toy.csv").write_text(toy, encoding="utf-8")
    digits = GIVEN.source / "examples" / "data" / "digit-images"
    commands = [
        [sys.executable, PAPER / "correlation.py", "--culogme", GIVEN.culogme, "--out", out],
        [
            sys.executable,
            GIVEN.source / "bench" / "paper" / "complexity.py",
            "--quick",
            "--culogme",
            GIVEN.culogme,
            "--in-memory",
            GIVEN.in_memory,
            "--out",
            out,
        ],
    ] + [
        [
            GIVEN.early_stopping,
            digits / "images.npy",
            digits / "labels.npy",
            "--epochs",
            "2",
            "--seed",
            str(seed),
            "--output",
            out / "early_stopping" / f"seed_{seed}",
        ]
        for seed in SEEDS
    ]
    for command in commands:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def setUpModule():
    experiments(GIVEN.out)


class Structure(html.parser.HTMLParser):
    """Counts elements, collects the text of rows, and sees that every element is closed in its turn."""

    VOID = {"meta", "br", "path", "use", "rect"}

    def __init__(self, text):
        super().__init__()
        self.counts, self.open, self.rows, self.outside = {}, [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.counts[tag] = self.counts.get(tag, 0) + 1
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append("")
        # Links to other parts of the page start with #.
        self.outside += [value for name, value in attrs if name in ("src", "href", "xlink:href") and value[:1] != "#"]

    def handle_endtag(self, tag):
        if tag not in self.VOID and self.open.pop() != tag:
            raise AssertionError(f"</{tag}> closes another element")

    def handle_data(self, data):
        if "tr" in self.open:
            self.rows[-1] += data + "|"


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.results = page.read(GIVEN.out)
        cls.listed = claims.all_claims(cls.results)
        if DRAWS:
            cls.pictures = page.draw(cls.results, GIVEN.out / "figures")
        else:
            print("matplotlib is not there: nothing is drawn")
            cls.pictures = {name: (title, "<svg></svg>") for name, (title, _) in page.described(cls.results).items()}
        cls.text = page.page(cls.listed, page.sections(cls.results, cls.pictures), "a test")
        (GIVEN.out / "index.html").write_text(cls.text, encoding="utf-8")
        cls.structure = Structure(cls.text)

    def test_has_every_figure_and_claim(self):
        self.assertEqual(tuple(self.pictures), FIGURES)
        self.assertEqual(self.structure.counts["figure"], len(FIGURES))
        self.assertEqual(self.structure.counts["svg"], len(FIGURES))
        self.assertEqual(len(self.listed), CLAIMS)
        for entry in self.listed:
            self.assertIn(entry["verdict"], (claims.AGREED, claims.PARTLY, claims.NOT))
            self.assertEqual(sum(entry["measured"] in row for row in self.structure.rows), 1, entry["measured"])

    def test_is_well_formed_and_needs_no_network(self):
        self.assertEqual(self.structure.open, [])
        self.assertEqual(self.structure.outside, [])
        self.assertNotRegex(self.text, r"\b(nan|None)\b")

    def test_keeps_percentages_in_one_piece(self):
        self.assertNotRegex(self.text, r"\d %")

    def test_has_a_curve_in_every_panel_of_the_complexities(self):
        if not DRAWS:
            self.skipTest("matplotlib is not there")
        for form in captions.FORM_NAMES.values():
            self.assertEqual(self.pictures["complexity"][1].count(f">{form}: "), len(captions.SWEEPS))

    def test_figures_are_described(self):
        if not DRAWS:
            self.skipTest("matplotlib is not there")
        for name, words in page.described(self.results).items():
            self.assertEqual(readme_figures.described(self.pictures[name][1]), words)

    def test_names_the_route_of_what_is_timed(self):
        for point in self.results["complexity"]["points"]:
            self.assertTrue(point["route"])
        self.assertIn("O(C D^3 + C N D^2)|quartic|", self.text_of_rows())

    def test_shows_printed_costs_beside_measured_ones(self):
        rows = self.text_of_rows()
        self.assertIn("fine-tuning|1.61e+05|", rows)
        self.assertIn("feature extraction|37.3|", rows)
        self.assertIn("the culogme command from start to end", rows)

    def text_of_rows(self):
        return "\n".join(self.structure.rows)


class Taus(unittest.TestCase):
    """The tau tables that correlation.py wrote."""

    @classmethod
    def setUpClass(cls):
        cls.results = page.read(GIVEN.out)["correlation"]
        cls.rows = [row for task in cls.results["tasks"] for row in task["taus"]]

    def test_fewer_than_five_models_have_no_interval(self):
        published = [row for rows in self.results["published"].values() for row in rows]
        for row in self.rows + published:
            self.assertEqual(row["low"] is None, row["models"] < 5, row)
            self.assertEqual(row["high"] is None, row["models"] < 5, row)
        self.assertTrue(any(row["models"] == 2 for row in self.rows))

    def test_choosing_the_least_error_costs_nothing(self):
        costs = {row["against"]: row["regret_at_1"] for row in self.rows if row["task"] == "glyph-shape"}
        # LogME's first is the model with the least error.
        self.assertEqual(costs, {"probe": 0, "mse": 0, "left_out_mse": 0})

    def test_choosing_another_costs_the_difference_of_errors(self):
        command = correlation.Command(GIVEN.culogme)
        scores = {name: {"logme": value} for name, value in (("a", 3.0), ("b", 2.0), ("c", 1.0))}
        known = {name: {"mse": value} for name, value in (("a", 0.5), ("b", 0.25), ("c", 0.75))}
        [row] = correlation.tau_rows(command, "task", scores, known, "mse")
        self.assertEqual(row["regret_at_1"], 0.25)
        self.assertLess(row["weighted_kendall"], 0)

    def test_measures_are_compared_where_all_are_known(self):
        compared = self.results["compared"]
        self.assertEqual(compared["left_out"], ["dtd"])
        self.assertEqual(len(compared["datasets"]), 8)
        self.assertEqual(sum(compared["largest"].values()), 8)

    def test_comparison_counts_wins(self):
        taus = {"x": {"logme": 0.5, "leep": 0.25}, "y": {"logme": 0.0, "leep": 0.75}, "z": {"logme": 1.0}}
        rows = [
            {"task": task, "measure": measure, "weighted_kendall": value}
            for task, values in taus.items()
            for measure, value in values.items()
        ]
        compared = correlation.compared(rows, ("logme", "leep"))
        self.assertEqual(compared["left_out"], ["z"])
        self.assertEqual(compared["largest"], {"logme": 1, "leep": 1})
        self.assertEqual(compared["means"], {"logme": 0.25, "leep": 0.5})


class Verdicts(unittest.TestCase):
    @staticmethod
    def training(spearman, probe_of_best, saved=50):
        return {
            "epochs": "180",
            "epochs_saved": str(saved),
            "spearman": str(spearman),
            "probe_of_best": str(probe_of_best),
            "largest_probe": "0.97",
        }

    def test_early_stopping_is_judged_on_every_seed(self):
        good, costly, bad = self.training(0.85, 0.965), self.training(0.85, 0.95), self.training(0.3, 0.965)
        self.assertEqual(claims.early_stopping([good, good])["verdict"], claims.AGREED)
        self.assertEqual(claims.early_stopping([good, costly])["verdict"], claims.PARTLY)
        self.assertEqual(claims.early_stopping([good, bad])["verdict"], claims.NOT)

    def test_degrees_need_quartic_and_cubic(self):
        def verdict(naive, optimised):
            slopes = {"naive": naive, "optimised": optimised, "fixed_point": 3.0, "library": 3.0}
            rows = [{"form": form, "against": "together", "measured_slope": value} for form, value in slopes.items()]
            return claims.degrees(rows)["verdict"]

        self.assertEqual(verdict(4.1, 2.9), claims.AGREED)
        self.assertEqual(verdict(3.4, 2.6), claims.PARTLY)
        self.assertEqual(verdict(3.0, 2.9), claims.NOT)


class ReadmeFigures(unittest.TestCase):
    def test_are_what_the_code_makes(self):
        self.assertEqual(readme_figures.stale(GIVEN.out / "correlation.json"), [])


if __name__ == "__main__":
    if importlib.util.find_spec("numpy") is None:
        print("numpy is not there")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1], verbosity=2)
