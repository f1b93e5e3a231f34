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
    "deadline": Entry("lianxi.cli.deadline:deadline", N_("How deadlines came about.")),
    "calendar": Entry(
        "lianxi.cli.calendar:calendar", N_("Working days, holidays and make-up days.")
    ),
    "ladder": Entry("lianxi.cli.ladder:ladder", N_("Reminders, escalation and the other rules.")),
    "notice": Entry("lianxi.cli.notice:notice", N_("Notices and what became of them.")),
    "audit": Entry("lianxi.cli.audit:audit", N_("Read and verify the trail.")),
    "key": Entry("lianxi.cli.key:key", N_("Make and register keys.")),
    "conference": Entry("lianxi.cli.conference:conference", N_("Found and show a conference.")),
    "handover": Entry("lianxi.cli.handover:handover", N_("One file for your successor.")),
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
    # a unit's own word
    "progress": Entry("lianxi.cli.task.reporting:progress", N_("Report progress.")),
    "submit": Entry("lianxi.cli.task.reporting:submit", N_("Report completion, with evidence.")),
    "recall": Entry("lianxi.cli.task.reporting:recall", N_("Take your submission back.")),
    "object": Entry("lianxi.cli.task.requesting:object_", N_("Object to an assignment.")),
    "extend": Entry("lianxi.cli.task.requesting:extend", N_("Ask for more time.")),
    "stop": Entry("lianxi.cli.task.requesting:stop", N_("Ask that your part be stopped.")),
    "retract": Entry("lianxi.cli.task.requesting:retract", N_("Take your own request back.")),
    "concur": Entry("lianxi.cli.task.answering:concur", N_("Agree with the lead's submission.")),
    "dissent": Entry(
        "lianxi.cli.task.answering:dissent", N_("Dissent from the lead's submission.")
    ),
    "answer": Entry(
        "lianxi.cli.task.answering:answer", N_("Answer a warning with an explanation.")
    ),
    "heed": Entry("lianxi.cli.task.answering:heed", N_("Acknowledge an instruction.")),
    "dispute": Entry(
        "lianxi.cli.task.repairing:dispute",
        N_("Dispute what the office filed on your unit's behalf."),
    ),
    "correct": Entry(
        "lianxi.cli.task.repairing:correct",
        N_("Correct a figure or a text of an earlier report."),
    ),
    # what the convener's side rules
    "accept": Entry("lianxi.cli.task.deciding:accept", N_("Accept a unit's completion.")),
    "return": Entry("lianxi.cli.task.deciding:return_", N_("Return a submission with a reason.")),
    "grant": Entry("lianxi.cli.task.granting:grant", N_("Grant what a unit asks.")),
    "refuse": Entry(
        "lianxi.cli.task.granting:refuse", N_("Refuse what a unit asks, with a reason.")
    ),
    "suspend": Entry("lianxi.cli.task.suspending:suspend", N_("Stop a unit's clock.")),
    "resume": Entry(
        "lianxi.cli.task.suspending:resume", N_("Let a suspended unit's clock run on.")
    ),
    "add": Entry("lianxi.cli.task.ruling:add", N_("Add a unit to a task.")),
    "withdraw": Entry("lianxi.cli.task.deciding:withdraw", N_("Take a unit off a task.")),
    "due": Entry("lianxi.cli.task.ruling:due", N_("Give units a new due.")),
    "urge": Entry("lianxi.cli.task.supervising:urge", N_("Urge units by hand.")),
    "instruct": Entry("lianxi.cli.task.supervising:instruct", N_("Give an instruction.")),
    "on-behalf": Entry(
        "lianxi.cli.task.on_behalf:on_behalf", N_("File what a unit said by phone or on paper.")
    ),
    "by-mistake": Entry(
        "lianxi.cli.task.reversing:by_mistake",
        N_("Reverse the last act of the convener's side, made by mistake."),
    ),
    "approve": Entry("lianxi.cli.task.approving:approve", N_("Approve what was proposed.")),
    "reject": Entry(
        "lianxi.cli.task.approving:reject", N_("Reject what was proposed, with a reason.")
    ),
    "close": Entry("lianxi.cli.task.ruling:close", N_("Close a task with a verdict.")),
    "cancel": Entry("lianxi.cli.task.ruling:cancel", N_("Cancel a task for all.")),
    "thaw": Entry("lianxi.cli.task.thawing:thaw", N_("Let a frozen task go on.")),
    "reopen": Entry("lianxi.cli.task.ruling:reopen", N_("Re-open completed parts for a re-check.")),
    # its record
    "evidence": Entry("lianxi.cli.task.evidence:evidence", N_("Fetch reports and evidence.")),
    "history": Entry("lianxi.cli.task.history:history", N_("Every event of a task.")),
    "receipt": Entry("lianxi.cli.task.receipt:receipt", N_("Receipts of your own filings.")),
}

UNIT_TABLE = {
    "list": Entry("lianxi.cli.unit:list_units", N_("List the member units.")),
    "show": Entry("lianxi.cli.unit:show_unit", N_("One unit and its keys.")),
    "succeed": Entry("lianxi.cli.unit:succeed", N_("Have a unit succeeded by another.")),
}

DEADLINE_TABLE = {
    "explain": Entry("lianxi.cli.deadline:explain", N_("How a deadline came about, day by day.")),
}

CALENDAR_TABLE = {
    "show": Entry("lianxi.cli.calendar.show:show", N_("A year's working days.")),
    "check": Entry(
        "lianxi.cli.calendar.check:check",
        N_("Check an override file, or the conference's calendar."),
    ),
    "build": Entry("lianxi.cli.calendar.build:build", N_("Write a calendar file.")),
    "adopt": Entry("lianxi.cli.calendar.adopt:adopt", N_("Adopt another calendar.")),
}

LADDER_TABLE = {
    "show": Entry("lianxi.cli.ladder.show:show", N_("The rungs and the other rules in force.")),
    "check": Entry("lianxi.cli.ladder.check:check", N_("Check a rules file.")),
    "simulate": Entry("lianxi.cli.ladder.foresee:simulate", N_("What fires when, from now on.")),
    "replay": Entry(
        "lianxi.cli.ladder.foresee:replay",
        N_("Who would have been yellow or red under other rules."),
    ),
    "adopt": Entry("lianxi.cli.ladder.adopt:adopt", N_("Adopt other rules.")),
}

NOTICE_TABLE = {
    "list": Entry("lianxi.cli.notice:list_notices", N_("List notices.")),
    "phoned": Entry(
        "lianxi.cli.task.supervising:phoned", N_("Note that you told a unit by phone.")
    ),
}

AUDIT_TABLE = {
    "list": Entry("lianxi.cli.audit.listing:list_events", N_("List events.")),
    "show": Entry("lianxi.cli.audit.listing:show_event", N_("One event whole.")),
    "verify": Entry(
        "lianxi.cli.audit.verify:verify",
        N_("Check hashes, chains, signatures and the tree, and derive every event again."),
    ),
    "as-of": Entry("lianxi.cli.audit.as_of:as_of", N_("The state at an instant, from events.")),
    "redact": Entry(
        "lianxi.cli.audit.redact:redact", N_("Destroy a text or file for good, with a reason.")
    ),
    "checkpoint": Entry(
        "lianxi.cli.audit.checkpoint:checkpoint",
        N_("The log's newest checkpoint, or that of a size."),
    ),
    "consistency": Entry(
        "lianxi.cli.audit.checkpoint:consistency", N_("Whether one checkpoint continues another.")
    ),
    "cosign": Entry("lianxi.cli.audit.checkpoint:cosign", N_("Cosign the log as a witness.")),
    "check-receipt": Entry(
        "lianxi.cli.audit.check_receipt:check_receipt", N_("Check a receipt's file offline.")
    ),
    "trust": Entry("lianxi.cli.audit.trust:trust", N_("Make a trust file.")),
    "findings": Entry("lianxi.cli.audit.reconciling:findings", N_("What does not fit.")),
    "reconcile": Entry(
        "lianxi.cli.audit.reconciling:reconcile", N_("Compare trail, read tables and Temporal now.")
    ),
    "export": Entry("lianxi.cli.audit.export:export", N_("Write the exact events to a file.")),
}

KEY_TABLE = {
    "new": Entry("lianxi.cli.key.make:new", N_("Make a key and its request file.")),
    "register": Entry("lianxi.cli.key.register:register", N_("Take keys into the roster.")),
    "trust": Entry(
        "lianxi.cli.key.trust:trust", N_("Confirm that another key of your unit is known to you.")
    ),
    "show": Entry("lianxi.cli.key.show:show", N_("Your key and your unit's, without secrets.")),
    "rotate": Entry("lianxi.cli.key.rotate:rotate", N_("Change your key for a new one.")),
    "revoke": Entry("lianxi.cli.key.revoke:revoke", N_("Retire a key for ever.")),
    "replace": Entry(
        "lianxi.cli.key.revoke:replace", N_("Have a new key take a lost one's place.")
    ),
    "protect": Entry("lianxi.cli.key.protect:protect", N_("Put a passphrase on your key file.")),
}

CONFERENCE_TABLE = {
    "init": Entry("lianxi.cli.conference.init:init", N_("Found a conference.")),
    "show": Entry("lianxi.cli.conference.show:show", N_("The conference and who you are in it.")),
    "thaw": Entry(
        "lianxi.cli.task.thawing:thaw_conference",
        N_("Let the frozen stream of the conference itself go on."),
    ),
    "gap": Entry("lianxi.cli.conference.gap:gap", N_("Gaps of service: list or exclude them.")),
    "roster": Entry(
        "lianxi.cli.conference.roster:roster",
        N_("Check the roster, and change it with several signatures."),
    ),
}

ROSTER_TABLE = {
    "check": Entry(
        "lianxi.cli.conference.roster.check:check", N_("Follow the rosters from the first one.")
    ),
    "propose": Entry(
        "lianxi.cli.conference.roster.propose:propose", N_("Write a proposal of another roster.")
    ),
    "sign": Entry("lianxi.cli.conference.roster.sign:sign", N_("Sign a proposed roster.")),
    "adopt": Entry(
        "lianxi.cli.conference.roster.adopt:adopt", N_("Hand in a roster that is signed.")
    ),
}

CONFIG_TABLE = {
    "show": Entry("lianxi.cli.config:show", N_("Every value in force and its source.")),
    "set": Entry("lianxi.cli.config:set_value", N_("Set a value of a profile.")),
    "list": Entry("lianxi.cli.config:list_profiles", N_("List the profiles.")),
}
