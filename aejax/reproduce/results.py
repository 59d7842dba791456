"""Judging claims over compact rows, and `results/NAME/SCALE.json`.

Rows are made compact first and judged then, so that the file alone gives the same verdicts.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from aejax import errors
from aejax.errors import ConfigError
from aejax.io import write_whole
from aejax.reproduce import intervals
from aejax.reproduce.audit import said_of, settings_of
from aejax.reproduce.claim import Claim
from aejax.reproduce.criteria import summarise
from aejax.reproduce.origin import commits_of
from aejax.reproduce.origin import described as origin_of
from aejax.reproduce.select import NoRowsError, Row, chosen_by_any, fields_of

DIGITS = 7  # significant, of what is committed
NOT_SELECTED = ("data", "shape", "eval_every")  # of a run; no claim selects by them


class Verdict(NamedTuple):
    """A claim with what was measured: means, standard errors and number of seeds a series."""

    claim: Claim
    means: list[float]
    errors: list[float]
    seeds: int
    values: list[dict[str, float | None]]
    passed: bool | None  # None: its data set is not there

    @property
    def state(self) -> str:
        return {True: "pass", False: "fail", None: "not run"}[self.passed]

    @property
    def effects(self) -> list[intervals.Effect | None]:
        """The intervals of an ordering's steps, or of the level; from what is committed."""
        return intervals.effects_of(self.claim.criterion.kind, self.values)


def rounded(value: Any) -> Any:
    """Returns a float with the digits that are committed, and null for what is not finite."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    return value


def compact(rows: Sequence[Row]) -> tuple[dict[str, Any], list[Row]]:
    """Returns the fields that all rows share, and rows of id, other fields, and metrics."""
    views = [
        {k: v for k, v in fields_of(row).items() if v is not None and k not in NOT_SELECTED}
        for row in rows
    ]
    first = views[0] if views else {}
    common = {k: v for k, v in first.items() if k != "seed" and all(w.get(k) == v for w in views)}
    return common, [
        {
            "id": row["id"],
            "fields": {k: rounded(v) for k, v in view.items() if k not in common},
            "metrics": {k: rounded(v) for k, v in row["metrics"].items() if v is not None},
        }
        for row, view in zip(rows, views, strict=True)
    ]


def expand(common: Mapping[str, Any], rows: Sequence[Row]) -> list[Row]:
    """Returns compact rows with all their fields, as claims read them."""
    return [
        {
            **row,
            "fields": {**common, **row["fields"]},
            "status": {**common, **row["fields"]}.get("status", "ok"),
        }
        for row in rows
    ]


def judge(claims: Sequence[Claim], scale: str, rows: Sequence[Row]) -> list[Verdict]:
    """Returns the verdicts of the claims that apply at a scale.

    Args:
      claims: of the paper.
      scale: one of the paper's.
      rows: as `expand` returns them, or as a work directory has them.

    Raises:
      ConfigError: a selector that matches no row (unless the claim's data set may be absent) or too
        many, or a metric that is in none.
    """
    return [_verdict(claim, rows) for claim in claims if scale in claim.scales]


def _verdict(claim: Claim, rows: Sequence[Row]) -> Verdict:
    try:
        values = [series.values(rows) for series in claim.series]
    except NoRowsError as error:
        if claim.needs:
            return Verdict(claim, [], [], 0, [], None)
        raise ConfigError(f"claim {claim.text!r}: {error}") from error
    except ConfigError as error:
        raise ConfigError(f"claim {claim.text!r}: {error}") from error
    found = [summarise(each) for each in values]
    return Verdict(
        claim=claim,
        means=[each.mean for each in found],
        errors=[each.se for each in found],
        seeds=max(each.n for each in found),
        values=[{str(seed): rounded(v) for seed, v in each.items()} for each in values],
        passed=bool(claim.criterion.passes(values)),
    )


def _plain(numbers: Sequence[float]) -> Any:
    """Returns a number for one series, a list for several, null for none."""
    plain = [rounded(float(number)) for number in numbers]
    return plain[0] if len(plain) == 1 else plain or None


def claim_entry(verdict: Verdict) -> dict[str, Any]:
    """Returns a claim as results hold it: `ours` is a number, or a list for an ordering."""
    claim = verdict.claim
    return {
        "claim": claim.text,
        "paper": claim.paper,
        "source": claim.source,
        "reliability": claim.reliability,
        "kind": claim.criterion.kind,
        "criterion": claim.criterion.text,
        "measured": [series.label for series in claim.series],
        "ours": _plain(verdict.means),
        "se": _plain(verdict.errors),
        "seeds": verdict.seeds,
        "values": verdict.values,
        "chosen_by": list(chosen_by_any(claim.series)),
        "interval": intervals.METHOD,
        "effects": [
            each and {k: rounded(v) for k, v in each._asdict().items()} for each in verdict.effects
        ],
        "passed": verdict.passed,
        "note": claim.note,
    }


def seconds_of(rows: Sequence[Row]) -> float:
    """Returns the seconds of computing that rows stand for; a group's or a task's count once."""
    spent = {row["group"]: sum(row["seconds"].values()) for row in rows}
    return round(sum(spent.values()), 1)


def document(
    name: str,
    scale: str,
    rows: Sequence[Row],
    claims: Sequence[Claim],
    runs: Sequence[Mapping[str, Any]] = (),
    chosen: Mapping[str, str] | None = None,
) -> tuple[dict[str, Any], list[Verdict]]:
    """Returns what `results/NAME/SCALE.json` holds, and the verdicts.

    Args:
      name: of the paper or application.
      scale: one of its scales.
      rows: of its work directory.
      claims: all of its claims.
      runs: those that made the rows; see `origin.read_runs`.
      chosen: setting -> what selected it, of the paper's file.

    Raises:
      ConfigError: as `judge`.
    """
    common, small = compact(rows)
    judgement, verdicts = _judgement(claims, scale, expand(common, small))
    commits = commits_of(rows)
    described = {
        "paper": name,
        "scale": scale,
        "command": f"{errors.command('reproduce')} {name} --scale={scale}",
        "commit": commits[0] if len(commits) == 1 else commits,
        "device": sorted({str(row.get("device")) for row in rows}),
        "versions": rows[-1].get("versions", {}) if rows else {},
        "seconds": seconds_of(rows),
        **origin_of(rows, runs),
        "settings": said_of(chosen or {}, settings_of(common, small)),
        **judgement,
        "common": {k: rounded(v) for k, v in common.items()},
        "rows": small,
    }
    return described, verdicts


def judged_again(described: Mapping[str, Any], claims: Sequence[Claim]) -> dict[str, Any]:
    """Returns a record with its rows judged under claims of today; nothing else of it changes.

    For claims that are dropped, or sharpened by what the rows hold already.

    Raises:
      ConfigError: as `judge`.
    """
    rows = expand(described["common"], described["rows"])
    judgement, _ = _judgement(claims, described["scale"], rows)
    # What an older record does not say at all (comparisons) stays unsaid.
    return {key: judgement.get(key, value) for key, value in described.items()}


def _judgement(
    claims: Sequence[Claim], scale: str, rows: Sequence[Row]
) -> tuple[dict[str, Any], list[Verdict]]:
    """Returns what a record says of its claims, and the verdicts."""
    verdicts = judge(claims, scale, rows)
    entries = [claim_entry(verdict) for verdict in verdicts]
    return {
        "passed": sum(verdict.passed is True for verdict in verdicts),
        "judged": sum(verdict.passed is not None for verdict in verdicts),
        "comparisons": intervals.comparisons(entries),
        "claims": entries,
    }, verdicts


def write(path: Path, described: Mapping[str, Any]) -> None:
    """Writes results, a row a line, so that a change of one row is a change of one line."""
    head = {k: v for k, v in described.items() if k != "rows"}
    lines = ",\n  ".join(json.dumps(row, allow_nan=False) for row in described["rows"])
    text = json.dumps(head, indent=1, ensure_ascii=False, allow_nan=False).removesuffix("\n}")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, f'{text},\n "rows": [\n  {lines}\n ]\n}}\n')


def read(path: Path) -> dict[str, Any] | None:
    """Returns results, or None where there are none.

    Raises:
      ConfigError: the file is no results.
    """
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text())
        if not {"claims", "rows", "common"} <= set(found):
            raise ValueError("claims, rows or common are missing")
        return found
    except ValueError as error:
        raise ConfigError(
            f"{path} is no results file ({error}). Allowed: one that experiments.reproduce wrote."
        ) from error


def state_of(claim: Claim, scale: str, results: Mapping[str, Any] | None) -> str:
    """Returns pass, fail, "not run", "not at this scale", or "changed since the run"."""
    if scale not in claim.scales:
        return "not at this scale"
    entries = {entry["claim"]: entry for entry in (results or {}).get("claims", ())}
    entry = entries.get(claim.text)
    if results is None or (entry and entry["passed"] is None):
        return "not run"
    if entry is None or entry["criterion"] != claim.criterion.text:
        return "changed since the run"
    return "pass" if entry["passed"] else "fail"
