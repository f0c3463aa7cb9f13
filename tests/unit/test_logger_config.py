"""config and summary: every form of hyperparameters, both ways of access, and what stands in the file."""

from __future__ import annotations

import argparse
import copy
import dataclasses
import json
import pickle
import sys
import types
from collections import OrderedDict, namedtuple
from pathlib import Path
from typing import Any

import pytest

import tailboard
from tailboard import Run
from tailboard.configuration import as_dict, hydra_facts


@pytest.fixture
def run(tmp_path: Path) -> Any:
    with tailboard.init(dir=str(tmp_path), capture=False, git=False, system=False) as run:
        yield run


def on_disk(run: Run, name: str = "config.json") -> Any:
    return json.loads((Path(run.dir) / name).read_text())


@dataclasses.dataclass
class Inner:
    depth: int = 3


@dataclasses.dataclass
class Options:
    lr: float = 0.1
    inner: Inner = dataclasses.field(default_factory=Inner)
    items: list[int] = dataclasses.field(default_factory=lambda: [1])


class PydanticLike:
    model_fields = {"lr": None, "inner": None}  # noqa: RUF012  as pydantic has it

    def __init__(self) -> None:
        self.lr = 0.1
        self.inner = Inner()


class AttrsLike:
    __attrs_attrs__ = (types.SimpleNamespace(name="lr"),)

    def __init__(self) -> None:
        self.lr = 0.1


class AbslLike:
    def flag_values_dict(self) -> dict[str, Any]:
        return {"lr": 0.1}


@pytest.mark.parametrize(
    ("config", "entries"),
    [
        (None, {}),
        ({"lr": 0.1}, {"lr": 0.1}),
        (OrderedDict(lr=0.1), {"lr": 0.1}),
        (types.MappingProxyType({"lr": 0.1}), {"lr": 0.1}),
        (argparse.Namespace(lr=0.1, inner=argparse.Namespace(depth=3)), {"lr": 0.1, "inner": {"depth": 3}}),
        (types.SimpleNamespace(lr=0.1), {"lr": 0.1}),
        (Options(), {"lr": 0.1, "inner": {"depth": 3}, "items": [1]}),
        (namedtuple("Point", "lr")(0.1), {"lr": 0.1}),
        (PydanticLike(), {"lr": 0.1, "inner": {"depth": 3}}),
        (AttrsLike(), {"lr": 0.1}),
        (AbslLike(), {"lr": 0.1}),
        ({1: 2}, {"1": 2}),
        (5, {"config": 5}),
        (Options, {"config": Options}),
    ],
)
def test_every_form_of_configuration_gives_its_entries(config: Any, entries: dict[str, Any]) -> None:
    assert as_dict(config) == entries


class DictConfig:
    pass


def test_omegaconf_is_resolved_where_that_is_possible(monkeypatch: pytest.MonkeyPatch) -> None:
    def to_container(config: object, resolve: bool) -> dict[str, Any]:
        if resolve:
            raise ValueError("interpolation")
        return {"lr": "${missing}"}

    fake = types.SimpleNamespace(
        DictConfig=DictConfig, OmegaConf=types.SimpleNamespace(to_container=to_container)
    )
    monkeypatch.setitem(sys.modules, "omegaconf", fake)
    assert as_dict(DictConfig()) == {"lr": "${missing}"}


class HydraLike:
    """HydraConfig while Hydra runs a job, as far as it is read."""

    mode: str | None = "RUN"

    @classmethod
    def initialized(cls) -> bool:
        return cls.mode is not None

    @classmethod
    def get(cls) -> Any:
        return types.SimpleNamespace(
            job=types.SimpleNamespace(name="train", num=3),
            overrides=types.SimpleNamespace(task=["lr=0.5", "api_key=hunter2"]),
            runtime=types.SimpleNamespace(output_dir="/out"),
            mode=types.SimpleNamespace(name=cls.mode),
        )


@pytest.mark.parametrize(
    ("mode", "more"),
    [("RUN", {"mode": "RUN"}), ("MULTIRUN", {"mode": "MULTIRUN", "job_number": 3})],
)
def test_what_hydra_knows_of_the_job_stands_in_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, more: dict[str, Any]
) -> None:
    monkeypatch.setattr(HydraLike, "mode", mode)
    fake = types.SimpleNamespace(HydraConfig=HydraLike)
    monkeypatch.setitem(sys.modules, "hydra.core.hydra_config", fake)
    with tailboard.init(dir=str(tmp_path), capture=False, git=False, system=False) as run:
        pass
    overrides = ["lr=0.5", "api_key=[redacted]"]
    expected = {"job_name": "train", "overrides": overrides, "output_dir": "/out", **more}
    assert on_disk(run, "run.json")["hydra"] == expected


def test_hydra_that_runs_no_job_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HydraLike, "mode", None)
    fake = types.SimpleNamespace(HydraConfig=HydraLike)
    monkeypatch.setitem(sys.modules, "hydra.core.hydra_config", fake)
    assert hydra_facts() == {}


def test_items_are_attributes_also_nested(run: Run) -> None:
    run.config.update({"lr": 1, "model": {"depth": 2}})
    assert run.config.lr == run.config["lr"] == 1
    assert run.config.model.depth == 2  # type: ignore[attr-defined]
    run.config.model.depth = 5  # type: ignore[attr-defined]
    run.finish()
    assert on_disk(run) == {"lr": 1, "model": {"depth": 5}}
    with pytest.raises(AttributeError):
        _ = run.config.missing
    assert not hasattr(run.config, "missing")


def test_every_way_of_changing_reaches_the_file(run: Run) -> None:
    config = run.config
    config["a"] = 1
    config.b = 2
    config.update({"c": 3}, d=4, allow_val_change=True)
    config.update(argparse.Namespace(e=5))
    config.setdefault("f", 6)
    config.setdefaults({"a": 9, "g": 7})
    config |= {"h": 8}
    config["x"] = config["y"] = 0
    del config["x"]
    del config.y
    assert config.pop("h") == 8
    run.finish()
    assert on_disk(run) == {"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6, "g": 7}


def test_what_json_cannot_hold_is_kept_as_text_and_secrets_are_not_kept(run: Run) -> None:
    value = object()
    run.config.update(
        {"f": len, "path": Path("/x"), "obj": value, "api_key": "abc", "nested": {"password": "p"}}
    )
    run.finish()
    assert run.config.obj is value
    assert run.config.api_key == "abc"
    kept = on_disk(run)
    assert (kept["f"], kept["path"]) == ("<built-in function len>", "/x")
    assert (kept["api_key"], kept["nested"]) == ("[redacted]", {"password": "[redacted]"})


class Broken:
    """A configuration object whose field cannot be read."""

    __dataclass_fields__ = {"lr": None, "path": None}  # noqa: RUF012  as dataclasses have it
    lr = 0.1

    @property
    def path(self) -> str:
        raise RuntimeError("not mounted")

    def __str__(self) -> str:
        return "broken"


def test_configs_that_contain_themselves_or_raise_do_not_stop_the_program(run: Run) -> None:
    itself: dict[str, Any] = {"lr": 1, "deep": {}}
    itself["self"] = itself
    itself["deep"]["up"] = itself["deep"]
    run.config.update(itself)
    run.config.update({"broken": Broken(), "argv": ["train.py", "--api-key", "abc", "--lr=1"]})
    run.finish()
    kept = on_disk(run)
    assert (kept["lr"], kept["self"], kept["deep"]) == (1, "<dict>", {"up": "<dict>"})
    assert kept["broken"] == "broken"
    assert kept["argv"] == ["train.py", "--api-key", "[redacted]", "--lr=1"]


def test_a_dict_set_deep_inside_that_contains_itself_ends(run: Run) -> None:
    itself: dict[str, Any] = {}
    itself["again"] = itself
    run.config.model = itself
    run.finish()
    assert "again" in on_disk(run)["model"]


def test_copies_and_pickles_are_plain_dicts(run: Run) -> None:
    run.config.update({"a": {"b": 1}})
    for other in (copy.deepcopy(run.config), copy.copy(run.config), pickle.loads(pickle.dumps(run.config))):
        assert type(other) is dict
        assert other == {"a": {"b": 1}}


def test_summary_is_written_and_the_module_has_it_after_the_end(run: Run) -> None:
    run.summary["best"] = 0.9
    run.summary.update({"nested": {"x": float("nan")}})
    run.finish()
    assert on_disk(run, "summary.json") == {"best": 0.9, "nested": {"x": "NaN"}}
    assert tailboard.summary["best"] == 0.9


@pytest.mark.parametrize(
    ("kind", "goal", "kept"),
    [
        ("min", None, 1),
        ("max", None, 5),
        ("last", None, 2),
        ("first", None, 3),
        ("mean", None, 2.75),
        ("best", "maximize", 5),
        ("best", "minimize", 1),
    ],
)
def test_define_metric_keeps_a_summary(run: Run, kind: str, goal: str | None, kept: float) -> None:
    run.define_metric("val/*", summary=kind, goal=goal)
    run.define_metric("none/x", summary="none")
    for value in (3, 5, 1, 2):
        run.log({"val": {"acc": value}, "other": 0, "none/x": 1})
    run.finish()
    assert on_disk(run, "summary.json") == {"val/acc": kept}
    events = [json.loads(line) for line in (Path(run.dir) / "events.jsonl").read_text().splitlines()]
    defined = next(event for event in events if event["event"] == "define_metric")
    assert (defined["name"], defined["summary"], defined.get("goal")) == ("val/*", kind, goal)


def test_nan_is_no_best_value(run: Run) -> None:
    run.define_metric("loss", summary="min")
    for value in (float("nan"), 2, float("-inf"), 1, float("nan")):
        run.log({"loss": value})
    run.finish()
    assert on_disk(run, "summary.json") == {"loss": 1}


def test_an_unknown_summary_is_said(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run.define_metric("loss", summary="median")
    run.log({"loss": 1})
    assert "median" in capsys.readouterr().err
