"""The integrations and configurations of the real frameworks: a tiny training, checked by what it left.

    pip install torch transformers accelerate lightning stable-baselines3 keras ultralytics \\
        hydra-core omegaconf attrs pydantic absl-py
    PYTHONPATH=logger python benchmarks/logger/frameworks.py

Not part of CI: the frameworks weigh gigabytes. Exit status 1 when an installed one fails.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "torch")
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


def ultralytics() -> None:
    import numpy as np
    from PIL import Image
    from ultralytics import YOLO

    from tailboard.integrations.ultralytics import add_callbacks

    for part in ("images", "labels"):
        os.makedirs(f"data/{part}/train")
    for number in range(4):
        pixels = np.random.default_rng(number).integers(0, 255, (64, 64, 3), np.uint8)
        Image.fromarray(pixels).save(f"data/images/train/{number}.jpg")
        Path(f"data/labels/train/{number}.txt").write_text("0 0.5 0.5 0.4 0.4\n")
    Path("data.yaml").write_text(
        f"path: {Path('data').resolve()}\ntrain: images/train\nval: images/train\nnames: {{0: thing}}\n"
    )
    model = YOLO("yolo11n.yaml")
    add_callbacks(model, **QUIET)
    model.train(
        data="data.yaml", epochs=2, imgsz=64, batch=2, workers=0, device="cpu", plots=False, amp=False
    )
    has("train/box_loss", "metrics/mAP50(B)", "lr/pg0")
    steps = [record["_step"] for record in metrics()]
    assert steps == [0, 1], steps


def configured(config: object) -> dict[str, Any]:
    """What config.json holds of a configuration object."""
    import tailboard

    with tailboard.init(config=config, **QUIET) as run:
        run.log({"loss": 1.0})
    found: dict[str, Any] = json.loads((Path(run.dir) / "config.json").read_text())
    return found


def omegaconf() -> None:
    from omegaconf import OmegaConf

    config = OmegaConf.create({"lr": 0.1, "model": {"depth": 3, "lr": "${lr}"}, "layers": [1, 2]})
    expected = {"lr": 0.1, "model": {"depth": 3, "lr": 0.1}, "layers": [1, 2]}
    assert configured(config) == expected
    assert configured(OmegaConf.create({"data": "???"})) == {"data": "???"}


def attrs() -> None:
    import attrs

    @attrs.define
    class Model:
        depth: int = 3

    @attrs.define
    class Options:
        lr: float = 0.1
        model: Model = attrs.Factory(Model)

    assert configured(Options()) == {"lr": 0.1, "model": {"depth": 3}}


def pydantic() -> None:
    from pydantic import BaseModel, SecretStr

    class Model(BaseModel):
        depth: int = 3

    class Options(BaseModel):
        lr: float = 0.1
        model: Model = Model()
        word: SecretStr = SecretStr("hunter2")
        api_key: str = "hunter2"

    found = configured(Options())
    assert (found["lr"], found["model"]) == (0.1, {"depth": 3})
    assert "hunter2" not in json.dumps(found)


def absl() -> None:
    from absl import flags

    values = flags.FlagValues()
    flags.DEFINE_float("lr", 0.1, "", flag_values=values)
    values(["program", "--lr=0.2"])
    assert configured(values)["lr"] == 0.2


def hydra() -> None:
    Path("conf.yaml").write_text("lr: 0.1\nmodel:\n  depth: 3\n")
    Path("train.py").write_text(
        "import hydra, tailboard\n"
        "@hydra.main(version_base=None, config_path='.', config_name='conf')\n"
        "def main(config):\n"
        f"    with tailboard.init(config=config, **{QUIET}) as run:\n"
        "        run.log({'loss': config.lr})\n"
        "main()\n"
    )
    import tailboard

    environment = {**os.environ, "PYTHONPATH": str(Path(tailboard.__file__).parents[1])}
    for arguments in (["lr=0.5"], ["-m", "lr=1,2"]):
        command = [sys.executable, "train.py", *arguments, "hydra.job.chdir=False"]
        subprocess.run(command, check=True, env=environment)
    runs = [json.loads(path.read_text()) for path in Path("runs").glob("*/run.json")]
    jobs = sorted((run["hydra"] for run in runs), key=lambda job: str(job["overrides"]))
    assert [job["overrides"] for job in jobs] == [["lr=0.5"], ["lr=1"], ["lr=2"]]
    assert [job.get("job_number") for job in jobs] == [None, 0, 1]
    assert all(job["job_name"] == "train" and Path(job["output_dir"]).is_dir() for job in jobs)
    assert sorted(record["loss"] for record in metrics()) == [0.5, 1, 2]


def version(name: str) -> str:
    """The installed version of a checked module's distribution."""
    distributions = importlib.metadata.packages_distributions().get(name, [name])
    return importlib.metadata.version(distributions[0])


CHECKS: tuple[Callable[[], None], ...] = (
    *(transformers, lightning, accelerate, stable_baselines3, keras, ultralytics),
    *(omegaconf, attrs, pydantic, absl, hydra),
)


def main() -> int:
    failed = 0
    for check in CHECKS:
        if sys.argv[1:] and check.__name__ not in sys.argv[1:]:
            continue
        name = check.__name__
        if importlib.util.find_spec(name) is None:
            print(f"{name}: not installed")
            continue
        with tempfile.TemporaryDirectory() as place:
            os.chdir(place)
            try:
                check()
                print(f"{name}: ok, {len(metrics())} records, version {version(name)}")
            except Exception:
                failed += 1
                print(f"{name}: FAILED\n{traceback.format_exc()}")
            os.chdir("/")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
