"""How commands are declared: lazily loaded groups, help that begins with an example (cli layer).

Texts given to click are message ids: they are translated when help is shown, not when a module is
imported, so that one process can show both languages.
"""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any

import click

from lianxi.cli.language import _
from lianxi.i18n import LANGUAGES, N_

OUTPUTS = ("table", "json", "jsonl", "csv")
TIME_FORMATS = ("local", "relative", "utc", "iso")


class Flags:
    """The common options of one run, wherever on the line they stood."""

    def __init__(self, arguments: tuple[str, ...] = ()) -> None:
        self.arguments = arguments
        """The command line as typed, without the program."""
        self.given: dict[str, Any] = {}
        """What was given, by name; an option that was not has no entry."""
        self.at_end: dict[str, Callable[[], None]] = {}
        """What is done when the command is over, by what it is about, also when it was refused."""
        self.prompted: list[str] = []
        """Options that were asked for, with their answers: a repeat needs them too."""

    def text(self, name: str) -> str | None:
        """A flag's text."""
        value = self.given.get(name)
        return value if isinstance(value, str) else None

    def on(self, name: str) -> bool:
        """Whether a switch is on."""
        return bool(self.given.get(name))


class Entry:
    """A command in a group's table: where it is implemented, and its one-line help."""

    # a plain class: making a dataclass costs every start a quarter of a millisecond
    __slots__ = ("short", "target")

    def __init__(self, target: str, short: str) -> None:
        self.target = target
        self.short = short


class Option(click.Option):
    """An option whose help is a message id."""

    common = False

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Its line in the help, in the language in force."""
        message, self.help = self.help, _(self.help) if self.help else self.help
        try:
            return super().get_help_record(ctx)
        finally:
            self.help = message


class _CommonOption(Option):
    """Stands on every command; its value goes to the run's `Flags`."""

    common = True

    def __init__(self, *declarations: str, **attributes: Any) -> None:
        super().__init__(list(declarations), expose_value=False, callback=_keep, **attributes)


def _keep(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
    flags = ctx.find_object(Flags)
    if flags is not None and parameter.name is not None and value not in (None, False):
        flags.given[parameter.name] = value


COMMON: tuple[_CommonOption, ...] = (
    _CommonOption("--as", "as_unit", metavar="UNIT", help=N_("Act with that unit's profile.")),
    _CommonOption("--profile", metavar="NAME", help=N_("The profile to use (LIANXI_PROFILE).")),
    _CommonOption("--gateway", metavar="URL", help=N_("The gateway's address (LIANXI_GATEWAY).")),
    _CommonOption(
        "--conference", metavar="ID", help=N_("Which conference, where there are several.")
    ),
    _CommonOption("--key", metavar="FILE", help=N_("The key file to sign with (LIANXI_KEY).")),
    _CommonOption("-o", "--output", type=click.Choice(OUTPUTS), help=N_("The form of the answer.")),
    _CommonOption(
        "--time-format", type=click.Choice(TIME_FORMATS), help=N_("How times are shown.")
    ),
    _CommonOption("--lang", type=click.Choice(LANGUAGES), help=N_("The language (LIANXI_LANG).")),
    _CommonOption("--no-input", is_flag=True, help=N_("Never ask anything.")),
    _CommonOption("--debug", is_flag=True, help=N_("Show the traceback of an error.")),
)


class Explained(click.Command):
    """What commands and groups share: common options, an example first, translated help."""

    example: str = ""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Its own parameters, the common options, --help."""
        own = super().get_params(ctx)
        return [*own[:-1], *COMMON, own[-1]]  # click puts --help last

    def get_short_help_str(self, limit: int = 45) -> str:
        """The first line of its help."""
        del limit
        return (_(self.help) if self.help else "").partition("\n")[0]

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The example first, then the text."""
        del ctx
        if self.example:
            with formatter.section(_("Example")):
                for line in self.example.splitlines():
                    formatter.write(f"{'':>{formatter.current_indent}}{line}\n")
        if self.help:
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text(_(self.help))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Its own options first, then those that every command has."""
        own: list[tuple[str, str]] = []
        common: list[tuple[str, str]] = []
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and not isinstance(parameter, click.Argument):
                (common if getattr(parameter, "common", False) else own).append(record)
        for title, records in ((_("Options"), own), (_("Common options"), common)):
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


class Verb(Explained):
    """One command."""

    def __init__(self, *arguments: Any, example: str, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.example = example


class LazyGroup(Explained, click.Group):
    """A noun: knows its verbs by a table and imports one only when it is called."""

    def __init__(
        self, *arguments: Any, table: Mapping[str, Entry], example: str, **attributes: Any
    ) -> None:
        super().__init__(*arguments, **attributes)
        self.table = table
        self.example = example

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the table's order."""
        del ctx
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module that has it."""
        del ctx
        entry = self.table.get(cmd_name)
        if entry is None:
            return None
        module, _colon, name = entry.target.partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb named first; what is no verb is compared with the whole table."""
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:
            root = ctx.find_root().command
            if (
                root is not self
                and isinstance(root, LazyGroup)
                and error.command_name in root.table
            ):
                name = error.command_name
                message = _("No such command {name!r}; did you mean lianxi {name}?")
                raise click.UsageError(message.format(name=name), ctx=ctx) from None
            # click looks for similar names among loaded commands only
            raise click.exceptions.NoSuchCommand(
                error.command_name, possibilities=self.table, ctx=ctx
            ) from None

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The verbs first, then the options."""
        with formatter.section(_("Commands")):
            formatter.write_dl([(name, _(entry.short)) for name, entry in self.table.items()])
        Explained.format_options(self, ctx, formatter)

    def shell_complete(
        self, ctx: click.Context, incomplete: str
    ) -> list["click.shell_completion.CompletionItem"]:
        """Verbs by the table, without importing them."""
        from click.shell_completion import CompletionItem

        names = [
            CompletionItem(name, help=_(entry.short))
            for name, entry in self.table.items()
            if name.startswith(incomplete)
        ]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]


def group(name: str, *, table: Mapping[str, Entry], example: str, help: str) -> LazyGroup:  # noqa: A002
    """A noun without behaviour of its own."""
    return LazyGroup(name, table=table, example=example, help=help)


def verb(
    name: str,
    *,
    example: str,
    help: str,  # noqa: A002  click's word
    settings: dict[str, Any] | None = None,
) -> Callable[[Callable[..., Any]], click.Command]:
    """Declare a command; `help`'s first line is its short help. `settings`: click's of its context."""
    return click.command(name, cls=Verb, example=example, help=help, context_settings=settings)


option = partial(click.option, cls=Option)
