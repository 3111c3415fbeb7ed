"""Every sentence that a trace says in its own words; a check holds answers to these words and to what was opened."""

from openmed_data.search.words import search_words

SYSTEM = (
    (
        "You answer medical questions from a document collection. Search it, open what you rely on, and quote it "
        "with the document's id in square brackets. If the collection does not answer the question, say so."
    ),
    (
        "Answer with the help of the tools. Quote your sources word for word and put the id of the document behind "
        "each quotation, like [id]. Do not answer from memory what you did not find."
    ),
    "",
)
FIRST_THOUGHT = (
    "",
    "",
    "I will look this up in the documents.",
    "Let me search the collection.",
)
NEXT_THOUGHT = (
    "None of these documents is clearly about the question. I will search with other words.",
    "The titles do not fit yet, so I try another search.",
    "",
)
EMPTY_THOUGHT = ("That found nothing, so I will try other words.", "")
OPEN_THOUGHT = ("", "", "The title fits, so I will read this document.")
LOOK_THOUGHT = ("This is the nearest document; I will check whether it is about the question.", "")
LEADS = (
    "According to {source}: “{quote}” [{id}]",
    "{Source} gives this answer: “{quote}” [{id}]",
    "“{quote}” [{id}]",
    'The document "{title}" says: “{quote}” [{id}]',
    "{Source} states: “{quote}” [{id}]",
)
SAME = ("It adds: “{quote}” [{id}]", "Further on it says: “{quote}” [{id}]", "The same document adds: “{quote}” [{id}]")
OTHER = (
    "{Source} says on the same question: “{quote}” [{id}]",
    'Another document, "{title}", says: “{quote}” [{id}]',
)
NOT_FOUND = (
    (
        "I found no document about {subject} in this collection.{tried} {nearest}I therefore cannot answer the "
        "question from these documents."
    ),
    (
        "The collection does not seem to hold anything on {subject}.{tried} {nearest}Rather than guess, I leave the "
        "question open."
    ),
)
TRIED = (" I searched for {queries}.", " My searches were {queries}.")
NEAREST = (
    'The nearest result was "{title}" [{id}], which is about something else. ',
    'What came closest was "{title}" [{id}], and that is not what you asked about. ',
)
NO_RESULT = ("There was no result at all. ",)
PASSAGE = (
    "Here is a passage:\n\n“{passage}”\n\nUsing this passage alone: {question}",
    "{question} Please answer from this text and nothing else:\n\n“{passage}”",
)
FROM_PASSAGE = ("The passage says: “{quote}”", "According to your text: “{quote}”", "Your text answers this: “{quote}”")
NO_ADVICE = (
    "This is general information and not medical advice; a clinician who knows the case can say what applies.",
    "Please take this as information, not as medical advice, and talk it over with your doctor.",
    "This is not medical advice: what is right in a given case is for the treating clinician to decide.",
)
CHOICE = (
    "The answer is {letter}. {choice}. {Source} says: “{quote}” [{id}]",
    '{letter}. {choice}. The document "{title}" supports this: “{quote}” [{id}]',
)

_EVERY = (
    *LEADS,
    *SAME,
    *OTHER,
    *NOT_FOUND,
    *TRIED,
    *NEAREST,
    *NO_RESULT,
    *FROM_PASSAGE,
    *NO_ADVICE,
    *CHOICE,
)
OWN_WORDS = frozenset(search_words(" ".join(_EVERY)))
