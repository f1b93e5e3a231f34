"""Every command: where it is implemented and its one-line help; read without importing any (cli layer)."""

from lianxi.cli.grammar import Entry
from lianxi.i18n import N_

ROOT_EXAMPLE = """lianxi todo
lianxi ack 1 3
lianxi task show T-0003"""

ROOT_HELP = N_(
    "Lianxi (联席): the tasks a joint conference assigns to its member units."
    " Without a command: what waits for you."
)

ROOT_TABLE = {
    "todo": Entry("lianxi.cli.todo:todo", N_("What waits for you, the most urgent first.")),
    "inbox": Entry("lianxi.cli.inbox:inbox", N_("Your mailbox, the newest first.")),
    "ack": Entry("lianxi.cli.ack:ack", N_("Acknowledge tasks.")),
    "task": Entry("lianxi.cli.task:task", N_("Issue, follow and answer tasks.")),
    "unit": Entry("lianxi.cli.unit:unit", N_("The member units.")),
    "notice": Entry("lianxi.cli.notice:notice", N_("Notices and what became of them.")),
    "audit": Entry("lianxi.cli.audit:audit", N_("Read and verify the trail.")),
    "key": Entry("lianxi.cli.key:key", N_("Make and register keys.")),
    "conference": Entry("lianxi.cli.conference:conference", N_("Found and show a conference.")),
    "config": Entry("lianxi.cli.config:config", N_("Profiles and settings of this machine.")),
    "up": Entry("lianxi.cli.machine.running:up", N_("Start server, worker and gateway.")),
    "down": Entry("lianxi.cli.machine.running:down", N_("Stop them in order.")),
    "status": Entry("lianxi.cli.machine.running:status", N_("What runs, where, since when.")),
    "doctor": Entry("lianxi.cli.machine.running:doctor", N_("Check this machine and its set.")),
    "demo": Entry("lianxi.cli.machine.demo:demo", N_("A running sample conference.")),
    "backup": Entry("lianxi.cli.machine.copies:backup", N_("Copy trail and server together.")),
    "restore": Entry("lianxi.cli.machine.copies:restore", N_("Bring a backup back.")),
}

TASK_TABLE = {
    "issue": Entry("lianxi.cli.task.issue:issue", N_("Assign a new task to units.")),
    "list": Entry("lianxi.cli.task.listing:list_tasks", N_("List assignments or tasks.")),
    "show": Entry("lianxi.cli.task.show:show", N_("One task whole.")),
    "progress": Entry("lianxi.cli.task.reporting:progress", N_("Report progress.")),
    "submit": Entry("lianxi.cli.task.reporting:submit", N_("Report completion, with evidence.")),
    "recall": Entry("lianxi.cli.task.reporting:recall", N_("Take your submission back.")),
    "accept": Entry("lianxi.cli.task.deciding:accept", N_("Accept a unit's completion.")),
    "return": Entry("lianxi.cli.task.deciding:return_", N_("Return a submission with a reason.")),
    "withdraw": Entry("lianxi.cli.task.deciding:withdraw", N_("Take a unit off a task.")),
    "due": Entry("lianxi.cli.task.ruling:due", N_("Give units a new due.")),
    "close": Entry("lianxi.cli.task.ruling:close", N_("Close a task with a verdict.")),
    "cancel": Entry("lianxi.cli.task.ruling:cancel", N_("Cancel a task for all.")),
    "evidence": Entry("lianxi.cli.task.evidence:evidence", N_("Fetch reports and evidence.")),
    "history": Entry("lianxi.cli.task.history:history", N_("Every event of a task.")),
    "receipt": Entry("lianxi.cli.task.receipt:receipt", N_("Receipts of your own filings.")),
}

UNIT_TABLE = {
    "list": Entry("lianxi.cli.unit:list_units", N_("List the member units.")),
    "show": Entry("lianxi.cli.unit:show_unit", N_("One unit and its keys.")),
}

NOTICE_TABLE = {
    "list": Entry("lianxi.cli.notice:list_notices", N_("List notices.")),
}

AUDIT_TABLE = {
    "list": Entry("lianxi.cli.audit.listing:list_events", N_("List events.")),
    "show": Entry("lianxi.cli.audit.listing:show_event", N_("One event whole.")),
    "verify": Entry("lianxi.cli.audit.verify:verify", N_("Check hashes, chains and signatures.")),
    "as-of": Entry("lianxi.cli.audit.as_of:as_of", N_("The state at an instant, from events.")),
    "export": Entry("lianxi.cli.audit.export:export", N_("Write the exact events to a file.")),
}

KEY_TABLE = {
    "new": Entry("lianxi.cli.key.make:new", N_("Make a key and its request file.")),
    "register": Entry("lianxi.cli.key.register:register", N_("Take keys into the roster.")),
    "show": Entry("lianxi.cli.key.show:show", N_("Your key, without its secret.")),
}

CONFERENCE_TABLE = {
    "init": Entry("lianxi.cli.conference.init:init", N_("Found a conference.")),
    "show": Entry("lianxi.cli.conference.show:show", N_("The conference and who you are in it.")),
}

CONFIG_TABLE = {
    "show": Entry("lianxi.cli.config:show", N_("Every value in force and its source.")),
    "set": Entry("lianxi.cli.config:set_value", N_("Set a value of a profile.")),
    "list": Entry("lianxi.cli.config:list_profiles", N_("List the profiles.")),
}
