"""What is compiled for machines that are not here: counted, recorded, and watched."""

import json
import sys
from importlib.util import find_spec

import jax
import jax.numpy as jnp
import pytest
from absl import flags

from aejax import backend, errors, models
from aejax.benchmark import targets
from aejax.cli import devices
from aejax.cli import main as cli
from aejax.train import compile as compiler

ROOT = targets.record.__file__.partition("aejax/benchmark")[0]


def population() -> targets.Subject:
    rows = jax.ShapeDtypeStruct((256, 12), jnp.float32)
    return targets.Subject(models.vae(12, latent=3, widths=(8,)), rows, {"lr": 1e-2})


def test_a_loops_collectives_are_counted_by_kind():
    text = """
      %all-reduce.3 = f32[4]{0} all-reduce(%p), replica_groups={}
      %r = (f32[4]{0}, f32[2]{0}) all-reduce-start(%p, %q), channel_id=1
      %d = f32[4]{0} all-reduce-done(%r)
      %g = f32[8]{0} all-gather(%all-reduce.3), dimensions={0}
      ROOT %t = f32[8]{0} fusion(%g), calls=%all-reduce.clone
    """
    assert targets.programs.collectives(text) == {"all-gather": 1, "all-reduce": 2}
    assert targets.programs.collectives("%a = f32[4]{0} add(%p, %q)") == {}


def test_what_is_meant_decides_the_forms():
    table = {"cpu": "here", "tpu": "there"}
    with backend.meant_for("tpu"):
        assert backend.here(table, "none") == "there"
        with backend.meant_for("gpu"):
            assert backend.here(table, "none") == "none"
    assert backend.here(table, "none") == table.get(jax.default_backend(), "none")


def test_a_program_is_lowered_for_a_platform_that_is_not_here():
    text, seconds = compiler.lowered(jnp.linalg.cholesky, jnp.eye(3), platform="cuda")
    assert "cusolver" in text
    assert seconds > 0
    found = targets.measured(population, targets.named("cuda"))
    assert found["stages"] == 1
    assert found["text_bytes"] > 10_000


@pytest.mark.parametrize(
    ("name", "chips"), [("v5e:1x1", 1), ("v5e:4x4", 16), ("v4:2x2x1", 4), ("cuda", 1)]
)
def test_targets_by_name(name, chips):
    assert targets.named(name).chips == chips


@pytest.mark.parametrize("name", ["v5e", "tpu", "v5e:2", "h100:2x2", ""])
def test_what_is_no_target(name):
    with pytest.raises(errors.ConfigError, match=r"topology=.* is unknown. Allowed: cuda"):
        targets.named(name)


SLOW = """
import json, sys, time
for name in sys.argv[1].split(","):
    if name == "never":
        time.sleep(60)
    if name == "dies":
        print("fatal: no such thing", file=sys.stderr)
        sys.exit(3)
    print("a remark")
    print(json.dumps({"model": name, "status": "compiled"}), flush=True)
"""


def test_what_takes_too_long_or_dies_is_named_and_the_others_are_compiled(monkeypatch):
    monkeypatch.setattr(targets.watched, "START_SECONDS", 1.0)
    command = lambda left: [sys.executable, "-c", SLOW, ",".join(left)]
    found = list(targets.answers(command, ["a", "never", "b", "dies", "c"], 1.0))
    assert [(row["model"], row["status"]) for row in found] == [
        ("a", "compiled"),
        ("never", "slow"),
        ("b", "compiled"),
        ("dies", "died"),
        ("c", "compiled"),
    ]
    assert "status 3: fatal: no such thing" in found[3]["why"]


def rows():
    return [
        {
            "target": "v5e:2x2",
            "model": "vae",
            "status": "compiled",
            "stages": 2,
            "ways": 1,
            "compile_seconds": 1.25,
            "argument_bytes": 2_500_000,
            "output_bytes": 500_000,
            "temp_bytes": 0,
            "flops": 12_340_000.0,
            "collectives": {"all-reduce": 3},
        },
        {"target": "v5e:2x2", "model": "linear", "status": "slow", "why": "over 5 s"},
        {
            "target": "cuda",
            "model": "vae",
            "status": "lowered",
            "stages": 1,
            "compile_seconds": 0.5,
            "text_bytes": 12_345,
        },
    ]


def test_a_record_as_tables(tmp_path):
    file = tmp_path / "record.json"
    assert targets.read(file) == []
    targets.write(file, rows())
    assert targets.read(file) == rows()
    text = targets.markdown(targets.read(file))
    assert "| `vae`, 2 stages | 1 | 1.2 | 2.50 | 0.50 | 0.00 | 12.3 | 3 all-reduce |" in text
    assert "| `linear` | – | – | – | – | – | – | **slow**: over 5 s |" in text
    assert "1 of 2 models compiled" in text
    assert "| `vae` | 0.5 | 12 |  |" in text
    file.write_text('{"rows": [{}]}')
    with pytest.raises(errors.ConfigError, match="holds no record"):
        targets.read(file)


@pytest.fixture
def undefined():
    """Takes a command's flags away again, for the next test that defines them."""
    yield
    for where, found in flags.FLAGS.flags_by_module_dict().items():
        if where.startswith("aejax.cli"):
            for flag in list(found):
                delattr(flags.FLAGS, flag.name)


@pytest.mark.usefixtures("undefined")
def test_the_command_goes_on_where_it_was_stopped(tmp_path, monkeypatch, capsys):
    file = tmp_path / "record.json"
    targets.write(file, rows())
    asked = []
    say = lambda command, names, limit: [
        asked.append(name) or {"model": name, "status": "lowered", "compile_seconds": 1.0}
        for name in names
    ]
    monkeypatch.setattr(targets, "answers", say)
    given = ["--topology=cuda", "--models=vae,vq_vae", f"--json={file}"]
    monkeypatch.setattr(sys, "argv", ["aejax", "devices", *given])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code in (0, None)
    assert asked == ["vq_vae"]
    assert [row["model"] for row in json.loads(file.read_text())["rows"]][-1] == "vq_vae"
    assert "cuda vq_vae: lowered" in capsys.readouterr().out


@pytest.mark.skipif(find_spec("libtpu") is None, reason="libtpu is not installed")
def test_a_tpus_compiler_runs_here(monkeypatch):
    command = lambda left: [
        *(sys.executable, "-m", "aejax.cli", "devices", "--here"),
        *(f"--models={','.join(left)}", "--topology=v5e:2x2"),
    ]
    monkeypatch.chdir(ROOT)
    (row,) = targets.answers(command, ["vae"], 120.0)
    assert row["status"] == "compiled", row
    assert row["flops"] > 1e6
    assert row["collectives"] == {}  # a member a chip: they have nothing to say to each other


def test_a_rows_shape():
    assert devices.shape_of("28x28x1") == (28, 28, 1)
    for text in ("28x", "0x3", "axb", "28 x 28"):
        with pytest.raises(errors.ConfigError, match=r"is no shape. Allowed: such as 784"):
            devices.shape_of(text)
