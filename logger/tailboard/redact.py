"""Leaving secrets out of what a run records: by the name of a key, by the form of a value."""

from __future__ import annotations

import re

HIDDEN = "[redacted]"

_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_SECRET_WORDS = frozenset(
    {"password", "passwd", "passphrase", "pwd", "secret", "secrets", "credential", "credentials"}
    | {"authorization", "bearer", "cookie", "cookies"}
)
_KEY_OWNERS = frozenset(
    {"api", "access", "secret", "private", "auth", "encryption", "account", "ssh", "signing"}
    | {"storage", "shared", "wandb", "comet", "neptune", "openai", "anthropic", "hf"}
)
_PASS_OWNERS = frozenset(
    {"db", "database", "user", "admin", "root", "login", "proxy", "http", "ftp", "smtp", "mail", "email"}
    | {"mysql", "postgres", "pg", "redis", "mongo", "rabbitmq"}
)
"""What stands before `pass` where that is short for password; `first_pass` is none."""

_TOKENIZER_WORDS = frozenset(
    {
        "pad",
        "eos",
        "bos",
        "unk",
        "mask",
        "sep",
        "cls",
        "image",
        "special",
        "additional",
        "added",
        "stop",
        "start",
    }
    | {
        "end",
        "prefix",
        "suffix",
        "video",
        "audio",
        "per",
        "next",
        "first",
        "last",
        "begin",
        "decoder",
        "blank",
        "boundary",
    }
)
"""What stands before `token` in the names of hyperparameters: `pad_token`, `loss_per_token`."""

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)([^/\s@'\"]+)@")
_QUERY = re.compile(
    r"([?&](?:access_token|token|api_?key|key|sig|signature|password|secret|x-amz-signature|x-amz-credential)=)[^&\s#'\"]+",
    re.IGNORECASE,
)
_FIELD = re.compile(
    r"(\b(?:password|passwd|pwd|account ?key|shared ?access ?key)\s*=\s*)[^;,&\s'\"]+", re.IGNORECASE
)
"""In connection strings: `Server=x;Password=y`, `AccountName=x;AccountKey=y`."""

_PRIVATE_KEY = re.compile(
    r"(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(?:(?=-----END [A-Z ]*PRIVATE KEY-----)|\Z)", re.DOTALL
)
_KNOWN = re.compile(
    r"\b(?:hf_[A-Za-z0-9]{20,}|sk-[A-Za-z0-9_-]{20,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}"
    r"|glpat-[A-Za-z0-9_-]{16,}|xox[abprs]-[A-Za-z0-9-]{10,}|AKIA[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{30,}"
    r"|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}|[Bb]earer\s+[A-Za-z0-9._~+/=-]{12,}"
    r"|hooks\.slack\.com/services/[A-Za-z0-9/_-]{10,})"
)
"""Forms that services publish for their keys, so that scanners find them.

Source: https://docs.github.com/en/code-security/secret-scanning/introduction/supported-secret-scanning-patterns
"""


def is_secret_name(name: str) -> bool:
    """Whether a value under this key, option or variable is a secret by its name.

    `max_tokens`, `tokenizer`, `pad_token`, `key_dim` are hyperparameters and are not.
    """
    words = [word.lower() for word in _WORDS.findall(name)]
    if any(word in _SECRET_WORDS for word in words):
        return True
    if any(word in ("apikey", "accesskey", "privatekey", "secretkey", "authtoken") for word in words):
        return True
    for before, word in zip(["", *words], words, strict=False):
        if word == "key" and before in _KEY_OWNERS:
            return True
        if word == "pass" and before in _PASS_OWNERS:
            return True
    if words[-1:] == ["pw"]:
        return True
    return bool(words) and words[-1] == "token" and (len(words) == 1 or words[-2] not in _TOKENIZER_WORDS)


def redact_text(text: str) -> str:
    """The text without credentials of URLs, secret query parameters and keys of well-known forms."""
    if "://" in text:
        text = _URL.sub(_without_credentials, text)
        text = _QUERY.sub(rf"\1{HIDDEN}", text)
    if "=" in text:
        text = _FIELD.sub(rf"\1{HIDDEN}", text)
    if "PRIVATE KEY" in text:
        text = _PRIVATE_KEY.sub(rf"\1{HIDDEN}", text)
    return _KNOWN.sub(HIDDEN, text)


def _without_credentials(found: re.Match[str]) -> str:
    scheme, user = found.groups()
    if ":" in user or scheme.lower().startswith("http"):
        return f"{scheme}{HIDDEN}@"
    return found.group()


def redact_value(name: str, value: object) -> object:
    """What may be kept of a config value: itself, or less. Flags, None and empty values tell nothing."""
    if isinstance(value, str):
        return HIDDEN if value and is_secret_name(name) else redact_text(value)
    if isinstance(value, bytes | int | float) and not isinstance(value, bool) and is_secret_name(name):
        return value if name.lower().endswith("token") and not isinstance(value, bytes) else HIDDEN
    if isinstance(value, list | tuple):
        if all(isinstance(item, str) for item in value) and not is_secret_name(name):
            return redact_command(list(value))  # it may be one: `sys.argv` in a config
        return [redact_value(name, item) for item in value]
    return value


def redact_result(name: str, value: object) -> object:
    """What may be kept of a summary value: numbers are results whatever their name."""
    return redact_value(name, value) if isinstance(value, str | bytes | list | tuple) else value


def redact_command(arguments: list[str]) -> list[str]:
    """Command-line arguments with the values of secret options hidden: `--api-key X`, `password=X`."""
    found: list[str] = []
    hide_next = False
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if hide_next and not argument.startswith("-"):
            found.append(HIDDEN)
        elif len(argument.split(maxsplit=1)) > 1:
            found.append(_redact_line(argument))
        elif equals and value and is_secret_name(name):
            found.append(name + "=" + HIDDEN)
        else:
            found.append(redact_text(argument))
        is_option = argument.startswith("-") and not argument.startswith("--no-")
        hide_next = not equals and is_option and is_secret_name(argument)
    return found


_LINE_FORMS = (
    r"""((?<![\w.-])--?([A-Za-z][\w.-]{0,80})\s+)('[^']*'|"[^"]*"|[^\s'";|&$-][^\s;|&]*)""",
    r"""((?<![\w.-])-{0,2}([A-Za-z_][\w.-]{0,80})(?:=|\s*=\s*(?=['"])))('[^']*'|"[^"]*"|[^\s'"=;|&$)][^\s;|&)]*)""",
    r"""((?<![\w.-])([A-Za-z][\w-]{0,80})["']?:[ ]*)("[^"]*"|'[^']*'|[^\s"'$/][^"'\n]*)""",
)
"""`--option VALUE`, `name=VALUE` and `Name: VALUE` within a text. Compiled when first needed: few runs do."""


def _redact_line(text: str) -> str:
    """An argument that is a whole command line, header or program: `sh -c 'train --token X'`."""
    for form in _LINE_FORMS:
        text = re.sub(form, _without_secret, text)
    return redact_text(text)


def _without_secret(found: re.Match[str]) -> str:
    before, name, value = found.groups()
    is_flag = before.startswith("--no-")
    return before + HIDDEN if is_secret_name(name) and value not in _TYPES and not is_flag else found.group()


_NAMED = re.compile(
    r"""(?P<before>.*?(?P<name>[A-Za-z][\w.-]{0,80})["']?\]?\s*[:=]\s*["'])(?P<value>[^"']{3,})(?P<after>["'].*)"""
)
"""A text in quotes under a name: code, JSON, YAML."""

_BARE = re.compile(
    r"(?P<before>\s*(?:export\s+)?(?P<name>[A-Z][A-Z0-9_]{0,80}=|[A-Za-z][\w.-]{0,80}:[ ]))"
    r"(?P<value>\S{3,})(?P<after>)"
)
"""A line `NAME=value` of a file of variables, or `name: value` of YAML."""

_LINE_LIMIT = 1000
"""Characters of a line in which names are looked for: nobody writes longer ones by hand."""

_TYPES = frozenset({"str", "int", "bool", "bytes", "float", "None", "null", "true", "false", "Any", "object"})
"""After `password:` in code."""


def redact_diff(diff: bytes) -> bytes:
    """A patch whose added lines hold no secrets. It still applies: no line is taken out, the others stay."""
    return b"\n".join(
        b"+" + _redact_added(line[1:].decode("latin-1")).encode("latin-1")
        if line.startswith(b"+") and not line.startswith(b"+++ ")
        else line
        for line in diff.split(b"\n")
    )


def _redact_added(line: str) -> str:
    for form in (_NAMED, _BARE) if len(line) <= _LINE_LIMIT else ():
        found = form.fullmatch(line.rstrip("\r"))
        if found and is_secret_name(found["name"].rstrip("=: ")) and found["value"].rstrip(",") not in _TYPES:
            return found["before"] + HIDDEN + found["after"]
    return redact_text(line)
