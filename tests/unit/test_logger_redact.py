"""Secrets stay out of config, command line and URLs; hyperparameters stay in."""

from __future__ import annotations

import pytest

from tailboard.redact import HIDDEN, is_secret_name, redact_command, redact_text, redact_value

SECRETS = """
password db_password DB_PASSWORD dbPassword passwd secret client_secret api_key API_KEY apiKey apikey
WANDB_API_KEY aws_access_key access_key_id private_key token hf_token auth-token GITHUB_TOKEN credentials
secretKey --api-key ssh_key
"""
HYPERPARAMETERS = """
max_tokens tokens tokenizer n_tokens pad_token eos_token bos_token_id token_dropout key key_dim num_keys
monkey keyword loss_per_token lr passes author mask_token
"""


@pytest.mark.parametrize("name", SECRETS.split())
def test_names_of_secrets_are_known(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", HYPERPARAMETERS.split())
def test_names_of_hyperparameters_are_not_secrets(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("https://user:pass@host/x.git", f"https://{HIDDEN}@host/x.git"),
        ("https://ghp_abcdefghijklmnopqrstuvwx@github.com/a/b", f"https://{HIDDEN}@github.com/a/b"),
        ("postgres://me:pw@db/x", f"postgres://{HIDDEN}@db/x"),
        ("ssh://git@github.com/a/b", "ssh://git@github.com/a/b"),
        ("git@github.com:a/b.git", "git@github.com:a/b.git"),
        ("https://h/x?token=abc&y=1", f"https://h/x?token={HIDDEN}&y=1"),
        ("s3://bucket/key", "s3://bucket/key"),
        ("hf_abcdefghijklmnopqrstuvwxyz", HIDDEN),
        ("mail me@example.org", "mail me@example.org"),
    ],
)
def test_credentials_in_text_are_hidden(text: str, kept: str) -> None:
    assert redact_text(text) == kept


def test_command_lines_lose_the_values_of_secret_options() -> None:
    command = "train.py --api-key abc --lr 1 --password=x token=abc --token --v --max_tokens 9"
    kept = f"train.py --api-key {HIDDEN} --lr 1 --password={HIDDEN} token={HIDDEN} --token --v --max_tokens 9"
    assert redact_command(command.split()) == kept.split()


@pytest.mark.parametrize(
    ("argument", "kept"),
    [
        (
            "API_KEY=a python t.py --password b --lr 1",
            f"API_KEY={HIDDEN} python t.py --password {HIDDEN} --lr 1",
        ),
        ("t.py --token='a b' --seed=1; echo $?", f"t.py --token={HIDDEN} --seed=1; echo $?"),
        ("t.py --token $HF_TOKEN --api-key=$KEY", "t.py --token $HF_TOKEN --api-key=$KEY"),
        ("Authorization: Basic abc", f"Authorization: {HIDDEN}"),
        ("X-Api-Key: abc", f"X-Api-Key: {HIDDEN}"),
        ("curl -H 'Cookie: a=b; c=d' x", f"curl -H 'Cookie: {HIDDEN}' x"),
        ("login(token='abc', lr=1)", f"login(token={HIDDEN}, lr=1)"),
        ("c = {'password': 'abc', 'n': 1}", f"c = {{'password': {HIDDEN}, 'n': 1}}"),
        ("if token == other: run(max_tokens=5)", "if token == other: run(max_tokens=5)"),
        ("t.py --no-password x --max-tokens 5", "t.py --no-password x --max-tokens 5"),
        ("git clone https://u:p@h/r && make", f"git clone https://{HIDDEN}@h/r && make"),
    ],
)
def test_a_whole_line_in_one_argument_loses_its_secrets_only(argument: str, kept: str) -> None:
    assert redact_command(["sh", "-c", argument]) == ["sh", "-c", kept]


def test_a_flag_with_the_name_of_a_secret_hides_nothing_behind_it() -> None:
    assert redact_command(["x", "--no-password", "train.py"]) == ["x", "--no-password", "train.py"]


def test_a_long_argument_is_looked_through_quickly() -> None:
    text = "a-" * 100_000 + " --" * 50_000 + "token" * 20_000 + " x"
    assert redact_command([text]) == [text]


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("password", "x", HIDDEN),
        ("password", 1234, HIDDEN),
        ("password", None, None),
        ("password", "", ""),
        ("use_secret", True, True),
        ("api_keys", "x", "x"),
        ("url", "https://u:p@h", f"https://{HIDDEN}@h"),
        ("urls", ["https://u:p@h", 1], [f"https://{HIDDEN}@h", 1]),
        ("lr", 0.1, 0.1),
    ],
)
def test_config_values_are_hidden_by_name_and_form(name: str, value: object, kept: object) -> None:
    assert redact_value(name, value) == kept
