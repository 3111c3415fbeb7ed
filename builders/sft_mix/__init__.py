"""`sft-mix`: one set of dialogues out of several builds, by a recipe."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from openmed_data import tally
from openmed_data.builder import Builder, CardText, FilterUse, Options, Rows
from openmed_data.errors import UsageError
from openmed_data.kinds import Kind
from openmed_data.pipeline.splits import TRAIN
from openmed_data.progress import Progress
from openmed_data.sources import Source, SourceFile, Upstream
from openmed_data.sources.readers import FramePart, Part

from .drawing import Drawing, count_parts, draw_from
from .mixing import Reason, mix, prepare, with_tasks, words_of_replies
from .recipe import PartFile, open_recipe

_CARD = CardText(
    title="A mixture of medical dialogues",
    what="""
Dialogues of several builds of openmed-data in one set for supervised fine-tuning. `origin` begins with the part that a
row comes from, and `license` is the row's own.
""".strip(),
    how="""
A recipe names the parts and their weights. Each part's rows were verified against the digest in its manifest before
they were read. Rows are drawn by a hash of their part, their id and the seed, so that the parts stand to each other as
their weights; rows that nearly repeat another one, or were made from the same passage, go, and the part that the recipe
names first keeps its own. The licence of the whole is the one that demands most of those that can stand together; a
recipe whose licences cannot is refused.
""".strip(),
    limits="The limits of the parts are the limits of the mixture; their own cards say them.",
    citation="Cite the sources of the parts; their own cards name them.",
    tags=("medical", "sft", "mixture"),
)


class SftMix(Builder[Options, Drawing]):
    """Dialogues of several builds, drawn by weight."""

    name = "sft-mix"
    kind = Kind.SFT
    summary = "One SFT set out of several builds: drawn by weight, deduplicated across parts, licences rolled up"
    upstream = Upstream(repo="", license="unknown", homepage="")
    shapes = {"dialogues": ("messages", "origin"), "traces": ("messages", "tools", "format", "n_calls")}  # noqa: RUF012
    optional_columns = ("id", "source", "source_id", "license", "tools", "domain", "origin", "format")
    reasons = Reason
    filters = (FilterUse("phi", {"action": "drop", "level": 2}), FilterUse("contamination"))
    suffixes = (".yaml", ".yml")
    releases_gil = True
    card = _CARD

    @property
    def options_model(self) -> type[Options]:
        """Return the options that every builder has."""
        return Options

    def source(self, text: str | None) -> Source:
        """Open the parts of the recipe at `text`.

        Raises
        ------
        UsageError
            There is no recipe, a part is no build of dialogues, or the licences do not go together.
        GateError
            The validation of a part failed, and the recipe does not allow that.
        SourceError
            A part is damaged.
        """
        if text is None or Path(text).suffix not in self.suffixes:
            raise UsageError(
                "sft-mix is made by a recipe, a YAML file", hint="openmed-data build sft-mix --source mix.yaml"
            )
        return open_recipe(Path(text))

    def parts(self, file: SourceFile) -> Iterator[Part]:
        """Read a shard; every row is told its part and what the recipe says of that."""
        for part in super().parts(file):
            if not isinstance(file, PartFile):  # a shard that no recipe named
                raise TypeError(f"{file.name} belongs to no part")
            told = {"part": file.part, "facts": file.facts, "split": file.split or TRAIN}
            frame = part.load().with_columns(pl.lit(value).alias(name) for name, value in told.items())
            yield FramePart(part.file, part.shape, part.first_row, frame)

    def fit(self, batch: pl.DataFrame, options: Options) -> pl.DataFrame:
        """Count parts and tasks."""
        del options
        return count_parts(with_tasks(batch))

    def state(self, evidence: pl.DataFrame, options: Options) -> Drawing:
        """Turn the weights into rates."""
        del options
        return draw_from(evidence)

    def prepare(self, state: Drawing, source: Iterable[pl.DataFrame], options: Options, progress: Progress) -> Drawing:
        """Compare the rows that are drawn, across parts."""
        progress.note("comparing the rows of all parts")
        return prepare(state, source, options.seed)

    def rows(self, batch: pl.DataFrame, state: Drawing, options: Options) -> Rows:
        """Draw the rows of one batch."""
        return mix(batch, state, options.seed)

    def measure(self, kept: pl.DataFrame) -> pl.DataFrame:
        """Count the rows of parts, licences and sources as written, and the words that training learns of each part."""
        part = kept.select(pl.col("origin").str.split(":").list.first().alias("part"), words_of_replies())
        return tally.merge(
            [
                tally.tally("rows by part", part.group_by("part").len("count"), key="part"),
                tally.tally(
                    "words of replies by part",
                    part.group_by("part").agg(pl.col("words").sum()),
                    key="part",
                    count="words",
                ),
                *(
                    tally.tally(f"rows by {name}", kept.group_by(pl.col(name).fill_null("")).len("count"), key=name)
                    for name in ("license", "source")
                ),
            ]
        )

    def describe_state(self, state: Drawing) -> Mapping[str, Any]:
        """Return each part with its digest, licences, weight and rates."""
        return {
            "parts": {
                name: {**facts, "rates": {task: rate for (part, task), rate in state.rates.items() if part == name}}
                for name, facts in state.parts.items()
            }
        }

    def figures(self, counts: pl.DataFrame) -> Mapping[str, Any]:
        """Return the rows of each part, licence and source, and what each part is of all that training learns."""
        tables = ("rows by part", "rows by license", "rows by source")
        words = tally.table(counts, "words of replies by part")
        shares = {part: round(count / max(1, sum(words.values())), 4) for part, count in words.items()}
        return {
            **{name.replace(" ", "_"): tally.table(counts, name) for name in tables},
            "share_of_words_of_replies": shares,
        }


BUILDER = SftMix()
