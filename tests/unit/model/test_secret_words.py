"""What looks like a secret is hidden wherever it stands; other words stay readable."""

import shlex
from typing import Any

import pytest

from stix.model.secret_words import HIDDEN, hide, hide_words, login_secret, names_secret
from stix.model.task import GitSource

PLANTED = [
    "tell --token PLANTED now",
    "tell --token=PLANTED now",
    "tell -token PLANTED",
    "tell --api-key 'PLANTED with PLANTED' now",
    'tell --password="PLANTED \\" PLANTED" now',
    "tell --db-pass PLANTED",
    "curl -u me:PLANTED https://example.org/x",
    "curl -ume:PLANTED https://example.org/x",
    "curl --user 'me:PLANTED' https://example.org/x",
    'sh -c "curl --token PLANTED" && echo hello',
    "curl -H 'Authorization: Bearer PLANTED' https://example.org",
    'curl -H "authorization: Basic PLANTED==" https://example.org',
    "curl -H 'Authorization: PLANTED' -H 'X-Other: hello'",
    "curl -H 'X-Api-Key: PLANTED' https://example.org",
    "curl -H 'PRIVATE-TOKEN: PLANTED'",
    "curl -H 'Cookie: a=PLANTED; b=PLANTED'",
    "it said Bearer PLANTEDPLANTED",
    "https://PLANTEDPLANTEDPLANTED@github.com/o/r.git",
    "https://PLANTEDPLANTEDPLANTED:x-oauth-basic@github.com/o/r.git",
    "git+https://PLANTEDPLANTEDPLANTED:@github.com/o/r.git",
    "https://oauth2:PLANTED@gitlab.com/o/r.git",
    "HTTPS://me:PLA@NTED@example.org",
    "https://me:PLANTED#?PLANTED@example.org",
    "postgresql://stix:PLANTED@db/stix",
    "https://example.org/x?token=PLANTED&page=3",
    "https://example.org/x?page=3&access_token=PLANTED",
    "https://example.org/x?key=PLANTED",
    "https://b.blob.core.windows.net/c?sv=2020&sig=PLANTED",
    "https://s3.amazonaws.com/b/k?X-Amz-Signature=PLANTED&X-Amz-Expires=60",
    "https://hooks.slack.com/services/T0/B0/PLANTED",
    "https://discord.com/api/webhooks/1/PLANTED",
    "--env API_TOKEN=PLANTED -v /a:/b",
    "AWS_SECRET_ACCESS_KEY=PLANTED aws s3 ls",
    'export DB_PASSWORD="PLANTED PLANTED"; run',
    '{"token": "PLANTED", "page": "hello"}',
    '{\\"token\\": \\"PLANTED PLANTED\\"}',
    "client_secret: PLANTED",
    "DefaultEndpointsProtocol=https;AccountKey=PLANTED==",
    "use ghp_PLANTEDPLANTEDPLANTED12 here",
    "use hf_PLANTEDPLANTEDPLANTED12 here",
]
COMMANDS: list[list[Any]] = [
    ["tell", "--token", "PLANTED", "now"],
    ["tell", "--token", "-PLANTED-9", "now"],
    ["tell", "--token=PLANTED"],
    ["curl", "-u", "me:PLANTED", "https://example.org"],
    ["curl", "--user", "me:PLANTED"],
    ["curl", "-H", "Authorization: Bearer PLANTED"],
    ["tell", "Authorization:", "Bearer", "PLANTED"],
    ["sshpass", "-p", "PLANTED", "ssh", "host"],
    ["sh", "-c", "curl --token PLANTED"],
    ["docker", "run", "--env", "MY_PASSWORD=PLANTED"],
]
HARMLESS = [
    "/usr/local/bin/tell --quiet",
    "pass show {name}",
    "-v /a:/b --shm-size 8g",
    "train.py --max-tokens 512 --tokenizer gpt2 --secret-file ~/.stix/key --token-url https://example.org/t",
    "docker login --password-stdin registry.example.org",
    "docker run --user 1000:1000 -p 8080:80 --cpus 2",
    "curl -H 'Authorization: Bearer $TOKEN' https://example.org",
    "tell --token $TOKEN --password ${PASSWORD} --api-key $(cat key)",
    "https://git@github.com/o/r.git",
    "ssh://deployment-robot-user@host/x",
    "https://example.org/a@b?page=3&monkey=2",
    "arn:aws:iam::123456789012:role/stix",
    "no secret is here, and no password",
    "git clone https://github.com/o/r.git",
    "token: null",
    "keys: hello",
]


@pytest.mark.parametrize("text", PLANTED)
def test_secrets_are_hidden(text: str) -> None:
    shown = hide(text)
    assert "PLANTED" not in shown and HIDDEN in shown
    assert hide(shown) == shown
    for word in ("now", "hello", "page=3", "https", "/o/r.git", "me:", "-v /a:/b"):
        assert (word in shown) == (word in text)


@pytest.mark.parametrize("words", COMMANDS)
def test_secrets_in_words_of_commands_are_hidden(words: list[Any]) -> None:
    shown = hide_words(words)
    assert "PLANTED" not in str(shown) and len(shown) == len(words)
    assert hide_words(shown) == shown
    assert [word for word in words if "PLANTED" not in word] == [word for word in shown if HIDDEN not in word]


@pytest.mark.parametrize("text", HARMLESS)
def test_other_words_stay(text: str) -> None:
    assert hide(text) == text
    assert hide_words(shlex.split(text)) == shlex.split(text)


def test_words_that_are_no_texts_stay() -> None:
    assert hide_words(["--token", 5, None, "x"]) == ["--token", 5, None, "x"]


@pytest.mark.parametrize(
    "name", ["TOKEN", "X-Api-Key", "Authorization", "db_password", "AWS_SECRET_ACCESS_KEY", "PASS"]
)
def test_names_of_secrets(name: str) -> None:
    assert names_secret(name)


@pytest.mark.parametrize("name", ["password_file", "token_url", "key", "compass", "tokenizer", "author", "names"])
def test_other_names(name: str) -> None:
    assert not names_secret(name)


@pytest.mark.parametrize(
    ("url", "password"),
    [
        ("https://user:pw@host/r", "pw"),
        ("https://ghp_0123456789abcdef@host/r", "ghp_0123456789abcdef"),
        ("https://ghp_0123456789abcdef:x-oauth-basic@host/r", "ghp_0123456789abcdef"),
        ("https://user:p@w#w@host/r@v1", "p@w#w"),
        ("https://git@host/r", ""),
        ("https://host/r@v1", ""),
        ("ssh://a-user-with-a-long-name@host/r", ""),
    ],
)
def test_the_password_of_a_repository(url: str, password: str) -> None:
    assert GitSource(url).password == password
    assert not password or password not in hide(url)


def test_a_login_of_an_address() -> None:
    assert login_secret("me:pw", "postgresql") == "pw" and login_secret("me", "postgresql") == ""
