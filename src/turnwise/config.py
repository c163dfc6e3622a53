"""The settings of a workspace: one YAML file, every value with a default, unknown ones refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from turnwise.discovery.config import DiscoveryConfig
from turnwise.encoders import DEFAULT_ENCODER
from turnwise.encoders.card import Precision
from turnwise.endpoints import read_endpoints
from turnwise.errors import ConfigError
from turnwise.evaluation import EvaluationConfig
from turnwise.generation.config import GenerationConfig
from turnwise.labelling import LabellingConfig
from turnwise.llm.endpoint import Endpoint
from turnwise.sampling import EVALUATION_CAP, TRAINING_CAP
from turnwise.serving.config import PolicyConfig
from turnwise.training import RefusalConfig, TrainingConfig
from turnwise.yaml_file import YamlFile

CONFIG_FILE = "turnwise.yaml"
RECIPES = Path(__file__).parent / "recipes"

Settings = TypeVar("Settings", bound=BaseModel)
Count = Annotated[int, Field(ge=0)]


class _Section(BaseModel):
    # No error shows what was written: it may be a key.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class SplitConfig(_Section):
    """Which labelled conversations are the seed, and which the test.

    Both counts empty: by hash of the id, three tenths for the test. With counts, that many by
    lowest hash, and the remaining labelled conversations count as unlabelled logs.
    """

    seed: Count | None = None
    test: Count | None = None
    calibration: Annotated[float, Field(gt=0, lt=1)] = 0.25  # of the seed's conversations


class CapConfig(_Section):
    """At most so many turns of one label."""

    training: Annotated[int, Field(ge=1)] = TRAINING_CAP
    evaluation: Annotated[int, Field(ge=1)] = EVALUATION_CAP


class ServingConfig(_Section):
    """What a server allows itself and its callers, and what it keeps in the workspace.

    `rate`: conversations a second that one key may ask about for long, and twice as many at once.
    `threads`: model calls at the same time, of one core each; empty: the process's cores.
    `log_share`: of the conversations, each with all of its decisions or none; `log_text`: with
    what the customer said, redacted. Exposures to experiments and feedback are always kept.
    """

    rate: Annotated[float, Field(gt=0)] = 200.0
    threads: Annotated[int, Field(ge=1, le=256)] | None = None
    log_share: Annotated[float, Field(ge=0, le=1)] = 1.0
    log_text: bool = False


class Config(_Section):
    """Everything that a run depends on beside its data."""

    taxonomy: str = "taxonomy.yaml"  # relative to the workspace; absent: inferred from gold
    database: str | None = None  # a URL; SQLite in the workspace where it is left out
    encoder: str = DEFAULT_ENCODER
    precision: Precision = "int8"
    redact: bool = True
    endpoints: Annotated[dict[str, Endpoint], BeforeValidator(read_endpoints)] = {}
    split: SplitConfig = SplitConfig()
    caps: CapConfig = CapConfig()
    discovery: DiscoveryConfig = DiscoveryConfig()
    labelling: LabellingConfig = LabellingConfig()
    generation: GenerationConfig = GenerationConfig()
    training: TrainingConfig = TrainingConfig()
    refusal: RefusalConfig = RefusalConfig()
    policy: PolicyConfig = PolicyConfig()
    serving: ServingConfig = ServingConfig()
    evaluation: EvaluationConfig = EvaluationConfig()

    def learning_from(self, generated: Sequence[str]) -> Config:
        """These settings, with the generated sets that training learns from in their place."""
        chosen = replace(self.generation, learn=tuple(generated))
        return self.model_copy(update={"generation": chosen})


class Recipe(_Section):
    """How to train: parts of the settings, in a file of their own.

    What a recipe says of `training` and `refusal` stands in place of all that the settings of
    the workspace say of them.
    """

    training: TrainingConfig = TrainingConfig()
    refusal: RefusalConfig = RefusalConfig()

    def applied(self, config: Config) -> Config:
        """The settings of a workspace with this recipe's in their place."""
        return config.model_copy(update={"training": self.training, "refusal": self.refusal})


def recipe_names() -> list[str]:
    """The recipes that come with Turnwise."""
    return sorted(path.stem for path in RECIPES.glob("*.yaml"))


def load_recipe(name: str) -> Recipe:
    """Read a recipe, by the name of one that comes with Turnwise or from a file.

    Raises:
        ConfigError: there is none, or it is not YAML, has an unknown setting or a value out of
            its range.
    """
    path = RECIPES / f"{name}.yaml" if name in recipe_names() else Path(name)
    if not path.is_file():
        raise ConfigError(
            f"there is no recipe {name!r}",
            field="recipe",
            hint=f"Name a file, or one of {', '.join(recipe_names())}",
        )
    return _read(path, Recipe)


def load_config(folder: Path) -> Config:
    """Read the settings of a workspace folder.

    Raises:
        ConfigError: not YAML, an unknown setting, or a value out of its range.
    """
    return _read(folder / CONFIG_FILE, Config)


def _read(path: Path, kind: type[Settings]) -> Settings:
    """Read a file of settings, each error with its line."""
    file = YamlFile(path, ConfigError)
    values = {} if file.values is None else file.values
    try:
        config = kind.model_validate(values)
    except ConfigError as error:  # raised by a stage's own settings
        error.path = path
        error.line = file.line(tuple((error.field or "").split(".")))
        raise
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or None
        line = file.line(tuple(first["loc"]))
        raise ConfigError(first["msg"], path=path, line=line, field=field) from error
    _refuse_unknown(values, config, file, ())
    return config


def _refuse_unknown(values: Any, section: Any, file: YamlFile, place: tuple[str, ...]) -> None:
    """Dataclasses let unknown keys pass where pydantic models refuse them: look for them here."""
    if not isinstance(values, dict):
        return
    known = (
        {field.name for field in fields(section)}
        if is_dataclass(section)
        else set(type(section).model_fields)
        if isinstance(section, BaseModel)
        else set(values)
    )
    for key, value in values.items():
        if key not in known:
            raise ConfigError(
                "unknown setting",
                path=file.path,
                line=file.line((*place, str(key))),
                field=".".join((*place, str(key))),
                hint=f"Known here: {', '.join(sorted(known))}",
            )
        _refuse_unknown(value, getattr(section, key, None), file, (*place, str(key)))


TEMPLATE = """\
# Settings of this workspace. Every line may be left out: what stands here are the defaults.
taxonomy: taxonomy.yaml   # relative to this folder; without the file, labels come from the gold
database: {database}   # a PostgreSQL URL; null: SQLite in this folder
encoder: {encoder}   # a Hugging Face id or a local path
redact: true   # replace personal data by typed placeholders at import
split:   # of the labelled conversations; null: three tenths by hash of the id are the test
  seed: {seed}
  test: {test}
# Language models, by the name that a strategy asks for: teacher, critic, judge, small. The teacher
# stands in for the others. TURNWISE_TEACHER_BASE_URL, _MODEL and _KEY win over what stands here.
# endpoints:
#   teacher:
#     base_url: http://127.0.0.1:8080/v1   # any server that speaks OpenAI's chat completions
#     model: the name that the server knows
#     key_env: OPENAI_API_KEY   # the environment variable that holds the key; no key stands here
#     concurrency: 8
#     price_in: 0.0   # money per million tokens; price_out: of the answers
"""


def config_text(seed: int | None, test: int | None, database: str | None) -> str:
    """The settings file that `turnwise init` writes."""

    def written(value: int | str | None) -> str:
        return json.dumps(value)  # which is YAML too

    return TEMPLATE.format(
        database=written(database), encoder=DEFAULT_ENCODER, seed=written(seed), test=written(test)
    )
