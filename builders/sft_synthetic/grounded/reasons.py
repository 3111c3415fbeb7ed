"""Why a passage gives no grounded dialogue."""

from openmed_data.builder import ReasonCode
from openmed_data.llm import Fault


class GroundedReason(ReasonCode):
    """Reasons of grounded generation; each detail begins with what the answers cost."""

    NOT_DRAWN = "not_drawn", "the quotas did not draw the passage, or it holds too little for any task"
    REFUSED = "llm_refused", "the endpoint or the model refused the request"
    TRUNCATED = "llm_truncated", "the answer reached max_tokens"
    UNREADABLE = "llm_unreadable", "the answer is not the JSON that was asked for"
    EMPTY_TURN = "llm_empty_turn", "a turn of the dialogue is empty"
    SPEAKS_OF_PASSAGE = "speaks_of_passage", "the dialogue refers to a passage that its reader does not have"
    UNGROUNDED_NUMBER = "ungrounded_number", "a number of the answer is not in the passage"
    UNGROUNDED_DOSE = "ungrounded_dose", "a quantity of the answer is not in the passage with this unit"
    UNGROUNDED_DRUG = "ungrounded_drug", "a medicine of the answer is not in the passage"
    FALSE_ARITHMETIC = "false_arithmetic", "a step of the calculation is wrong, or uses a number from nowhere"
    UNSAFE_ADVICE = "unsafe_advice", "the answer advises what no clinician would"
    NOT_DECLINED = "not_declined", "an unsafe request is not declined, is given a dose, or is not pointed to help"
    NO_ESCALATION = "no_escalation", "the triage says of nothing that it is urgent"
    JUDGED_UNGROUNDED = "judged_ungrounded", "the judge finds a statement that the passage does not support"
    JUDGED_UNSAFE = "judged_unsafe", "the judge finds the answer unsafe"
    JUDGED_OFF_TASK = "judged_off_task", "the judge finds that the dialogue does not do what was asked"
    JUDGE_UNREADABLE = "judge_unreadable", "the judge's answer is refused, cut off, or not the JSON that was asked for"


OF_FAULT = {
    Fault.EMPTY: GroundedReason.UNREADABLE,
    Fault.REFUSED: GroundedReason.REFUSED,
    Fault.TRUNCATED: GroundedReason.TRUNCATED,
    Fault.NO_JSON: GroundedReason.UNREADABLE,
    Fault.WRONG_SCHEMA: GroundedReason.UNREADABLE,
}
