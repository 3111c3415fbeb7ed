"""What the dataset card says of these traces besides figures."""

from openmed_data.builder import CardText

CARD = CardText(
    title="Tool-use traces",
    what="""
Conversations in which an assistant calls tools, for supervised fine-tuning. Traces of eight published formats have one
form here: `messages` with `tool_calls` whose `arguments` are objects, results linked to their calls by id, and `tools`
as a list of JSON Schemas. Rows whose `format` is `search` were made by this project: questions, real searches in a
local index of documents, and answers that quote what was opened.
""".strip(),
    how="""
The format of each file is told from its rows. Every call was held against the JSON Schema of its tool, every result
against its call; a trace that breaks a law is rejected, with the law and the place among the rejected rows. Traces of
tasks that the source says were not solved are left out, and so is what an evaluator, a simulated user or a program
wrote into the conversation. What follows the assistant's last turn is cut. Where a source declares no tools, their
schemas were inferred from all of its calls and stand in the manifest under `state`.

Search traces: a rule-based planner searches (BM25) by key words, opens documents by their titles, and quotes sentences
of those that are known to answer. Each answer was then held against the trace itself: what it quotes stands in an
opened document letter for letter, and every other word comes from a result, from the question or from the few words
that all answers share; `answer_in_evidence` among the figures is the share that passes. Some questions bring their text
along and need no search. For some, every document about their subject was held out of the index, so that nothing can be
found.
""".strip(),
    limits="""
Results of tools are what the source recorded; nobody ran the tools again, and nothing says that an answer is right
unless the source does. A schema inferred from calls knows only arguments that were used. A trace may end with a call
(`ending_with_a_call` in the manifest): its result is not in the source, or nobody read it.

The plan and the frame of search traces are rules: their wording varies little. Answers quote and do not combine. They
are as old as the documents and as right as these; no clinician has reviewed them, and they are not medical advice.
""".strip(),
    tags=("tool-use", "function-calling", "sft"),
)
