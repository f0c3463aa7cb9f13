"""Small real trainings, logged with tailboard: what `make.py` runs to fill this folder.

Two tasks on data that scikit-learn ships (`make.py` saves it as digits.npz and diabetes.npz): `digits`
(8x8 images, ten classes) by a small network in numpy, and `diabetes` (a regression) by a linear model.
Both by stochastic gradient descent.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np

import tailboard

SPLIT = 0.8


def load(run: tailboard.Run, path: str) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets of a data set, pinned as the run's input."""
    run.log_artifact(path, role="input")
    with np.load(path) as data:
        return data["x"], data["y"]


def digits(args: argparse.Namespace, run: tailboard.Run) -> None:
    """Train a network with one hidden layer on the digits."""
    images, labels = load(run, "digits.npz")
    images = images / 16.0
    order = np.random.default_rng(0).permutation(len(images))
    cut = int(len(images) * SPLIT)
    train, val = order[:cut], order[cut:]
    rng = np.random.default_rng(args.seed)
    weights = {
        "w1": rng.normal(0, np.sqrt(2 / 64), (64, args.hidden)),
        "b1": np.zeros(args.hidden),
        "w2": rng.normal(0, np.sqrt(2 / args.hidden), (args.hidden, 10)),
        "b2": np.zeros(10),
    }
    speed = {name: np.zeros_like(value) for name, value in weights.items()}
    first_epoch = 0
    if args.resume:
        saved = np.load(args.checkpoint)
        weights = {name: saved[name] for name in weights}
        first_epoch = int(saved["epoch"])
        rng = np.random.default_rng(args.seed + 1000)
        print(f"resumed from {args.checkpoint} at epoch {first_epoch}")
    steps_per_epoch = cut // args.batch_size
    total = args.epochs * steps_per_epoch
    print(f"{cut} training and {len(val)} validation images, {total} steps")
    for epoch in range(first_epoch, args.epochs):
        shuffled = rng.permutation(train)
        for index in range(steps_per_epoch):
            step = epoch * steps_per_epoch + index
            lr = args.lr * 0.5 * (1 + np.cos(np.pi * step / total))
            batch = shuffled[index * args.batch_size : (index + 1) * args.batch_size]
            loss, accuracy, gradients = backward(weights, images[batch], labels[batch])
            norm = float(np.sqrt(sum((gradient**2).sum() for gradient in gradients.values())))
            for name, gradient in gradients.items():
                speed[name] = args.momentum * speed[name] - lr * gradient
                weights[name] += speed[name]
            run.log(
                {"train/loss": loss, "train/accuracy": accuracy, "grad_norm": norm, "lr": lr, "epoch": epoch},
                step=step,
            )
            time.sleep(args.pause)
        loss, accuracy, _ = backward(weights, images[val], labels[val])
        run.log({"val/loss": loss, "val/accuracy": accuracy}, step=step)
        print(f"epoch {epoch + 1:2}/{args.epochs}  val loss {loss:.4f}  val accuracy {accuracy:.2%}")
        if accuracy < 0.2 and epoch > 3:
            print("WARNING: accuracy is no better than chance", file=sys.stderr)
        if epoch % 5 == 4:
            run.log(
                {"weights/w1": tailboard.Histogram(weights["w1"]), "filters": filters(weights["w1"])},
                step=step,
            )
        if args.checkpoint and (epoch + 1) % 5 == 0:
            with open(args.checkpoint, "wb") as file:
                np.savez(file, epoch=epoch + 1, **weights)
            print(f"saved {args.checkpoint}")
    run.summary["val/accuracy"] = accuracy
    hidden = np.maximum(images[val] @ weights["w1"] + weights["b1"], 0)
    predicted = (hidden @ weights["w2"] + weights["b2"]).argmax(axis=1)
    run.log({"val/confusion": tailboard.ConfusionMatrix(labels[val], predicted, list(range(10)))}, step=step)
    wrong = tailboard.Table(columns=["image", "digit", "taken for"])
    for number in np.flatnonzero(predicted != labels[val])[:20]:
        wrong.add_data(int(val[number]), int(labels[val][number]), int(predicted[number]))
    run.log({"val/mistakes": wrong}, step=step)


def filters(w1: np.ndarray) -> tailboard.Image:
    """What the hidden units look for: each column of `w1` as an 8x8 tile, eight tiles a row."""
    tiles = w1.T.reshape(-1, 8, 8)
    scaled = (255 * (tiles - tiles.min()) / (tiles.max() - tiles.min())).astype(np.uint8)
    framed = np.pad(scaled, ((0, 0), (0, 1), (0, 1)))
    rows = [np.hstack(list(framed[start : start + 8])) for start in range(0, len(framed), 8)]
    return tailboard.Image(np.vstack(rows), caption=f"{len(tiles)} hidden units")


def backward(
    weights: dict[str, np.ndarray], images: np.ndarray, labels: np.ndarray
) -> tuple[float, float, dict[str, np.ndarray]]:
    """Mean cross-entropy, accuracy and the gradients of all weights for one batch."""
    hidden = np.maximum(images @ weights["w1"] + weights["b1"], 0)
    logits = hidden @ weights["w2"] + weights["b2"]
    logits -= logits.max(axis=1, keepdims=True)
    probabilities = np.exp(logits)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    rows = np.arange(len(labels))
    loss = float(-np.log(probabilities[rows, labels] + 1e-12).mean())
    accuracy = float((probabilities.argmax(axis=1) == labels).mean())
    error = probabilities.copy()
    error[rows, labels] -= 1
    error /= len(labels)
    inner = (error @ weights["w2"].T) * (hidden > 0)
    gradients = {
        "w1": images.T @ inner,
        "b1": inner.sum(axis=0),
        "w2": hidden.T @ error,
        "b2": error.sum(axis=0),
    }
    return loss, accuracy, gradients


def diabetes(args: argparse.Namespace, run: tailboard.Run) -> None:
    """Fit a linear model; with a large learning rate it diverges, as such models do."""
    inputs, target = load(run, "diabetes.npz")
    inputs = inputs / inputs.std(axis=0)
    target = (target - target.mean()) / target.std()
    rng = np.random.default_rng(args.seed)
    cut = int(len(inputs) * SPLIT)
    weights = rng.normal(0, 0.1, inputs.shape[1])
    for step in range(args.epochs * 100):
        batch = rng.integers(0, cut, args.batch_size)
        residual = inputs[batch] @ weights - target[batch]
        gradient = 2 * inputs[batch].T @ residual / args.batch_size
        weights -= args.lr * gradient
        metrics = {"train/mse": float((residual**2).mean()), "weights/norm": float(np.linalg.norm(weights))}
        if step % 50 == 49:
            held_out = inputs[cut:] @ weights - target[cut:]
            metrics["val/mse"] = float((held_out**2).mean())
            print(f"step {step + 1}: train mse {metrics['train/mse']:.4g}, val mse {metrics['val/mse']:.4g}")
        run.log(metrics, step=step)
        time.sleep(args.pause)


def parse_arguments() -> argparse.Namespace:
    """The command line, which is the run's configuration too."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=["digits", "diabetes"])
    parser.add_argument("--name")
    parser.add_argument("--group")
    parser.add_argument("--tags", nargs="*", default=[])
    parser.add_argument("--notes")
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--momentum", type=float, default=0.9)
    parser.add_argument("--hidden", type=int, default=32)
    parser.add_argument("--batch-size", type=int, default=48)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--checkpoint")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds after each step")
    parser.add_argument("--wait", type=float, default=0.0, help="seconds before the first step")
    parser.add_argument("--id")
    parser.add_argument("--resume", action="store_true")
    return parser.parse_args()


def main() -> None:
    """Run one training."""
    args = parse_arguments()
    about = {"name", "group", "tags", "notes", "id", "resume", "pause", "wait"}
    config = {key: value for key, value in vars(args).items() if key not in about}
    with tailboard.init(
        project="samples",
        name=args.name,
        group=args.group,
        tags=args.tags,
        notes=args.notes,
        config=config,
        seed=args.seed,
        id=args.id,
        resume="must" if args.resume else "never",
    ) as run:
        print("loading data", flush=True)
        time.sleep(args.wait)
        {"digits": digits, "diabetes": diabetes}[args.task](args, run)


if __name__ == "__main__":
    main()
