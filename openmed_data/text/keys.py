"""A light key for finding equal questions among millions: case, spacing and punctuation fold, signs never do.

`openmed_data.text.normalize.answer_key` also folds spelling (Greek letters, units, `+ve`) and is the one to compare
answers with; it costs fifty passes over the text. This one costs four, all of them in polars.
"""

import polars as pl

_SIGNS = {
    "+ve": "⊕",
    "-ve": "⊖",
    "−ve": "⊖",
    "–ve": "⊖",
    "(+)": "⊕",
    "(-)": "⊖",
    "–": "-",
    "—": "-",
    "−": "-",
    "≤": "<=",
    "≥": ">=",
    "&lt;": "<",
    "&gt;": ">",
    "\u00a0": " ",
}


def question_key_expr(expr: pl.Expr) -> pl.Expr:
    """Build the expression of the key: String in, String out, null stays null.

    Letters, digits and the signs ``+ - < > = % / ± ° ^`` stay, a hyphen only before a digit or at the end of a word,
    a point only between digits.

    Examples
    --------
    >>> frame = pl.DataFrame({"text": ["Rh-ve", "RH -VE.", "Rh+ve", "< 0.9", ">0.9", "T-cell", "t cell:"]})
    >>> frame.select(question_key_expr(pl.col("text")))["text"].to_list()
    ['rh⊖', 'rh⊖', 'rh⊕', '<0·9', '>0·9', 'tcell', 'tcell']
    """
    return (
        expr.str.to_lowercase()
        .str.replace_many(list(_SIGNS), list(_SIGNS.values()))
        .str.replace_all(r"(\d)\.(\d)", "${1}·${2}")
        .str.replace_all(r"-(\d|\s|$|[,;)])", "⊖${1}")
        .str.replace_all(r"[^\p{L}\p{N}+<>=%/±°^⊕⊖·]+", "")
    )
