"""Cases with values, labels, rows and .npy files (make_cases.py runs this)."""
import gzip
import io

from case_data import *  # noqa: F401,F403
from caselib import either, error, regression

add("score-value", "R001 R002", [XF, YF], f"score features={XF} labels={YF}, classification", BASE, "The plain case from which the others vary.", short="score")

# ------------------------------------------------------------------ score-value
f, l = lib.classes(102, 144, 24, 24, signal=60, noise=1)
put("score/many.npy", npy_bytes(f)); put("score/many_labels.npy", npy_bytes(l))
e = classification(f, l)
assert float(e["value"]) > 1
add("score-value", "R001", "score/many.npy score/many_labels.npy", "score features=score/many.npy labels=score/many_labels.npy, classification", e,
    "Many small classes and good features: the value is above 1, which is right for a log density per row.", short="score")
for name, g, why in (("padded", np.hstack([X[:, :3], np.zeros((48, 5)), X[:, 3:]]), "Columns of zeros change nothing."),
                     ("replicated", np.hstack([X, X, X]), "Three copies of every column change nothing (rank 8 of 24)."),
                     ("rotated", X @ np.kron(np.eye(2), np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]) / 2.0), "An orthogonal rotation (exact in binary) changes nothing.")):
    put(f"score/{name}.npy", npy_bytes(g))
    e = classification(g, Y)
    assert abs(float(e["value"]) - float(BASE["value"])) < 1e-14
    add("score-value", "R002", [f"score/{name}.npy", YF], f"score features=score/{name}.npy labels={YF}, classification", e, why, short="score")
f, l = lib.classes(12, 20, 40, 2)
put("score/wide.npy", npy_bytes(f.astype("<f4"))); put("score/wide_labels.npy", npy_bytes(l.astype("<i4")))
e = classification(f, l)
assert {t["status"] for t in e["targets"]} == {"interior", "interpolation"}
add("score-value", "R003", "score/wide.npy score/wide_labels.npy", "score features=score/wide.npy labels=score/wide_labels.npy, classification", e,
    "More columns than rows: one class has its best point inside, the other at zero noise, where the limit is finite. A stop after a few steps gives neither.", short="score")
f, l = lib.classes(104, 18, 30, 3)
f[15:18] = f[0:3]
put("score/wide_repeat.npy", npy_bytes(f)); put("score/wide_repeat_labels.npy", npy_bytes(l))
add("score-value", "R003", "score/wide_repeat.npy score/wide_repeat_labels.npy", "score features=score/wide_repeat.npy labels=score/wide_repeat_labels.npy, classification", classification(f, l),
    "More columns than rows and repeated rows: rank 15 < 18 rows < 30 columns.", short="score")
y1, y2 = lib.responses(105, X), lib.responses(106, X, 2, 20)
put("score/response.npy", npy_bytes(y1)); put("score/responses.npy", npy_bytes(np.stack([y1, y2], 1))); put("score/response_column.npy", npy_bytes(y1.reshape(-1, 1)))
add("score-value", "R004", [XF, "score/response.npy"], f"score features={XF} responses=score/response.npy, regression", regression(X, y1), "One real target.", short="score")
add("score-value", "R004", [XF, "score/response_column.npy"], f"score features={XF} responses=score/response_column.npy, regression", regression(X, y1), "The same target as a column of shape (48, 1).", short="score")
add("score-value", "R004", [XF, "score/responses.npy"], f"score features={XF} responses=score/responses.npy, regression", regression(X, np.stack([y1, y2], 1)), "Two targets: each with its own optimum, then the mean.", short="score")
s = lib.Stream(107)
multi = np.array([[int(Y[i] == c) | (s.integer(0, 4) == 0) for c in range(3)] for i in range(48)], dtype=np.uint8)
put("score/multilabel.npy", npy_bytes(multi))
add("score-value", "R004", [XF, "score/multilabel.npy"], f"score features={XF} labels=score/multilabel.npy, multi-label", regression(X, multi), "A 0/1 matrix with several ones in a row: mean over its columns.", short="score")

# ------------------------------------------------------------------ degenerate
g = np.hstack([X, np.full((48, 1), 2.5)])
put("degenerate/constant.npy", npy_bytes(g))
add("degenerate", "R009 R011", ["degenerate/constant.npy", YF], f"score features=degenerate/constant.npy labels={YF}, classification", classification(g, Y), "A constant column is an ordinary column; there is no centring.")
g = np.tile(np.array([[1.0, -2.0, 0.5, 3.0]]), (48, 1))
put("degenerate/all_constant.npy", npy_bytes(g))
add("degenerate", "R011", ["degenerate/all_constant.npy", YF], f"score features=degenerate/all_constant.npy labels={YF}, classification", classification(g, Y), "All rows equal: rank 1, zero variance everywhere, still a finite value.")
one = np.zeros(48, dtype=np.int64)
put("degenerate/one_class.npy", npy_bytes(one))
add("degenerate", "R010", [XF, "degenerate/one_class.npy"], f"score features={XF} labels=degenerate/one_class.npy, classification", classification(X, one), "Only one class: its target is 1 in every row.")
g = np.hstack([X, np.ones((48, 1))])
put("degenerate/bias.npy", npy_bytes(g))
e = classification(g, one)
assert e["value"] == "inf"
add("degenerate", "R010", ["degenerate/bias.npy", "degenerate/one_class.npy"], f"score features=degenerate/bias.npy labels=degenerate/one_class.npy, classification",
    either(e, error(["0", "target", "class"], ["exact", "linear", "unbounded", "infinite"], says="class 0 is an exact linear function of the features, so its evidence has no upper bound")),
    "One class and a column of ones: the evidence grows without bound. Infinity with that status, or a sentence; never a finite number.", assumption="the design does not say which of the two")
gaps = np.array([0, 2, 5])[Y]
put("degenerate/gaps.npy", npy_bytes(gaps))
add("degenerate", "R012", [XF, "degenerate/gaps.npy"], f"score features={XF} labels=degenerate/gaps.npy, classification", classification(X, gaps), "Class ids 0, 2, 5: classes 1, 3, 4 are empty, skipped and reported; the value is that of 0, 1, 2.")
single = Y.copy(); single[7] = 3
put("degenerate/singleton.npy", npy_bytes(single))
add("degenerate", "R012", [XF, "degenerate/singleton.npy"], f"score features={XF} labels=degenerate/singleton.npy, classification", classification(X, single), "A class with one row is scored like any other.")
put("degenerate/zero_response.npy", npy_bytes(np.stack([y1 * 0, y1], 1)))
add("degenerate", "R011", [XF, "degenerate/zero_response.npy"],
    f"score features={XF} responses=degenerate/zero_response.npy, regression", regression(X, np.stack([y1 * 0, y1], 1)), "A response column of zeros has no evidence to maximise: skipped and reported like an empty class.", assumption="as for empty classes")

# ------------------------------------------------------------------ scale
s = lib.Stream(108)
h = np.array([[max(-65504, min(65504, 32 * (1500 * (1 if (Y[i] + j) % 3 == 0 else -1) + s.bell(180)))) for j in range(8)] for i in range(48)]).astype(np.float16)
assert np.isfinite(h).all() and abs(h.astype(float)).max() > 60000
put("scale/half_top.npy", npy_bytes(h))
add("scale", "R018", ["scale/half_top.npy", YF], f"score features=scale/half_top.npy labels={YF}, classification", classification(h, Y), "f16 features near the top of their range: every product and sum overflows f16.")
for power, dtype, note in ((60, "<f4", "f32 squares summed over the rows pass 3.4e38"), (-70, "<f4", "f32 squares fall below the normal f32 range"), (3, "<f2", "plain scaling in f16")):
    name = f"scale/times_2_{power}.npy".replace("-", "minus")
    g = (X * 2.0 ** power).astype(dtype)
    assert (g.astype(float) == X * 2.0 ** power).all()
    put(name, npy_bytes(g))
    add("scale", "R019", [name, YF], f"score features={name} labels={YF}, classification", PLAIN, f"Base features times 2^{power}: same value; {note}.")
put("scale/times_2_600.npy", npy_bytes(X * 2.0 ** 600))
add("scale", "R019", ["scale/times_2_600.npy", YF], f"score features=scale/times_2_600.npy labels={YF}, classification",
    either(PLAIN, error("times_2_600.npy", ["overflow", "too large", "range", "scale"], says="the features are too large: their squares overflow double precision")),
    "Base features times 2^600: the squares overflow f64. The same value (by scaling), or a sentence; never NaN or the null value.", assumption="either answer is allowed")

# ------------------------------------------------------------------ nonfinite
g = X.astype("<f4"); g[17, 3] = np.inf
put("nonfinite/inf.npy", npy_bytes(g))
add("nonfinite", "R023", ["nonfinite/inf.npy", YF], f"score features=nonfinite/inf.npy labels={YF}, classification", error("inf.npy", "inf", "17", "3", says="features: inf at row 17, column 3"),
    "One Inf among finite numbers makes some decompositions run for ever: it must be found first. Rows and columns count from 0.", assumption="rows and columns are counted from 0")
g = X.astype("<f8"); g[0, 0] = np.nan
put("nonfinite/nan_first.npy", npy_bytes(g))
add("nonfinite", "R024", ["nonfinite/nan_first.npy", YF], f"score features=nonfinite/nan_first.npy labels={YF}, classification", error("nan_first.npy", "nan", "0", says="features: NaN at row 0, column 0"), "NaN in the very first element.")
put("nonfinite/all_nan.npy", npy_bytes(np.full((48, 8), np.nan, dtype="<f2")))
add("nonfinite", "R025", ["nonfinite/all_nan.npy", YF], f"score features=nonfinite/all_nan.npy labels={YF}, classification", error("all_nan.npy", "nan", "0", says="features: NaN at row 0, column 0 (384 in the first tile)"), "A half-precision extraction that failed as a whole.")
add("nonfinite", "R026", ["nonfinite/inf.npy", YF], f"score features=nonfinite/inf.npy labels={YF}, classification, on CUDA, features first copied to device memory", error("inf", "17", "3", says="features: inf at row 17, column 3"),
    "The device finds the same first place as the host, before any decomposition is called.", tags=["cuda"])
r = y1.copy(); r[40] = np.nan
put("nonfinite/response_nan.npy", npy_bytes(r))
add("nonfinite", "R024", [XF, "nonfinite/response_nan.npy"], f"score features={XF} responses=nonfinite/response_nan.npy, regression", error("response_nan.npy", "nan", "40", says="responses: NaN at row 40"), "NaN in the responses.")

# ------------------------------------------------------------------ labels-encoding
put("labels/from_one.npy", npy_bytes(Y + 1))
add("labels-encoding", "R031", [XF, "labels/from_one.npy"], f"score features={XF} labels=labels/from_one.npy, classification", classification(X, Y + 1), "Ids 1, 2, 3: class 0 is empty, skipped and reported; the value stays.", short="labels")
g = Y.copy(); g[5] = -1
put("labels/minus_one.npy", npy_bytes(g))
add("labels-encoding", "R032", [XF, "labels/minus_one.npy"], f"score features={XF} labels=labels/minus_one.npy, classification", error("minus_one.npy", "-1", "5", says="labels: -1 at row 5 is no class id (0 or more)"), "A negative label.", short="labels")
g = Y.copy(); g[11] = 3
put("labels/beyond.npy", npy_bytes(g))
add("labels-encoding", "R033", [XF, "labels/beyond.npy"], f"score features={XF} labels=labels/beyond.npy, classification, class count stated as 3", error("beyond.npy", "3", "11", says="labels: 3 at row 11, but 3 classes were stated (0..2)"), "A label equal to the stated class count.", short="labels")
add("labels-encoding", "R033", [XF, "labels/beyond.npy"], f"score features={XF} labels=labels/beyond.npy, classification", classification(X, g), "The same file without a stated count: four classes.", short="labels")
put("labels/column.npy", npy_bytes(Y.reshape(-1, 1)))
add("labels-encoding", "R034", [XF, "labels/column.npy"], f"score features={XF} labels=labels/column.npy, classification", PLAIN, "Labels of shape (48, 1).", short="labels")
onehot = np.eye(3)[Y]
for dtype in ("<f4", "|u1"):
    name = "labels/onehot_%s.npy" % ("f32" if dtype == "<f4" else "u8")
    put(name, npy_bytes(onehot.astype(dtype)))
    add("labels-encoding", "R035", [XF, name], f"score features={XF} labels={name}, classification", either(PLAIN, error(name[7:], ["48, 3", "48x3", "(48,3)", "48 x 3"], says="labels have shape (48, 3); one id per row was expected (for a 0/1 matrix choose multi-label)")),
        "A one-hot matrix where ids are expected. Its columns are the targets, so taking it gives the same value; refusing it must name the shape. Never row 0 alone, never broadcast.", short="labels", assumption="either answer is allowed")
    add("labels-encoding", "R035", [XF, name], f"score features={XF} labels={name}, multi-label", PLAIN, "The same matrix under multi-label.", short="labels")
g = Y.astype("<f8"); g[7] = 1.5
put("labels/fraction.npy", npy_bytes(g))
add("labels-encoding", "R036", [XF, "labels/fraction.npy"], f"score features={XF} labels=labels/fraction.npy, classification", error("fraction.npy", "1.5", "7", says="labels: 1.5 at row 7 is not a whole number"), "A fractional label is not rounded.", short="labels")
for dtype in ("|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<u8"):
    name = "labels/as_%s.npy" % np.dtype(dtype).name
    put(name, npy_bytes(Y.astype(dtype)))
    add("labels-encoding", "R037", [XF, name], f"score features={XF} labels={name}, classification", PLAIN, "Every integer type holds class ids.", short="labels")
two = (Y == 1)
put("labels/bool.npy", npy_bytes(two))
add("labels-encoding", "R037", [XF, "labels/bool.npy"], f"score features={XF} labels=labels/bool.npy, classification", classification(X, two.astype(int)), "Boolean labels are two classes.", short="labels")
put("labels/text.npy", npy_bytes(np.array(["anemone", "buttercup", "cyclamen_12"], dtype="<U12")[Y]))
add("labels-encoding", "R038", [XF, "labels/text.npy"], f"score features={XF} labels=labels/text.npy, classification", either(PLAIN, error("text.npy", ["U12", "text", "string"], says="labels are text ('<U12'); class ids are expected")),
    "Text labels, four bytes a letter. The value does not depend on how names become ids.", short="labels", assumption="taking them is better; refusing is allowed")
g = np.array([0, 200, 255], dtype=np.uint8)[Y]
put("labels/u8_high.npy", npy_bytes(g))
e = classification(X, g.astype(int)); e["skipped"] = {"count": 253}
add("labels-encoding", "R039", [XF, "labels/u8_high.npy"], f"score features={XF} labels=labels/u8_high.npy, classification", e, "Ids up to 255 in uint8: nothing turns negative. 253 empty classes are reported as a count or ranges, not as 253 lines.", short="labels")
g = Y.copy(); g[[3, 4, 20]] = -100
put("labels/ignore.npy", npy_bytes(g))
add("labels-encoding", "R040", [XF, "labels/ignore.npy"], f"score features={XF} labels=labels/ignore.npy, classification", error("ignore.npy", "-100", "3", says="labels: -100 at row 3 is no class id (0 or more)"), "The usual mark for positions to ignore is no class and no index.", short="labels")
g = Y.astype("<f8"); g[33] = np.nan
put("labels/nan.npy", npy_bytes(g))
add("labels-encoding", "R036", [XF, "labels/nan.npy"], f"score features={XF} labels=labels/nan.npy, classification", error("nan.npy", "nan", "33", says="labels: NaN at row 33"), "NaN as a label.", short="labels")
g = np.array([0, 1, 4294967295], dtype=np.int64)[Y]
put("labels/huge_id.npy", npy_bytes(g))
e = {"value": BASE["value"]}
add("labels-encoding", "R033", [XF, "labels/huge_id.npy"], f"score features={XF} labels=labels/huge_id.npy, classification", either(e, error("huge_id.npy", "4294967295", says="labels: 4294967295 at row ... is above the largest class id")),
    "An id of 2^32-1 among three classes: memory may grow with the three, not with the id; ids are never cut to 32 bits.", short="labels", assumption="a stated limit is allowed", tags=["hostile"])

# ------------------------------------------------------------------ rows
put("rows/labels_47.npy", npy_bytes(Y[:47])); put("rows/features_32.npy", npy_bytes(X[:32].astype("<f4")))
add("rows", "R054", [XF, "rows/labels_47.npy"], f"score features={XF} labels=rows/labels_47.npy, classification", error("48", "47", "labels_47.npy", says="features have 48 rows, labels 47"), "One label is missing.")
add("rows", "R054", ["rows/features_32.npy", YF], f"score features=rows/features_32.npy labels={YF}, classification", error("32", "48", "features_32.npy", says="features have 32 rows, labels 48"), "The last incomplete batch was dropped from the features.")
C = X - np.round(X.mean(0) * 16) / 16
for seed in range(1, 4000):
    s = lib.Stream(seed)
    p = list(range(48))
    for i in range(47, 0, -1):
        j = s.integer(0, i)
        p[i], p[j] = p[j], p[i]
    if all(48 * (C[p][Y == c].sum(0) ** 2).sum() < 0.8 * (C ** 2).sum() * (Y == c).sum() for c in range(3)):
        break
put("rows/right_order.npy", npy_bytes(C.astype("<f4"))); put("rows/shuffled.npy", npy_bytes(C[p].astype("<f4")))
e = classification(C[p], Y); e["says"] = [["no signal", "null"], ["order", "same rows"]]
assert all(t["status"] == "null" for t in e["targets"])
add("rows", "R055", ["rows/right_order.npy", YF], f"score features=rows/right_order.npy labels={YF}, classification", classification(C, Y), "Features and labels in the same row order.")
add("rows", "R055", ["rows/shuffled.npy", YF], f"score features=rows/shuffled.npy labels={YF}, classification", e, "The same features extracted in another row order. The files cannot show it, but no class has any signal left: the result says so and suggests the row order.", assumption="the hint is our wish")
parts = {0: slice(0, 13), 1: slice(13, 20), 2: slice(20, 21), 10: slice(21, 48)}
shards = []
for k, sl in parts.items():
    shards += [put(f"rows/shards/img_emb_{k}.npy", npy_bytes(X[sl].astype("<f2"))), put(f"rows/shard_labels/labels_{k}.npy", npy_bytes(Y[sl]))]
add("rows", "R056", shards, "accumulate the pair (rows/shards/img_emb_K.npy, rows/shard_labels/labels_K.npy) for K = 10, 0, 2, 1 into four statistics, merge them in that order, score", BASE,
    "Shards of 13, 7, 1 and 27 rows in any order give the whole; counts must match in each pair.")
add("rows", "R057", [n for n in shards if "img_emb" in n] + [YF], f"score features=rows/shards (a folder) labels={YF}, classification",
    either(PLAIN, error("shards", ["folder", "directory"], says="rows/shards is a folder; name the files in order")), "A folder of numbered shards: natural order (0, 1, 2, 10) or a refusal. Alphabetical order (10 before 2) gives another value.", assumption="reading folders as shards is not in the design")
put("rows/narrow.npy", npy_bytes(X[13:20, :7].astype("<f4")))
add("rows", "R056", ["rows/narrow.npy", "rows/shard_labels/labels_1.npy", "rows/shards/img_emb_0.npy", "rows/shard_labels/labels_0.npy"],
    "accumulate (rows/shards/img_emb_0.npy, rows/shard_labels/labels_0.npy), then (rows/narrow.npy, rows/shard_labels/labels_1.npy) into the same statistics", error("8", "7", says="features have 7 columns, the statistics 8"), "A shard of another model: 7 columns after 8. The statistics stay as they were after the first shard.")

# ------------------------------------------------------------------ npy-layout
X8 = X.astype("<f8")
for name, data, note, reports in (
        ("v2", npy_bytes(X8, version=2), "Version 2: the header length has four bytes.", "R063"),
        ("v3", npy_bytes(X8, version=3), "Version 3: as 2, the header is UTF-8.", "R063"),
        ("fortran", npy_bytes(X8, fortran=True), "Column-major data.", "R064"),
        ("big_endian", npy_bytes(X.astype(">f4")), "Big-endian f32.", "R066"),
        ("unpadded", npy_bytes(X8, align=0), "Header without padding: the data start at an odd place.", "R068"),
        ("key_order", npy_bytes(X8, header='{"shape": (48, 8), "fortran_order": False, "descr": "<f8"}'), "Other key order, double quotes, no trailing comma.", "R070"),
        ("padded_16", npy_bytes(X8, align=16), "Padding to 16, as older writers did.", "R068"),
        ("native_mark", npy_bytes(X8, descr="=f8"), "Byte order mark '=' means the writer's own, which we take as little-endian.", "R066")):
    put(f"npy/{name}.npy", data)
    more = {"assumption": "'=' is read as little-endian, or refused with a sentence that names '=f8'"} if name == "native_mark" else {}
    exp = either(PLAIN, error("=f8", says="element type '=f8' has no byte order")) if name == "native_mark" else PLAIN
    add("npy-layout", reports, [f"npy/{name}.npy", YF], f"score features=npy/{name}.npy labels={YF}, classification", exp, note, short="npy", **more)
put("npy/labels_fortran_be.npy", npy_bytes(Y.astype(">i8").reshape(-1, 1), fortran=True)); put("npy/fortran_f4.npy", npy_bytes(X.astype("<f4"), fortran=True))
add("npy-layout", "R065 R066", "npy/fortran_f4.npy npy/labels_fortran_be.npy", "score features=npy/fortran_f4.npy labels=npy/labels_fortran_be.npy, classification", PLAIN, "Column-major f32 features, big-endian column of labels marked column-major.", short="npy")
put("npy/scalar.npy", npy_bytes(np.float64(2.5))); put("npy/no_rows.npy", npy_bytes(np.zeros((0, 8), "<f4"))); put("npy/no_labels.npy", npy_bytes(np.zeros(0, "<i8")))
put("npy/no_columns.npy", npy_bytes(np.zeros((48, 0), "<f4")))
add("npy-layout", "R067", ["npy/scalar.npy", YF], f"score features=npy/scalar.npy labels={YF}, classification", error("scalar.npy", ["()", "0-d", "0 dimensions", "scalar"], says="features have shape (); a matrix was expected"), "A 0-d array.", short="npy")
add("npy-layout", "R067", "npy/no_rows.npy npy/no_labels.npy", "score features=npy/no_rows.npy labels=npy/no_labels.npy, classification", error("no_rows.npy", ["no rows", "0 rows", "empty", "(0, 8)"], says="features have no rows"), "Legal file, nothing to score.", short="npy")
add("npy-layout", "R067", ["npy/no_columns.npy", YF], f"score features=npy/no_columns.npy labels={YF}, classification", error("no_columns.npy", ["no columns", "0 columns", "empty", "(48, 0)"], says="features have no columns"), "48 rows of nothing.", short="npy")
put("npy/integers.npy", npy_bytes((X * 16).astype("<i2"), fortran=True))
add("npy-layout", "R069 R080", ["npy/integers.npy", YF], f"score features=npy/integers.npy labels={YF}, classification", PLAIN, "16-bit integers, column-major (the base features times 16).", short="npy")

# ------------------------------------------------------------------ npy-dtype
put("dtype/i4.npy", npy_bytes((X * 16).astype("<i4"))); put("dtype/u1.npy", npy_bytes((X * 16 + 128).astype("|u1")))
add("npy-dtype", "R080", ["dtype/i4.npy", YF], f"score features=dtype/i4.npy labels={YF}, classification", PLAIN, "32-bit integers have the size of f32: their bits read as f32 are tiny numbers.", short="dtype")
add("npy-dtype", "R080", ["dtype/u1.npy", YF], f"score features=dtype/u1.npy labels={YF}, classification", classification(X * 16 + 128, Y), "Bytes 0..255 as features.", short="dtype")
put("dtype/object.npy", npy_bytes(np.zeros((48, 8)), descr="|O", data=b"\x80\x04N."))
add("npy-dtype", "R081", ["dtype/object.npy", YF], f"score features=dtype/object.npy labels={YF}, classification", error("object.npy", ["'|O'", "|O", "object"], says="element type '|O' (Python objects) cannot be read"), "A pickle inside: never opened.", short="dtype", tags=["hostile"])
rec = np.zeros(48, dtype=[("a", "<f4"), ("b", "<f4")])
put("dtype/structured.npy", npy_bytes(rec, header="{'descr': [('a', '<f4'), ('b', '<f4')], 'fortran_order': False, 'shape': (48,), }"))
add("npy-dtype", "R082", ["dtype/structured.npy", YF], f"score features=dtype/structured.npy labels={YF}, classification", error("structured.npy", ["structured", "fields", "[('a'"], says="structured element types cannot be read"), "Named fields.", short="dtype")
put("dtype/bf16_V2.npy", npy_bytes(lib.bf16_bits(X), descr="|V2"))
assert (lib.bf16_value(lib.bf16_bits(X)) == X).all()
add("npy-dtype", "R083", ["dtype/bf16_V2.npy", YF], f"score features=dtype/bf16_V2.npy (element type stated: bf16) labels={YF}, classification", PLAIN, "bf16 saved through numpy has the type '|V2'.", short="dtype")
add("npy-dtype", "R083", ["dtype/bf16_V2.npy", YF], f"score features=dtype/bf16_V2.npy labels={YF}, classification", error("bf16_V2.npy", "V2", ["bf16", "bfloat16"], says="element type '|V2' has no meaning; if it is bf16, say so"), "The same file without the statement.", short="dtype")
put("dtype/half.npy", npy_bytes(X.astype("<f2")))
add("npy-dtype", "R083", ["dtype/half.npy", YF], f"score features=dtype/half.npy labels={YF}, classification", PLAIN, "f16.", short="dtype")

# ------------------------------------------------------------------ npy-hostile
whole = npy_bytes(X8)
body = 48 * 8 * 8
bad = [
    ("truncated", whole[:-100], "R089", error("truncated.npy", str(body), str(body - 100), says="the header promises 3072 bytes of data, the file holds 2972"), "The last 100 bytes are missing."),
    ("cut_header", whole[:40], "R090", error("cut_header.npy", "header", says="the file ends inside its header"), "The file ends inside the header."),
    ("code", npy_bytes(X8, header="{'descr': '<f8', 'fortran_order': False, 'shape': (48, __import__('os').getpid()), }"), "R091", error("code.npy", ["header", "shape"], says="the header's shape is no tuple of numbers"), "Code where a number belongs: parsed, not evaluated."),
    ("really_gzip", None, "R092", error("really_gzip.npy", ["gzip", "magic", "not a .npy", "no .npy"], says="this is a gzip file, not .npy"), "A compressed file under the wrong name."),
    ("huge_shape", npy_bytes(X8, shape=(4611686018427387904, 8)), "R093", error("huge_shape.npy", "4611686018427387904", says="shape (4611686018427387904, 8) is more than can be addressed"), "2^62 rows."),
    ("wraps_to_zero", npy_bytes(X8, shape=(2305843009213693952, 8), data=b""), "R093", error("wraps_to_zero.npy", "2305843009213693952", says="shape (2305843009213693952, 8) is more than can be addressed"), "2^61 x 8 x 8 bytes is 0 modulo 2^64, and the file indeed holds no data."),
    ("negative", npy_bytes(X8, shape=(-48, 8)), "R093", error("negative.npy", "-48", says="shape (-48, 8) has a negative size"), "A negative size."),
    ("big_claim", npy_bytes(X8, shape=(48000000, 8)), "R093 R089", error("big_claim.npy", "3072000000", "3072", says="the header promises 3072000000 bytes of data, the file holds 3072"), "3 GB promised, 3 KB there: found before anything is allocated."),
    ("header_length", npy_bytes(X8, length=65535), "R090", error("header_length.npy", "header", ["65535", "length"], says="the header length 65535 is longer than the file"), "The header length runs over the end of the file."),
    ("version_9", whole[:6] + b"\x09\x00" + whole[8:], "R089", error("version_9.npy", ["version", "9.0"], says="version 9.0 of the format is unknown"), "An unknown version."),
    ("deep", npy_bytes(X8, version=2, header="{'descr': '<f8', 'fortran_order': False, 'shape': " + "(" * 20000 + "48" + ")" * 20000 + ", }"), "R091", error("deep.npy", ["header", "shape"], says="the header's shape is no tuple of numbers"), "Twenty thousand brackets: no recursion without limit."),
    ("no_shape", npy_bytes(X8, header="{'descr': '<f8', 'fortran_order': False, }"), "R091", error("no_shape.npy", "shape", says="the header has no 'shape'"), "A key is missing."),
    ("two_arrays", whole + whole, "R089", error("two_arrays.npy", ["3072", "bytes"], ["after", "more", "trailing", "extra"], says="3200 bytes follow after the array"), "Two arrays written into one file: the second is not dropped without a word."),
]
for name, data, reports, exp, why in bad:
    if data is None:
        buffer = io.BytesIO()
        with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0, filename="") as z:
            z.write(whole)
        data = buffer.getvalue()
    put(f"hostile/{name}.npy", data)
    more = {"assumption": "trailing bytes are an error"} if name == "two_arrays" else {}
    add("npy-hostile", reports, [f"hostile/{name}.npy", YF], f"score features=hostile/{name}.npy labels={YF}, classification", exp, why, short="npyhostile", tags=["hostile"], **more)

# ------------------------------------------------------------------ large
LARGE = classification(X, Y, extra=33554600 - 48, extra_class=0)
add("large", "R099", [], "score features=large_features.npy labels=large_labels.npy, classification (after: python make_cases.py large FOLDER)", LARGE,
    "33 554 600 x 64 f16: more than 2^31 elements and 2^32 bytes. Only the first 48 rows and 8 columns are not zero; the others are of class 0.", tags=["large"])
