"""What a notice's text is made of, and the commands that several of them name (notices, pure)."""

from dataclasses import dataclass
from typing import Literal

Side = Literal["unit", "office"]


@dataclass(frozen=True, slots=True)
class Text:
    """The words of one kind of notice; `deadline` is False where nothing is asked any more.

    Commands may name {task}, {unit}, {subject}: the event that the answer is about, and {event}: its
    whole hash.
    """

    subject: str
    asked: str
    commands: tuple[str, ...]
    deadline: bool = True


SHOW = "lianxi task show {task}"
ACKNOWLEDGE = "lianxi ack {task}"
SUBMIT = "lianxi task submit {task} --report FILE --evidence FILE"
PROGRESS = "lianxi task progress {task} --percent NUMBER --text TEXT"
REPORT = "lianxi task progress {task} --text TEXT"
ANSWER = "lianxi task answer {task} --text TEXT"
EVIDENCE = "lianxi task evidence {task} --unit {unit} --to DIR"
ACCEPT = "lianxi task accept {task} --unit {unit}"
RETURN = "lianxi task return {task} --unit {unit} --reason TEXT --due LIMIT"
CHANGE_DUE = "lianxi task due {task} --unit {unit} --due LIMIT --reason TEXT"
RESUME = "lianxi task resume {task} --unit {unit}"
URGE = "lianxi task urge {task} --unit {unit} --message TEXT"
PHONED = "lianxi notice phoned {task} --unit {unit} --text TEXT"
CLOSE = "lianxi task close {task} --verdict implemented"
APPROVE = "lianxi task approve {subject}"
REJECT = "lianxi task reject {subject} --reason TEXT"
TODO = "lianxi todo"
