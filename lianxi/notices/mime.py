"""From a letter to a mail message (notices, pure): RFC 5322 by the standard library's header API.

Nothing is pasted into a header: the API refuses line breaks, so no text can add a header.
"""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from lianxi.notices.smtp_settings import SmtpSettings, mail_address
from lianxi.ports import Letter, PermanentRefusalError

# 7bit: a server without 8BITMIME (RFC 6152) takes it too
_POLICY = SMTP.clone(cte_type="7bit")


def message_id(letter: Letter) -> str:
    """`<notice id@domain of the conference's origin>`: how a receiver knows a repeated letter."""
    return f"<{letter.notice_id}@{letter.origin.partition('/')[0]}>"


def compose(letter: Letter, settings: SmtpSettings, now: datetime) -> EmailMessage:
    """The mail message of a letter.

    Raises PermanentRefusalError: `no-address`, `bad-address`, or `bad-letter` for a text that no
    mail can carry.
    """
    if letter.address is None:
        raise PermanentRefusalError("no-address")
    if mail_address(letter.address) is None:
        raise PermanentRefusalError("bad-address")
    message = EmailMessage(policy=_POLICY)
    try:
        message["Message-ID"] = message_id(letter)
        message["Date"] = now
        message["From"] = Address(settings.sender_name, addr_spec=settings.sender)
        message["To"] = Address(addr_spec=letter.address)
        message["Subject"] = letter.subject
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation replies
        message.set_content(letter.body)
        message["Content-Language"] = letter.language  # set_content clears what begins Content-
    except ValueError:  # a line break in a header, a lone surrogate in the body
        raise PermanentRefusalError("bad-letter") from None
    return message
