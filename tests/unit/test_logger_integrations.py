"""The integrations against light stand-ins of their frameworks; docs/logging.md says how to try real ones."""

from __future__ import annotations

import importlib
import json
import logging
import re
import sys
import types
from pathlib import Path
from typing import Any

import pytest

import tailboard


@pytest.fixture(autouse=True)
def in_own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    yield
    tailboard.finish()


@pytest.fixture
def integration(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports an integration with fake modules in place of its framework."""

    def load(name: str, **modules: dict[str, Any]) -> Any:
        for dotted, members in modules.items():
            parts = dotted.split("__")
            for length in range(1, len(parts) + 1):
                monkeypatch.setitem(
                    sys.modules, ".".join(parts[:length]), types.ModuleType(parts[length - 1])
                )
            for member, value in members.items():
                setattr(sys.modules[".".join(parts)], member, value)
        monkeypatch.delitem(sys.modules, f"tailboard.integrations.{name}", raising=False)
        return importlib.import_module(f"tailboard.integrations.{name}")

    return load


def started(**arguments: Any) -> tailboard.Run:
    return tailboard.init(capture=False, git=False, system=False, **arguments)


QUIET = {"capture": False, "git": False, "system": False}


def records() -> list[dict[str, Any]]:
    (path,) = Path("runs").glob("*/metrics.jsonl")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "_timestamp"} for line in lines]


def config() -> Any:
    (path,) = Path("runs").glob("*/config.json")
    return json.loads(path.read_text())


def finished() -> str:
    (path,) = Path("runs").glob("*/events.jsonl")
    return str(json.loads(path.read_text().splitlines()[-1]).get("status"))


def test_the_transformers_callback_logs_under_the_global_step(integration: Any) -> None:
    module = integration("transformers", transformers={"TrainerCallback": object})
    arguments = types.SimpleNamespace(run_name="bert", to_sanitized_dict=lambda: {"lr": 0.1})
    state = types.SimpleNamespace(is_world_process_zero=True, global_step=5)
    model = types.SimpleNamespace(config=types.SimpleNamespace(to_dict=lambda: {"layers": 2}))
    callback = module.TailboardCallback(**QUIET)
    callback.on_train_begin(arguments, state, None, model=model)
    callback.on_log(arguments, state, None, logs={"loss": 0.5, "eval_loss": 0.25, "epoch": 1.0, "text": "x"})
    callback.on_train_end(arguments, state, None)
    assert records() == [{"_step": 5, "train/loss": 0.5, "eval/loss": 0.25, "train/epoch": 1.0}]
    assert config() == {"args": {"lr": 0.1}, "model": {"layers": 2}}
    assert finished() == "finished"


def test_the_transformers_callback_leaves_other_processes_and_open_runs_alone(integration: Any) -> None:
    module = integration("transformers", transformers={"TrainerCallback": object})
    other = types.SimpleNamespace(is_world_process_zero=False, global_step=1)
    callback = module.TailboardCallback()
    callback.on_train_begin(object(), other, None)
    callback.on_log(object(), other, None, logs={"loss": 1})
    assert not Path("runs").exists()
    run = started()
    callback = module.TailboardCallback()
    callback.on_train_begin(object(), types.SimpleNamespace(is_world_process_zero=True), None)
    callback.on_train_end(object(), None, None)
    assert not run.is_finished


def test_the_lightning_logger_logs_metrics_and_hyperparameters(integration: Any) -> None:
    module = integration(
        "lightning",
        lightning__pytorch__loggers__logger={"Logger": object},
        lightning__pytorch__utilities={"rank_zero_only": lambda function: function},
    )
    logger = module.TailboardLogger(project="p", **QUIET)
    assert (logger.name, logger.version, logger.save_dir) == (None, None, None)
    logger.log_hyperparams(types.SimpleNamespace(lr=0.1))
    logger.log_metrics({"loss": 0.5}, step=3)
    logger.finalize("success")
    assert (logger.name, logger.save_dir) == ("p", logger.experiment.dir)
    assert not logger.experiment.is_finished
    logger.finalize("failed")
    assert finished() == "failed"
    assert (records(), config()) == ([{"_step": 3, "loss": 0.5}], {"lr": 0.1})


def test_the_keras_callback_logs_epochs_and_batches(integration: Any) -> None:
    base = type("Callback", (), {"params": {"epochs": 1}})
    module = integration("keras", keras__callbacks={"Callback": base})
    callback = module.TailboardCallback(batches=True, **QUIET)
    callback.on_train_begin()
    callback.on_train_batch_end(0, {"loss": 1.0})
    callback.on_train_batch_end(1, {"loss": 0.5})
    callback.on_epoch_end(0, {"loss": 0.75, "val_loss": 0.8})
    callback.on_train_end()
    assert records() == [
        {"_step": 1, "batch/loss": 1.0},
        {"_step": 2, "batch/loss": 0.5},
        {"_step": 2, "epoch": 0, "loss": 0.75, "val_loss": 0.8},
    ]
    assert (config(), finished()) == ({"fit": {"epochs": 1}}, "finished")


def test_the_accelerate_tracker_logs_on_the_main_process(integration: Any) -> None:
    fakes = {"GeneralTracker": object, "on_main_process": lambda function: function}
    module = integration("accelerate", accelerate__tracking=fakes)
    tracker = module.TailboardTracker("p", **QUIET)
    tracker.store_init_configuration({"lr": 1})
    tracker.log({"loss": 0.5}, step=2)
    assert tracker.tracker is tailboard.run
    tracker.finish()
    assert (records(), config(), finished()) == ([{"_step": 2, "loss": 0.5}], {"lr": 1}, "finished")


def test_the_stable_baselines_writer_logs_what_is_meant_for_it(integration: Any) -> None:
    module = integration("stable_baselines3", stable_baselines3__common__logger={"KVWriter": object})
    run = started()
    writer = module.TailboardOutputFormat()
    video = types.SimpleNamespace(frames=[])
    values = {"rollout/reward": 1.5, "hidden": 1, "video": video}
    writer.write(values, {"hidden": ("tailboard",), "rollout/reward": None}, step=100)
    writer.close()
    run.finish()
    assert records() == [{"_step": 100, "rollout/reward": 1.5}]


def test_the_ultralytics_callbacks_follow_the_trainer(integration: Any) -> None:
    module = integration("ultralytics")
    callbacks: dict[str, Any] = {}
    model = types.SimpleNamespace(add_callback=callbacks.__setitem__)
    module.add_callbacks(model, **QUIET)
    trainer = types.SimpleNamespace(
        args=types.SimpleNamespace(imgsz=640),
        epoch=1,
        tloss=[0.5],
        lr={"lr/pg0": 0.1},
        metrics={"metrics/mAP50": 0.7},
        best_fitness=0.7,
        label_loss_items=lambda losses, prefix: {f"{prefix}/box_loss": losses[0]},
    )
    for event in ("on_train_start", "on_train_epoch_end", "on_fit_epoch_end"):
        callbacks[event](trainer)
    trainer.epoch, trainer.metrics = 2, {"metrics/mAP50": 0.8}  # the best model, validated after the end
    for event in ("on_fit_epoch_end", "on_train_end"):
        callbacks[event](trainer)
    assert records() == [{"_step": 1, "lr/pg0": 0.1, "metrics/mAP50": 0.7, "train/box_loss": 0.5}]
    assert (config(), finished()) == ({"args": {"imgsz": 640}}, "finished")
    assert tailboard.summary == {"best/metrics/mAP50": 0.8, "best_fitness": 0.7}


def test_the_table_of_integrations_names_what_there_is() -> None:
    root = Path(tailboard.__file__).parents[2]
    rows = re.findall(
        r"from tailboard\.integrations\.(\w+) import (\w+)", (root / "docs" / "logging.md").read_text()
    )
    assert len(rows) == 7
    for module, name in rows:
        source = (root / "logger" / "tailboard" / "integrations" / f"{module}.py").read_text()
        assert re.search(rf"^(class|def) {name}\b", source, re.MULTILINE), (module, name)


def test_log_records_become_alerts_of_the_run(integration: Any) -> None:
    handler = integration("logging_handler").TailboardHandler(level=logging.INFO)
    log = logging.Logger("test")
    log.addHandler(handler)
    log.error("before any run")
    run = started()
    log.info("note %d", 5)
    log.warning("careful\nsecond line")
    try:
        raise ValueError("broken")
    except ValueError:
        log.exception("it failed")
    run.finish()
    events = [json.loads(line) for line in (Path(run.dir) / "events.jsonl").read_text().splitlines()]
    alerts = [event for event in events if event["event"] == "alert"]
    assert [(a["title"], a["level"]) for a in alerts] == [
        ("note 5", "info"),
        ("careful", "warning"),
        ("it failed", "error"),
    ]
    assert "ValueError: broken" in alerts[2]["text"]
