"""Calls the `culogme` command, and reads and writes the small files that the paper's experiments exchange."""

import ast
import csv
import json
import pathlib
import struct
import subprocess
import tempfile

# Resampling fewer models than this tells nothing: a tau of two to four models often comes out the same in every sample.
FEWEST_FOR_INTERVAL = 5


class Command:
    """The command at `path`. Every score, tau and interval of these experiments is one that it printed."""

    def __init__(self, path):
        self.path = str(path)

    def __call__(self, *arguments):
        """The JSON object that the command prints. A command that fails ends the experiment with its message."""
        done = subprocess.run(
            [self.path, *map(str, arguments), "--format", "json", "--quiet"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise SystemExit(f"culogme {arguments[0]} gave exit code {done.returncode}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def evaluate(self, scores, accuracies, column):
        """`culogme evaluate` of two tables given as {model: {column: value}}: {measure: entry}."""
        with tempfile.TemporaryDirectory() as folder:
            paths = [pathlib.Path(folder, name) for name in ("scores.csv", "accuracies.csv")]
            for path, table in zip(paths, (scores, accuracies)):
                columns = list(dict.fromkeys(key for row in table.values() for key in row))
                write_csv(
                    path,
                    ["name", *columns],
                    [[name, *(row.get(key) for key in columns)] for name, row in table.items()],
                )
            result = self("evaluate", *paths, "--accuracy-column", column)
        return {entry["measure"]: entry for entry in result["measures"]}


def read_table(path):
    """{model: {column: number}} of a CSV whose first column names the models; empty cells are left out."""
    with open(path, newline="", encoding="utf-8") as file:
        header, *rows = [row for row in csv.reader(file) if row]
    return {row[0]: {column: float(cell) for column, cell in zip(header[1:], row[1:]) if cell != ""} for row in rows}


def write_csv(path, header, rows):
    """Numbers with all their digits; None is an empty cell."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([["" if cell is None else cell for cell in row] for row in rows])


def npy_header(path):
    """dtype (as numpy writes it) and shape of a .npy file, without numpy."""
    with open(path, "rb") as file:
        magic = file.read(8)
        if magic[:6] != b"\x93NUMPY":
            raise SystemExit(f"{path} is no .npy file")
        length = struct.unpack("<H", file.read(2))[0] if magic[6] == 1 else struct.unpack("<I", file.read(4))[0]
        header = ast.literal_eval(file.read(length).decode("latin-1"))
    return header["descr"], header["shape"]
