"""LEEP as it was published (Nguyen et al., ICML 2020) and as the LogME repository has it, in numpy: the joint
distribution class by class, a product of all rows with all of P(y | z), and the label's entry of each."""

import numpy as np

import common


def score(probabilities, labels):
    rows, source_classes = probabilities.shape
    classes = int(labels.max() + 1)
    normalised = probabilities / float(rows)
    joint = np.zeros((classes, source_classes), dtype=float)
    for c in range(classes):
        joint[c] = np.sum(normalised[labels == c], axis=0)
    target_given_source = (joint / joint.sum(axis=0, keepdims=True)).T
    prediction = probabilities @ target_given_source
    likelihood = np.array([row[label] for row, label in zip(prediction, labels)])
    return np.mean(np.log(likelihood))


if __name__ == "__main__":
    common.run(score)
