"""Makes the features that the programs are compared on: python generate.py FOLDER [--rows N] [--features D] [--classes C]

Features as a network with rectified units gives them: max(0, z W + noise), where z is 256-wide, its mean depends on the
class, and the spread of its directions falls as a power of their number, so that the spectrum of the features falls from
direction to direction as real ones do. Seeded: the same file on every machine, up to the last bits of the product.
"""

import argparse
import pathlib

import numpy as np

LATENT = 256


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--rows", type=int, default=50000)
    parser.add_argument("--features", type=int, default=2048)
    parser.add_argument("--classes", type=int, default=100)
    arguments = parser.parse_args()
    rows, columns, classes = arguments.rows, arguments.features, arguments.classes

    random = np.random.default_rng(20240607)
    labels = random.permutation(np.arange(rows) % classes)
    spread = (1 + np.arange(LATENT)) ** -0.5
    centres = 0.7 * random.standard_normal((classes, LATENT))
    weights = (spread[:, None] * random.standard_normal((LATENT, columns))).astype(np.float32)

    arguments.folder.mkdir(parents=True, exist_ok=True)
    np.save(arguments.folder / "labels.npy", labels.astype(np.int64))
    features = np.lib.format.open_memmap(
        arguments.folder / "features.npy", mode="w+", dtype=np.float32, shape=(rows, columns))
    for first in range(0, rows, 5000):
        part = labels[first:first + 5000]
        z = (centres[part] + random.standard_normal((len(part), LATENT))).astype(np.float32)
        noise = random.standard_normal((len(part), columns), dtype=np.float32)
        features[first:first + 5000] = np.maximum(0, z @ weights + np.float32(0.5) * noise)
    features.flush()


if __name__ == "__main__":
    main()
