"""Cases of make_more.py about .npz and .safetensors, right and hostile ones."""
import numpy as np

from caselib import Zip, bf16_bits, either, error, npy_bytes, safetensors_bytes

SCORE = "score features=%s array %s, labels=%s array %s, classification"


def add_cases(folder, cases, data):
    _npz(folder, cases, data)
    _safetensors(folder, cases, data)
    _safetensors_hostile(folder, cases, data)


def _npz(folder, cases, d):
    x, y = npy_bytes(d.x), npy_bytes(d.y)

    def put(name, data, expected, why, features="x", labels="y", **more):
        a = folder.put(f"npz/{name}.npz", data)
        cases.add("npz", "", [a], SCORE % (a, features, a, labels), expected, why, **more)

    def archive(**first):
        z = Zip()
        z.add("x.npy", x, **first)
        z.add("y.npy", y, method=8)
        return z

    hostile = dict(tags=["hostile"])
    put("zip64", archive(zip64=True).bytes(end64=True), d.plain, "Zip64 entries and directory, the second entry deflated.")
    z = Zip(prefix=b"#!/bin/sh\n")
    z.add("x.npy", x)
    z.add("y.npy", y)
    put("prefix", z.bytes(), either(d.plain, error("prefix.npz", ["before", "not a", "begins with"], says="this is no .npy, .npz or .safetensors file")), "A zip behind a few bytes of something else.")
    z = Zip()
    z.add("deep/folder/x.npy", x, method=8)
    z.add("y.npy", y)
    z.add("README.txt", b"not an array")
    put("folders", z.bytes(), d.plain, "An entry in folders, and one that is no array.", features="deep/folder/x")
    put("fortran", _pair(npy_bytes(d.x.astype("<f4"), fortran=True), y), d.plain, "Column-major data, deflated.")
    put("descriptor_bare_8", archive(method=8, descriptor=-8).bytes(), d.plain, "A descriptor of 8-byte sizes without signature.")
    put("empty", Zip().bytes(), error("empty.npz", ["no array", "without any", "empty"], says="the archive holds no array"), "An archive without entries.", **hostile)
    put("encrypted", archive(flags=1).bytes(), error("encrypted.npz", "x", ["encrypt", "password"], says="entry x.npy is encrypted"), "An encrypted entry.", **hostile)
    put("method_12", archive(method=12, raw=x).bytes(), error("method_12.npz", "x", ["12", "bzip2"], says="method 12 is not supported"), "bzip2.", **hostile)
    put("crc", _pair(x, y, crc=12345), error("crc.npz", "x", ["crc", "checksum"], says="entry x.npy fails its CRC"), "A wrong checksum of a deflated entry.", **hostile)
    put("stream", archive(method=8, raw=b"\xff" * 200).bytes(), error("stream.npz", "x", ["deflate", "corrupt", "damaged", "invalid", "inflate"], says="entry x.npy is no deflate stream"), "Bytes that are no deflate stream.", **hostile)
    put("claims_more", archive(method=8, claim=len(x) + 1000).bytes(), error("claims_more.npz", "x", [str(len(x) + 1000), "size", "bytes", "after", "trailing"], says="entry x.npy promises more than it holds"), "The directory promises more than the entry holds.", **hostile)
    put("cut", _pair(x, y)[:-30], error("cut.npz", ["end", "directory", "truncated", "zip"], says="the archive's end is missing"), "The end of the archive is missing.", **hostile)
    z = archive()
    name, flags, method, crc, packed, size, where, zip64 = z.central[0]
    z.central[0] = (name, flags, method, crc, packed, size, 10**9, zip64)
    put("outside", z.bytes(), error("outside.npz", ["x", "outside", "offset"], ["outside", "offset", "beyond", "past", "1000000000"], says="entry x.npy lies outside the file"), "An entry behind the end of the file.", **hostile)
    z = Zip()
    z.add("x.npy", x)
    z.add("x.npy", npy_bytes(-d.x))
    z.add("y.npy", y)
    put("double", z.bytes(), error("double.npz", "x", ["twice", "duplicate"], says="the archive holds x twice"), "One name for two entries.", **hostile)
    z = Zip()
    z.add("x.npy", npy_bytes(d.x[:, :2]) + bytes(2**22), method=8)
    z.add("y.npy", y)
    put("longer", z.bytes(), error("longer.npz", "x", ["4194304", "more", "extra", "trailing", "after"], says="entry x.npy holds more bytes than its array needs"), "4 MiB of zeros behind the array.", **hostile)
    put("object", _pair(npy_bytes(np.zeros(3), descr="|O", data=b"\x80\x04N."), y), error("object.npz", ["|O", "object"], says="Python objects cannot be read"), "A pickle in an archive.", **hostile)


def _pair(x, y, **first):
    z = Zip()
    z.add("x.npy", x, method=8, **first)
    z.add("y.npy", y, method=8)
    return z.bytes()


def _safetensors(folder, cases, d):
    def put(name, tensors, expected, why, features="x", **more):
        a = folder.put(f"st/{name}.safetensors", safetensors_bytes(tensors, **more))
        cases.add("safetensors-layout", "", [a], SCORE.replace("array", "tensor") % (a, features, a, "y"), expected, why, short="st")

    y = ("y", "I64", (31,), d.y.tobytes())
    for dtype, array in (("F64", d.x), ("F16", d.x.astype("<f2")), ("F32", d.x.astype("<f4")), ("BF16", bf16_bits(d.x)), ("I16", (d.x * 16).astype("<i2")), ("I8", (d.x * 16).astype("i1"))):
        put(dtype.lower(), [("x", dtype, d.x.shape, array.tobytes()), y], d.plain, f"{dtype} features.")
    x = ("x", "F32", d.x.shape, d.x.astype("<f4").tobytes())
    put("u8_labels", [("y", "U8", (31,), d.y.astype("u1").tobytes()), x], d.plain, "U8 labels in front: the features start at an odd place.", pad=0)
    put("metadata", [x, y], d.plain, "Metadata with escapes.", metadata={"format": "pt", "a\"b": "\u00e9\n"})
    put("name", [("layer.0.\u00e9/x", *x[1:]), y], d.plain, "A name with dots, a slash and a letter that JSON escapes.", features="layer.0.\u00e9/x")
    put("scalar", [("x", "F32", (), d.x.astype("<f4").tobytes()[:4]), y], error("scalar.safetensors", "x", ["()", "[]", "scalar", "0 dimensions", "0-d"], says="tensor x has shape ()"), "A scalar.")
    put("cube", [("x", "F32", (31, 5, 1), x[3]), y], error("x", ["31, 5, 1", "31x5x1", "31 x 5 x 1"], ["pool", "mean", "reshape"], says="tensor x has shape (31, 5, 1)"), "Three dimensions.")
    put("missing", [x, y], error("missing.safetensors", "z", ["x"], says="no tensor z (the file holds x, y)"), "A name that is not there: the message lists what is.", features="z")


def _safetensors_hostile(folder, cases, d):
    raw, ids = d.x.astype("<f4").tobytes(), d.y.tobytes()
    n = len(raw)

    def put(name, data, must, why):
        a = folder.put(f"sthostile/{name}.safetensors", data)
        cases.add("safetensors-hostile", "", [a], SCORE.replace("array", "tensor") % (a, "x", a, "y"), error(f"{name}.safetensors", *must, says="the header is wrong"), why, short="sthostile", tags=["hostile"])

    def pair(x=(0, n), y=(n, n + 248), data=None, shape="[31,5]", dtype="F32"):
        return safetensors_bytes([("x", dtype, shape, raw, x), ("y", "I64", (31,), ids, y)], data=data)

    put("hole", pair(y=(n + 8, n + 256), data=raw + bytes(8) + ids), [["hole", "gap", "8"], ["hole", "gap", "between", "cover", "8"]], "Eight bytes that no tensor covers, in the middle.")
    put("overlap", pair(y=(n - 8, n + 240), data=raw + ids[:-8]), [["overlap", "x"], ["overlap", "offset"]], "Two tensors over the same bytes.")
    put("reversed", pair(x=(n, 0)), ["x", ["offset", "begin", "end"]], "The end stands before the begin.")
    put("negative", pair(x=(-4, n - 4)), [["x", "header"], ["-4", "offset", "header"]], "A negative offset.")
    put("fraction", pair(x=("0.5", n)), [["x", "header"], ["0.5", "offset", "header"]], "An offset that is no whole number.")
    put("two_64", pair(x=(0, 2**64)), [["x", "header"], ["18446744073709551616", "offset", "header"]], "An offset of 2^64.")
    put("negative_shape", pair(shape="[-31,5]"), ["-31"], "A negative size.")
    put("text_shape", pair(shape='["31",5]'), [["x", "shape", "header"]], "A size that is text.")
    put("lower_type", pair(dtype="f32"), ["x", "f32"], "A type in small letters.")
    put("zero_header", b"\0" * 8 + raw, [["header", "0"]], "A header of no bytes.")
    put("one_too_long", (lambda b: (len(b) - 7).to_bytes(8, "little") + b[8:])(pair()), ["header"], "The header is one byte longer than the file.")
    put("array_entry", safetensors_bytes([], header=b'{"x":[1,2],"y":{}}', data=raw), [["x", "header"]], "A tensor that is a list.")
    put("no_type", safetensors_bytes([], header=('{"x":{"shape":[31,5],"data_offsets":[0,%d]}}' % n).encode(), data=raw), ["x", ["dtype", "type"]], "A tensor without a type.")
    put("deep_metadata", safetensors_bytes([("x", "F32", (31, 5), raw), ("y", "I64", (31,), ids)], metadata='{"a":' + "[" * 50000 + "]" * 50000 + "}"), ["header"], "Metadata nested fifty thousand times.")
    put("utf8", safetensors_bytes([], header=b'{"\xff\xfe":{"dtype":"F32","shape":[31,5],"data_offsets":[0,%d]}}' % n, data=raw), ["header"], "A name that is no UTF-8.")
