"""What the dataset card says of these dialogues besides figures."""

from openmed_data.builder import CardText

CARD = CardText(
    title="Medical instruction dialogues from public sources",
    what="""
Instruction dialogues on diseases, tests, treatments and exam questions for supervised fine-tuning. With the option
`generator=convert`, every sentence of an answer is a sentence of its source, cleaned and cut, not written by a language
model; with `generator=llm`, a language model wrote question and answer about one passage of the source. `source_id`
names the page. `origin` tells source, task, phrasing and additions of each row, and `domain` its topic.
""".strip(),
    how="""
Answers of [MedQuAD](https://github.com/abachaa/MedQuAD) and of sources like it are read as the web pages they were:
headings, links, contacts and credits go, tables become lists, sentences that repeat go, lost apostrophes and dashes are
put back, and numbers stay as they are. Questions such as "What is (are) X ?" are asked anew in one of several hundred
phrasings that fit the topic and the number of the subject: directly, as a patient or a student, for plain words, for a
list, for two or three sentences, or as the second question of a dialogue. Answers are cut at the ends of sentences.
Every choice derives from the row and the seed.

Answers that nearly repeat another one are given in the second turn of a dialogue on the same subject (`merged`) or
rejected (`near_duplicate`). A note to see a doctor stands where a phrasing asks what the reader should do, and nowhere
else. Explanations of MedMCQA and reasoning of MedReason are used where they are clean and agree with the key.

With `generator=llm`, passages are drawn to quotas of ten tasks (explain, compare, differential, counselling,
calculation, drug information, summary of recommendations, triage, unsafe request, conversation), each for an audience
and a level. The model's dialogue is rejected where a number, a quantity or a medicine of an answer is not in its
passage, where a calculation is wrong, where an unsafe request is not declined and pointed to help, or where a second
request, which judges grounding, safety and task, finds fault. `state.llm` of the manifest names the models, the digest
of the prompts, tokens and cost; rejected dialogues are kept with their reason and cost.
""".strip(),
    limits="""
The pages are of the years in which they were collected, and medicine has moved on since. They address readers in the
United States. Lists of signs come from the Human Phenotype Ontology as the pages had it, with the approximate share
of patients where it is known; 90%, 50% and 7.5% stand for classes of frequency there and were not counted. Reasoning
of MedReason was written by a language model. The labelled questions of PubMedQA, and what MedReason took from test
splits, are rejected (`test_split`) unless `keep_test_splits` is set; a copy of PubMedQA that lacks the columns of its
annotators does not show that it is labelled. Dialogues of `generator=llm` were judged by the model that wrote them.
No clinician has reviewed the dialogues.
""".strip(),
    citation="""
A. Ben Abacha, D. Demner-Fushman: A Question-Entailment Approach to Question Answering.
[BMC Bioinformatics 20, 511](https://doi.org/10.1186/s12859-019-3119-4), 2019.
""".strip(),
    tags=("medical", "sft", "instruction-tuning", "question-answering", "consumer-health"),
)
