"""`tailboard.init` and the module-level interface, also as scripts written for wandb use it."""

from __future__ import annotations

import copy
import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest

import tailboard
import tailboard as wandb
from tailboard import errors, layout


@pytest.fixture(autouse=True)
def in_own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    for name in (layout.ENV_DIR, layout.ENV_MODE, layout.ENV_RUN_DIR):
        monkeypatch.delenv(name, raising=False)
    yield
    tailboard.finish()


def facts(run: tailboard.Run) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((Path(run.dir) / "run.json").read_text())
    return found


def events(run: tailboard.Run) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (Path(run.dir) / "events.jsonl").read_text().splitlines()]


def quiet(**arguments: Any) -> tailboard.Run:
    return tailboard.init(**{"capture": False, "git": False, "system": False, **arguments})


def test_run_json_is_there_when_init_returns_and_holds_the_contract(tmp_path: Path) -> None:
    given = {"project": "p", "name": "n", "group": "g", "job_type": "train", "tags": ["a"], "notes": "why"}
    run = quiet(**given, seed=3, config={"lr": 1})
    found = facts(run)
    assert set(found) >= {
        *("format", "id", "created", "command", "cwd", "host", "user", "pid", "boot_id", "process_start"),
        *("python", "platform", "seed", "git", "hardware", "resumed_from", *given),
    }
    assert (found["format"], found["id"], found["name"], found["seed"]) == (1, run.id, "n", 3)
    assert (found["pid"], found["cwd"]) == (os.getpid(), str(tmp_path))
    assert Path(run.dir) == tmp_path / "runs" / run.id
    assert layout.is_run_id(run.id)
    assert json.loads((Path(run.dir) / "config.json").read_text()) == {"lr": 1}


def test_the_folder_is_the_argument_else_the_environment_else_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Path(quiet().dir).parent == tmp_path / "runs"
    monkeypatch.setenv("TAILBOARD_DIR", str(tmp_path / "env"))
    assert Path(quiet().dir).parent == tmp_path / "env"
    assert Path(quiet(dir=tmp_path / "given").dir).parent == tmp_path / "given"


@pytest.mark.parametrize(
    "name", ["../x", "/x", "", ".", "..", ".x", "-rf", "a/b", "a\0b", "x" * 129, "a b", "ä", 5]
)
def test_an_id_that_is_no_plain_name_is_refused(name: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="run id"):
        quiet(id=name)
    assert list(tmp_path.iterdir()) == []


def test_an_id_that_is_taken_is_refused_and_left_alone() -> None:
    first = quiet(id="same")
    first.finish()
    before = events(first)
    with pytest.raises(errors.RunExistsError):
        quiet(id="same")
    assert events(first) == before


def test_resume_must_needs_the_run() -> None:
    with pytest.raises(errors.RunMissingError):
        quiet(id="missing", resume="must")
    with pytest.raises(errors.InvalidArgumentError):
        quiet(resume="must")
    with pytest.raises(errors.InvalidArgumentError):
        quiet(resume="perhaps")
    with pytest.raises(errors.InvalidArgumentError):
        quiet(mode="quiet")


def test_a_resumed_run_goes_on_with_facts_config_summary_and_steps() -> None:
    with quiet(id="r", name="first", config={"lr": 1, "depth": 2}, resume="allow") as run:
        for _ in range(5):
            run.log({"a": 1})
        run.summary["best"] = 1
        created = facts(run)["created"]
    with quiet(id="r", config={"lr": 3}, resume="must") as run:
        run.log({"a": 2})
        run.summary["more"] = 2
    assert (facts(run)["created"], facts(run)["name"]) == (created, "first")
    assert json.loads((Path(run.dir) / "config.json").read_text()) == {"lr": 3, "depth": 2}
    assert json.loads((Path(run.dir) / "summary.json").read_text()) == {"best": 1, "more": 2}
    lines = [json.loads(line) for line in (Path(run.dir) / "metrics.jsonl").read_text().splitlines()]
    assert (lines[5]["_event"], lines[5]["_step"], lines[6]["_step"]) == ("resume", 5, 5)
    assert [event["event"] for event in events(run) if event["event"] != "config"] == [
        "start",
        "finish",
        "resume",
        "finish",
    ]


def test_a_torn_last_line_costs_itself_only_when_the_run_goes_on() -> None:
    with quiet(id="r") as run:
        run.log({"a": 1})
    path = Path(run.dir) / "metrics.jsonl"
    with path.open("ab") as file:
        file.write(b'{"_step":1,"a":0.')
    with quiet(id="r", resume="allow") as run:
        run.log({"a": 2})
    lines = path.read_bytes().split(b"\n")
    assert lines[1] == b'{"_step":1,"a":0.'
    assert json.loads(lines[2])["_event"] == "resume"
    assert json.loads(lines[3])["a"] == 2


@pytest.mark.parametrize("how", ["argument", "environment"])
def test_disabled_writes_nothing_and_everything_works(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if how == "environment":
        monkeypatch.setenv("TAILBOARD_MODE", "disabled")
    with tailboard.init(config={"lr": 1}, mode="disabled" if how == "argument" else "online") as run:
        run.log({"a": 1})
        tailboard.log({"a": 1}, step=5)
        run.config.x = run.summary["y"] = 2
        run.alert("a", "b")
        run.define_metric("a", summary="min")
        run.name = "new"
        run.watch(object())
        run.save("x")
        assert run.config.lr == 1
        assert run.step == 6
    assert list(tmp_path.iterdir()) == []
    assert tailboard.run is None


def test_what_holds_a_run_can_be_copied_and_pickled(capsys: pytest.CaptureFixture[str]) -> None:
    run = quiet()
    assert copy.deepcopy({"model": {"run": run}})["model"]["run"] is run
    assert copy.copy(run) is run
    pickled = pickle.dumps(run)
    assert pickle.loads(pickled) is run
    run.finish()
    other = pickle.loads(pickled)
    other.log({"a": 1})
    other.log({"a": 2})
    assert capsys.readouterr().err.count("belongs to another process") == 1


def test_a_disabled_run_has_a_folder_for_what_scripts_put_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    run = quiet(mode="disabled")
    assert list(tmp_path.iterdir()) == []
    (Path(run.dir) / "model.pt").write_text("weights")
    assert [path.parent for path in tmp_path.glob("*/model.pt")] == [Path(run.dir)]


def test_calls_before_init_say_so_once_and_do_not_raise(capsys: pytest.CaptureFixture[str]) -> None:
    from tailboard import session

    session._state.nothing = None
    tailboard.log({"a": 1})
    tailboard.log({"a": 1})
    tailboard.alert("x")
    tailboard.config.lr = 1
    assert capsys.readouterr().err == "tailboard: no run: call tailboard.init() first\n"
    assert tailboard.run is None


def test_a_finished_run_ignores_what_comes_later_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    run = quiet()
    run.log({"a": 1})
    run.finish()
    size = (Path(run.dir) / "metrics.jsonl").stat().st_size
    run.log({"a": 2})
    run.log({"a": 3})
    run.config.x = 1
    run.finish()
    assert (Path(run.dir) / "metrics.jsonl").stat().st_size == size
    assert capsys.readouterr().err.count("finished") == 1


@pytest.mark.parametrize(
    "late",
    [
        lambda run: run.summary.update(best=1),
        lambda run: run.config.update(lr=1),
        lambda run: run.alert("late"),
        lambda run: run.log_artifact("late.csv"),
        lambda run: setattr(run, "name", "late"),
        lambda run: run.define_metric("late", summary="min"),
    ],
)
def test_whatever_comes_after_the_end_is_said_not_silently_lost(
    late: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    run = quiet()
    run.finish()
    before = sorted(path.name for path in Path(run.dir).iterdir()), events(run)
    late(run)
    assert "the run is finished" in capsys.readouterr().err
    assert (sorted(path.name for path in Path(run.dir).iterdir()), events(run)) == before


def test_alerts_are_events() -> None:
    run = quiet()
    run.alert("loss spiked", "to 17", level="warning")
    run.alert(title="x", text="y", level=wandb.AlertLevel.WARN, wait_duration=300)
    found = [(e["title"], e["text"], e["level"]) for e in events(run) if e["event"] == "alert"]
    assert found == [("loss spiked", "to 17", "warning"), ("x", "y", "warning")]


def test_a_usual_wandb_script_runs_unchanged(capsys: pytest.CaptureFixture[str]) -> None:
    wandb.login()
    run = wandb.init(
        project="p",
        entity="team",
        config={"lr": 0.1},
        settings=wandb.Settings(silent=True),
        reinit=True,
        mode="offline",
        save_code=True,
        unheard_of=1,
    )
    wandb.config.update({"batch": 8}, allow_val_change=True)
    wandb.config = {"late": 1}
    wandb.define_metric("val/loss", summary="min", step_metric="epoch", hidden=True)
    wandb.watch(object(), log="all")
    wandb.watch(object(), log="all")
    wandb.save("model.pt")
    for step in range(3):
        wandb.log({"val/loss": 3 - step, "epoch": step}, commit=True)
    wandb.run.summary["best"] = 1
    wandb.summary["more"] = 2
    wandb.run.name = "renamed"
    wandb.run.tags = (*wandb.run.tags, "x")
    assert wandb.run is run
    assert (wandb.config.lr, wandb.config["batch"], wandb.config.late) == (0.1, 8, 1)
    wandb.finish(quiet=True)
    err = capsys.readouterr().err
    assert err.count("has no meaning here") == 1
    assert err.count("unheard_of") == 1
    assert err.count("watch()") == 1
    assert (facts(run)["name"], facts(run)["tags"]) == ("renamed", ["x"])
    assert json.loads((Path(run.dir) / "summary.json").read_text()) == {"val/loss": 1, "best": 1, "more": 2}


@pytest.mark.parametrize(
    ("reinit", "same"), [("return_previous", True), (True, False), ("finish_previous", False)]
)
def test_reinit_decides_about_the_run_before(reinit: Any, same: bool) -> None:
    first = quiet()
    second = quiet(reinit=reinit)
    assert (first is second) == same
    assert first.is_finished != same


def test_create_new_keeps_the_run_before() -> None:
    first = quiet()
    second = quiet(reinit="create_new")
    assert not first.is_finished
    assert tailboard.run is second
    first.log({"a": 1})
    first.finish()
    assert tailboard.run is second


def test_every_public_name_is_there() -> None:
    for name in tailboard.__all__:
        assert hasattr(tailboard, name), name
    assert set(tailboard.__all__) <= set(dir(tailboard))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = tailboard.nothing


def test_names_and_notes_may_be_anything(tmp_path: Path) -> None:
    run = quiet(name="../../\x1b[2J[/x]\ud800" + "n" * 10_000, tags="single", notes=5)
    assert facts(run)["tags"] == ["single"]
    assert facts(run)["notes"] == "5"
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]


def test_the_examples_of_the_documentation_run(capsys: pytest.CaptureFixture[str]) -> None:
    text = (Path(__file__).parents[2] / "docs" / "logging.md").read_text()
    examples = [part.partition("```")[0] for part in text.split("```python\n")[1:]]
    assert len(examples) >= 2
    for example in examples:
        exec(compile(example, "docs/logging.md", "exec"), {})
    assert len(list(Path("runs").iterdir())) == len(examples)
    assert "cannot" not in capsys.readouterr().err
