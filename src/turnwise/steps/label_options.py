"""What is asked of one labelling, and whether it goes together."""

from __future__ import annotations

from dataclasses import dataclass, replace

from turnwise.config import CONFIG_FILE
from turnwise.errors import ConfigError
from turnwise.labelling import LabellingConfig
from turnwise.labelling.annotator import By, StrategyName
from turnwise.labelling.selection import How
from turnwise.project import Project
from turnwise.steps.limits import check_limits
from turnwise.steps.ways import roles_of


@dataclass(frozen=True, slots=True)
class LabelOptions:
    """What is asked of one labelling; None: as the settings say, or without limit.

    Attributes:
        strategy, by: how, and by whom.
        select: which turns come first; but for `all`, `calls` says how much they may take.
        calls, tokens, money: the budget of this run, where language models label.
    """

    strategy: StrategyName | None = None
    by: By | None = None
    select: How = "all"
    calls: int | None = None
    tokens: int | None = None
    money: float | None = None

    def settings(self, config: LabellingConfig) -> LabellingConfig:
        """The settings with these in place."""
        return replace(config, strategy=self.strategy or config.strategy, by=self.by or config.by)


AS_CONFIGURED = LabelOptions()


def check_options(project: Project, options: LabelOptions, config: LabellingConfig) -> None:
    """Refuse what would not do what it says.

    Raises:
        ConfigError: with what to give instead.
    """
    asked = [project.endpoint(role) for role in roles_of(config)]
    check_limits(options.calls, options.tokens, options.money, asked)
    if options.select != "all" and options.calls is None:
        raise ConfigError(
            f"{options.select} chooses which turns come first, which means nothing without an end",
            field="select",
            hint="Say how many calls it may take: --calls 3000",
        )
    paid = options.tokens is not None or options.money is not None
    if config.by == "embedded" and (paid or (options.calls and options.select == "all")):
        raise ConfigError(
            "the embedded annotator costs nothing, so a budget would not limit it",
            field="by",
            hint=f"Add --by llm, set labelling.by in {CONFIG_FILE}, or choose turns with --select",
        )
