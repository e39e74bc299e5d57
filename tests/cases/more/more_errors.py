"""Cases of make_more.py that must end with one sentence: bad values, labels, rows, .npy headers and files."""
import numpy as np

from caselib import Zip, bf16_bits, either, error, npy_bytes, safetensors_bytes

SCORE = "score features=%s labels=%s, classification"


def add_cases(folder, cases, data):
    _nonfinite(folder, cases, data)
    _labels(folder, cases, data)
    _rows(folder, cases, data)
    _npy(folder, cases, data)
    _files(folder, cases, data)


def _broken(x, row, column, value, dtype):
    g = x.astype(dtype)
    g[row, column] = value
    return g


def _nonfinite(folder, cases, d):
    def put(name, data, must, why, operation=SCORE):
        a = folder.put(f"nonfinite/{name}", data)
        cases.add("nonfinite", "", [a, d.yf], operation % (a, d.yf), error(name, *must, says="features: inf at row 3, column 2"), why)

    put("last.npy", npy_bytes(_broken(d.x, 30, 4, -np.inf, "<f8")), ["inf", "30", "4"], "Minus infinity in the last element.")
    put("half.npy", npy_bytes(_broken(d.x, 12, 0, np.nan, "<f2")), ["nan", "12", "0"], "NaN in f16.")
    put("columns.npy", npy_bytes(_broken(d.x, 9, 3, np.nan, "<f4"), fortran=True), ["nan", "9", "3"], "NaN in a column-major file: row and column are those of the matrix.")
    put("big_endian.npy", npy_bytes(_broken(d.x, 28, 1, np.inf, ">f4")), ["inf", "28", "1"], "Infinity in a big-endian file.")
    raw = bf16_bits(d.x)
    raw[21, 2] = 0x7F80
    put("bf16.safetensors", safetensors_bytes([("x", "BF16", d.x.shape, raw.tobytes())]), ["inf", "21", "2"], "Infinity in bf16.")
    two = _broken(_broken(d.x, 7, 4, np.inf, "<f8"), 7, 2, np.nan, "<f8")
    put("two.npy", npy_bytes(two), ["nan", "7", "2"], "Two bad values in a row: the first is named.")
    tall = np.zeros((9001, 2), dtype="<f2")
    tall[:, 0] = np.arange(9001) % 7
    tall[8765, 1] = np.inf
    a = folder.put("nonfinite/tall.npy", npy_bytes(tall))
    b = folder.put("nonfinite/tall_labels.npy", npy_bytes((np.arange(9001) % 3).astype("|u1")))
    cases.add("nonfinite", "", [a, b], SCORE % (a, b), error("tall.npy", "inf", "8765", "1", says="inf at row 8765, column 1"), "Rows count through the whole file, not within a tile.")
    shards = []
    for k, g in enumerate((d.x[:11], _broken(d.x[11:], 6, 1, np.nan, "<f8"))):
        shards.append(folder.put(f"nonfinite/shards/part_{k}.npy", npy_bytes(g)))
    cases.add("nonfinite", "", shards + [d.yf], SCORE % ("nonfinite/shards (a folder)", d.yf), error("nan", ["part_1.npy", "17"], ["6", "17"], says="NaN at row 6 of part_1.npy"), "NaN in the second shard: the file and its row, or the row of the whole.")
    response = np.arange(62.0).reshape(31, 2)
    response[20, 1] = np.inf
    c = folder.put("nonfinite/response.npy", npy_bytes(response))
    cases.add("nonfinite", "", [d.xf, c], f"score features={d.xf} responses={c}, regression", error("response.npy", "inf", "20", "1", says="responses: inf at row 20, column 1"), "Infinity in the second response.")


def _labels(folder, cases, d):
    def put(name, labels, must, why, note="", task="classification"):
        b = folder.put(f"badlabels/{name}", labels if isinstance(labels, bytes) else npy_bytes(labels))
        cases.add("labels-encoding", "", [d.xf, b], f"score features={d.xf} labels={b}, {task}{note}", error(name, *must, says="a label that is none"), why, short="badlabels")

    y = d.y
    changed = lambda row, value, dtype: np.array([value if i == row else v for i, v in enumerate(y)], dtype=dtype)
    put("minus_8.npy", changed(30, -8, "|i1"), ["-8", "30"], "A negative id in int8, in the last row.")
    put("minus_float.npy", changed(0, -1.0, "<f4"), ["-1", "0"], "A negative id in f32, in the first row.")
    put("quarter.npy", changed(17, 0.25, "<f4"), ["0.25", "17"], "A fraction in f32.")
    put("inf.npy", changed(4, np.inf, "<f8"), ["inf", "4"], "Infinity as a label.")
    put("four.npy", y, ["2", str(int(np.argmax(y >= 2)))], "A stated count that is too small.", note=", class count stated as 2")
    put("row_vector.npy", y.reshape(1, -1), [["1, 31", "1x31", "1 x 31"]], "Labels of shape (1, 31).")
    put("pairs.npy", np.stack([y, y], 1), [["31, 2", "31x2", "31 x 2"]], "Two ids a row.")
    put("cube.npy", y.reshape(31, 1, 1), [["31, 1, 1", "31x1x1", "31 x 1 x 1"]], "Labels of three dimensions.")
    put("complex.npy", y.astype("<c16"), [["c16", "complex"]], "Complex labels.")
    put("multi_two.npy", np.array([[i % 2, i % 3] for i in range(31)]), ["2", "1"], "A multi-label matrix with a 2 in row 2, column 1.", task="multi-label")
    put("unclosed.csv", b'id,label\n1,"a\n2,b\n', [["quote", "quoted", "label", "column"]], "A quote that is never closed.")
    put("no_column.csv", b"id,label\n1,a\n2,b\n", [["column"]], "A table without the name of a column.")


def _rows(folder, cases, d):
    for name, labels, must in (("more", np.append(d.y, [0, 1, 2]), ["31", "34"]), ("less", d.y[:-1], ["31", "30"]), ("none", d.y[:0], ["none.npy", ["no label", "no rows", "empty", "0 labels"]])):
        b = folder.put(f"rows/{name}.npy", npy_bytes(labels))
        cases.add("rows", "", [d.xf, b], SCORE % (d.xf, b), error(*must, says="features have 31 rows, labels 34"), "Counts that do not match: both are said.")
    lines = folder.put("rows/short.txt", b"a\nb\nc\n")
    cases.add("rows", "", [d.xf, lines], SCORE % (d.xf, lines), error("31", "3", "short.txt", says="31 rows, 3 labels"), "Three lines for 31 rows.")
    mixed = [folder.put(f"rows/mixed/m_{k}.npy", npy_bytes(d.x[:5, :5 - k])) for k in range(2)]
    cases.add("rows", "", mixed + [d.yf], SCORE % ("rows/mixed (a folder)", d.yf), error("5", "4", ["m_1.npy", "mixed"], says="m_1.npy has 4 columns, m_0.npy 5"), "A shard with fewer columns.")
    wide = folder.put("rows/wide.npy", npy_bytes(np.hstack([d.x, d.x])))
    cases.add("rows", "", [d.xf, d.yf, wide], f"accumulate ({d.xf}, {d.yf}), then ({wide}, {d.yf}) into the same statistics", error("5", "10", says="features have 10 columns, the statistics 5"), "Twice as many columns as before.")


def _npy(folder, cases, d):
    def put(name, data, must, why):
        a = folder.put(f"npy/{name}.npy", data)
        cases.add("npy-hostile", "", [a, d.yf], SCORE % (a, d.yf), error(f"{name}.npy", *must, says="the header is wrong"), why, short="npy", tags=["hostile"])

    size = 31 * 5 * 8
    text = lambda shape, descr="'<f8'", order="False": "{'descr': %s, 'fortran_order': %s, 'shape': %s, }" % (descr, order, shape)
    put("one_short", npy_bytes(d.x)[:-1], [str(size), str(size - 1)], "One byte is missing.")
    put("one_more", npy_bytes(d.x) + b"\0", [["1 byte", "1241", "1 more", "trailing", "after"]], "One byte too many.")
    put("negative_columns", npy_bytes(d.x, header=text("(31, -5)")), ["-5"], "A negative number of columns.")
    put("float_shape", npy_bytes(d.x, header=text("(31.0, 5)")), [["header", "shape"]], "A size that is no whole number.")
    put("twenty_digits", npy_bytes(d.x, header=text("(99999999999999999999, 5)")), [["99999999999999999999", "shape"]], "A size above 2^64.")
    put("product", npy_bytes(d.x, header=text("(4294967296, 4294967297)")), ["4294967296"], "A product above 2^64.")
    put("three", npy_bytes(d.x[:30].reshape(3, 10, 5)), [["3, 10, 5", "3x10x5", "3 x 10 x 5"], ["pool", "mean"]], "Three dimensions: the message shows how to pool.")
    put("many_sizes", npy_bytes(d.x, header=text("(" + "1, " * 200 + ")"), version=2), [["shape", "dimension"]], "Two hundred dimensions.")
    put("no_type", npy_bytes(d.x, header="{'fortran_order': False, 'shape': (31, 5), }"), ["descr"], "No element type.")
    put("no_order", npy_bytes(d.x, header="{'descr': '<f8', 'shape': (31, 5), }"), ["fortran_order"], "No order.")
    put("bad_order", npy_bytes(d.x, header=text("(31, 5)", order="'no'")), [["fortran_order", "header"]], "An order that is neither true nor false.")
    put("no_end", npy_bytes(d.x, header="{'descr': '<f8', 'fortran_order': False, 'shape': (31, 5)"), ["header"], "The header's braces do not close.")
    put("nul", npy_bytes(d.x, header=b"\0" * 60), ["header"], "A header of NUL bytes.")
    put("length_2_32", npy_bytes(d.x, version=2, length=2**32 - 1), ["header", ["4294967295", "length"]], "Version 2 with a header of 4 GiB.")
    put("magic", b"\x93NUMPZ" + npy_bytes(d.x)[6:], [["magic", "not a .npy", "no .npy", "format"]], "One letter of the magic is wrong.")
    put("png", b"\x89PNG\r\n\x1a\n" + bytes(100), [["png", "magic", "not a .npy", "no .npy", "format"]], "A picture under the wrong name.")
    put("text", b"1.0 2.0 3.0\n" * 31, [["text", "magic", "not a .npy", "no .npy", "format"]], "Numbers as text.")
    for name, array, must in (("complex", d.x.astype("<c8"), ["c8", "complex"]), ("date", np.zeros((31, 5), "<M8[s]"), ["M8", "date"]), ("letters", np.full((31, 5), "a"), ["U1", "text", "string"]), ("quad", None, ["f16", "128", "long double"])):
        raw = npy_bytes(array) if array is not None else npy_bytes(np.zeros(1), header=text("(31, 5)", descr="'<f16'"), data=bytes(31 * 5 * 16))
        a = folder.put(f"npy/{name}.npy", raw)
        cases.add("npy-dtype", "", [a, d.yf], SCORE % (a, d.yf), error(f"{name}.npy", must, says="this element type cannot be read"), "An element type that is no feature.", short="baddtype")


def _files(folder, cases, d):
    for name in ("empty.npz", "empty.safetensors"):
        a = folder.put(f"files/{name}", b"")
        cases.add("files", "", [a, d.yf], SCORE % (a, d.yf), error(name, "empty", says="the file is empty"), "A file of 0 bytes.")
    for what, must in (("a folder", ["folder", "directory"]), ("a missing file", ["no such file", "not found", "does not exist", "missing"]), ("a loop of links", ["loop", "too many", "links"]), ("a file without permission to read", ["permission"])):
        cases.add("files", "", [d.xf], f"score features={d.xf} labels=F, classification, where F is {what}", error("F", must, says=f"F is {what}"), "The same where labels belong.", tags=["setup"])
    for what, must in (("a dangling link", ["no such file", "not found", "does not exist", "missing"]), ("a socket", ["socket", "no such device", "regular file"])):
        cases.add("files", "", [d.yf], f"score features=F labels={d.yf}, classification, where F is {what}", error("F", must, says=f"F is {what}"), "Another thing that is no file.", tags=["setup"])
    cases.add("files", "", [d.xf, d.yf], f"score features={d.xf} labels=F, classification, where F is a named pipe into which {d.yf} is written", either(d.plain, error("F", ["pipe", "regular file", "seek"], says="F is a pipe")), "Labels from a pipe.", tags=["setup"])
    cut = folder.put("files/cut.npy", npy_bytes(d.x)[:-100])
    cases.add("files", "", [cut, d.yf], f"score features=F labels={d.yf}, classification, where F is a named pipe into which {cut} is written", error("F", ["pipe", "ends", "1240", "1140", "truncated"], says="F ends after 1140 of 1240 bytes"), "A pipe that ends too early.", tags=["setup"])
    cases.add("files", "", [d.xf, d.yf], f"accumulate features={d.xf} labels={d.yf} and save the statistics to a file system without space", error(["space", "full"], says="no space left"), "The old file stays.", tags=["setup"])
    cases.add("files", "", [d.xf, d.yf], f"score features=F labels={d.yf}, classification, where F is a copy of {d.xf} that is cut to half its size after it was opened", error("F", ["shrank", "shorter", "ends", "truncated", "changed"], says="F became shorter while it was read"), "f64 features.", tags=["described"])
    z = Zip()
    z.add("wide.npy", npy_bytes(np.hstack([d.x, np.zeros((31, 59995))]).astype("|i1")), method=8)
    wide = folder.put("files/wide.npz", z.bytes())
    cases.add("blas", "", [wide, d.yf], f"accumulate features={wide} labels={d.yf} into statistics under a memory limit of 3 GiB", error("60000", ["memory", "GiB", "GB", "bytes"], says="statistics of 60000 columns need 28.8 GB"), "60000 columns.", tags=["described"])
    cases.add("blas", "", [d.xf, d.yf], f"score features={d.xf} labels={d.yf}, classification, once per BLAS kernel that can be forced by the environment", d.plain, "f64 features, odd sizes.", tags=["described"])
