"""Softmax regression on handwritten digits, without any library: what a Trainable needs, and nothing else."""

import csv
import gzip
import math
import os
import pickle
import random

import coppice

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "digits-pbt", "digits.csv.gz")
TRAIN, VALIDATE = 300, 200
CLASSES = 10


def read_digits():
    with gzip.open(DATA, "rt", newline="") as file:
        rows = [[int(x) for x in row] for row in csv.reader(file)]
    # 64 pixels from 0 to 16, a constant for the bias, and the label.
    digits = [([x / 16 for x in row[:-1]] + [1.0], row[-1]) for row in rows]
    random.Random(0).shuffle(digits)
    return digits[:TRAIN], digits[TRAIN : TRAIN + VALIDATE]


train_set, validation_set = read_digits()  # once for the process, not for each trial


def probabilities(weights, pixels):
    scores = [sum(w * x for w, x in zip(row, pixels)) for row in weights]
    top = max(scores)
    powers = [math.exp(s - top) for s in scores]
    total = sum(powers)
    return [p / total for p in powers]


class Softmax(coppice.Trainable):
    def setup(self, params):
        self.params = params
        self.epoch = 0
        self.weights = [[0.0] * 65 for _ in range(CLASSES)]
        self.velocity = [[0.0] * 65 for _ in range(CLASSES)]

    def step(self):
        rate, momentum, decay = (self.params[k] for k in ("learning_rate", "momentum", "weight_decay"))
        size = self.params["batch_size"]
        # The order depends on the trial and the epoch alone, so that a loaded state goes on exactly as this one would.
        order = random.Random(f"{self.trial.seed} {self.epoch}").sample(train_set, len(train_set))
        for begin in range(0, len(order), size):
            batch = order[begin : begin + size]
            gradient = [[decay * w for w in row] for row in self.weights]
            for pixels, label in batch:
                for c, p in enumerate(probabilities(self.weights, pixels)):
                    error = (p - (c == label)) / len(batch)
                    gradient[c] = [g + error * x for g, x in zip(gradient[c], pixels)]
            for c in range(CLASSES):
                self.velocity[c] = [momentum * v - rate * g for v, g in zip(self.velocity[c], gradient[c])]
                self.weights[c] = [w + v for w, v in zip(self.weights[c], self.velocity[c])]
        self.epoch += 1
        return self.validate()

    def validate(self):
        loss = right = 0
        for pixels, label in validation_set:
            p = probabilities(self.weights, pixels)
            loss -= math.log(max(p[label], 1e-12))
            right += p[label] == max(p)
        return {"val_loss": loss / len(validation_set), "val_accuracy": right / len(validation_set)}

    def save(self):
        return pickle.dumps((self.epoch, self.weights, self.velocity))

    def load(self, blob):
        self.epoch, self.weights, self.velocity = pickle.loads(blob)


coppice.serve(Softmax)
