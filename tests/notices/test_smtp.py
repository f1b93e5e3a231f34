"""The channel `smtp` against a real server: the contract, refusals told apart, TLS, login, time."""

import logging
import shutil
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from lianxi.notices.smtp import SmtpChannel
from lianxi.notices.smtp_settings import SmtpSettings
from lianxi.ports import PermanentRefusalError, TransientRefusalError
from tests.notices.contract import Bench, ChannelContract
from tests.notices.letters import NOW, ORIGIN, a_letter, notice_id
from tests.notices.mail_server import (
    MailServer,
    certificate,
    dripping,
    free_port,
    running,
    turning_away,
)

pytestmark = pytest.mark.timed

SENDER = "office@conference.example"


def channel_to(port: int, **changed: Any) -> SmtpChannel:
    """A channel to a plain server on this machine."""
    fields: dict[str, Any] = {"host": "127.0.0.1", "port": port, "sender": SENDER}
    return SmtpChannel(SmtpSettings(**{**fields, "protection": "none", **changed}), lambda: NOW)


def details(answers: Any) -> list[str]:
    """Each answer in short: `ok`, `permanent 550`, `transient timeout`."""
    kinds = {PermanentRefusalError: "permanent", TransientRefusalError: "transient"}
    return ["ok" if a is None else f"{kinds[type(a)]} {a.detail}" for a in answers]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl binary to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    return {name: certificate(folder, name) for name in ("localhost", "other")}


@pytest.fixture
def server() -> Iterator[MailServer]:
    with running(MailServer()) as running_server:
        yield running_server


class TestSmtpChannel(ChannelContract):
    """The contract, on aiosmtpd."""

    @pytest.fixture
    def bench(self, server: MailServer) -> Bench:
        def arrived() -> list[tuple[str, str, str]]:
            return [
                (
                    message["Message-ID"][1:].partition("@")[0],
                    str(message["Subject"]),
                    message.get_content().replace("\r\n", "\n"),
                )
                for message in server.answers.messages
            ]

        return Bench(channel_to(server.port), arrived, server.stop, server.start)


def test_headers_say_who_when_and_that_a_machine_wrote(server: MailServer) -> None:
    """RFC 5322 headers; the Message-ID is the notice id at the domain of the origin."""
    channel_to(server.port, sender_name="联席会议办公室").send([a_letter(1)])
    (message,) = server.answers.messages
    assert message["Message-ID"] == f"<{notice_id(1)}@{ORIGIN.partition('/')[0]}>"
    assert message["Date"].datetime == NOW
    assert message["From"].addresses[0].addr_spec == SENDER
    assert message["From"].addresses[0].display_name == "联席会议办公室"
    assert message["To"].addresses[0].addr_spec == "u01@units.example"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "zh"


@pytest.mark.parametrize(
    ("address", "answer"),
    [
        ("451@units.example", "transient 451"),
        ("550@units.example", "permanent 550"),
        ("421@units.example", "transient 421"),
        ("data-452@units.example", "transient 452"),
        ("data-554@units.example", "permanent 554"),
        ("drop@units.example", "transient disconnected"),
        (None, "permanent no-address"),
        ("", "permanent bad-address"),
        ("a@b.example, c@d.example", "permanent bad-address"),
        ("a@b.example\r\nBcc: c@d.example", "permanent bad-address"),
        ("联络员@units.example", "permanent bad-address"),
    ],
)
def test_a_refusal_is_told_apart_and_hits_one_letter(
    server: MailServer, address: str | None, answer: str
) -> None:
    """4xx and lost connections are transient, 5xx and bad addresses permanent; others arrive."""
    letters = [a_letter(1), a_letter(2, address=address), a_letter(3)]
    assert details(channel_to(server.port).send(letters)) == ["ok", answer, "ok"]
    assert len(server.answers.messages) == 2


def test_a_sender_refused_is_the_channels_trouble(server: MailServer) -> None:
    """A 5xx to the sender follows from a setting: no letter may be lost to it."""
    server.answers.senders[SENDER] = "550 who are you"
    assert details(channel_to(server.port).send([a_letter(1)])) == ["transient 550"]


def test_a_text_no_mail_can_carry_is_refused(server: MailServer) -> None:
    """A lone surrogate has no UTF-8."""
    answers = channel_to(server.port).send([a_letter(1, body="\ud800"), a_letter(2)])
    assert details(answers) == ["permanent bad-letter", "ok"]


def test_a_letter_that_meets_silence_leaves_time_for_the_others(server: MailServer) -> None:
    """One wait takes half of the batch's time, not all of it."""
    letters = [a_letter(1), a_letter(2, address="silent@units.example"), a_letter(3)]
    answers = details(channel_to(server.port, timeout_seconds=0.5).send(letters))
    assert answers == ["ok", "transient timeout", "ok"]


def test_a_silent_server_costs_the_time_of_one_batch(server: MailServer) -> None:
    """However many letters meet silence, the batch ends in time and none is lost."""
    letters = [a_letter(number, address="silent@units.example") for number in range(16)]
    began = time.monotonic()
    answers = details(channel_to(server.port, timeout_seconds=0.5).send(letters))
    assert {answer.split()[0] for answer in answers} == {"transient"}
    assert answers[-1] == "transient out-of-time"
    assert time.monotonic() - began < 2.0


def test_a_dripping_server_costs_the_time_of_one_batch() -> None:
    """Bytes that keep coming defeat socket timeouts, not the batch's time."""
    script = b"220 hello\r\n250 ok\r\n250-" + b"x" * 400
    with dripping(script, 0.02) as port:
        began = time.monotonic()
        answers = details(channel_to(port, timeout_seconds=1.0).send([a_letter(1), a_letter(2)]))
    assert answers == ["transient timeout", "transient out-of-time"]
    assert time.monotonic() - began < 3.0


def test_nobody_there_is_transient() -> None:
    """No server listens at the port."""
    assert details(channel_to(free_port()).send([a_letter(1)])) == ["transient connection-refused"]


def test_a_server_that_turns_away_is_asked_once_per_batch() -> None:
    """One connection whatever the number of letters; its 5xx is about us, not about them."""
    with turning_away(b"554 not you\r\n") as (port, connections):
        answers = channel_to(port).send([a_letter(number) for number in range(16)])
    assert details(answers) == ["transient 554"] * 16
    assert len(connections) == 1


class TestProtection:
    """STARTTLS and login."""

    @pytest.fixture
    def protected(self, certificates: dict[str, tuple[Path, Path]]) -> Iterator[MailServer]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificates["localhost"])
        with running(MailServer(context, login=True)) as running_server:
            yield running_server

    @pytest.fixture
    def connect(
        self, protected: MailServer, certificates: dict[str, tuple[Path, Path]], tmp_path: Path
    ) -> Callable[..., SmtpChannel]:
        (tmp_path / "password").write_text("s3cret\n")

        def connect(**changed: Any) -> SmtpChannel:
            fields: dict[str, Any] = {
                "protection": "starttls",
                "ca_file": certificates["localhost"][0],
                "username": "office",
                "password_file": tmp_path / "password",
            }
            return channel_to(protected.port, **{**fields, **changed})

        return connect

    def test_a_letter_goes_out_protected_after_login(
        self, protected: MailServer, connect: Callable[..., SmtpChannel]
    ) -> None:
        """The password comes from a file; the letter travels inside TLS."""
        assert details(connect().send([a_letter(1)])) == ["ok"]
        assert protected.answers.protected == [True]
        assert protected.answers.logins == [b"office"]

    def test_the_password_may_come_from_the_environment(
        self, connect: Callable[..., SmtpChannel], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where no file is named, the variable is read when the connection is made."""
        monkeypatch.setenv("LIANXI_SMTP_PASSWORD", "s3cret")
        assert details(connect(password_file=None).send([a_letter(1)])) == ["ok"]

    @pytest.mark.parametrize(
        ("password", "detail"), [("wrong", "535"), ("密码", "bad-password"), (None, "no-password")]
    )
    def test_a_login_that_fails_is_the_channels_trouble(
        self,
        connect: Callable[..., SmtpChannel],
        tmp_path: Path,
        password: str | None,
        detail: str,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """No letter is lost to a wrong password, and the password stands in no log."""
        caplog.set_level(logging.DEBUG)
        file = tmp_path / "other"
        if password is not None:
            file.write_text(password)
        answers = connect(password_file=file).send([a_letter(1), a_letter(2)])
        assert details(answers) == [f"transient {detail}"] * 2
        assert password is None or password not in caplog.text.replace("AUTH", "")

    def test_a_certificate_of_somebody_else_is_not_trusted(
        self,
        protected: MailServer,
        connect: Callable[..., SmtpChannel],
        certificates: dict[str, tuple[Path, Path]],
    ) -> None:
        """Nothing is said to a server that cannot prove who it is."""
        answers = connect(ca_file=certificates["other"][0]).send([a_letter(1)])
        assert details(answers) == ["transient tls"]
        assert protected.answers.logins == []

    def test_a_server_without_starttls_is_not_used(self, server: MailServer) -> None:
        """Protection asked for is never given up."""
        answers = channel_to(server.port, protection="starttls").send([a_letter(1)])
        assert details(answers) == ["transient not-supported"]
        assert server.answers.messages == []


class TestSettings:
    """What settings refuse, and what they do not show."""

    @pytest.mark.parametrize(
        "wrong",
        [
            {"sender": "nobody"},
            {"sender": "a@b.example\r\nBcc: c@d.example"},
            {"sender_name": "a\nb"},
            {"port": 0},
            {"host": ""},
            {"timeout_seconds": 0},
            {"unknown": 1},
            {"host": "mail.example", "protection": "none", "username": "office"},
        ],
    )
    def test_wrong_settings_are_refused(self, wrong: dict[str, Any]) -> None:
        """Each with a message that names the field."""
        with pytest.raises(ValidationError):
            SmtpSettings(**{"host": "127.0.0.1", "sender": SENDER, **wrong})

    def test_the_password_is_never_shown(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Neither by the settings, which do not hold it, nor by what they hand out."""
        monkeypatch.setenv("LIANXI_SMTP_PASSWORD", "s3cret")
        settings = SmtpSettings(host="h", sender=SENDER, username="office")
        password = settings.password()
        assert "s3cret" not in repr(settings) + settings.model_dump_json() + repr(password)
        assert password.get_secret_value() == "s3cret"
