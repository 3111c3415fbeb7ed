"""Why a row gives no search trace."""

from openmed_data.builder import ReasonCode


class SearchReason(ReasonCode):
    """Reasons for rejecting a row that traces are to be searched for."""

    NO_QUESTION = "no_question", "the row asks nothing that a search could answer"
    NOT_A_TOPIC = "not_a_topic", "the row's subject is a headline, about which no question can be put"
    NO_DOCUMENT = "no_document", "nothing is left of the row's text without links and addresses"
    BENCHMARK = "benchmark_question", "the question is of a labelled set that models are measured with"
    UNREADABLE_KEY = "unreadable_key", "options or answer key cannot be read"
    NOT_SEARCHABLE = "not_searchable", "the question asks what does not apply, or for what only its options say"
    NO_PLAN = "no_plan", "the language model that was to write the queries refused, or wrote something else"
    NOT_FOUND = "answer_not_found", "the searches led to no document that holds the known answer"
    NOTHING_QUOTABLE = "nothing_quotable", "the document that was opened has no whole sentence fit to be quoted"
    FOUND_AFTER_ALL = "found_after_all", "its own document was held out, but another one is about the same"
    UNSUPPORTED = "unsupported_answer", "the finished answer says or quotes what no opened document says"
