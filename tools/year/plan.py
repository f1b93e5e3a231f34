"""The script of the demo year: forty tasks in which everything happens once (tools, data).

Illustrative: invented, on the sample's 28 units.
"""

from tools.year.script import Planned
from tools.year.tasks_early import FROM_JANUARY
from tools.year.tasks_late import FROM_APRIL
from tools.year.tasks_middle import FROM_MARCH

TASKS: tuple[Planned, ...] = (*FROM_JANUARY, *FROM_MARCH, *FROM_APRIL)
"""In the order of issue. Two of the issues never become tasks: one is rejected, one expires."""
