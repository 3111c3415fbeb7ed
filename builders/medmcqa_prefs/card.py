"""What the dataset card says of these pairs besides figures."""

from openmed_data.builder import CardText

CARD = CardText(
    title="MedMCQA preference pairs",
    what="""
Preference pairs for DPO, made from the answer key of [MedMCQA](https://medmcqa.github.io), a set of multiple-choice
questions of Indian medical entrance examinations. Each row holds a question with four options as the prompt, the right
option as the chosen reply and a wrong option of the same question as the rejected one.
""".strip(),
    how="""
Questions that cannot be learnt from are rejected, each with a reason: no key, missing or equal options, a picture that
is not there, options that are letters of things the question does not list, a table whose cells ran into one another,
contradicting copies or explanations. Entities, tags, question numbers, the names of examinations behind a question and
letters in front of an option are removed. The letters "rt" that the source lost from many words are put back, and so
are spaces between sentences, and ranges and ratios that a spreadsheet took for dates and times (`3-Jan` was `1-3`).
Options are moved so that each letter is right equally often, unless options or explanation refer to letters. Wrong
options are drawn so that length does not tell which is right.
""".strip(),
    limits="""
The answer keys are the source's own; some are out of date or wrong, and no clinician has reviewed them. Question styles
and practice are those of Indian entrance examinations. Pairs teach which option a key prefers, not why.
""".strip(),
    citation="""
A. Pal, L. K. Umapathi, M. Sankarasubbu: MedMCQA: A Large-scale Multi-Subject Multi-Choice Dataset for Medical domain
Question Answering. [PMLR 174:248-260](https://proceedings.mlr.press/v174/pal22a.html), 2022.
""".strip(),
    tags=("medical", "dpo", "preference", "multiple-choice"),
)
