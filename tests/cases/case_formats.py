"""Cases with archives, other files, tables and machines (make_cases.py runs this after case_values)."""
import json

from case_values import *  # noqa: F401,F403
from caselib import safetensors_bytes

# ------------------------------------------------------------------ npz
lab = npy_bytes(Y)
z = lib.Zip(); z.add("first.npy", npy_bytes(np.zeros(3)), zip64=True, extra=b"\x99\x99\x04\x00abcd"); z.add("features.npy", whole, zip64=True, extra=b"\x99\x99\x04\x00abcd"); z.add("labels.npy", lab, extra=b"\x55\x54\x05\x00\x03\x00\x00\x00\x00")
put("npz/extra.npz", z.bytes())
add("npz", "R101 R108", "npz/extra.npz", "score features=npz/extra.npz array features, labels=npz/extra.npz array labels, classification", PLAIN, "Local headers with extra fields (zip64 sizes and others) and an array in front.")
z = lib.Zip(); z.add("features.npy", whole, method=8); z.add("labels.npy", lab, method=8)
put("npz/deflated.npz", z.bytes(comment=b"made by a script"))
add("npz", "R102 R108", "npz/deflated.npz", "score features=npz/deflated.npz array features, labels=npz/deflated.npz array labels, classification", PLAIN, "Deflated, with an archive comment.")
add("npz", "R108", ["npz/deflated.npz", YF], f"score features=npz/deflated.npz (no array named) labels={YF}, classification", error("deflated.npz", "features", "labels", says="the archive holds several arrays (features, labels): name one"), "Several arrays and no name.")
for width, name in ((4, "descriptor"), (-4, "descriptor_bare"), (8, "descriptor_8")):
    z = lib.Zip(); z.add("features.npy", whole, method=8, descriptor=width, zip64=abs(width) == 8); z.add("labels.npy", lab, method=8, descriptor=width, zip64=abs(width) == 8)
    put(f"npz/{name}.npz", z.bytes())
    if width == 8:
        continue
    add("npz", "R103", f"npz/{name}.npz", f"score features=npz/{name}.npz array features, labels=npz/{name}.npz array labels, classification", PLAIN, "Written to a pipe: the local headers hold no sizes" + (", the descriptor has no signature." if width < 0 else "."))
add("npz", "R103", "npz/descriptor_8.npz", "score features=npz/descriptor_8.npz array features, labels=npz/descriptor_8.npz array labels, classification", PLAIN, "The same with zip64 descriptors of 8 bytes.")
z = lib.Zip(); z.add("features.npy", whole, method=9, raw=b"\x4b\x04\x00" + bytes(40)); z.add("labels.npy", lab)
put("npz/method_9.npz", z.bytes())
add("npz", "R104", "npz/method_9.npz", "score features=npz/method_9.npz array features, labels=npz/method_9.npz array labels, classification", error("method_9.npz", "features", ["9", "deflate64"], says="entry features.npy uses compression method 9, which is not supported"), "deflate64.")
z = lib.Zip(); where = z.add("features.npy", whole, method=8); c = z.central[0]
z.entry("labels.npy", c[1], c[2], c[3], c[4], c[5], where)
put("npz/same_place.npz", z.bytes())
add("npz", "R105", "npz/same_place.npz", "score features=npz/same_place.npz array features, labels=npz/same_place.npz array labels, classification", error("same_place.npz", ["overlap", "same", "labels.npy", "name"], says="entry labels.npy overlaps entry features.npy"), "Two directory entries for one place; the local name differs from the directory's.", tags=["hostile"])
z = lib.Zip(); z.add("features.npy", whole + bytes(256 << 20), method=8); z.add("labels.npy", lab)
put("npz/bomb.npz", z.bytes())
add("npz", "R106", "npz/bomb.npz", "score features=npz/bomb.npz array features, labels=npz/bomb.npz array labels, classification", error("bomb.npz", "features", ["268435456", "more", "extra", "trailing", "after"], says="entry features.npy holds more bytes than its array needs"), "The array needs 3 KB, the entry expands to 256 MiB of zeros: stop when the array is full.", tags=["hostile"])
z = lib.Zip(); z.add("features.npy", whole, crc=0x12345678); z.add("labels.npy", lab)
put("npz/crc.npz", z.bytes())
add("npz", "R107", "npz/crc.npz", "score features=npz/crc.npz array features, labels=npz/crc.npz array labels, classification", error("crc.npz", "features", ["crc", "checksum"], says="entry features.npy fails its CRC"), "The checksum does not fit.", tags=["hostile"])
z = lib.Zip(); z.add("only.npy", whole, method=8)
put("npz/only.npz", z.bytes())
add("npz", "R108", ["npz/only.npz", YF], f"score features=npz/only.npz labels={YF}, classification", PLAIN, "One array in the archive: no name needed.", assumption="a single array needs no name")
add("npz", "R108", ["npz/only.npz", YF], f"score features=npz/only.npz array features labels={YF}, classification", error("only.npz", "features", "only", says="no array 'features' in the archive (it holds: only)"), "A name that is not there: the message lists what is.")

# ------------------------------------------------------------------ safetensors-layout
XB = X.astype("<f4").tobytes()
put("st/odd_start.safetensors", safetensors_bytes([("features", "F32", (48, 8), XB), ("labels", "I64", (48,), Y.tobytes())], metadata={"note": "xx"}, pad=0))
assert len(open(folder.path("st/odd_start.safetensors"), "rb").read()) % 8 != 0
ST = "score features=%s tensor features, labels=%s tensor labels, classification"
add("safetensors-layout", "R117", "st/odd_start.safetensors", ST % (("st/odd_start.safetensors",) * 2), PLAIN, "The data start at an address that is no multiple of 4.", short="st")
add("safetensors-layout", "R118", "st/odd_start.safetensors", ST % (("st/odd_start.safetensors",) * 2) + ", on CUDA", PLAIN, "The same file to the device: no misaligned address reaches cuBLAS.", short="st", tags=["cuda"])
put("st/nul_padding.safetensors", safetensors_bytes([("features", "F32", (48, 8), XB), ("labels", "I64", (48,), Y.tobytes())], pad=64, fill=b"\0"))
add("safetensors-layout", "R119", "st/nul_padding.safetensors", ST % (("st/nul_padding.safetensors",) * 2), either(PLAIN, error("nul_padding.safetensors", "header", says="the header is padded with NUL bytes; blanks are expected")), "Header padded with zeros, as one writer does.", short="st", assumption="either answer is allowed")
put("st/empty_beside.safetensors", safetensors_bytes([("none", "F32", (0, 8), b""), ("features", "F32", (48, 8), XB), ("labels", "I64", (48,), Y.tobytes())], metadata={}))
add("safetensors-layout", "R120 R121", "st/empty_beside.safetensors", ST % (("st/empty_beside.safetensors",) * 2), PLAIN, "A tensor without rows beside, and an empty __metadata__.", short="st")
add("safetensors-layout", "R120", "st/empty_beside.safetensors", "score features=st/empty_beside.safetensors tensor none, labels=st/empty_beside.safetensors tensor labels, classification", error("none", ["no rows", "0 rows", "empty", "[0, 8]", "(0, 8)"], says="tensor none has no rows"), "The empty tensor asked for.", short="st")
put("st/only_metadata.safetensors", safetensors_bytes([], metadata={"format": "pt"}))
add("safetensors-layout", "R122", ["st/only_metadata.safetensors", YF], f"score features=st/only_metadata.safetensors labels={YF}, classification", error("only_metadata.safetensors", ["no tensor", "tensor"], says="the file holds no tensor"), "Metadata alone.", short="st")
put("st/bf16.safetensors", safetensors_bytes([("labels", "I32", (48,), Y.astype("<i4").tobytes()), ("features", "BF16", (48, 8), lib.bf16_bits(X).tobytes())]))
add("safetensors-layout", "R117", "st/bf16.safetensors", ST % (("st/bf16.safetensors",) * 2), PLAIN, "bf16 features, int32 labels stored first.", short="st")
s = lib.Stream(109)
X4 = np.array([[max(-8, min(8, 3 * (1 if (Y[i] + j) % 3 == 0 else -1) + s.integer(-3, 3))) for j in range(8)] for i in range(48)], dtype=float)
put("st/f8_e4m3.safetensors", safetensors_bytes([("features", "F8_E4M3", (48, 8), lib.f8_bits(X4, 4, 3, 7)), ("labels", "I64", (48,), Y.tobytes())]))
add("safetensors-layout", "R117", "st/f8_e4m3.safetensors", ST % (("st/f8_e4m3.safetensors",) * 2), either(classification(X4, Y), error("f8_e4m3.safetensors", "F8_E4M3", says="element type F8_E4M3 is not supported")), "8-bit floats: right value or a sentence.", short="st", assumption="the design lists f16, bf16, f32, f64")

# ------------------------------------------------------------------ safetensors-hostile
good = safetensors_bytes([("features", "F32", (48, 8), XB), ("labels", "I64", (48,), Y.tobytes())])
bad = [
    ("trailing", good + b"abcdefg", "R130", error("trailing.safetensors", "7", says="7 bytes follow after the last tensor"), "Bytes that no tensor covers."),
    ("truncated", good[:-50], "R131", error("truncated.safetensors", "labels", says="tensor labels ends 50 bytes after the end of the file"), "The file is 50 bytes short."),
    ("cut_header", good[:30], "R131", error("cut_header.safetensors", "header", says="the file ends inside its header"), "The file ends inside the header."),
    ("five_bytes", b"\x10\0\0\0\0", "R131", error("five_bytes.safetensors", ["5 bytes", "too short", "header"], says="5 bytes are too few for a header"), "Shorter than its length field."),
    ("duplicate", safetensors_bytes([("features", "F32", (48, 8), XB), ("features", "F32", (48, 8), XB), ("labels", "I64", (48,), Y.tobytes())]), "R132", error("duplicate.safetensors", ["duplicate", "twice"], "features", says="tensor features is there twice"), "The same name twice."),
    ("short_span", safetensors_bytes([("features", "F32", (48, 8), XB[:384]), ("labels", "I64", (48,), Y.tobytes())]), "R133", error("short_span.safetensors", "features", "384", "1536", says="tensor features: shape (48, 8) of F32 needs 1536 bytes, its offsets hold 384"), "The offsets hold a quarter of what the shape needs."),
    ("long_header", safetensors_bytes([("features", "F32", (48, 8), XB)], length=1 << 40), "R134", error("long_header.safetensors", "header", "1099511627776", says="the header length 1099511627776 is longer than the file"), "A header of 2^40 bytes."),
    ("not_json", safetensors_bytes([], header=b"{features: F32}", data=XB), "R134", error("not_json.safetensors", "header", says="the header is no JSON"), "No JSON."),
    ("list", safetensors_bytes([], header=b"[1,2,3]", data=XB), "R134", error("list.safetensors", "header", says="the header is no JSON object"), "JSON, but no object."),
    ("type", safetensors_bytes([("features", "F31", (48, 8), XB), ("labels", "I64", (48,), Y.tobytes())]), "R134", error("type.safetensors", "features", "F31", says="tensor features has the unknown type F31"), "An unknown type."),
    ("out_of_range", safetensors_bytes([("features", "F32", (48, 8), XB, (0, 1536)), ("labels", "I64", (48,), Y.tobytes(), (100000, 100384))]), "R134", error("out_of_range.safetensors", "labels", "100384", says="tensor labels: offsets 100000..100384 are outside the file"), "Offsets behind the end."),
    ("wraps", safetensors_bytes([("features", "F32", (4294967296, 4294967296), b"", (0, 0)), ("labels", "I64", (48,), Y.tobytes(), (0, 384))]), "R135", error("wraps.safetensors", "features", "4294967296", says="tensor features: shape (4294967296, 4294967296) is more than can be addressed"), "2^32 x 2^32 is 0 modulo 2^64, and so is its span."),
    ("deep", safetensors_bytes([], header=b'{"features":' + b"[" * 60000 + b"]" * 60000 + b"}", data=b""), "R134", error("deep.safetensors", "header", says="the header is nested too deeply"), "Sixty thousand brackets."),
]
for name, data, reports, exp, why in bad:
    n = put(f"sthostile/{name}.safetensors", data)
    add("safetensors-hostile", reports, n, ST % (n, n), exp, why, short="sthostile", tags=["hostile"])

# ------------------------------------------------------------------ other-formats
z = lib.Zip(); z.add("archive/data.pkl", b"\x80\x02}q\x00."); z.add("archive/version", b"3\n")
put("formats/features.pt", z.bytes()); put("formats/features.parquet", b"PAR1" + bytes(64) + b"PAR1"); put("formats/parquet_named.npy", b"PAR1" + bytes(64) + b"PAR1")
add("other-formats", "R144", ["formats/features.pt", YF], f"score features=formats/features.pt labels={YF}, classification", error("features.pt", [".pt", "torch"], [".npy", "safetensors"], says="torch files (.pt) cannot be read; save as .npy or .safetensors"), "A torch file.", short="format")
add("other-formats", "R145", ["formats/features.parquet", YF], f"score features=formats/features.parquet labels={YF}, classification", error("features.parquet", "parquet", [".npy", "safetensors"], says="Parquet cannot be read; save as .npy or .safetensors"), "A Parquet file.", short="format")
add("other-formats", "R145", ["formats/parquet_named.npy", YF], f"score features=formats/parquet_named.npy labels={YF}, classification", error("parquet_named.npy", ["parquet", "not a .npy", "no .npy", "magic"], says="this is a Parquet file, not .npy"), "The same under the wrong name: content decides.", short="format")

# ------------------------------------------------------------------ files
put("files/empty.npy", b"")
add("files", "R149", ["files/empty.npy", YF], f"score features=files/empty.npy labels={YF}, classification", error("empty.npy", "empty", says="the file is empty"), "A file of 0 bytes.")
for what, setup, must in (("a folder", "mkdir F", ["folder", "directory"]), ("a missing file", "nothing at F", ["no such file", "not found", "does not exist", "missing"]), ("a loop of links", "ln -s G F; ln -s F G", ["loop", "too many", "links"]), ("a file without permission to read", "any file at F, mode 000, not run as root", ["permission"])):
    add("files", "R149", [YF], f"score features=F labels={YF}, classification, where F is {what}", error("F", must, says=f"F is {what}"), "The system's own reason, in one sentence with the name.", setup=setup, tags=["setup"])
add("files", "R149", [XF, YF], f"score features=F labels={YF}, classification, where F is a named pipe into which {XF} is written", either(PLAIN, error("F", ["pipe", "regular file", "seek"], says="F is a pipe; a file is needed")), "Read to the end or refused at once.", setup=f"mkfifo F; cat {XF} > F &", tags=["setup"], assumption="either answer is allowed")
add("files", "R149", [YF], f"score features=F labels={YF}, classification, where F is a named pipe that nobody writes", either(error("F", ["pipe", "regular file", "seek"], says="F is a pipe; a file is needed"), {"waits": "until a writer comes or the user presses Ctrl-C, which ends it with a sentence"}), "Never a silent hang that Ctrl-C cannot end.", setup="mkfifo F", tags=["setup"], assumption="either answer is allowed")
add("files", "R150", [XF, YF], f"accumulate features={XF} labels={YF} and save the statistics to a file system without space", error(["space", "full"], says="cannot write STATISTICS: no space left"), "No signal, no half-written file, the old file stays.", setup="a small tmpfs filled up, or /dev/full as the target", tags=["setup"])
add("files", "R151", [XF, YF], f"score features=F labels={YF}, classification, where F is a copy of {XF} that is cut to half its size after it was opened", error("F", ["shrank", "shorter", "ends", "truncated", "changed"], says="F became shorter while it was read"), "No SIGBUS.", setup="a test hook or a slow file system; truncate after open", tags=["described"])
add("files", "R152", [XF, YF], "score a file on a network disk", {"behaviour": "reads in large pieces (>= 1 MiB), not by page faults, when the file system is a network one or when the user says so"}, "Page-wise mapping is several times slower there.", tags=["described"])
add("files", "R153", [XF, YF], f"score features={XF} labels={YF}, classification, where mmap fails for the file (ENODEV)", PLAIN, "Mapping refused: plain reading gives the same value.", setup="a fault injected into mmap", tags=["described"])

# ------------------------------------------------------------------ evaluate
acc = [82.7, 88.8, 86.6, 85.6, 85.3, 85.4, 84.5, 84.6, 82.8, 72.8]
sco = [0.934, 0.953, 0.946, 0.948, 0.950, 0.938, 0.943, 0.942, 0.941, 0.948]
mod = ["m%02d" % i for i in range(10)]


def table(name, column, rows, end="\n", head=True, bom=False):
    return put(name, (b"\xef\xbb\xbf" if bom else b"") + (end.join((["model,%s" % column] if head else []) + ["%s,%s" % r for r in rows]) + end).encode())


def measures(s, a):
    return {"weighted_tau": lib.weighted_tau(a, s), "tau_b": lib.tau_b(a, s), "spearman": lib.spearman(a, s), "pearson": lib.pearson(a, s)}


table("evaluate/scores.csv", "score", list(zip(mod, sco))); table("evaluate/acc_shuffled.csv", "accuracy", [(mod[i], acc[i]) for i in (3, 9, 0, 5, 1, 8, 2, 7, 4, 6)])
EV = "evaluate scores=%s accuracies=%s"
add("evaluate", "R160 R161", "evaluate/scores.csv evaluate/acc_shuffled.csv", EV % ("evaluate/scores.csv", "evaluate/acc_shuffled.csv"), {"values": measures(sco, acc)}, "Rows in another order: joined by name. Two scores are equal (ties). No p-value is shown for the weighted tau.")
x, y = [12, 2, 1, 12, 2], [1, 4, 7, 1, None]
table("evaluate/nan_scores.csv", "score", zip(mod, ["1", "4", "7", "1", "nan"])); table("evaluate/nan_acc.csv", "accuracy", zip(mod, x))
add("evaluate", "R159 R162", "evaluate/nan_scores.csv evaluate/nan_acc.csv", EV % ("evaluate/nan_scores.csv", "evaluate/nan_acc.csv"), {"values": {"weighted_tau": lib.weighted_tau(x, [1.0, 4.0, 7.0, 1.0, None])}, "says": [["m04"], ["nan", "no score"]]}, "One score is NaN: smallest of all for the weighted tau, and the model is named.")
t1, t2 = [3, 3, 3, 2, 2, 1], [0.5, 0.4, 0.4, 0.4, 0.1, 0.1]
table("evaluate/ties_acc.csv", "accuracy", zip(mod, t1)); table("evaluate/ties_scores.csv", "score", zip(mod, t2))
add("evaluate", "R161", "evaluate/ties_scores.csv evaluate/ties_acc.csv", EV % ("evaluate/ties_scores.csv", "evaluate/ties_acc.csv"), {"values": measures(t2, t1)}, "Groups of ties on both sides.")
table("evaluate/missing_acc.csv", "accuracy", list(zip(mod, acc))[:7])
add("evaluate", "R162", "evaluate/scores.csv evaluate/missing_acc.csv", EV % ("evaluate/scores.csv", "evaluate/missing_acc.csv"), either({"values": measures(sco[:7], acc[:7]), "says": [["m07"], ["m08"], ["m09"]]}, error("m07", says="no accuracy for m07, m08, m09")), "Three models have no accuracy: named; used rows counted.", assumption="either answer is allowed")
table("evaluate/crlf_scores.csv", "score", zip(mod, sco), end="\r\n", bom=True)
add("evaluate", "R162", "evaluate/crlf_scores.csv evaluate/acc_shuffled.csv", EV % ("evaluate/crlf_scores.csv", "evaluate/acc_shuffled.csv"), {"values": measures(sco, acc)}, "A byte order mark and CRLF line ends, as spreadsheets write.")
table("evaluate/twice.csv", "score", list(zip(mod, sco)) + [("m03", 0.5)])
add("evaluate", "R162", "evaluate/twice.csv evaluate/acc_shuffled.csv", EV % ("evaluate/twice.csv", "evaluate/acc_shuffled.csv"), error("m03", ["twice", "duplicate", "two"], says="model m03 is there twice"), "A model with two scores.")

# ------------------------------------------------------------------ blas
add("blas", "R167", [XF, YF], f"score features={XF} labels={YF}, classification, then fork, and score again in the child", either(PLAIN, error("fork", says="an engine cannot be used after fork")), "No hang in the child.", tags=["described"])
add("blas", "R168", [XF, YF], f"score features={XF} labels={YF}, classification, once per BLAS kernel that can be forced by the environment", PLAIN, "Same value within the bound under every kernel, or an error that names the kernel; info shows the kernel in use.", tags=["described"])
wide = np.zeros((48, 40000), dtype="<f2"); wide[:, 39992:] = X
z = lib.Zip(); z.add("features.npy", npy_bytes(wide), method=8)
put("blas/forty_thousand.npz", z.bytes())
add("blas", "R169 R170", ["blas/forty_thousand.npz", YF], f"score features=blas/forty_thousand.npz labels={YF}, classification, one-shot", PLAIN, "40000 columns (8 of them not zero), 48 rows: the small side decides; an eigenproblem of 40000 overflows 32-bit workspaces.")
add("blas", "R169", ["blas/forty_thousand.npz", YF], f"accumulate features=blas/forty_thousand.npz labels={YF} into statistics under a memory limit of 2 GiB", error("40000", ["memory", "GiB", "GB", "bytes"], says="statistics of 40000 columns need 12.8 GB"), "The Gram matrix would take 12.8 GB (6.4 as a triangle): said before it is tried.", tags=["described"])

# ------------------------------------------------------------------ CUDA (all described: a fault, a device or a size is needed)
D = dict(tags=["cuda", "described"])
PB = [XF, YF]
SB = f"score features={XF} labels={YF}, classification, on CUDA"
add("cuda-solver", "R175", PB, SB + ", the workspace query answers 3000000000 bytes", PLAIN, "Sizes above 2^31 pass through unharmed (or out of memory with that number in the message).", short="solver", **D)
add("cuda-solver", "R176", PB, SB + ", the workspace query answers 'invalid value'", either(PLAIN, error("8", ["eigen", "syevd"], says="the eigenproblem of size 8 was refused: invalid value")), "Another route, or a NumericalError with call and size.", short="solver", **D)
add("cuda-solver", "R177", PB, SB + ", the decomposition answers success but one eigenvector is wrong", either(PLAIN, error(["residual", "wrong", "check"], says="the eigen decomposition failed its check")), "A residual check finds it; escalation or error, never the wrong score.", short="solver", **D)
add("cuda-solver", "R178", PB, SB + ", the allocation of the workspace fails", error(["memory"], ["bytes", "MiB", "GiB"], says="out of device memory: N bytes asked for the eigenproblem, M free"), "The message names what was asked and what is free; the engine scores again afterwards.", short="solver", **D)
add("cuda-solver", "R179", "score/wide.npy score/wide_labels.npy", "score features=score/wide.npy labels=score/wide_labels.npy, classification, on CUDA, through every route (Gram, dual, QR + SVD)", {"value": classification(*lib.classes(12, 20, 40, 2))["value"]}, "Wide matrices: no routine that needs rows >= columns gets one.", short="solver", **D)
add("cuda-solver", "R180", PB, "rank three copies of the base model by a batched eigen route on CUDA, one of the batch comes back as the diagonal of its matrix", either(PLAIN, error(["residual", "check", "batch"], says="eigenproblem 1 of the batch failed its check")), "Batched results are checked one by one.", short="solver", **D)
add("cuda-solver", "R181", PB, SB + ", all eigenvectors negated", PLAIN, "Signs do not matter.", short="solver", **D)
add("cuda-blas", "R188 R189", [], "score features=large_features.npy labels=large_labels.npy, classification, on CUDA (host memory, tiles)", {"value": LARGE["value"]}, "More than 2^31 elements on the device path.", short="cublas", tags=["cuda", "large"])
add("cuda-blas", "R190", PB, "two threads score on one engine; then two engines in two threads", either(PLAIN, error(["thread"], says="an engine belongs to one thread")), "Right value in every thread, or a sentence; no silent mix of streams.", short="cublas", **D)
add("cuda-blas", "R191", PB, SB + ", 100 times while other streams are busy", {"value": BASE["value"], "behaviour": "the same 64 bits every time"}, "Determinism with a workspace of the handle's own.", short="cublas", **D)
add("cuda-blas", "R192", PB, SB + ", precision f32, with the environment asking for tf32 everywhere", PLAIN, "The environment does not change the precision that the result states.", short="cublas", **D)
add("cuda-runtime", "R198", PB, f"score features={XF} labels={YF}, classification, on the CPU, with a CUDA build, no driver or one that is too old", PLAIN, "No CUDA call stands in the way of the CPU; info gives the reason and both versions.", short="runtime", **D)
add("cuda-runtime", "R199", PB, SB + ", on a device whose capability is not built in", error(["capability", "architecture"], says="this build has no code for compute capability X.Y (it has ...)"), "The message names what the device has and what the build has.", short="runtime", **D)
add("cuda-runtime", "R200", PB, SB + ", then fork, and score again in the child", error("fork", says="CUDA cannot be used in a forked child"), "A typed error; on the CPU the child may score.", short="runtime", **D)
add("cuda-runtime", "R201", PB, SB + ", inside a program that uses the default memory pool", {"behaviour": "no attribute of the default pool changes; memory returns to the driver when the engine goes"}, "Another library's pool stays as it was.", short="runtime", **D)

# ------------------------------------------------------------------ cmake
C = dict(tags=["build"])
add("cmake", "R207", [], "configure a consumer: find_package(culogme REQUIRED), link culogme::culogme, no CUDA language enabled", {"behaviour": "configures, builds, runs; the package config finds CUDAToolkit, BLAS, threads itself when the build had them"}, "The consumer never sees a missing CUDA::cublas.", **C)
add("cmake", "R208", [], "configure on a machine with nvcc and without a GPU, no architectures given", {"behaviour": "builds for the list of the design; 'native' is never the default"}, "No device needed to build.", **C)
add("cmake", "R209", [], "configure with a toolkit that no longer knows the oldest architecture of the list", {"behaviour": "that architecture is left out with one line of explanation"}, "A newer toolkit still builds.", **C)
add("cmake", "R210", [], "configure with a toolkit folder without libcusolver", {"behaviour": "AUTO: CPU build and one line why; ON: error at configure time naming cusolver"}, "Nothing fails at link time.", **C)

# ------------------------------------------------------------------ measures
s = lib.Stream(110)
theta = np.array([[s.integer(1, 9) + (30 if z == (Y[i] * 2 + s.integer(0, 1)) % 5 else 0) for z in range(5)] for i in range(48)], dtype=float)
theta = np.round(theta / theta.sum(1, keepdims=True) * 4096)
theta[:, 0] += 4096 - theta.sum(1)
theta /= 4096
assert (theta.sum(1) == 1).all() and (theta > 0).all()
source = theta.argmax(1)
put("measures/predictions.npy", npy_bytes(theta.astype("<f4"))); put("measures/source.npy", npy_bytes(source.astype("<i8")))
add("measures", "R216", ["measures/predictions.npy", YF], f"leep predictions=measures/predictions.npy labels={YF}", {"value": lib.leep(theta, list(Y))}, "LEEP from source probabilities (48, 5).")
add("measures", "R216", ["measures/source.npy", YF], f"nce source=measures/source.npy labels={YF}", {"value": lib.nce(list(source), list(Y))}, "NCE from source labels.")
add("measures", "R216", ["measures/source.npy", YF], f"nce source={YF} labels=measures/source.npy", {"value": lib.nce(list(Y), list(source))}, "Source and target swapped: another number. Names in the interface keep them apart.")
g = np.hstack([theta, np.zeros((48, 2))])
put("measures/zero_classes.npy", npy_bytes(g))
add("measures", "R218", ["measures/zero_classes.npy", YF], f"leep predictions=measures/zero_classes.npy labels={YF}", {"value": lib.leep(theta, list(Y))}, "Two source classes that no row ever predicts: no 0/0, same value.")
g = theta.copy(); g[9] *= 1.25
put("measures/sum.npy", npy_bytes(g))
add("measures", "R217", ["measures/sum.npy", YF], f"leep predictions=measures/sum.npy labels={YF}", error("sum.npy", "9", "1.25", says="predictions: row 9 adds up to 1.25"), "A row that is no probability.")
add("measures", "R216", [XF, YF], f"hscore features={XF} labels={YF}", {"value": lib.hscore(X, list(Y))}, "H-score; at most classes - 1 = 2.")

# ------------------------------------------------------------------ statistics
S = dict(tags=["described"])
add("statistics", "R222", [XF, YF], f"accumulate features={XF} labels={YF}, save; save again over it and kill the process at any moment; load", PLAIN, "The old file or the new one, never a mixture.", **S)
add("statistics", "R222", [XF, YF], "save the base statistics, flip one bit anywhere in the file, load", error(["checksum", "corrupt", "damaged", "version", "magic"], says="the statistics file is damaged"), "Every single bit is protected.", **S)
add("statistics", "R222", [XF, YF], "save the base statistics, cut 1 byte off, load", error(["short", "truncated", "bytes", "damaged"], says="the statistics file is 1 byte short"), "A copy that was cut.", **S)
add("statistics", "R222", shards, "accumulate rows/shards/img_emb_0.npy and img_emb_10.npy with their labels, subtract img_emb_10.npy with its labels, score", {"value": classification(X[:13], Y[:13])["value"]}, "Subtracting a shard leaves the rest (13 rows).", assumption="tolerance 1e-9: the difference of sums", tolerance=1e-9)
