"""Make dialogues of passages: a task, a phrasing, and the source's own sentences as the answer."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .answers import Answer, cut
from .dice import Dice
from .options import Cite, SftOptions
from .passages import Passage
from .phrasings import Phrasing, fitting, phrasings
from .subjects import Topic
from .tasks import Task, brief, choose, listed

# Topics on which a question for advice gets the advice to see somebody who can give it.
_ADVISED = frozenset({Topic.TREATMENT, Topic.PREVENTION, Topic.DIET, Topic.KEY_POINTS, Topic.OUTLOOK})
_SHARE_OF_A_TURN = 0.6
_HAS_SHARE = re.compile(r"\d(?:%|/\d+| of \d+)\)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One conversation.

    Attributes
    ----------
    turns
        What the user says and what the assistant answers, in pairs.
    template
        The phrasings of what the user says.
    extras
        The phrasings of everything else: system prompt, note, line over a table, request for the source.
    """

    passage: Passage
    task: Task
    turns: tuple[tuple[str, str], ...]
    template: str
    extras: tuple[str, ...] = ()
    system: str = ""

    @property
    def id(self) -> str:
        """Return the row's id: a passage has one dialogue in full and maybe a brief one."""
        return f"sft-{self.passage.uid:016x}" + ("-brief" if self.task is Task.BRIEF else "")

    @property
    def origin(self) -> str:
        """Return where the words come from: source, task, phrasings."""
        source = self.passage.shape.lower().replace(" ", "-")
        return "/".join((source, self.task, self.template, ",".join(self.extras)))

    @property
    def messages(self) -> list[dict[str, str]]:
        """Return the messages in the field's standard shape."""
        opening = [{"role": "system", "content": self.system}] if self.system else []
        said = [
            {"role": role, "content": text}
            for turn in self.turns
            for role, text in zip(("user", "assistant"), turn, strict=True)
        ]
        return [*opening, *said]


@dataclass(slots=True)
class _Turn:
    """A turn in the making."""

    asks: str
    answer: str
    template: str
    advice: bool = False
    extras: list[str] = field(default_factory=list[str])


def dialogues(
    passage: Passage, second: Passage | None, options: SftOptions, *, with_brief: bool = True
) -> Iterator[Dialogue]:
    """Yield the dialogues of a passage.

    Parameters
    ----------
    second
        Another passage on the same subject, to be asked about in a second turn.
    with_brief
        Whether a long answer is also given in two or three sentences.
    """
    dice = Dice(options.seed, passage.uid)
    if second is not None:
        yield _finished(passage, Task.FOLLOW_UP, _follow_up(passage, second, dice, options), dice, options)
    else:
        task = choose(passage, dice, options)
        yield _finished(passage, task, [_turn(task, passage, dice, options)], dice, options)
    if with_brief and (short := brief(passage, dice, options)):
        other = Dice(options.seed, passage.uid ^ 1)
        number, answer = short
        frame = other.pick("frame", phrasings("brief"))
        asked = frame.fill(np=_named(passage), n=number)
        turn = _Turn(asked, str(answer), f"{frame.name}+{passage.topic.value.replace(' ', '-')}")
        yield _finished(passage, Task.BRIEF, [turn], other, options)


def _turn(task: Task, passage: Passage, dice: Dice, options: SftOptions) -> _Turn:
    answer = cut(passage.answer, options.max_words)
    match task:
        case Task.AS_ASKED:
            return _Turn(passage.question, str(answer), "as-asked")
        case Task.EXAM:
            frame = dice.pick("frame", phrasings("exam" if passage.options else "open"))
            return _Turn(frame.fill(q=passage.question, options=passage.options), str(passage.answer), frame.name)
        case Task.STUDY:
            frame = dice.pick("frame", phrasings("study"))
            return _Turn(frame.fill(q=passage.question, context=passage.context), str(passage.answer), frame.name)
        case Task.DIRECT:
            phrasing = dice.pick("phrasing", fitting(phrasings("direct", passage.topic), passage.subject))
            return _answered(_Turn(phrasing.fill(x=passage.subject), "", phrasing.name), passage, answer, dice)
        case Task.PATIENT:
            return _answered(_as_patient(passage, dice), passage, answer, dice)
        case _:
            frame = dice.pick("frame", phrasings(task))
            name = f"{frame.name}+{passage.topic.value.replace(' ', '-')}"
            held = listed(answer, passage.topic) if task is Task.LIST else None
            return _answered(_Turn(frame.fill(np=_named(passage)), "", name), passage, held or answer, dice)


def _as_patient(passage: Passage, dice: Dice) -> _Turn:
    opening = dice.pick("opening", phrasings("opening"))
    question = dice.pick("question", phrasings("then", passage.topic))
    asked = f"{opening.fill(x=passage.subject)} {question.text}"
    return _Turn(asked, "", f"{opening.name}+{question.name}", question.advice)


def _follow_up(passage: Passage, second: Passage, dice: Dice, options: SftOptions) -> list[_Turn]:
    most = int(options.max_words * _SHARE_OF_A_TURN)
    phrasing = dice.pick("phrasing", fitting(phrasings("direct", passage.topic), passage.subject))
    choices = phrasings("then", second.topic)
    if second.answer.is_table:  # it lists what doctors record, not what the user would notice
        choices = tuple(one for one in choices if not one.personal)
    then = dice.pick("then", choices)
    first = _Turn(phrasing.fill(x=passage.subject), "", phrasing.name)
    last = _Turn(then.text, "", then.name, then.advice)
    return [
        _answered(first, passage, cut(passage.answer, most), dice),
        _answered(last, second, cut(second.answer, most), dice),
    ]


def _answered(turn: _Turn, passage: Passage, answer: Answer, dice: Dice) -> _Turn:
    """Put the answer into a turn, with a line over a table and a note where advice is asked."""
    turn.answer = str(answer)
    if answer.is_table:
        lead = dice.pick("table", phrasings("shares" if _HAS_SHARE.search(turn.answer) else "table"))
        turn.answer = f"{lead.fill(x=passage.subject)}\n{turn.answer}"
        turn.extras.append(lead.name)
    if turn.advice and passage.topic in _ADVISED:
        note = dice.pick("note", phrasings("note"))
        turn.answer = f"{turn.answer}\n\n{note.text}"
        turn.extras.append(note.name)
    return turn


def _named(passage: Passage) -> str:
    return phrasings("subject", passage.topic)[0].text.replace("{x}", passage.subject)


def _finished(passage: Passage, task: Task, turns: list[_Turn], dice: Dice, options: SftOptions) -> Dialogue:
    extras = [name for turn in turns for name in turn.extras]
    system = ""
    if dice.unit("system") < options.system_share:
        opening = dice.pick("which system", phrasings("system", passage.topic) or phrasings("system"))
        system = opening.text
        extras.append(opening.name)
    if passage.url and options.cite is not Cite.NEVER:
        extras += _cite(passage, turns[-1], dice, options)
    said = tuple((turn.asks, turn.answer) for turn in turns)
    return Dialogue(passage, task, said, "+".join(turn.template for turn in turns), tuple(extras), system)


def _cite(passage: Passage, turn: _Turn, dice: Dice, options: SftOptions) -> list[str]:
    """Name the source at the end of the last answer, where the options or the user ask for it."""
    asked = dice.unit("cite") < options.cite_share
    if not asked and options.cite is Cite.ASKED:
        return []
    turn.answer = f"{turn.answer}\n\nSource: {passage.publisher}, {passage.url}"
    if not asked:
        return ["cited"]
    request: Phrasing = dice.pick("citing", phrasings("citing"))
    turn.asks = f"{turn.asks} {request.text}"
    return [request.name]
