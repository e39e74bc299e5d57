"""LogME in torch on a CUDA device, of arrays in its memory: torch_on_device.py METHOD FEATURES LABELS

`best` is the fastest that plain eager torch gave here: one f32 product for the Gram matrix, class sums by index_add_,
one eigenproblem in fp64, and the fixed point of all classes at once until it stands still. `transformer-ranker` is the
class LogME of the PyPI package of that name (0.2.0), loaded without the rest of the package, which would want language
models.
"""

import argparse
import importlib.util
import json
import pathlib
import sys
import time
import types

import numpy as np
import torch

STEPS = 100
TOLERANCE = 1e-6
# The fixed point is looked at, which waits for the device, only this often.
LOOK_EVERY = 10


def best(features, labels):
    rows, columns = features.shape
    classes = int(labels.max()) + 1
    gram = (features.T @ features).double()
    sums = torch.zeros(classes, columns, device=features.device).index_add_(0, labels, features).double()
    counts = torch.bincount(labels, minlength=classes).double()

    sigma, vectors = torch.linalg.eigh(gram)
    sigma = sigma.clamp_min(sigma[-1] * columns * torch.finfo(torch.float32).eps * 1e-3)
    x2 = (sums @ vectors) ** 2 / sigma
    outside = (counts - x2.sum(1)).clamp_min(0)
    t = sigma.mean().repeat(classes)
    for step in range(STEPS):
        shrunk = sigma + t[:, None]
        gamma = (sigma / shrunk).sum(1)
        m2 = (sigma * x2 / shrunk ** 2).sum(1)
        residual = (x2 * (t[:, None] / shrunk) ** 2).sum(1) + outside
        before, t = t, gamma / (rows - gamma) * residual / m2
        if step % LOOK_EVERY == LOOK_EVERY - 1 and ((t - before).abs() / before).max() < TOLERANCE:
            break
    energy = (x2 * (t[:, None] / (sigma + t[:, None]))).sum(1) + outside
    values = -0.5 * (torch.log(2 * torch.pi * energy / rows) + 1 + torch.log1p(sigma / t[:, None]).sum(1) / rows)
    return values.mean().item()


def transformer_ranker():
    """The score function of the installed package; its folder may be given by PYTHONPATH."""
    folder = next((path for entry in sys.path
                   if (path := pathlib.Path(entry or ".") / "transformer_ranker" / "estimators").is_dir()), None)
    if folder is None:
        sys.exit("torch_on_device.py: the package transformer-ranker is not installed")
    sys.modules["estimators"] = package = types.ModuleType("estimators")
    package.__path__ = [str(folder)]
    spec = importlib.util.spec_from_file_location("estimators.logme", folder / "logme.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return lambda features, labels: module.LogME().fit(features, labels)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("method", choices=("best", "transformer-ranker"))
    parser.add_argument("features")
    parser.add_argument("labels")
    parser.add_argument("--repeats", type=int, default=1)
    arguments = parser.parse_args()
    score = best if arguments.method == "best" else transformer_ranker()
    features = torch.from_numpy(np.load(arguments.features)).cuda()
    labels = torch.from_numpy(np.load(arguments.labels)).long().cuda()
    seconds, value = [], None
    for _ in range(arguments.repeats):
        torch.cuda.synchronize()
        start = time.perf_counter()
        value = score(features, labels)
        torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"score": float(value), "seconds": seconds,
                      "device": f"{torch.cuda.get_device_name()}, torch {torch.__version__}"}))


if __name__ == "__main__":
    main()
