"""The Chinese names of states, commands and phases, as docs/event-model.md prints them."""

from lianxi.domain.ladder import AssignmentState
from lianxi.domain.task.state import TaskPhase

STATE_NAMES = {
    AssignmentState.ISSUED: "待签收",
    AssignmentState.OBJECTED: "申请改派",
    AssignmentState.IN_PROGRESS: "办理中",
    AssignmentState.SUBMITTED: "待审核",
    AssignmentState.RETURNED: "退回重办",
    AssignmentState.SUSPENDED: "挂起",
    AssignmentState.COMPLETED: "办结",
    AssignmentState.STOPPED: "停办",
    AssignmentState.WITHDRAWN: "撤销",
}

PHASE_NAMES = {
    TaskPhase.ACTIVE: "办理中",
    TaskPhase.CLOSED: "销号",
    TaskPhase.CANCELLED: "取消",
    TaskPhase.ARCHIVED: "归档",
}

ACTION_NAMES = {
    # of a unit
    "acknowledge": "签收",
    "progress": "反馈",
    "submit": "报办结",
    "recall": "撤回",
    "object": "申请改派",
    "extend": "申请延期",
    "stop": "申请停办",
    "retract": "撤回申请",
    "concur": "同意会签",
    "dissent": "会签异议",
    "answer": "说明情况",
    "heed": "签收批示",
    "dispute": "代填异议",
    "correct": "更正",
    # of the convener's side
    "issue": "交办",
    "accept": "审结",
    "return": "退回重办",
    "grant": "批准申请",
    "refuse": "驳回申请",
    "suspend": "挂起",
    "resume": "恢复办理",
    "add": "增派单位",
    "withdraw": "撤销",
    "transfer": "承接",
    "due": "调整期限",
    "urge": "催办",
    "instruct": "批示",
    "phoned": "电话告知",
    "on-behalf": "代填",
    "by-mistake": "误操作更正",
    "exclude-gap": "扣除服务中断",
    "adopt-calendar": "启用日历",
    "approve": "批准",
    "reject": "否决",
    "thaw": "解冻",
    "close": "销号",
    "cancel": "取消",
    "reopen": "回头看",
    # of the conference
    "found": "成立",
    "register-key": "登记密钥",
    "change-roster": "变更名册",
    "replace-key": "顶替密钥",
    "redact": "涂除",
    "adopt-rules": "启用规则",
    "succeed": "单位承继",
}
"""Every command there is; tests/domain/test_event_model_doc.py fails when one is missing."""

RUNG_NAMES = {
    "acknowledge-reminder": "签收提醒",
    "acknowledge-overdue": "逾期未签收催办",
    "near-due": "临期提醒",
    "overdue": "逾期",
    "overdue-3": "逾期预警",
    "overdue-10": "逾期通报",
    "review-late": "审核超时",
    "request-late": "申请审批超时",
    "objection-late": "改派审批超时",
    "close-late": "销号超时",
    "suspension-review": "挂起复查",
    "explanation-late": "说明超时",
    "exhausted": "长期逾期",
}
"""The rungs of the default ladder; a conference's own may have others."""
