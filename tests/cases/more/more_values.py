"""Cases of make_more.py that have a value: other shapes, element types, scales and names."""
from types import SimpleNamespace

import numpy as np

import caselib as lib
from caselib import classification, either, error, npy_bytes, regression, safetensors_bytes

SCORE = "score features=%s labels=%s, classification"
REGRESSION = "score features=%s responses=%s, regression"


def common(folder):
    """31 rows, 5 columns, 4 classes: odd sizes, an f64 file and int32 labels."""
    x, y = lib.classes(901, 31, 5, 4)
    folder.put("base/x.npy", npy_bytes(x))
    folder.put("base/y.npy", npy_bytes(y.astype("<i4")))
    entry = classification(x, y)
    return SimpleNamespace(x=x, y=y, xf="base/x.npy", yf="base/y.npy", entry=entry, plain={"value": entry["value"]})


def add_cases(folder, cases, data):
    _score(folder, cases, data)
    _degenerate(folder, cases, data)
    _scale(folder, cases, data)
    _labels(folder, cases, data)
    _rows(folder, cases, data)
    _layout(folder, cases, data)
    _evaluate(folder, cases)
    _statistics(folder, cases, data)


def _score(folder, cases, d):
    def put(name, features, labels, why, **more):
        a = folder.put(f"score/{name}.npy", npy_bytes(features))
        b = folder.put(f"score/{name}_labels.npy", npy_bytes(labels))
        cases.add("score-value", "", [a, b], SCORE % (a, b), classification(features, labels), why, short="score", **more)

    def put_regression(name, features, responses, why, **more):
        a = folder.put(f"score/{name}.npy", npy_bytes(features))
        b = folder.put(f"score/{name}_responses.npy", npy_bytes(responses))
        cases.add("score-value", "", [a, b], REGRESSION % (a, b), regression(features, responses), why, short="score", **more)

    cases.add("score-value", "", [d.xf, d.yf], SCORE % (d.xf, d.yf), d.entry, "The plain case of this folder.", short="score")
    f, l = lib.classes(902, 12, 12, 3)
    put("square", f, l, "As many rows as columns.")
    f, l = lib.classes(903, 13, 12, 2)
    put("one_more_row", f, l, "One row more than columns: almost no residual is left.")
    f, l = lib.classes(904, 9, 1, 2)
    put("one_column", f, l, "One column.")
    f, l = lib.classes(905, 40, 6, 2)
    put("two_scales", f * 2.0 ** np.array([0, 0, 0, -12, -12, -12]), l, "Columns of unlike scales: several maxima are possible, the best counts.")
    put("common_mean", f + 1000, l, "A common mean of 1000 with a spread of 1: the first direction dwarfs the others.")
    f, l = lib.classes(906, 30, 4, 3)
    put("combined", np.hstack([f, f[:, :2] - f[:, 2:], 3 * f[:, :1]]), l, "Columns that are exact combinations of others: rank 4 of 7.")
    f, l = lib.classes(907, 15, 20, 2)
    put_regression("wide_response", f, lib.responses(908, f), "Fewer rows than columns, one real target.")
    f, _ = lib.classes(909, 36, 6, 3)
    y = np.stack([lib.responses(910 + k, f, 1 + k, 4 + 5 * k) for k in range(4)], 1)
    put_regression("four", f.astype("<f4"), y.astype("<f4"), "Four targets in f32.")
    put_regression("far_mean", f, y[:, :1] + 5000, "A target whose mean is far from zero, without intercept.")
    put_regression("exact", f, f @ np.array([1.0, -2, 0.5, 3, 0, 1]), "An exact linear target: no upper bound.")
    noise = np.array([lib.Stream(911 + i).integer(-8, 8) for i in range(36)]) * 2.0 ** -14
    put_regression("nearly_exact", f, f @ np.array([1.0, -2, 0.5, 3, 0, 1]) + noise, "A target that is linear but for a noise of 1e-4: the residual must not be a difference of sums.", tolerance=1e-7)
    s = lib.Stream(912)
    multi = np.array([[s.integer(0, 1), 1, int(i % 5 == 0)] for i in range(36)], dtype=bool)
    a, b = folder.put("score/multi.npy", npy_bytes(f)), folder.put("score/multi_labels.npy", npy_bytes(multi))
    cases.add("score-value", "", [a, b], f"score features={a} labels={b}, multi-label", regression(f, multi), "A bool matrix, one of its columns all true.", short="score")


def _degenerate(folder, cases, d):
    def put(name, features, labels, why, **more):
        a = folder.put(f"degenerate/{name}.npy", npy_bytes(features))
        b = folder.put(f"degenerate/{name}_labels.npy", npy_bytes(labels))
        cases.add("degenerate", "", [a, b], SCORE % (a, b), classification(features, labels), why, **more)

    put("zeros", np.zeros((10, 3)), np.arange(10) % 2, "All features zero: no direction at all, every class at its null evidence.")
    put("one_row", np.array([[1.5, -2.0, 0.25]]), np.array([0]), "One row: the evidence does not depend on the noise.")
    put("two_rows", np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([0, 1]), "Two rows of two classes.")
    f, _ = lib.classes(920, 12, 4, 2)
    put("own_classes", f, np.arange(12), "Every row is a class of its own.")
    put("twice", np.vstack([f, f]), np.array([0, 1] * 6 + [1, 0] * 6), "Each row twice, once in either class.")
    f, l = lib.classes(921, 30, 3, 3)
    put("gaps", f, np.array([4, 7, 12])[l], "Class ids 4, 7, 12.")
    put("constant_only", np.full((8, 1), -3.0), np.array([0, 0, 0, 1, 1, 1, 1, 1]), "One constant column.")
    responses = np.stack([lib.responses(922, f), np.zeros(30), np.full(30, 2.0)], 1)
    a, b = folder.put("degenerate/f.npy", npy_bytes(f)), folder.put("degenerate/responses.npy", npy_bytes(responses))
    cases.add("degenerate", "", [a, b], REGRESSION % (a, b), regression(f, responses), "A column of zeros is skipped, a constant one is not.")


def _scale(folder, cases, d):
    for power, dtype in ((90, "<f4"), (-120, "<f4"), (-140, "<f4"), (300, "<f8"), (-500, "<f8"), (-20, "<f2")):
        g = (d.x * 2.0 ** power).astype(dtype)
        assert (g.astype(float) == d.x * 2.0 ** power).all()
        name = folder.put(f"scale/x_{power}_{dtype[1:]}.npy".replace("-", "minus"), npy_bytes(g))
        cases.add("scale", "", [name, d.yf], SCORE % (name, d.yf), d.plain, f"Features times 2^{power} in {dtype}: the same value.")
    big = d.x * 2.0 ** 1000
    name = folder.put("scale/x_1000.npy", npy_bytes(big))
    cases.add("scale", "", [name, d.yf], SCORE % (name, d.yf), either(d.plain, error("x_1000.npy", ["overflow", "too large", "range", "scale"], says="the features are too large")), "Features times 2^1000.")
    raw = lib.bf16_bits(d.x * 2.0 ** 120)
    assert (lib.bf16_value(raw) == d.x * 2.0 ** 120).all()
    name = folder.put("scale/bf16_top.safetensors", safetensors_bytes([("x", "BF16", d.x.shape, raw.tobytes())]))
    cases.add("scale", "", [name, d.yf], SCORE % (name, d.yf), d.plain, "bf16 features near the top of their range.")
    unlike = d.x * 2.0 ** np.where(np.arange(31) < 16, -60, 0)[:, None]
    name = folder.put("scale/rows.npy", npy_bytes(unlike))
    cases.add("scale", "", [name, d.yf], SCORE % (name, d.yf), classification(unlike, d.y), "The first rows are 2^60 times smaller than the others.")


def _labels(folder, cases, d):
    def put(name, labels, why, expected=None, kind="npy", note="", operation=SCORE):
        b = folder.put(f"labels/{name}", labels if isinstance(labels, bytes) else npy_bytes(labels))
        cases.add("labels-encoding", "", [d.xf, b], operation % (d.xf, b) + note, expected or d.plain, why, short="labels")

    put("f8.npy", d.y.astype("<f8"), "Whole numbers in f64 are class ids under classification.")
    put("f4_column.npy", d.y.astype("<f4").reshape(-1, 1), "Whole numbers in f32, shape (31, 1).")
    put("big_endian.npy", d.y.astype(">i2"), "Big-endian 16-bit ids.", )
    put("sparse.npy", np.array([3, 10**6, 2**40, 2**40 + 1])[d.y], "Ids far apart: memory grows with their number.", either(d.plain, error("sparse.npy", str(2**40), says="id is too large")))
    names = np.array(["cat", "dog, small", "\u00e9t\u00e9", "zebra"])
    put("text.npy", names[d.y], "Texts with a comma and letters beyond ASCII.")
    put("text_be.npy", names[d.y].astype(">U10"), "Big-endian texts.")
    put("bytes.npy", np.array([b"a", b"bb", b"ccc", b"d"])[d.y], "Texts of bytes ('S3').")
    put("lines.txt", "".join(f"class {c}\r\n" for c in d.y).encode(), "One a line with CRLF, blanks inside.")
    put("bool.npy", d.y > 1, "Two classes as bools.", classification(d.x, (d.y > 1).astype(int), ids=[0, 1]) | {"targets": []})
    rows = "".join(f'r{i},"{names[c]}",{c}\n' for i, c in enumerate(d.y))
    folder.put("labels/table.csv", ("row,kind,id\n" + rows).encode())
    for column in ("kind", "id"):
        cases.add("labels-encoding", "", [d.xf, "labels/table.csv"], SCORE % (d.xf, f"labels/table.csv:{column}"), d.plain, "A column of a table, one with quoted commas.", short="labels")
    ignored = d.y.copy()
    ignored[[2, 11, 30]] = -100
    kept = ignored >= 0
    put("ignored.npy", ignored, "Rows that the user leaves out, the last one among them.", classification(d.x[kept], d.y[kept]), note=", label -100 ignored")


def _rows(folder, cases, d):
    s = lib.Stream(930)
    order = list(range(31))
    for i in range(30, 0, -1):
        j = s.integer(0, i)
        order[i], order[j] = order[j], order[i]
    bounds, numbers = [0, 1, 9, 11, 31], [0, 1, 9, 10]
    names = []
    for k, n in enumerate(numbers):
        part = slice(bounds[k], bounds[k + 1])
        names.append(folder.put(f"rows/parts/x_{n}.npy", npy_bytes(d.x[part])))
        names.append(folder.put(f"rows/labels/y_{n}.npy", npy_bytes(d.y[part])))
    pair = "accumulate the pair (rows/parts/x_K.npy, rows/labels/y_K.npy) for K = %s into %s statistics, merge them in that order, score"
    cases.add("rows", "", names, pair % ("1, 10, 0, 9", "four"), d.entry, "Parts of 1, 8, 2 and 20 rows; one part has one class only.")
    cases.add("rows", "", names[::2] + [d.yf], SCORE % ("rows/parts (a folder)", d.yf), either(d.plain, error("parts", ["folder", "directory"], says="rows/parts is a folder")), "A folder of parts 0, 1, 9, 10 in natural order.")
    unlike = []
    for k, power in ((0, -70), (1, 0), (2, 40)):
        part = slice(10 * k, 10 * k + 10)
        unlike.append(folder.put(f"rows/unlike/x_{k}.npy", npy_bytes(d.x[part] * 2.0 ** power)))
        unlike.append(folder.put(f"rows/unlike_labels/y_{k}.npy", npy_bytes(d.y[part])))
    whole = np.vstack([d.x[:10] * 2.0 ** -70, d.x[10:20], d.x[20:30] * 2.0 ** 40])
    pair = pair.replace("rows/parts", "rows/unlike").replace("rows/labels", "rows/unlike_labels")
    cases.add("rows", "", unlike, pair % ("0, 1, 2", "three"), classification(whole, d.y[:30]), "Each part is far larger than the one before: what was added is rescaled exactly.")


def _layout(folder, cases, d):
    def put(name, data, why, expected=None):
        a = folder.put(f"layout/{name}.npy", data)
        cases.add("npy-layout", "", [a, d.yf], SCORE % (a, d.yf), expected or d.plain, why, short="layout")

    put("v2_fortran_be", npy_bytes(d.x.astype(">f8"), version=2, fortran=True), "Version 2, column-major, big-endian.")
    put("half_be", npy_bytes(d.x.astype(">f2")), "Big-endian f16.")
    put("half_fortran", npy_bytes(d.x.astype("<f2"), fortran=True), "Column-major f16.")
    put("spaces", npy_bytes(d.x, header="{ 'shape' :(31,5) , 'fortran_order':False,'descr':'<f8'}"), "Blanks in other places.")
    put("long_header", npy_bytes(d.x, version=2, align=1 << 17), "A header of 128 KiB, as many blanks.")
    put("suffix", npy_bytes(d.x, header="{'descr': '<f8', 'fortran_order': False, 'shape': (31L, 5L), }"), "Sizes with the suffix of Python 2.", either(d.plain, error("suffix.npy", ["header", "shape"], says="the header's shape is no tuple of numbers")))
    one = classification(d.x[:, :1], d.y)
    put("vector", npy_bytes(d.x[:, 0]), "A vector: one column, or refused with its shape.", either({"value": one["value"]}, error("vector.npy", ["(31,)", "1-d", "one dimension", "1 dimension"], says="features have shape (31,)")))
    for dtype, factor in (("<i8", 16), ("<i2", 16), ("|i1", 16), (">u2", 0)):
        g = (d.x * 16 if factor else d.x * 16 + 128).astype(dtype)
        put("as_" + dtype.strip("<>|") + ("_be" if dtype[0] == ">" else ""), npy_bytes(g), "Integer features.", None if factor else classification(g.astype(float), d.y))
    put("as_bool", npy_bytes(d.x > 0), "Bools as features: zeros and ones, or a refusal.", either({"value": classification((d.x > 0).astype(float), d.y)["value"]}, error("as_bool.npy", ["bool", "|b1", "'b1'"], says="bool features cannot be read")))
    a = folder.put("layout/bf16_u2.npy", npy_bytes(lib.bf16_bits(d.x)))
    cases.add("npy-dtype", "", [a, d.yf], SCORE % (a + " (element type stated: bf16)", d.yf), d.plain, "bf16 saved as uint16.", short="dtype")


def _evaluate(folder, cases):
    def put(name, scores, accuracies, expected, why, head=("name,logme", "name,finetuned")):
        a = folder.put(f"evaluate/{name}_scores.csv", (head[0] + "\n" + "".join(f"{n},{v}\n" for n, v in scores)).encode())
        b = folder.put(f"evaluate/{name}_accuracies.csv", (head[1] + "\n" + "".join(f"{n},{v}\n" for n, v in accuracies)).encode())
        cases.add("evaluate", "", [a, b], f"evaluate scores={a} accuracies={b}", expected, why)

    def measures(s, a):
        return {"weighted_tau": lib.weighted_tau(a, s), "tau_b": lib.tau_b(a, s), "spearman": lib.spearman(a, s), "pearson": lib.pearson(a, s)}

    stream = lib.Stream(940)
    s = [stream.integer(-9, 9) / 8 for _ in range(14)]
    a = [v * 2 + stream.integer(0, 12) / 4 for v in s]
    names = ["resnet-%d" % (18 + i) for i in range(14)]
    put("fourteen", list(zip(names, s)), list(zip(names, a))[::-1], {"values": measures(s, a)}, "Fourteen models, negative scores, ties.")
    quoted = ['"vit, small"', '"say ""x"""', "plain", "\u00e9t\u00e9"]
    put("quoted", list(zip(quoted, [4, 3, 1, 2])), list(zip(quoted, [40, 10, 20, 30])), {"values": measures([4, 3, 1, 2], [40, 10, 20, 30])}, "Names with commas, quotes and letters beyond ASCII.")
    put("tied", list(zip("abc", [1, 1, 1])), list(zip("abc", [1, 2, 3])), {"values": {k: "nan" for k in ("weighted_tau", "tau_b", "spearman", "pearson")}}, "All scores are equal: nothing is defined.")
    put("exponents", list(zip("abcd", ["1e-3", "2.5E2", "-1e1", "+7"])), list(zip("abcd", [3, 4, 1, 2])), {"values": measures([1e-3, 250, -10, 7], [3, 4, 1, 2])}, "Numbers with exponents and signs.")
    put("disjoint", list(zip("abc", [1, 2, 3])), list(zip("xyz", [1, 2, 3])), error(["no model", "common", "both", "none", "missing", "accuracy", "match"], says="no model has a score and an accuracy"), "No model is in both files.")
    put("unequal", [("a", "1"), ("b", "2,5"), ("c", "3")], list(zip("abc", [1, 2, 3])), error("unequal_scores.csv", ["column", "fields", "cells"], says="line 3 has 3 fields, the header 2"), "A row with more cells than the header (a decimal comma).")


def _statistics(folder, cases, d):
    names = []
    for k, part in ((0, slice(0, 9)), (1, slice(9, 31))):
        names.append(folder.put(f"statistics/x_{k}.npy", npy_bytes(d.x[part])))
        names.append(folder.put(f"statistics/y_{k}.npy", npy_bytes(d.y[part])))
    rest = {"value": classification(d.x[9:], d.y[9:])["value"]}
    cases.add("statistics", "", names, "accumulate statistics/x_1.npy and x_0.npy with their labels, subtract x_0.npy with its labels, score", rest, "Subtracting the smaller part.", tolerance=1e-9)
    for operation, must in (("flip one bit anywhere in the file, load", ["checksum", "corrupt", "damaged", "version", "magic", "statistics file"]), ("cut 1 byte off, load", ["short", "truncated", "bytes", "damaged", "ends"])):
        cases.add("statistics", "", names[:2], "save the statistics of 9 rows, " + operation, error(must, says="the statistics file is damaged"), "Statistics with 5 columns.", tags=["described"])
    cases.add("statistics", "", names[2:], f"accumulate features={names[2]} labels={names[3]}, save; save again over it and kill the process at any moment; load", {"value": rest["value"]}, "The old file or the new one.", tags=["described"])
