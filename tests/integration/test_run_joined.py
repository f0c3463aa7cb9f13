"""Scripts that log by themselves inside `tailboard run`, several processes of one launch, printed metrics."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from recording import command, finish, lines, output, python, recorded

JOINING = """
import tailboard
with tailboard.init(project="from script", name="script", config={"lr": 2, "depth": 3}, tags=["t"]) as run:
    run.log({"loss": 0.5})
    print("inside", run.id)
"""


def test_a_script_inside_joins_the_run(tmp_path: Path) -> None:
    options = ("--name", "from command line", "--config", "lr=1", "--config", "batch=8", "--tags", "c")
    done = recorded(tmp_path, *python(JOINING), options=options)
    assert (done.returncode, done.stderr) == (0, b"")
    assert [path.name for path in tmp_path.iterdir()] == ["r"]
    run = json.loads((tmp_path / "r" / "run.json").read_text())
    assert (run["name"], run["project"], run["tags"]) == ("from command line", "from script", ["c", "t"])
    assert json.loads((tmp_path / "r" / "config.json").read_text()) == {"lr": 2, "batch": 8, "depth": 3}
    assert lines(tmp_path / "r" / "metrics.jsonl")[0]["loss"] == 0.5
    assert output(tmp_path) == b"inside r\n"
    assert finish(tmp_path)["status"] == "finished"


def test_a_joined_script_that_fails_leaves_its_traceback_in_the_end_of_the_run(tmp_path: Path) -> None:
    done = recorded(tmp_path, *python(JOINING + "    1 / 0"))
    assert done.returncode == 1
    event = finish(tmp_path)
    assert (event["status"], event["exit_code"]) == ("failed", 1)
    assert "ZeroDivisionError" in event["error"]
    assert output(tmp_path).count(b"ZeroDivisionError") == 1


def test_of_several_trainings_inside_the_first_joins_and_the_others_make_their_own_runs(
    tmp_path: Path,
) -> None:
    environment = {**os.environ, "TAILBOARD_DIR": str(tmp_path)}
    source = JOINING + "\nwith tailboard.init(name='second') as run:\n    run.log({'loss': 1})\n"
    done = subprocess.run(
        command(tmp_path, *python(source)), env=environment, capture_output=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, b"")
    names = {json.loads(path.read_text())["name"] for path in tmp_path.glob("*/run.json")}
    assert names == {"script", "second"}


def test_a_run_with_an_id_of_its_own_does_not_join(tmp_path: Path) -> None:
    environment = {**os.environ, "TAILBOARD_DIR": str(tmp_path)}
    source = "import tailboard\nwith tailboard.init(id='own') as run:\n    run.log({'loss': 1})\n"
    subprocess.run(command(tmp_path, *python(source)), env=environment, timeout=60, check=True)
    assert {path.name for path in tmp_path.iterdir()} == {"r", "own"}


def test_the_processes_of_one_launch_write_one_run(tmp_path: Path) -> None:
    source = (
        "import tailboard\nrank = int(os.environ['RANK'])\ntime.sleep(0.3 * (rank == 0))\n"
        "with tailboard.init(dir=sys.argv[1], git=False, config={'lr': 1}) as run:\n"
        "    run.log({'loss': rank}); print('rank', rank)\n    assert rank != 2, 'rank two fails'\n"
        "    while rank == 0 and not all(  # as the barriers of a training would have it\n"
        "        os.path.exists(f'{run.dir}/metrics.rank{other}.jsonl') for other in (1, 2)\n"
        "    ):\n        time.sleep(0.02)\n"
    )
    processes = [
        subprocess.Popen(
            [*python(source), str(tmp_path)],
            env={**os.environ, "RANK": str(rank), "WORLD_SIZE": "3", "MASTER_PORT": "29511"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for rank in range(3)
    ]
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 1]
    (run,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == []
    for rank, name in ((0, "metrics.jsonl"), (1, "metrics.rank1.jsonl"), (2, "metrics.rank2.jsonl")):
        assert [line["loss"] for line in lines(run / name)] == [rank]
    assert (run / "output.rank1.log").read_text() == "rank 1\n"
    ends = {
        event.get("rank", 0): event for event in lines(run / "events.jsonl") if "finish" in event["event"]
    }
    assert [ends[rank]["status"] for rank in range(3)] == ["finished", "finished", "failed"]
    assert "rank two fails" in ends[2]["error"]


PRINTED = r"""
print("step=1 loss=0.5"); print("Epoch 3: val_loss: 0.25"); print('{"step": 4, "loss": NaN}')
print("no metric 5 here"); print("step=1 loss=0.5", file=sys.stderr)
print("\r 50%|##  | 1/2 [00:01<00:00, 2.00it/s, v_num=0, acc=0.5]", end="")
print("\r100%|####| 2/2 [00:02<00:00, 2.00it/s, acc=0.75]")
print("iter 20: loss 9.6, time 250.1ms, mfu 17.1%"); print("step 20: train loss 9.5, val loss 9.7")
print("Epoch 2/3\n 1/10 ━━━━ 1s 10ms/step - loss: 2.3\r10/10 ━━━━ 2s 10ms/step - loss: 1.25 - val_loss: 1.5")
print("{'loss': 2.5, 'grad_norm': nan, 'learning_rate': 5e-05, 'epoch': 6.0}")
print(" iteration       30/  50000 | consumed samples:  512 | lm loss: 1.04E+01 | grad norm: 3.0 |")
print("step=9 loss=0.1", end="")
"""


def test_metrics_are_picked_from_what_is_printed_when_asked(tmp_path: Path) -> None:
    assert recorded(tmp_path, *python(PRINTED), options=("--parse", "auto")).returncode == 0
    found = [
        {key: value for key, value in line.items() if key != "_timestamp"}
        for line in lines(tmp_path / "r" / "metrics.jsonl")
    ]
    for expected in (
        {"_step": 1, "loss": 0.5},
        {"_step": 3, "val_loss": 0.25},
        {"_step": 4, "loss": "NaN"},
        {"_step": 20, "loss": 9.6, "time": 250.1, "mfu": 17.1},
        {"_step": 20, "train loss": 9.5, "val loss": 9.7},
        {"_step": 2, "loss": 1.25, "val_loss": 1.5},
        {"_step": 6, "loss": 2.5, "grad_norm": "NaN", "learning_rate": 5e-05},
        {"_step": 30, "consumed samples": 512, "lm loss": 10.4, "grad norm": 3},
        {"_step": 9, "loss": 0.1},
    ):
        assert expected in found
    assert [line["acc"] for line in found if "acc" in line] == [0.5, 0.75]
    assert not any("v_num" in line for line in found)


def test_nothing_is_picked_unasked_nor_beside_a_script_that_logs_itself(tmp_path: Path) -> None:
    recorded(tmp_path, *python(PRINTED))
    assert lines(tmp_path / "r" / "metrics.jsonl") == []
    joined = command(tmp_path / "second", *python(JOINING + "    print('step=5 loss=9.0', flush=True)"))
    joined.insert(joined.index("--id"), "--parse=auto")
    assert subprocess.run(joined, capture_output=True, timeout=60).returncode == 0
    assert [line["loss"] for line in lines(tmp_path / "second" / "r" / "metrics.jsonl")] == [0.5]
