"""Tables of metrics as people write them, and configurations beside runs."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reading import FIXTURES, found_in, plain, read_all, read_series
from tailboard_tui.files.follow import Block
from tailboard_tui.formats.csvtable import CsvTable
from tailboard_tui.formats.detect import reader_of
from tailboard_tui.formats.tablepeek import peek_at_table, peek_through
from tailboard_tui.formats.yamlfile import load
from tailboard_tui.formats.yamlplain import load_plain
from tailboard_tui.store.columns import RunColumns


def table(tmp_path: Path, text: str) -> dict[str, tuple[list[object], list[object]]]:
    run = tmp_path / "run"
    run.mkdir(exist_ok=True)
    (run / "metrics.csv").write_text(text)
    (run / "hparams.yaml").write_text("")
    return read_series(found_in(tmp_path)["run"])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("  epoch,   loss\n  1,  0.5\n", {"loss": ([1], [0.5])}),
        ("epoch,loss,acc\n1,NA,0.5\n2,0.25,\n", {"loss": ([2], [0.25]), "acc": ([1], [0.5])}),
        ("epoch,loss\n1,nan\n2,inf\n3,-inf\n", {"loss": ([1, 2, 3], ["NaN", "Infinity", "-Infinity"])}),
        ('epoch,"a, b"\n1,"0.5"\n', {"a, b": ([1], [0.5])}),
        ("epoch,loss,loss\n1,2,3\n", {"loss": ([1], [2]), "loss.1": ([1], [3])}),
        ("epoch,loss,note\n1,0.5,hello\n2,0.25,7\n", {"loss": ([1, 2], [0.5, 0.25]), "note": ([2], [7])}),
        ("\ufeffepoch,loss\r\n1,0.5\r\n", {"loss": ([1], [0.5])}),
        ("# epoch loss\n1 0.5\n2 0.25\n", {"loss": ([1, 2], [0.5, 0.25])}),
        ("epoch,loss\n1\n2,0.5\n", {"loss": ([2], [0.5])}),
        ("epoch,loss\n1,True\n2,False\n", {"loss": ([1, 2], [1, 0])}),
        ("epoch,loss\n1,0.5\n\n\n2,0.25\n", {"loss": ([1, 2], [0.5, 0.25])}),
        ("epoch,loss\n1,0.5\nepoch,loss\n1,0.25\n", {"loss": ([1], [0.25])}),
        ("step,loss,timestamp\n1,0.5,1700000000000\n", {"loss": ([1], [0.5])}),
    ],
)
def test_a_table_is_read_whatever_its_writers_habits(
    text: str, wanted: dict[str, tuple[list[object], list[object]]], tmp_path: Path
) -> None:
    assert table(tmp_path, text) == wanted


def test_a_row_with_too_many_cells_is_said_with_its_line(tmp_path: Path) -> None:
    table(tmp_path, "epoch,loss\n1,0.5\n2,0.25,9\n")
    _, problems = read_all(reader_of(found_in(tmp_path)["run"]))
    assert [(problem.file, problem.line) for problem in problems] == [("metrics.csv", 3)]


def test_a_second_run_in_the_same_file_replaces_the_first_and_a_late_point_does_not(tmp_path: Path) -> None:
    rows = "".join(f"{step},{step}\n" for step in range(20))
    again = "".join(f"{step},{step + 0.5}\n" for step in range(5))
    assert table(tmp_path, f"epoch,loss\n{rows}{again}")["loss"] == (
        [plain(step) for step in range(5)],
        [plain(step + 0.5) for step in range(5)],
    )
    late = table(tmp_path, "epoch,loss\n1,1\n2,2\n3,3\n2,2.5\n4,4\n")
    assert late["loss"] == ([1, 2, 3, 2, 4], [1, 2, 3, 2.5, 4])


def test_moments_are_the_times_of_points(tmp_path: Path) -> None:
    for cell in ("1700000000", "1700000000000", "2023-11-14T22:13:20", "2023-11-14 22:13:20+00:00"):
        table(tmp_path, f"step,timestamp,loss\n1,{cell},0.5\n")
        points, _ = read_all(reader_of(found_in(tmp_path)["run"]))
        series = points.series("loss")
        assert series is not None
        assert series.times.tolist() == [1_700_000_000.0], cell


@settings(max_examples=100, deadline=None)
@given(
    st.text(alphabet='steploss,0123456789.\t;|"#\r\n -', max_size=200),
    st.lists(st.integers(1, 40), max_size=10),
)
def test_any_text_in_any_pieces_gives_the_same_points_and_never_raises(text: str, cuts: list[int]) -> None:
    def read(sizes: list[int]) -> object:
        parser, columns, line = CsvTable(), RunColumns(), 1
        lines = [part + b"\n" for part in text.encode().split(b"\n")]
        complaints = []
        while lines:
            size = sizes.pop(0) if sizes else len(lines)
            data = b"".join(lines[:size])
            parser.feed(Block(data, line, min(size, len(lines)), line))
            lines, line = lines[size:], line + size
            rows, found = parser.take()
            complaints += found
            for block in rows:
                columns._add(block)
        points = columns.points()
        series = {name: points.series(name, everything=True) for name in points.metrics}
        return complaints, {
            name: (list(map(plain, one.steps)), list(map(plain, one.values)))
            for name, one in series.items()
            if one
        }

    assert read(list(cuts)) == read([])


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("lr: 1e-3", {"lr": 0.001}),
        ("when: 2024-01-01", {"when": "2024-01-01"}),
        ("a: !!python/object/apply:os.system ['touch /tmp/canary']", {"a": ["touch /tmp/canary"]}),
        ("!!python/object:x.Y {a: 1}", {"a": 1}),
        ("a: !custom 5", {"a": "5"}),
        ("- 1\n- 2", [1, 2]),
    ],
)
def test_yaml_is_plain_data_whatever_its_tags_ask_for(text: str, wanted: object) -> None:
    assert load(text.encode()) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "a: [",
        "a: &a [*a]",
        "\n".join(["a0: &a0 [x,x]", *(f"a{n}: &a{n} [*a{n - 1},*a{n - 1}]" for n in range(1, 40))]),
        "[" * 5000,
        "? [a]\n: 1",
        "a: *missing",
    ],
)
def test_yaml_that_is_damaged_or_explodes_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"YAML|aliases|nested|too"):
        load(text.encode())


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60) | st.text(alphabet="a:&*!-[]{}? \n'\"", max_size=60))
def test_no_yaml_raises_anything_but_a_value_error(text: str) -> None:
    try:
        load(text.encode("utf-8", "surrogatepass"))
    except ValueError:
        return


def test_the_args_of_rl_zoo_name_python_objects_and_are_read_as_data(tmp_path: Path) -> None:
    run = tmp_path / "a2c_1"
    run.mkdir()
    (run / "0.monitor.csv").write_bytes((FIXTURES / "baselines3/run/0.monitor.csv").read_bytes())
    (run / "args.yml").write_text(
        "!!python/object/apply:collections.OrderedDict\n- - - algo\n    - a2c\n  - - seed\n    - 1\n"
    )
    reader = reader_of(found_in(tmp_path)["a2c_1"])
    assert reader.facts().problems == ()
    assert not math.isnan(reader.facts().last_time or math.nan)


def test_mmengine_counts_iterations_in_training_and_epochs_in_validation(tmp_path: Path) -> None:
    records = tmp_path / "work/20240101_000000/vis_data/scalars.json"
    records.parent.mkdir(parents=True)
    lines = []
    for epoch in (1, 2):
        for step in range(3):
            number = (epoch - 1) * 3 + step + 1
            place = f'"epoch": {epoch}, "iter": {number}, "step": {number}'
            lines.append(f'{{"lr": 0.1, "loss": {number}.5, "time": 1, {place}}}')
        lines.append(f'{{"coco/bbox_mAP": 0.{epoch}, "time": 2, "step": {epoch}}}')
    records.write_text("\n".join(lines) + "\n")
    found = found_in(tmp_path)["work/20240101_000000"]
    series = read_series(found)
    assert series["loss"] == ([1, 2, 3, 4, 5, 6], [1.5, 2.5, 3.5, 4.5, 5.5, 6.5])
    assert series["coco/bbox_mAP"] == ([1, 2], [0.1, 0.2])
    assert series["time"][0] == [1, 2, 3, 4, 5, 6]
    assert series["val/time"] == ([1, 2], [2, 2])


def test_allennlp_gives_a_point_an_epoch(tmp_path: Path) -> None:
    for epoch in range(12):
        path = tmp_path / "run" / f"metrics_epoch_{epoch}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'{{"epoch": {epoch}, "training_loss": {epoch}.5}}')
    series = read_series(found_in(tmp_path)["run"])
    assert series["training_loss"] == (list(range(12)), [epoch + 0.5 for epoch in range(12)])


plain_numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers(-(10**20), 10**20).map(str),
    st.sampled_from(["5.", "-.5", "+3", "1e400", "-1E-400", "1700000000.5", "1700000000123", "007"]),
)
odd_cells = st.sampled_from(["", "nan", "1_0", "1e", "--1", "e", "-", " 7", "1,5", "x", "0x1", "inf", "."])


class ByLines(CsvTable):
    """Reads cell by cell."""

    def _feed_plain(self, data: bytes) -> bool:
        return False


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_blocks_of_plain_numbers_give_what_their_lines_give(data: st.DataObject) -> None:
    header = data.draw(st.sampled_from(["epoch,loss,acc", "step;timestamp;loss", "a|b|c", "loss\tacc\ttime"]))
    delimiter = next(mark for mark in ",;|\t" if mark in header)
    cells = plain_numbers if data.draw(st.booleans()) else plain_numbers | odd_cells
    rows = data.draw(st.lists(st.lists(cells, min_size=2 if cells is not plain_numbers else 3, max_size=3)))
    blocks = [f"{header}\n".encode(), "".join(f"{delimiter.join(row)}\n" for row in rows).encode()]
    results = []
    for kind in (CsvTable, ByLines):
        parser = kind()
        for number, block in enumerate(blocks, 1):
            parser.feed(Block(block, number, block.count(b"\n"), len(block)))
        found, complaints = parser.take()
        shown = [
            (
                [plain(step) for step in item.steps],
                [plain(time) for time in item.times],
                {name: [plain(value) for value in column.values] for name, column in item.columns.items()},
                {
                    name: None if column.rows is None else list(column.rows)
                    for name, column in item.columns.items()
                },
                item.resumes,
            )
            for item in found
        ]
        results.append((repr(shown), complaints))
    assert results[0] == results[1]


def test_lines_with_empty_cells_nan_and_words_are_taken_at_once_and_a_second_header_is_not() -> None:
    parser = CsvTable()
    parser.feed(Block(b"step,loss,acc\n", 1, 1, 14))
    assert parser._feed_plain(b"1,,nan\n2,0.25,NA\r\n")
    assert not parser._feed_plain(b"3,0.125,\nstep,loss,acc\n")
    (rows,) = parser.take()[0]
    assert rows.columns["loss"].values.tolist() == [0.25]
    assert rows.columns["loss"].rows is not None
    assert rows.columns["loss"].rows.tolist() == [1]
    assert [plain(value) for value in rows.columns["acc"].values] == ["NaN"]


def test_steps_that_are_infinitely_far_apart_are_no_warning() -> None:
    parser = CsvTable()
    text = b"step,loss\n1e308,1\n-1e308,2\n1e308,3\n"
    parser.feed(Block(text, 1, 4, len(text)))
    assert parser.take()[0][0].steps.tolist() == [1e308, -1e308, 1e308]


ODD_SCALARS = (
    "true No ON null ~ 1e-3 1. .5 0x1f 007 1_000 1:30 - 'x' \"y\" [1] {} a#b *a .inf -0 "
    "+1 1e400 path/to.x x=1,y=2 | > a: ö = << y 0.1.2 -.5 @x 2024-01-01"
)
yaml_scalars = st.one_of(
    st.integers().map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(ODD_SCALARS.split()),
    st.sampled_from(["", "a b", "a: b", "- a", "[1, 2]", "{a: 1}", "a #b", "!!str 1", "&a 1"]),
    st.text("ab1.-_ :#'/", max_size=6),
)
yaml_keys = st.sampled_from(["a", "lr", "x.y", "a-b", "on", "1", "Null", "<<", "b c", "'q'", "", "y"])
yaml_lines = st.one_of(
    st.builds(lambda n, key, value: f"{' ' * n}{key}: {value}", st.integers(0, 5), yaml_keys, yaml_scalars),
    st.builds(lambda n, key: f"{' ' * n}{key}:", st.integers(0, 5), yaml_keys),
    st.builds(lambda n, value: f"{' ' * n}- {value}", st.integers(0, 2), yaml_scalars),
    st.sampled_from(["", "---", "...", "# x", "  ", "\ta: 1", "a: 1 ", "a:  2"]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(yaml_lines, max_size=6).map("\n".join))
def test_what_is_read_as_plain_yaml_is_what_pyyaml_reads(text: str) -> None:
    found = load_plain(text)
    if found is not None:
        assert repr(found) == repr(load(text.encode()))


def test_the_configuration_of_most_runs_is_plain_yaml() -> None:
    text = "lr: 0.001\nname: resnet50\nflag: true\nnothing: null\nmodel:\n  layers: 2\n  path: a/b.yaml\n"
    model = {"layers": 2, "path": "a/b.yaml"}
    values = {"lr": 0.001, "name": "resnet50", "flag": True, "nothing": None, "model": model}
    assert load_plain(text) == values
    assert load_plain("- lr=0.1\n- model=b\n") == ["lr=0.1", "model=b"]


def test_the_configuration_of_rl_zoo_stands_below_the_episodes(tmp_path: Path) -> None:
    run = tmp_path / "a2c/Acrobot-v1_1"
    (run / "Acrobot-v1").mkdir(parents=True)
    shutil.copy(FIXTURES / "baselines3/run/0.monitor.csv", run)
    dump = "!!python/object/apply:collections.OrderedDict\n- - - algo\n    - a2c\n  - - n_envs\n    - 16\n"
    (run / "Acrobot-v1/args.yml").write_text(dump)
    (run / "Acrobot-v1/config.yml").write_text("policy: MlpPolicy\n")
    facts = reader_of(found_in(tmp_path)["a2c/Acrobot-v1_1"]).facts()
    assert facts.config == {"algo": "a2c", "n_envs": 16, "policy": "MlpPolicy"}


NUMBERS = st.sampled_from(["", "0.5", "-1", "1e300", "nan", "inf", "text", "true", " 2 ", "1_0", "x y"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(st.sampled_from(["step", "epoch", "loss", "acc", "time", "lr"]), min_size=2, unique=True),
    cells=st.lists(st.lists(NUMBERS, min_size=6, max_size=6), min_size=1, max_size=6),
)
def test_the_ends_of_a_table_tell_what_its_parser_tells(
    names: list[str], cells: list[list[str]], tmp_path: Path
) -> None:
    path = tmp_path / "metrics.csv"
    rows = [names, *(row[: len(names)] for row in cells)]
    path.write_text("".join(",".join(row) + "\n" for row in rows))
    quick, parsed = peek_at_table(str(path), None), peek_through(str(path), CsvTable("", None))
    assert repr(quick.last_step) == repr(parsed.last_step)
    assert repr(quick.last_values) == repr(dict(parsed.last_values))
