"""Common data of the cases, and the sparse files of the cases tagged "large"."""
import os
import sys

import numpy as np

sys.dont_write_bytecode = True

import caselib as lib  # noqa: E402
from caselib import classification, npy_bytes  # noqa: E402

folder = lib.Folder()
cases = lib.Cases(folder, "d")
put, add = folder.put, cases.add

# ------------------------------------------------------------------ common data: 48 rows, 8 columns, 3 classes
X, Y = lib.classes(101, 48, 8, 3)
BASE = classification(X, Y)
XF, YF = "base/features.npy", "base/labels.npy"
put(XF, npy_bytes(X.astype("<f4")))
put(YF, npy_bytes(Y))
PLAIN = {"value": BASE["value"]}


def large(target):
    """Sparse files: rows after the first 48 are zero features of class 0."""
    n, d = 33554600, 64
    os.makedirs(target, exist_ok=True)
    for name, dtype, shape, rows in (("large_features.npy", "<f2", (n, d), np.hstack([X, np.zeros((48, d - 8))]).astype("<f2")), ("large_labels.npy", "|u1", (n,), Y.astype("u1"))):
        head = npy_bytes(np.zeros(0), descr=dtype, shape=shape, data=b"")
        with open(os.path.join(target, name), "wb") as f:
            f.write(head + rows.tobytes())
            f.truncate(len(head) + int(np.prod(shape, dtype=object)) * np.dtype(dtype).itemsize)
