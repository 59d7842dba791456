"""Reproduces a paper or an application: trains, measures, judges its claims, draws its figures.

aejax reproduce --list [--json | --markdown | --records]
aejax reproduce --audit
aejax reproduce NAME --judge [--results_dir=DIR]
aejax reproduce [NAME] --sabotage [--markdown] [--results_dir=DIR]
aejax reproduce NAME [--scale=SCALE] [--workdir=DIR] [--data_dir=DIR]
  [--manual_dir=DIR] [--results_dir=DIR] [--allow_dirty] [--nofigures]
aejax reproduce APPLICATION --dataset=PATH [--resize=SIDE] [--scale=SCALE] [--workdir=DIR]
"""

from __future__ import annotations

import json
from pathlib import Path

from absl import flags

from aejax import errors
from aejax.cli import configs
from aejax.cli.common import directory, make_console, shown
from aejax.reproduce import audit, failing, origin, pages, papers, results, table, tasks, untrained
from aejax.results import environment


def define() -> None:
    """Defines the flags."""
    flags.DEFINE_bool(
        "list", False, "list all papers and applications, their claims' states and costs"
    )
    flags.DEFINE_bool("json", False, "with --list: as JSON")
    flags.DEFINE_bool("markdown", False, "with --list: the claims as a Markdown table")
    flags.DEFINE_bool(
        "records", False, "with --list: where results came from and what chose, in Markdown"
    )
    flags.DEFINE_bool(
        "audit", False, "check from the records that no test row chose a setting; status 1 if not"
    )
    flags.DEFINE_bool(
        "judge", False, "judge the rows of NAME's records under the claims of today; trains nothing"
    )
    flags.DEFINE_bool(
        "sabotage", False,
        "whether each claim fails with its method replaced by its control; status 1 if not. Of "
        "NAME also at smoke scale, run without training",
    )  # fmt: skip
    flags.DEFINE_string("scale", "small", "smoke, small, paper; some papers: medium, long")
    flags.DEFINE_string("workdir", None, "default runs/reproduce/NAME-SCALE")
    flags.DEFINE_string(
        "dataset", None, "your own data, for an application: all that it makes is in the workdir"
    )
    flags.DEFINE_integer("resize", None, "with --dataset: pixels a side, for a folder of images")
    flags.DEFINE_string("results_dir", "results", "gets NAME/SCALE.json and NAME/figures/")
    flags.DEFINE_bool(
        "allow_dirty", False, "write results of files that differ from the commit, and mark them"
    )
    flags.DEFINE_string("data_dir", None, "where prepared data is")
    flags.DEFINE_string("manual_dir", None, "raw files of what is not prepared")
    flags.DEFINE_bool("figures", True, "draw the paper's figures")


def folders() -> list[Path]:
    """Returns where the papers' and the applications' files are."""
    return [configs.folder() / name for name in papers.GROUPS]


def show_index() -> int:
    """Prints all papers and all applications."""
    given = flags.FLAGS
    out = directory("results_dir", given.results_dir, "results")
    groups = {papers.kind_of(folder): papers.index(folder, out) for folder in folders()}
    if given.json:
        entries = [entry for group in groups.values() for entry in group]
        print(json.dumps(entries, indent=1, ensure_ascii=False))
    elif given.markdown:
        print("\n\n".join(table.markdown(group, kind) for kind, group in groups.items()))
    elif given.records:
        found = all_records(out)
        entries = [entry for group in groups.values() for entry in group]
        parts = (pages.origins(found), pages.counts(entries), pages.choices(found))
        print("\n\n".join(parts))
    else:
        for kind, group in groups.items():
            make_console(markup=True).print(table.index_table(group, kind))
    return 0


def all_records(results: Path) -> dict[str, dict]:
    """Returns "NAME/SCALE" -> the record, of papers and applications."""
    return {k: v for folder in folders() for k, v in papers.records(folder, results).items()}


def show_audit() -> int:
    """Prints what records say of their choices; status 1 where test rows chose, or none is said."""
    out = directory("results_dir", flags.FLAGS.results_dir, "results")
    records = all_records(out)
    if not records:
        raise errors.ConfigError(
            f"results_dir={str(out)!r} has no record. Allowed: a folder with NAME/SCALE.json."
        )
    found = {name: audit.audit(record) for name, record in records.items()}
    for name, one in found.items():
        print("\n".join(audit.lines(name, one) or [f"{name}: nothing to say."]))
    print(audit.summary(list(found.values())))
    return int(not all(one.passed for one in found.values()))


def main(argv: list[str]) -> int:
    """Lists what there is, or reproduces one; status 1 where a claim or the audit fails."""
    given = flags.FLAGS
    if given.audit:
        if len(argv) != 1:
            raise errors.ConfigError(
                f"audit with {' '.join(argv[1:])!r}: it reads all records. Allowed: --audit alone, "
                "or with --results_dir=DIR."
            )
        return show_audit()
    if given.list:
        return show_index()
    if given.sabotage and len(argv) == 1:
        return show_failing(failing.all_of(folders(), _results()))
    if len(argv) != 2:
        allowed = ", ".join(name for folder in folders() for name in papers.names(folder))
        raise errors.ConfigError(
            f"paper={' '.join(argv[1:]) or None!r} is no one name. Allowed: --list, or one of "
            f"{allowed}."
        )
    entry = papers.find(folders(), argv[1])
    if given.judge:
        return judge_again(entry)
    if given.sabotage:
        return sabotage(entry)
    if given.dataset is not None:
        return judge_own(papers.check_own(entry))
    if given.resize is not None:
        raise errors.ConfigError(
            f"resize={given.resize} is for your own images. Allowed: with --dataset=FOLDER."
        )
    name, scale = entry.name, given.scale
    config = papers.configure(entry, scale, data_dir=given.data_dir, manual_dir=given.manual_dir)
    console = make_console()
    workdir = directory("workdir", given.workdir, f"runs/reproduce/{name}-{scale}")
    out = directory("results_dir", given.results_dir, "results") / name
    origin.check_tree(out.parent, given.allow_dirty, environment.git_commit(), environment.ROOT)
    with origin.recorded(workdir):
        rows = papers.measure(entry, config, workdir, console)
    runs = origin.read_runs(workdir)
    said = {"runs": runs, "chosen": entry.paper.chosen}
    described, verdicts = results.document(name, scale, rows, entry.claims, **said)
    if given.manual_dir and any(claim.needs for claim in entry.claims):
        described["command"] += " --manual_dir=DIR"
    results.write(out / f"{scale}.json", described)
    draw(entry, rows, workdir, out / "figures")
    marked = origin.mark(origin.is_dirty(described))
    claims = table.claims_table(f"{entry.paper.title}, scale {scale}{marked}", verdicts)
    make_console(markup=True).print(claims)
    console.print(
        f"{described['passed']} of {described['judged']} claims pass; {described['seconds']:.0f} s "
        f"of computing; {out / f'{scale}.json'}{marked}"
    )
    return int(any(verdict.passed is False for verdict in verdicts))


def _results() -> Path:
    return directory("results_dir", flags.FLAGS.results_dir, "results")


def show_failing(found: list[failing.Line]) -> int:
    """Prints which claims no control fails, or the table; status 1 where there are any."""
    if not found:
        raise errors.ConfigError(
            f"results_dir={str(_results())!r} has no record to judge. Allowed: a folder with "
            "NAME/SCALE.json."
        )
    missing = failing.unable(found)
    said = [failing.markdown(found)] if flags.FLAGS.markdown else missing
    print("\n".join([*said, failing.summary(found)]))
    return int(bool(missing))


def sabotage(entry: papers.PaperFile) -> int:
    """Runs smoke without training, and says of each claim of a record whether it fails."""
    given, out, console = flags.FLAGS, _results(), make_console()
    workdir = directory("workdir", given.workdir, f"runs/reproduce/{entry.name}-smoke")
    origin.check_tree(out, given.allow_dirty, environment.git_commit(), environment.ROOT)
    where = {"data_dir": given.data_dir, "manual_dir": given.manual_dir}
    rows = untrained.run(entry, workdir / "untrained", console, **where)
    commits = origin.commits_of(rows)
    found = {"commit": ", ".join(commits), "claims": untrained.described(entry.claims, rows)}
    console.print(f"without training: {failing.write_untrained(out, entry.name, found)}")
    return show_failing(failing.judged(entry, out))


def judge_again(entry: papers.PaperFile) -> int:
    """Judges the records of a paper or an application again; status 1 where a claim fails."""
    out = directory("results_dir", flags.FLAGS.results_dir, "results") / entry.name
    paths, failed = sorted(out.glob("*.json")), 0
    if not paths:
        raise errors.ConfigError(f"results_dir={str(out)!r} has no record. Allowed: one or more.")
    found = {path: results.read(path) for path in paths}
    again = {
        path: results.judged_again(record or {}, entry.claims) for path, record in found.items()
    }
    for path, record in again.items():
        results.write(path, record)
        make_console().print(f"{path}: {record['passed']} of {record['judged']} claims pass")
        failed += record["judged"] - record["passed"]
    return int(failed > 0)


def judge_own(entry: papers.PaperFile) -> int:
    """Runs an application on the user's own data and prints what came out; no claim is judged."""
    given = flags.FLAGS
    scale, console = given.scale, make_console()
    fields = {"dataset": given.dataset, "resize": given.resize, "data_dir": given.data_dir}
    config = papers.configure(entry, scale, manual_dir=given.manual_dir, **fields)
    stem = Path(given.dataset).stem or "own"
    workdir = directory("workdir", given.workdir, f"runs/reproduce/{entry.name}-{scale}-{stem}")
    rows = papers.measure(entry, config, workdir, console, own=True)
    draw(entry, rows, workdir, workdir / "figures")
    title = f"{entry.name} on {given.dataset}, scale {scale}"
    console.print(table.measured_table(title, rows, getattr(entry.paper, "shown", ())))
    console.print(f"rows: {workdir / 'tasks' / 'results.jsonl'}")
    return 0


def draw(entry: papers.PaperFile, rows: list, workdir: Path, out: Path) -> None:
    """Draws the figures of a paper or an application, and writes its files, unless --nofigures."""
    if not flags.FLAGS.figures:
        return
    from aejax.figures.papers import draw_paper  # matplotlib takes a while to import

    arrays = tasks.arrays_of(workdir, rows)
    scale = flags.FLAGS.scale
    for path in shown(draw_paper, entry.paper.figures, rows, arrays, out, scale):
        make_console().print(f"figure {path}")
    for path in papers.write_files(entry, rows, arrays, out, scale):
        make_console().print(f"file {path}")
