"""A recipe: the model, the chain of stages, and each stage's settings, in one YAML file."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from openmed_data.errors import UsageError, refused_values
from openmed_data.registry import STAGES, find, names
from openmed_data.training.near import numbers, read_yaml, require_known


class Shape(BaseModel):
    """What a plan needs to know of a model that is not on this machine.

    Attributes
    ----------
    key_value_size
        Width of the keys of one token in one layer; 0 where it is not known, and plans leave the cache out.
    vocabulary
        Its tokens; 0 where that is not known, and plans say nothing of evaluations.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    parameters: int
    hidden_size: int
    layers: int
    key_value_size: int = 0
    vocabulary: int = 0


class Recipe(BaseModel):
    """A recipe as given; the sections of its stages are validated by the stages.

    Attributes
    ----------
    model, revision
        A folder, or a repository on the Hub and its revision.
    shape
        Size of the model, for plans made where it is not.
    seed
        Seed of everything that is drawn.
    chat_template
        ``auto`` (the model's own if it can be trained on, else ``chatml``), ``chatml``, or a file.
    chain
        The stages in their order.
    stages
        Each stage's section.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    summary: str = ""
    model: str
    revision: str | None = None
    shape: Shape | None = None
    seed: int = Field(42, ge=0)
    chat_template: str = "auto"
    chain: tuple[str, ...]
    stages: Mapping[str, Mapping[str, Any]]


def load(text: str, settings: Sequence[str] = ()) -> Recipe:
    """Read the recipe at the path `text`, or the bundled one of that name, with ``KEY=VALUE`` settings put over it.

    Raises
    ------
    UsageError
        There is no such recipe, or it has unknown or unfit keys.

    Examples
    --------
    >>> load("afm-4.5b", ["sft.learning_rate=2e-5"]).stages["sft"]["learning_rate"]
    2e-05
    """
    document = _override(read_yaml(_path(text)), settings)
    own = Recipe.model_fields.keys() - {"stages"}
    known = [name for name in names(STAGES) if name not in own]
    require_known(document, [*own, *known], f"recipe '{text}'")
    sections = {key: _section(key, document[key]) for key in known if key in document}
    facts = {key: value for key, value in document.items() if key in own}
    try:
        recipe = Recipe.model_validate({**facts, "stages": sections})
    except ValidationError as error:
        raise UsageError("\n  ".join([f"recipe '{text}' cannot be used:", *refused_values(error)])) from error
    _require_sections(recipe)
    return recipe


def bundled() -> list[str]:
    """Return the names of the recipes that come with the package.

    Examples
    --------
    >>> bundled()
    ['afm-4.5b', 'cpu-smoke']
    """
    folder = Path(str(files(STAGES.package))) / "recipes"
    return sorted(path.stem for path in folder.glob("*.yaml"))


def _path(text: str) -> Path:
    if text in bundled():
        return Path(str(files(STAGES.package))) / "recipes" / f"{text}.yaml"
    path = Path(text)
    if not path.is_file():
        hint = f"Give a YAML file, or one of those that come with the package: {', '.join(bundled())}."
        raise UsageError(f"there is no recipe '{text}'", hint=hint)
    return path


def _section(stage: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise UsageError(f"the recipe's '{stage}' is no section", hint="Expected indented lines of `key: value`.")
    return cast(Mapping[str, Any], value)


def _require_sections(recipe: Recipe) -> None:
    for stage in recipe.chain:
        find(STAGES, stage)  # a misspelt name is an error with a suggestion
    missing = [stage for stage in recipe.chain if stage not in recipe.stages]
    if missing:
        raise UsageError(f"recipe '{recipe.name}' has no section for {', '.join(missing)}")


def _override(document: dict[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    for text in settings:
        key, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"'{text}' is not KEY=VALUE", hint="As in --set sft.learning_rate=2e-5")
        place = document
        *above, last = key.split(".")
        for name in above:
            deeper = place.setdefault(name, {})
            if not isinstance(deeper, dict):
                raise UsageError(f"--set {text}: '{name}' is no section")
            place = cast(dict[str, Any], deeper)
        place[last] = numbers(yaml.safe_load(value))
    return document
