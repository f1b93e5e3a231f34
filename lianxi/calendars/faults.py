"""Why a calendar cannot be made: of the package's data, or of an override file (shell layer)."""

from collections.abc import Sequence

from lianxi.i18n import N_
from lianxi.strict_yaml import Problem, YamlFileError

GIVE_AGAIN = N_("Correct the file and give it again.")


class CalendarSourceError(ValueError):
    """No calendar can be made of this; `template` and `advice` are message ids, `params` fill both."""

    def __init__(self, template: str, advice: str, **params: str | int) -> None:
        super().__init__(template.format(**params))
        self.template = template
        self.advice = advice
        self.params = params


class CalendarFileError(YamlFileError):
    """An override file cannot be taken; nothing of it counts."""

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        super().__init__(problems)
        self.file = file
        self.advices = tuple(problem.advice or GIVE_AGAIN for problem in problems)

    def __str__(self) -> str:
        return "\n".join(f"{self.file}: {problem}" for problem in self.problems)
