"""Byte-exact writers of .npy, .npz and .safetensors, right and wrong ones."""
import binascii
import json
import math
import os
import struct
import zlib

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))


class Folder:
    def __init__(self, base=HERE):
        self.base = base
        self.written = set()

    def path(self, name):
        full = os.path.join(self.base, name)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        return full

    def put(self, name, data):
        with open(self.path(name), "wb") as f:
            f.write(data)
        self.written.add(name)
        return name


def npy_bytes(array, version=1, fortran=False, descr=None, header=None, align=64, data=None, newline=True, length=None, shape=None):
    """One .npy image. header: replaces the dictionary text; length: replaces the header-length field; align=0: no padding."""
    array = np.asarray(array)
    if descr is None:
        descr = array.dtype.str
    text = header
    if text is None:
        text = "{'descr': %r, 'fortran_order': %s, 'shape': %r, }" % (descr, bool(fortran), tuple(array.shape) if shape is None else shape)
    raw = text if isinstance(text, bytes) else text.encode("latin1" if version < 3 else "utf8")
    prefix = 10 if version == 1 else 12
    if align:
        pad = -(prefix + len(raw) + (1 if newline else 0)) % align
        raw += b" " * pad
    if newline:
        raw += b"\n"
    size = len(raw) if length is None else length
    head = b"\x93NUMPY" + bytes([version, 0]) + (struct.pack("<H", size) if version == 1 else struct.pack("<I", size))
    body = data if data is not None else array.tobytes(order="F" if fortran else "C")
    return head + raw + body


def bf16_bits(array):
    """Round to nearest even bf16, as uint16."""
    u = np.asarray(array, dtype=np.float32).view(np.uint32)
    return ((u + 0x7FFF + ((u >> 16) & 1)) >> 16).astype(np.uint16)


def bf16_value(bits):
    return (np.asarray(bits, dtype=np.uint32) << 16).view(np.float32).astype(np.float64)


def f8_bits(array, exponent, mantissa, bias):
    """Exact encoding of numbers that the format can hold (asserted by the caller through f8_value)."""
    out = []
    for v in np.asarray(array, dtype=np.float64).ravel():
        sign, a = (0x80 if v < 0 else 0), abs(v)
        if a == 0:
            out.append(sign)
            continue
        m, e = math.frexp(a)  # a = m * 2**e, 0.5 <= m < 1
        e -= 1
        field = e + bias
        frac = round((m * 2 - 1) * (1 << mantissa))
        assert 0 < field < (1 << exponent) and (1 + frac / (1 << mantissa)) * 2.0 ** e == a, v
        out.append(sign | field << mantissa | frac)
    return bytes(out)


def safetensors_bytes(tensors, metadata=None, pad=8, fill=b" ", header=None, data=None, length=None, tail=b""):
    """tensors: list of (name, dtype, shape, bytes) or (name, dtype, shape, bytes, (begin, end))."""
    entries, body, offset = [], b"", 0
    if metadata is not None:
        entries.append('"__metadata__":' + (metadata if isinstance(metadata, str) else json.dumps(metadata)))
    for item in tensors:
        name, dtype, shape, raw = item[:4]
        begin, end = item[4] if len(item) > 4 else (offset, offset + len(raw))
        entries.append("%s:{\"dtype\":%s,\"shape\":%s,\"data_offsets\":[%s,%s]}" % (
            json.dumps(name), json.dumps(dtype), shape if isinstance(shape, str) else json.dumps(list(shape)), begin, end))
        body += raw
        offset += len(raw)
    text = ("{" + ",".join(entries) + "}").encode() if header is None else header
    if pad:
        text += fill * (-(8 + len(text)) % pad)
    return struct.pack("<Q", len(text) if length is None else length) + text + (body if data is None else data) + tail


class Zip:
    """A zip writer that can write what real and hostile writers write."""

    def __init__(self, prefix=b""):
        self.blob = bytearray(prefix)
        self.central = []

    def add(self, name, data, method=0, flags=0, extra=b"", zip64=False, descriptor=None, crc=None, claim=None, raw=None, level=9, needed=20):
        """descriptor: None, or the width (4 or 8) of its sizes with a signature, -4/-8 without.
        claim: the uncompressed size that headers state. raw: the compressed bytes themselves."""
        where = len(self.blob)
        if raw is None:
            raw = data
            if method == 8:
                c = zlib.compressobj(level, zlib.DEFLATED, -15)
                raw = c.compress(data) + c.flush()
        crc = binascii.crc32(data) & 0xFFFFFFFF if crc is None else crc
        size = len(data) if claim is None else claim
        if descriptor is not None:
            flags |= 8
        lcrc, lcomp, lsize = (0, 0, 0) if descriptor is not None else (crc, len(raw), size)
        lextra = extra
        if zip64:
            lextra = struct.pack("<HHQQ", 1, 16, 0 if descriptor is not None else size, 0 if descriptor is not None else len(raw)) + extra
            lcomp = lsize = 0xFFFFFFFF
        raw_name = name.encode() if isinstance(name, str) else name
        self.blob += struct.pack("<IHHHHHIIIHH", 0x04034B50, 45 if zip64 else needed, flags, method, 0, 0x21, lcrc, lcomp, lsize, len(raw_name), len(lextra))
        self.blob += raw_name + lextra + raw
        if descriptor is not None:
            form = "<IQQ" if abs(descriptor) == 8 else "<III"
            self.blob += (b"PK\x07\x08" if descriptor > 0 else b"") + struct.pack(form, crc, len(raw), size)
        self.central.append((raw_name, flags, method, crc, len(raw), size, where, zip64))
        return where

    def entry(self, name, flags, method, crc, packed, size, where, zip64=False):
        self.central.append((name.encode(), flags, method, crc, packed, size, where, zip64))

    def bytes(self, comment=b"", end64=False, disk=0):
        start = len(self.blob)
        directory = bytearray()
        for name, flags, method, crc, packed, size, where, zip64 in self.central:
            extra = struct.pack("<HHQQQ", 1, 24, size, packed, where) if zip64 else b""
            s, p, w = (0xFFFFFFFF,) * 3 if zip64 else (size, packed, where)
            directory += struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 45, 45 if zip64 else 20, flags, method, 0, 0x21, crc, p, s, len(name), len(extra), 0, 0, 0, 0, w)
            directory += name + extra
        out = bytes(self.blob) + bytes(directory)
        n = len(self.central)
        if end64:
            out += struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, n, n, len(directory), start)
            out += struct.pack("<IIQI", 0x07064B50, 0, start + len(directory), 1)
            out += struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, len(comment)) + comment
        else:
            out += struct.pack("<IHHHHIIH", 0x06054B50, disk, disk, n, n, len(directory), start, len(comment)) + comment
        return out
