"""The integrations in the real frameworks: a tiny training, checked by what it left.

    pip install torch transformers accelerate lightning stable-baselines3 keras
    PYTHONPATH=logger python benchmarks/logger/frameworks.py

Not part of CI: the frameworks weigh gigabytes. Exit status 1 when an installed one fails.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

QUIET: dict[str, Any] = {"git": False, "system": False, "capture": False}


def metrics() -> list[dict[str, Any]]:
    """All records of all runs below the current directory."""
    found = []
    for path in Path("runs").glob("*/metrics.jsonl"):
        found += [json.loads(line) for line in path.read_text().splitlines()]
    return found


def has(*names: str) -> bool:
    seen = {key for record in metrics() for key in record}
    missing = set(names) - seen
    assert not missing, f"missing {missing} among {sorted(seen)}"
    return True


def transformers() -> None:
    import torch
    from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

    from tailboard.integrations.transformers import TailboardCallback

    config = BertConfig(
        vocab_size=50, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8
    )
    rows = [{"input_ids": torch.tensor([1, 2, 3]), "labels": torch.tensor(n % 2)} for n in range(16)]
    arguments = TrainingArguments(
        "out", max_steps=4, logging_steps=1, eval_strategy="steps", eval_steps=2, report_to=[], use_cpu=True
    )
    model = BertForSequenceClassification(config)
    Trainer(
        model, arguments, train_dataset=rows, eval_dataset=rows, callbacks=[TailboardCallback(**QUIET)]
    ).train()
    has("train/loss", "eval/loss")


def lightning() -> None:
    import torch
    from lightning.pytorch import LightningModule, Trainer

    from tailboard.integrations.lightning import TailboardLogger

    class Model(LightningModule):
        def __init__(self, width: int = 1) -> None:
            super().__init__()
            self.save_hyperparameters()
            self.layer = torch.nn.Linear(width, 1)

        def training_step(self, batch: Any, index: int) -> Any:
            loss = self.layer(batch).pow(2).mean()
            self.log("train/loss", loss)
            return loss

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), 0.1)

    logger = TailboardLogger(project="p", **QUIET)
    data = torch.utils.data.DataLoader(torch.ones(8, 1))
    Trainer(
        logger=logger, max_epochs=1, log_every_n_steps=1, accelerator="cpu", enable_progress_bar=False
    ).fit(Model(), data)
    logger.experiment.finish()
    has("train/loss")
    assert logger.experiment.config["width"] == 1


def accelerate() -> None:
    from accelerate import Accelerator

    from tailboard.integrations.accelerate import TailboardTracker

    accelerator = Accelerator(cpu=True, log_with=TailboardTracker("p", **QUIET))
    accelerator.init_trackers("p", config={"lr": 1})
    accelerator.log({"loss": 0.5}, step=1)
    accelerator.end_training()
    has("loss")


def stable_baselines3() -> None:
    from stable_baselines3 import PPO
    from stable_baselines3.common.logger import Logger

    import tailboard
    from tailboard.integrations.stable_baselines3 import TailboardOutputFormat

    with tailboard.init(**QUIET):
        model = PPO("MlpPolicy", "CartPole-v1", n_steps=64, batch_size=32, device="cpu")
        model.set_logger(Logger(None, [TailboardOutputFormat()]))
        model.learn(128)
    has("train/loss", "time/total_timesteps")


def keras() -> None:
    import numpy as np
    from keras import Sequential, layers

    from tailboard.integrations.keras import TailboardCallback

    model = Sequential([layers.Input((1,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    ones = np.ones((8, 1))
    callback = TailboardCallback(batches=True, **QUIET)
    model.fit(ones, ones, epochs=2, validation_split=0.5, callbacks=[callback], verbose=0)
    has("loss", "val_loss", "batch/loss", "epoch")


def main() -> int:
    failed = 0
    checks: tuple[Callable[[], None], ...] = (transformers, lightning, accelerate, stable_baselines3, keras)
    for check in checks:
        name = check.__name__
        if importlib.util.find_spec(name) is None:
            print(f"{name}: not installed")
            continue
        with tempfile.TemporaryDirectory() as place:
            os.chdir(place)
            try:
                check()
                print(f"{name}: ok, {len(metrics())} records")
            except Exception:
                failed += 1
                print(f"{name}: FAILED\n{traceback.format_exc()}")
            os.chdir("/")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
