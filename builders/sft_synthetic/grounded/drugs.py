"""Names of medicines in a text.

Most are told by their stem: the endings by which the World Health Organization names substances of one kind
("The use of stems in the selection of International Nonproprietary Names (INN) for pharmaceutical substances", WHO,
2018, and its addenda). The others, older than the stems, stand in `medicines.txt`, with common brands and groups.
"""

import re
from importlib.resources import files

_STEMS = """
    afil amivir anserin arabine artan asone azepam azolam azosin bactam barbital caine cef ciclib ciclovir cillin
    citinib clidinium conazole coxib curium curonium dipine dopa dralazine dronate duran etanide fenacin fibrate
    floxacin formin fungin gatran gliflozin gliptin glitazone glutide grel iazide kinra lukast mab metacin micin
    mycin nib nidazole olol olone oprazole orphan orphine oxetine parin penem pitant platin poetin pramine prazole
    pressin pril prilat profen prost quine racil relix ridone rubicin salazine sartan semide setron stat statin
    steride sulfan tadine taxel tecan tepa terol thiazide tidine tocin toin trexate trexed triptan triptyline tyline
    vaptan vastatin vir virine vudine xaban zepam zolam zolamide zomib zosin
""".split()
# Words that end in a stem and are no medicines; so are all sterols.
_NOT = frozenset(
    """april somatostatin oxytocin vasopressin angiotensin fibrin heparan stat thermostat hemostat cystatin myostatin
    follistatin reservoir souvenir choir orphan protoporphyrin rubella dopa histidine dihydrouracil devastate
    prostate""".split()
)
_BY_STEM = re.compile(rf"(?!\w*sterol)[a-z]{{2,}}(?:{'|'.join(sorted(_STEMS, key=len, reverse=True))})(?:e|s)?")
_BY_NAME = frozenset(files(__name__.rpartition(".")[0]).joinpath("medicines.txt").read_text(encoding="utf-8").split())
_WORD = re.compile(r"[a-z][a-z-]{2,}")


def drugs_in(text: str) -> set[str]:
    """Return the names of medicines in a text, in lower case and in the singular.

    Examples
    --------
    >>> sorted(drugs_in("Take amoxicillin or Aspirin, not statins, in April."))
    ['amoxicillin', 'aspirin', 'statin']
    """
    found: set[str] = set()
    for word in set(_WORD.findall(text.lower())):
        single = word.removesuffix("s") if word not in _BY_NAME else word
        if single not in _NOT and word not in _NOT and (single in _BY_NAME or _BY_STEM.fullmatch(single)):
            found.add(single)
    return found
