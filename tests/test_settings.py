"""Settings that cannot be used are named: where, which and why, and never what was written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lianxi.cli.faults import CliError
from lianxi.cli.machine.plan import plan_of
from lianxi.runtime.children import child_environment
from lianxi.runtime.server_source import ServerSource
from lianxi.settings import SettingsError, load

SECRET = "hunter2-secret"
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("LIANXI_")]:
        monkeypatch.delenv(name)


def written(folder: Path, text: str) -> Path:
    (folder / "config.toml").write_text(text, encoding="utf-8")
    return folder


BROKEN = [
    (f'gateway_port = "{SECRET}"', "gateway_port: Input should be a valid integer"),
    (f'tls_cret = "{SECRET}"', "tls_cret: there is no such setting"),
    (f'log_level = "{SECRET}"', "log_level: Input should be 'DEBUG'"),
    (f"store_url = {SECRET}", "is not TOML (at line 1, column 13)"),
    (f'smtp = "{SECRET}"', "smtp: Input should be a valid dictionary"),
    ("max_activities = 2", "max_activities: Input should be greater"),
]


@pytest.mark.parametrize(("text", "says"), BROKEN)
def test_the_file_is_named_and_no_value(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(data=written(tmp_path, text))
    said = str(caught.value)
    assert said.startswith(f"{tmp_path / 'config.toml'}: {says}")
    assert SECRET not in said
    assert "\n" not in said


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes('log_level = "错"'.encode("gb18030"))
    with pytest.raises(SettingsError, match="is not UTF-8"):
        load(data=tmp_path)


def test_paths_mean_the_same_wherever_they_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the file begin at its folder, others where the program was started."""
    (tmp_path / "lianxi-data").mkdir()
    written(tmp_path / "lianxi-data", 'policy_file = "policy"\nanchors_dir = "../anchors"')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LIANXI_RECEIPT_KEY_FILE", "receipt.key")
    settings = load()
    data = tmp_path / "lianxi-data"
    assert (settings.data, settings.log_key_file) == (data, data / "keys" / "log.key")
    assert settings.receipt_key_file == tmp_path / "receipt.key"
    assert settings.policy_file == data / "policy"
    assert settings.anchors_dir.resolve() == tmp_path / "anchors"
    plan = plan_of(None)
    assert plan.service_keys == (settings.log_key_file, settings.receipt_key_file)
    # as the worker sees it, in another folder
    source = ServerSource("remote", None, "1", "", "127.0.0.1:1")
    for name, value in child_environment(plan, source, os.environ).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(data)
    assert load().paths_told() == settings.paths_told()


def test_a_home_of_nobody_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="policy_file: Value error, there is no such user"):
        load(data=written(tmp_path, 'policy_file = "~nobody-of-that-name/policy"'))


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("LIANXI_GATEWAY_PORT", SECRET, "LIANXI_GATEWAY_PORT: gateway_port: Input should be"),
        ("LIANXI_SMTP", SECRET, "LIANXI_SMTP: smtp: Input should be a valid dict"),
    ],
)
def test_the_variable_is_named_and_no_value(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load(data=tmp_path)
    assert str(caught.value).startswith(says)
    assert SECRET not in str(caught.value)


def test_a_foreign_variable_is_nobodys_business(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LIANXI_HOME", "elsewhere")
    monkeypatch.setenv("LIANXI_GATEWAY_PORT", "8700")
    settings = load(data=written(tmp_path, "gateway_port = 8601\nmax_activities = 7"))
    assert (settings.gateway_port, settings.max_activities) == (8700, 7)


def test_the_client_says_it_as_its_own_error(tmp_path: Path) -> None:
    with pytest.raises(CliError) as caught:
        plan_of(str(written(tmp_path, "gateway_prot = 1")))
    assert (caught.value.code, caught.value.exit_code) == ("SETTINGS_INVALID", 2)
    assert "gateway_prot" in caught.value.message


SMTP = '[smtp]\nhost = "127.0.0.1"\nsender = "office@conference.example"\n'

PROGRAMS = [
    ("worker.py", f"{SMTP}password = '{SECRET}'", 2, "smtp.password: Extra inputs"),
    ("worker.py", f"{SMTP}port = '{SECRET}'", 2, "smtp.port: Input should be a valid integer"),
    ("worker.py", f"max_activities = 4\n{SMTP}", 2, "max_activities: at least 5"),
    ("worker.py", f"{SMTP}timeout_seconds = 15", 2, "below 15 seconds (graceful_shutdown)"),
    (
        "worker.py",
        f"graceful_shutdown = 30\n{SMTP}timeout_seconds = 25",
        2,
        "below 20 seconds (a lease)",
    ),
    ("worker.py", f'log_level = "{SECRET}"', 2, "log_level: Input should be"),
    ("starter.py", f'log_level = "{SECRET}"', 2, "log_level: Input should be"),
    ("-m lianxi.gateway.main", f"store_url = {SECRET}", 2, "is not TOML"),
]


@pytest.mark.parametrize(("program", "text", "code", "says"), PROGRAMS)
def test_every_program_ends_with_one_clear_line(
    tmp_path: Path, program: str, text: str, code: int, says: str
) -> None:
    argv = [sys.executable, *program.split(), *(["task.yaml"] if "starter" in program else [])]
    done = subprocess.run(
        argv,
        cwd=ROOT,
        env={**os.environ, "LIANXI_DATA": str(written(tmp_path, text))},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code
    assert says in done.stderr
    assert SECRET not in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1
