"""What the dataset card says of these traces besides figures."""

from openmed_data.builder import CardText

CARD = CardText(
    title="Tool-use traces",
    what="""
Conversations in which an assistant calls tools, for supervised fine-tuning. Traces of eight published formats have one
form here: `messages` with `tool_calls` whose `arguments` are objects, results linked to their calls by id, and `tools`
as a list of JSON Schemas.
""".strip(),
    how="""
The format of each file is told from its rows. Every call was held against the JSON Schema of its tool, every result
against its call; a trace that breaks a law is rejected, with the law and the place among the rejected rows. Traces of
tasks that the source says were not solved are left out, and so is what an evaluator, a simulated user or a program
wrote into the conversation. What follows the assistant's last turn is cut. Where a source declares no tools, their
schemas were inferred from all of its calls and stand in the manifest under `state`.
""".strip(),
    limits="""
Results of tools are what the source recorded; nobody ran the tools again, and nothing says that an answer is right
unless the source does. A schema inferred from calls knows only arguments that were used. A trace may end with a call
(`ending_with_a_call` in the manifest): its result is not in the source, or nobody read it.
""".strip(),
    tags=("tool-use", "function-calling", "sft"),
)
