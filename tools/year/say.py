"""What the demo year prints, in English and Chinese (tools).

Of its own, not in the catalogue: it is a program for whoever has the source.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from tools.year.table import MONTH_WORDS, Figures

_ZH: Mapping[str, str] = {
    "issued": "交办",
    "acknowledged": "签收",
    "submitted": "报办结",
    "accepted": "审结",
    "returned": "退回",
    "requests": "申请",
    "rungs": "督办",
    "to-office": "催办公室",
    "reports-late": "迟报",
    "warnings": "警示",
    "bulletins": "通报",
    "moved": "期限调整",
    "closed": "销号",
    "archived": "归档",
    "assigned": "承办",
    "ack in time": "按时签收",
    "completed": "办结",
    "in time": "按时办结",
    "late": "逾期",
    "extended": "延期",
    "open": "在办",
    "rate": "办结率",
    "unit": "单位",
    "total": "合计",
}

_EN: Mapping[str, str] = {
    "rungs": "rungs of the ladder",
    "to-office": "reminders of the office",
    "reports-late": "reports late",
    "moved": "deadlines moved",
    "requests": "requests",
}

_SENTENCES: Mapping[str, tuple[str, str]] = {
    "began": (
        "Founded with {units} units; the year {year} begins. Server: {server}",
        "联席会议成立，{units}个成员单位；{year}年开始。服务器：{server}",
    ),
    "went by": (
        "{tasks} tasks, {commands} commands, {events} events, {skips} skips of time, in {seconds} s",
        "{tasks}项督办事项，{commands}条命令，{events}条记录，跳时{skips}次，用时{seconds}秒",
    ),
    "kinds": ("Events by kind:", "记录按类别："),
    "all": (
        "Every event and command of the domain's tables occurred, but for {names} (docs/year.md).",
        "各表所列记录类别和命令均已出现，除{names}（见docs/year.md）。",
    ),
    "missing": ("DID NOT OCCUR: {names}", "未出现：{names}"),
    "agree": (
        "The gateway's tables say the same as the events of {tasks} tasks.",
        "网关各表与{tasks}项事项的记录一致。",
    ),
    "differ": (
        "THE GATEWAY'S TABLES DIFFER FROM THE EVENTS: {places}",
        "网关各表与记录不一致：{places}",
    ),
    "explained": (
        "Each of {count} deadlines is explained: the last step is the deadline in force.",
        "{count}个期限均可说明，最后一步即现行期限。",
    ),
    "unexplained": (
        "DEADLINES WITH ANOTHER EXPLANATION: {places}",
        "说明与期限不符：{places}",
    ),
    "beside": ("audit verify, beside the store: ", "audit verify（库旁）："),
    "over": ("audit verify, over the gateway: ", "audit verify（经网关）："),
    "kept": ("Kept in {path}", "保存于{path}"),
}

COLUMNS = (
    "assigned", "ack in time", "completed", "in time", "late", "returned", "extended", "open",
    "rate",
)  # fmt: skip


class Voice:
    """Says it in one language."""

    def __init__(self, language: str) -> None:
        self._zh = language == "zh"

    def __call__(self, sentence: str, /, **fields: object) -> str:
        """A sentence with its fields."""
        return _SENTENCES[sentence][self._zh].format(**fields)

    def word(self, word: str) -> str:
        """A word of a line or a column."""
        return _ZH.get(word, word) if self._zh else _EN.get(word, word)

    def month(self, end: datetime, counts: Mapping[str, int]) -> str:
        """One month in a line."""
        name = f"{end.month:>2}月" if self._zh else f"{end:%b}"
        parts = [f"{self.word(word)} {counts[word]}" for word, _ in MONTH_WORDS if word in counts]
        return f"{name}  {' · '.join(parts)}"

    def table(self, names: Mapping[str, str], rows: Mapping[str, Figures]) -> str:
        """The units' table, with a line for all."""
        total = Figures()
        body: list[Sequence[str]] = []
        for unit, row in rows.items():
            body.append((f"{unit} {names[unit]}", *_cells(row)))
            for field in Figures.__slots__:
                setattr(total, field, getattr(total, field) + getattr(row, field))
        body.append((self.word("total"), *_cells(total)))
        head = (self.word("unit"), *(self.word(column) for column in COLUMNS))
        widths = [max(map(_width, column)) for column in zip(head, *body, strict=True)]
        lines = [head, tuple("-" * width for width in widths), *body]
        return "\n".join(_line(cells, widths) for cells in lines)

    def kinds(self, counts: Mapping[str, int]) -> str:
        """How often each kind occurred, the most frequent first, three to a line."""
        entries = [f"{count:>5} {kind}" for kind, count in sorted(counts.items(), key=_most_first)]
        rows = [entries[start : start + 3] for start in range(0, len(entries), 3)]
        return "\n".join("".join(f"{entry:<34}" for entry in row).rstrip() for row in rows)


def _most_first(entry: tuple[str, int]) -> tuple[int, str]:
    return -entry[1], entry[0]


def _cells(row: Figures) -> tuple[str, ...]:
    figures = (
        row.assigned, row.acknowledged, row.completed, row.in_time, row.late, row.returned,
        row.extended, row.open,
    )  # fmt: skip
    rate = "-" if row.rate is None else f"{row.rate:.0%}"
    return (*map(str, figures), rate)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (
        (cell, width - _width(cell)) for cell, width in zip(cells, widths, strict=True)
    )
    return first[0] + " " * first[1] + "".join(f"  {' ' * room}{cell}" for cell, room in others)


def _width(text: str) -> int:
    """Columns on a terminal: Chinese takes two."""
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)  # noqa: PLR2004
