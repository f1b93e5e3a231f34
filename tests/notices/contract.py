"""What every channel must do; subclasses give it a `bench` with a real or a fake one behind it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from lianxi.ports import Channel, PermanentRefusalError, TransientRefusalError
from tests.notices.letters import a_letter, notice_id


@dataclass
class Bench:
    """A channel on trial: what arrived (notice id, subject, body), and how it is taken away."""

    channel: Channel
    arrived: Callable[[], list[tuple[str, str, str]]]
    take_away: Callable[[], None]
    bring_back: Callable[[], None]


class ChannelContract:
    """The tests; `bench` is a fixture of the subclass."""

    def test_name_and_batch_are_sound(self, bench: Bench) -> None:
        """The name fits a stream's name (`mail/<channel>`), a batch holds something."""
        assert bench.channel.name.isascii()
        assert bench.channel.name.islower()
        assert 1 <= bench.channel.batch <= 256

    def test_nothing_to_send_is_nothing_sent(self, bench: Bench) -> None:
        """An empty batch has no answers."""
        assert list(bench.channel.send([])) == []
        assert bench.arrived() == []

    def test_letters_arrive_whole_and_in_order(self, bench: Bench) -> None:
        """A full batch arrives with id, subject and body as rendered, Chinese text included."""
        letters = [a_letter(number) for number in range(bench.channel.batch)]
        assert list(bench.channel.send(letters)) == [None] * len(letters)
        expected = [(letter.notice_id, letter.subject, letter.body) for letter in letters]
        assert bench.arrived() == expected

    def test_a_repeated_letter_has_the_same_id(self, bench: Bench) -> None:
        """Sent twice it may arrive twice, but a receiver sees one id."""
        bench.channel.send([a_letter(1)])
        assert list(bench.channel.send([a_letter(1), a_letter(2)])) == [None, None]
        assert {name for name, _, _ in bench.arrived()} == {notice_id(1), notice_id(2)}

    def test_one_odd_letter_does_not_stop_the_others(self, bench: Bench) -> None:
        """A subject with a line break is taken as text or refused for good; it adds no header."""
        odd = replace(a_letter(2), subject="a\r\nBcc: everybody@units.example")
        first, second, third = bench.channel.send([a_letter(1), odd, a_letter(3)])
        assert (first, third) == (None, None)
        assert second is None or isinstance(second, PermanentRefusalError)
        assert {notice_id(1), notice_id(3)} <= {name for name, _, _ in bench.arrived()}

    def test_a_channel_that_is_away_refuses_each_transiently(self, bench: Bench) -> None:
        """Nothing is lost or delivered while it is away, and afterwards it goes on by itself."""
        bench.take_away()
        answers = bench.channel.send([a_letter(1), a_letter(2)])
        assert [type(answer) for answer in answers] == [TransientRefusalError] * 2
        assert all(
            isinstance(answer, TransientRefusalError) and answer.detail for answer in answers
        )
        bench.bring_back()
        assert list(bench.channel.send([a_letter(1)])) == [None]
        assert [name for name, _, _ in bench.arrived()] == [notice_id(1)]
