"""What a claim is, and what the file of a paper or an application says beside its claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from aejax.errors import ConfigError, check_names
from aejax.reproduce.audit import SPLITS
from aejax.reproduce.criteria import Criterion
from aejax.reproduce.select import Series
from aejax.sweep.config import SCALES

# Every paper has the scales of all configs; some have a schedule between `small` and `paper` too,
# for a part of the tables: `medium`, the nearest that two cores afford in half an hour, and `long`,
# the nearest that one GPU affords in a quarter of one.
PAPER_SCALES = ("smoke", "small", "medium", "long", "paper")

# How we know the paper's number. An inference of ours is none of these.
RELIABILITY = {
    "P": "read in the paper",
    "P-d": "digitised from the paper's figure",
    "C": "read in the authors' code",
    "R": "read in a replication",
    "S": "read in a second-hand text",
    "M": "from memory, unverified",
    "B": "the baseline of the same run, for which no paper stands",
}


class Claim(NamedTuple):
    """One line of a paper's table: what is compared with what, decided before the run.

    Args:
      text: the claim in one sentence, unique within the paper.
      value: what is measured: one Series, or for an ordering several.
      criterion: what passes.
      paper: the paper's number or statement as printed there.
      source: where it stands: a table, a figure, a section.
      reliability: a key of RELIABILITY.
      scales: at which it is judged.
      needs: a data set without which it cannot be judged; its absence is then no error.
      note: why this criterion; what differs from the paper.
      control: what is judged in place of `value` to see that the claim can fail: the same quantity
        of a control in the same rows. An ordering, a difference and a ratio have one by themselves
        (`sabotage`); what is given must fail the criterion besides.
    """

    text: str
    value: Series | Sequence[Series]
    criterion: Criterion
    paper: str | float
    source: str
    reliability: str
    scales: tuple[str, ...] = ("small", "paper")
    needs: str = ""
    note: str = ""
    control: Series | Sequence[Series] | None = None

    @property
    def series(self) -> tuple[Series, ...]:
        return (self.value,) if isinstance(self.value, Series) else tuple(self.value)

    @property
    def controls(self) -> tuple[Series, ...]:
        given = () if self.control is None else self.control
        return (given,) if isinstance(given, Series) else tuple(given)


class Paper(NamedTuple):
    """The facts of a paper's file.

    Args:
      title: authors, year, title.
      costs: scale -> what it takes and on what, e.g. "6 min on one core"; the scales it has.
      figures: names of FIGURES or of PAPER_FIGURES in `aejax/figures/`.
      chosen: setting (a field of rows, or a pattern such as "args.*") -> what selected it, a key of
        `audit.SPLITS`.
    """

    title: str
    costs: Mapping[str, str]
    figures: tuple[str, ...] = ()
    chosen: Mapping[str, str] = MappingProxyType({})

    @property
    def scales(self) -> tuple[str, ...]:
        return tuple(scale for scale in PAPER_SCALES if scale in self.costs)


class Application(NamedTuple):
    """The facts of an application's file.

    Args:
      title: what it is for, in one sentence.
      costs: as a paper's; `smoke` and `small` are needed.
      datasets: scale -> the data sets that its tasks are run on, one after another.
      figures: as a paper's.
      chosen: as a paper's.
      shown: metrics of the table that is printed for the user's own data.
    """

    title: str
    costs: Mapping[str, str]
    datasets: Mapping[str, tuple[str, ...]]
    figures: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    chosen: Mapping[str, str] = MappingProxyType({})

    @property
    def scales(self) -> tuple[str, ...]:
        return tuple(scale for scale in PAPER_SCALES if scale in self.costs)


def check_claims(
    name: str,
    claims: Sequence[Claim],
    scales: Sequence[str] = PAPER_SCALES,
    kind: str = "paper",
) -> tuple[Claim, ...]:
    """Returns the claims of paper (or application) `name`, which has `scales`.

    Raises:
      ConfigError: none at all, two of one text, no number or source of the paper, an unknown
        reliability or scale, or a criterion for another number of series.
    """
    if not claims:
        raise ConfigError(f"{kind} {name!r} has no claims. Allowed: one or more.")
    seen: set[str] = set()
    for claim in claims:
        where = f"{kind} {name!r}, claim {claim.text!r}"
        if claim.text in seen or not claim.text.strip():
            raise ConfigError(f"{where} is empty or stands twice. Allowed: texts that differ.")
        seen.add(claim.text)
        for field in ("paper", "source"):
            if not str(getattr(claim, field)).strip():
                raise ConfigError(
                    f"{where}: {field}={getattr(claim, field)!r} is empty. Allowed: the paper's "
                    "number or statement, and where it stands."
                )
        check_names(f"{where}: reliability", [claim.reliability], RELIABILITY)
        check_names(f"{where}: scale", claim.scales, scales)
        least, most = claim.criterion.series
        if claim.control is not None and not least <= len(claim.controls) <= most:
            raise ConfigError(
                f"{where}: control has {len(claim.controls)} series. Allowed: as many as the "
                f"criterion ({claim.criterion.text}) takes."
            )
        if not least <= len(claim.series) <= most:
            raise ConfigError(
                f"{where}: its criterion ({claim.criterion.text}) takes {least} or more series, "
                f"not {len(claim.series)}."
                if most > least
                else f"{where}: its criterion ({claim.criterion.text}) takes {least} series, "
                f"not {len(claim.series)}."
            )
    return tuple(claims)


# What must say its cost. An application has no schedule but its own: `paper` is then absent.
NEEDED = {"paper": SCALES, "application": ("smoke", "small")}
Facts = Paper | Application


def check_paper(name: str, paper: Facts, kind: str = "paper") -> Facts:
    """Returns the facts.

    Raises:
      ConfigError: the cost of a needed scale or an application's data sets are not said, or what
        selected a setting is unknown.
    """
    for scale in NEEDED[kind]:
        if not paper.costs.get(scale, "").strip():
            raise ConfigError(
                f"{kind} {name!r}: the cost of scale {scale!r} is missing. Allowed: a text such as "
                "'6 min on one core'."
            )
    check_names(f"{kind} {name!r}: cost of scale", paper.costs, PAPER_SCALES)
    datasets = paper.datasets if isinstance(paper, Application) else None
    for scale in paper.scales:
        if datasets is not None and not datasets.get(scale):
            raise ConfigError(
                f"{kind} {name!r}: the data sets of scale {scale!r} are missing. Allowed: one or "
                "more names."
            )
    for setting, split in paper.chosen.items():
        check_names(f"{kind} {name!r}: {setting} is chosen by", [split], SPLITS)
    return paper
