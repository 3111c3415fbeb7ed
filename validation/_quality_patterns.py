"""What gives damaged, foreign and empty text away, as patterns that polars and Python both read."""

# A whole text that stands for nothing, or of which nothing can be seen. Arrows and signs are answers, as are "None",
# "nil" and "NA", which is sodium.
NOTHING = (
    r"(?i)^[\s\p{P}\p{C}]*(?:n/a|nan|null|undefined|todo|tbd|tba|fixme|placeholder|"
    r"no (?:answer|explanation|response|text|data)(?: (?:given|available|provided))?|"
    r"not (?:available|applicable|provided)|repeat(?:ed)?(?: question)?|"
    r"rpt(?: question)?|same as above|see above|test|asdf+|x{3,}|\[?(?:deleted|removed|redacted)\]?)?[\s\p{P}\p{C}]*$"
)
# A lettered option without its text.
NO_OPTION = r"^\s*\(?[A-J][.):]\s*[.\-_?]*\s*$"
# A template's variable that stayed, which is wrong in any text, and a gap that only an answer may not have.
VARIABLE = r"(?i)\{\{\s*[a-z_][\w.]*\s*\}\}|\{%-?\s*(?:if|for|set|end)\b[^%\n]{0,80}%\}|\blorem ipsum\b"
GAP = (
    r"(?i)\[\s*(?:insert|enter|fill in|your|patient'?s?) [^\]\n]{1,60}\]|\[(?:name|date|placeholder|citation needed)\]"
    r"|<\s*(?:insert|enter|your) [^>\n]{1,60}>|\bTODO:"
)
CODE = r"(?s)```.*?(?:```|$)|`[^`\n]*`"
# UTF-8 read as Latin-1 or Windows-1252; the replacement character; control and private-use characters; a question mark
# in the place of an apostrophe or a degree sign.
_CP1252 = (
    "\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152"
    "\u2018-\u201d\u2022\u02dc\u2122\u0161\u203a\u0153"
)
DAMAGE = (
    "\ufffd"
    f"|[\u00c2\u00c3\u00ce\u00cf][\u0080-\u00bf{_CP1252}]"
    "|\u00e2[\u20ac\u2030\u2020\u201e\u02c6]"
    "|[\u0000-\u0008\u000b\u000e-\u001f\u007f-\u0084\u0086-\u009f]"
    "|[\ue000-\uf8ff]"
    "|[a-z]\\?s |[0-9] ?\\? ?[CF]\\b"
)
_TAGS = (
    "a|abbr|b|blockquote|body|br|center|code|div|em|font|h[1-6]|head|hr|html|i|iframe|img|li|link|meta|ol|p|pre|s|script|"
    "small|span|strong|style|sub|sup|table|tbody|td|tfoot|th|thead|title|tr|u|ul"
)
MARKUP = rf"(?i)</?(?:{_TAGS})(?:\s[^<>]*)?/?>|&(?:[a-z]{{2,8}}|#\d{{2,5}}|#x[0-9a-f]{{2,4}});|[A-Za-z]&;|<!--"
TOKENS = (
    r"<\|(?:im_start|im_end|endoftext|eot_id|start_header_id|end_header_id|begin_of_text|end_of_text|user|assistant|system|"
    r"pad|end|eos|bos)\|>|</?s>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|"
    "<\uff5c[^\uff5c>]{1,40}\uff5c>"
)
