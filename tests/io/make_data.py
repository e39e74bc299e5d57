"""Writes the files under data/ with numpy, zipfile, ml_dtypes and safetensors, so that the readers meet what other
programs write. Run it beside this file: python make_data.py (numpy, ml_dtypes, safetensors). Element (i, j) of every
matrix is (7 i + 3 j) mod 23, minus 11 where the type has a sign: exact in every type."""

import io
import pathlib
import struct
import zipfile

import ml_dtypes
import numpy as np
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).parent / "data"
ROWS, COLS = 37, 5


def matrix(dtype, rows=ROWS, cols=COLS):
    i, j = np.meshgrid(np.arange(rows), np.arange(cols), indexing="ij")
    plain = (7 * i + 3 * j) % 23
    kind = np.dtype(dtype).kind
    if kind == "b":
        return plain % 2 == 1
    return (plain if kind == "u" else plain - 11).astype(dtype)


def write_version(name, array, version):
    with open(HERE / name, "wb") as file:
        np.lib.format.write_array(file, array, version=version)


def write_header(name, header, data):
    raw = header.encode()
    (HERE / name).write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(raw)) + raw + data)


def zip_time(name):
    return zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))


def npy_bytes(array):
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def write_npz(name, arrays, method=zipfile.ZIP_STORED, zip64=False, comment=b"", extra=b""):
    with zipfile.ZipFile(HERE / name, "w", method) as archive:
        archive.comment = comment
        for key, array in arrays.items():
            info = zip_time(key + ".npy")
            info.compress_type = method
            info.extra = extra
            with archive.open(info, "w", force_zip64=zip64) as file:
                file.write(npy_bytes(array))


class Unseekable:
    """Makes zipfile write sizes after the data (descriptors)."""

    def __init__(self, file):
        self.file = file

    def write(self, data):
        return self.file.write(data)

    def flush(self):
        self.file.flush()


def features():
    for code in ["b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"]:
        array = matrix(code)
        np.save(HERE / f"{code}.npy", array)
        if array.itemsize > 1:
            big = array.astype(array.dtype.newbyteorder(">"))
            np.save(HERE / f"{code}_big.npy", big)
            np.save(HERE / f"{code}_big_fortran.npy", np.asfortranarray(big))
        np.save(HERE / f"{code}_fortran.npy", np.asfortranarray(array))
    bf16 = matrix("f4").astype(ml_dtypes.bfloat16)
    np.save(HERE / "bf16.npy", bf16)
    np.save(HERE / "bf16_words.npy", bf16.view(np.uint16))
    write_version("version_2.npy", matrix("f4"), (2, 0))
    write_version("version_3.npy", matrix("f4"), (3, 0))
    write_header("unpadded.npy", f"{{'descr':'<f4','fortran_order':False,'shape':({ROWS},{COLS})}}",
                 matrix("f4").tobytes())
    write_header("other_writer.npy", f'{{"shape": ({ROWS}L, {COLS}L), "descr": "=f8", "fortran_order": False, }}  \n',
                 matrix("f8").tobytes())


def refused():
    np.save(HERE / "object.npy", np.array([[1, None]], dtype=object), allow_pickle=True)
    np.save(HERE / "complex.npy", np.ones((2, 2), dtype="c8"))
    np.save(HERE / "structured.npy", np.zeros(3, dtype=[("a", "<f4"), ("b", "<i2")]))
    np.save(HERE / "dates.npy", np.array(["2020-01-01"] * 3, dtype="M8[D]"))
    write_header("long_double.npy", "{'descr': '<f16', 'fortran_order': False, 'shape': (2, 2), }", bytes(64))
    np.save(HERE / "text_matrix.npy", np.array([["a", "b"], ["c", "d"]]))
    np.save(HERE / "raw.npy", np.zeros((2, 2), dtype="V3"))
    np.save(HERE / "four_dimensions.npy", np.zeros((3, 4, 2, 2), dtype="f4"))
    np.save(HERE / "three_dimensions.npy", np.zeros((3, 4, 2), dtype="f4"))
    np.save(HERE / "unpooled_ones.npy", np.zeros((3, 4, 1, 1), dtype="f4"))
    np.save(HERE / "scalar.npy", np.float32(1))
    np.save(HERE / "one_dimension.npy", np.zeros(4, dtype="f4"))
    np.save(HERE / "no_rows.npy", np.zeros((0, 4), dtype="f4"))
    np.save(HERE / "no_columns.npy", np.zeros((4, 0), dtype="f4"))


def archives():
    arrays = {"features": matrix("f4"), "labels": np.arange(ROWS) % 4}
    write_npz("stored.npz", arrays)
    write_npz("deflated.npz", arrays, zipfile.ZIP_DEFLATED)
    write_npz("zip64.npz", arrays, zip64=True)
    write_npz("zip64_deflated.npz", arrays, zipfile.ZIP_DEFLATED, zip64=True)
    write_npz("comment.npz", arrays, zipfile.ZIP_DEFLATED, comment=b"PK\x05\x06 is no end here")
    write_npz("extra.npz", arrays, extra=struct.pack("<HH4s", 0xCAFE, 4, b"abcd"))
    write_npz("fortran_stored.npz", {"features": np.asfortranarray(matrix("f4"))})
    write_npz("fortran_deflated.npz", {"features": np.asfortranarray(matrix("f4"))}, zipfile.ZIP_DEFLATED)
    write_npz("bzip2.npz", {"features": matrix("f4")}, zipfile.ZIP_BZIP2)
    with open(HERE / "descriptor.npz", "wb") as file, zipfile.ZipFile(Unseekable(file), "w") as out:
        for key, array in arrays.items():
            out.writestr(zip_time(key + ".npy"), npy_bytes(array), zipfile.ZIP_DEFLATED)
    with open(HERE / "descriptor_stored.npz", "wb") as file, zipfile.ZipFile(Unseekable(file), "w") as out:
        for key, array in arrays.items():
            out.writestr(zip_time(key + ".npy"), npy_bytes(array))
    with zipfile.ZipFile(HERE / "no_arrays.npz", "w") as out:
        out.writestr(zip_time("readme.txt"), "nothing here")


def tensors():
    codes = {"bool": "b1", "i8": "i1", "i16": "i2", "i32": "i4", "i64": "i8", "u8": "u1", "u16": "u2", "u32": "u4",
             "u64": "u8", "f16": "f2", "f32": "f4", "f64": "f8"}
    arrays = {name: matrix(code) for name, code in codes.items()}
    arrays["bf16"] = matrix("f4").astype(ml_dtypes.bfloat16)
    arrays["f8"] = matrix("f4").astype(ml_dtypes.float8_e4m3fn)
    arrays["labels"] = (np.arange(ROWS) % 4).astype("i4")
    save_file(arrays, HERE / "all.safetensors", metadata={"made by": "make_data.py"})
    save_file({"features": matrix("f4")}, HERE / "single.safetensors")


def labels():
    ids = np.arange(ROWS) % 4
    np.save(HERE / "labels.npy", ids)
    np.save(HERE / "labels_column.npy", ids.reshape(-1, 1).astype(">u2"))
    np.save(HERE / "labels_bool.npy", ids % 2 == 1)
    names = np.array(["ash", "b\u00e4rlapp", "\U0001F332", "oak tree"])[ids]
    np.save(HERE / "labels_text.npy", names)
    np.save(HERE / "labels_text_big.npy", names.astype(names.dtype.newbyteorder(">")))
    np.save(HERE / "labels_bytes.npy", np.array([b"ash", b"birch", b"fir", b"oak"])[ids])
    np.save(HERE / "labels_whole_floats.npy", ids.astype("f4"))
    np.save(HERE / "labels_floats.npy", (ids + 0.25).astype("f8"))
    np.save(HERE / "labels_huge.npy", np.array([0, 2**64 - 1, 5, 5], dtype="u8"))
    np.save(HERE / "labels_ignored.npy", np.array([0, -100, 1, -100, 2]))
    np.save(HERE / "one_hot.npy", np.eye(4, dtype="u1")[ids])
    np.save(HERE / "responses_fortran.npy", np.asfortranarray(matrix("f8", ROWS, 3)))


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    features()
    refused()
    archives()
    tensors()
    labels()
