"""What the dataset card says of these prompts besides figures."""

from openmed_data.builder import CardText

CARD = CardText(
    title="MedReason prompts with verifiable answers",
    what="""
Prompts for GRPO whose answers a program can check, made from
[MedReason](https://huggingface.co/datasets/UCSC-VLAA/MedReason): multiple-choice questions, yes/no decisions, numbers
and short free-text answers. Each row holds the prompt, the right answer in the form that `openmed_data.rewards` reads,
and MedReason's reasoning as a reference.
""".strip(),
    how="""
Gold and explanation, which MedReason keeps in one field, are parted, and the letter is found by comparing texts in a
way that keeps signs. What cannot be checked beyond doubt is rejected, each row with a reason: answers that are no
option, two items in one row, long free text, combinations of letters, pictures that are not there. Options are moved so
that each letter is right equally often, unless options or reasoning refer to letters. In the build itself the reward
pays every right answer and every wrong option of every row; a row where it pays anything but 1 and 0 is rejected.

MedReason draws on test splits: MMLU, MedXpertQA, Humanity's Last Exam and the labelled part of PubMedQA. Their rows are
rejected (`test_split` among the rejected rows; the figures count them by dataset) unless `keep_test_splits` is set.
""".strip(),
    limits="""
Keys and reasoning are the source's own; the reasoning was written by a language model, and no clinician has reviewed
either. Free-text answers earn credit only for the accepted wordings. Questions of PubMedQA come without the abstract.
""".strip(),
    citation="""
J. Wu et al.: MedReason: Eliciting Factual Medical Reasoning Steps in LLMs via Knowledge Graphs.
[arXiv:2504.00993](https://arxiv.org/abs/2504.00993), 2025.
""".strip(),
    tags=("medical", "grpo", "reinforcement-learning", "verifiable-rewards", "reasoning"),
)
