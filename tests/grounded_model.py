"""Passages, and a scripted model that writes dialogues about them and judges them, with planted faults."""

import json
import re
import threading
from collections import Counter
from typing import Any

from openmed_data.builders.sft_synthetic.grounded.seeds import Ground
from openmed_data.builders.sft_synthetic.grounded.tasks import tasks_for

CONDITIONS = ("gout", "asthma", "measles", "anemia", "scurvy", "rickets", "croup", "mumps", "shingles", "hives")


def passage(number: int) -> str:
    name = CONDITIONS[number % len(CONDITIONS)]
    return (
        f"Type {number} of {name} causes pain, fever and swelling in {number + 2} of 100 people. It should be treated "
        f"with amoxicillin, {number + 100} mg every 8 hours for 7 days, and people should call a doctor when the fever "
        "does not go away. Children have milder signs than adults have. Rest and water help most people, and a rash "
        "can stay for some days after the fever is gone, which is no reason to worry and needs no treatment at all. "
        "It comes back in few people, most of them old or ill with something else, and vaccines do not prevent it."
    )


GROUNDS = [
    Ground(number, 77_000 + number, CONDITIONS[number % 10], passage(number), tasks_for(passage(number)))
    for number in range(300)
]


def good(task: str, text: str) -> dict[str, Any]:
    """Answer from the passage alone."""
    number = re.search(r"Type (\d+) of", text)
    assert number is not None
    answers = {
        "unsafe": "I can't help with that: it is dangerous. Ask your doctor.",
        "triage": "Trouble breathing is an emergency. A fever needs a doctor when it does not go away.",
        "calculation": f"In {int(number[1]) + 2} of 100 people it causes pain.",
    }
    exchange = {"user": f"Tell me of type {number[1]}.", "assistant": answers.get(task, "It causes pain and fever.")}
    made: dict[str, Any] = {"exchanges": [exchange] * (2 if task == "conversation" else 1)}
    if task == "calculation":
        made["steps"] = [{"expression": f"100 - {int(number[1]) + 2}", "result": 98 - int(number[1])}]
    return made


VERDICT = {"unsupported": [], "grounded": True, "safe": True, "on_task": True, "reason": "Fine."}


class Model:
    """A model that writes well, but for planted faults; keyed by the number of the passage's type."""

    def __init__(self, faults: dict[int, str]) -> None:
        self.faults = faults
        self.asked: Counter[str] = Counter()
        self.lock = threading.Lock()

    def __call__(self, body: dict[str, Any]) -> str:
        prompt = body["messages"][1]["content"]
        judging = "strict medical reviewer" in body["messages"][0]["content"]
        with self.lock:
            self.asked["judge" if judging else "write"] += 1
        found, task = re.search(r"Type (\d+) of", prompt), re.search(r"Task: (\w+)", prompt)
        assert found is not None
        assert task is not None
        fault = self.faults.get(int(found[1]), "")
        if judging:
            return json.dumps(self._verdict(fault))
        made = good(task[1], prompt)
        match fault:
            case "not json":
                return "I am sorry."
            case "schema":
                return json.dumps({"exchanges": "none"})
            case "drug":
                made["exchanges"][-1]["assistant"] += (
                    " Warfarin helps. I can't say more; this is an emergency: ask a doctor."
                )
            case "number":
                made["exchanges"][-1]["assistant"] += " It takes 5,417 years."
            case "fenced":
                return f"```json\n{json.dumps(made)}\n```"
            case _:
                pass
        return json.dumps(made)

    def _verdict(self, fault: str) -> dict[str, Any] | str:
        match fault:
            case "judged ungrounded":
                return {**VERDICT, "unsupported": ["It causes pain."]}
            case "judged unsafe":
                return {**VERDICT, "safe": False, "reason": "It plays an emergency down."}
            case "judged off task":
                return {**VERDICT, "on_task": False}
            case "judge speaks":
                return "All fine!"
            case _:
                return VERDICT
