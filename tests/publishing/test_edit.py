"""`tf-adapters export --bundles`, and `tf-adapters tasks` on what it wrote."""

import json
import shutil

import numpy as np
import pytest
import tensorflow as tf

from tests.rounding import ROUNDING
from tf_adapters.command_line.main import main
from tf_adapters.export import ServingOptions
from tf_adapters.methods import Houlsby
from tf_adapters.methods import Pfeiffer
from tf_adapters.publishing import edit
from tf_adapters.publishing import export_bundles
from tf_adapters.publishing import join_bundles
from tf_adapters.publishing import named_bundles
from tf_adapters.publishing.publish import BuiltFrom

pytestmark = pytest.mark.large

ROWS = [("a", "a good film", ""), ("b", "bad", ""), ("a", "is not", "")]


@pytest.fixture
def bundles(preset, made, tmp_path):
    """The bundles `a`, `b` and `c`, of two runs, in one folder."""
    folder = tmp_path / "bundles"
    for i, (name, method) in enumerate(
        {"a": Houlsby(4), "b": Houlsby(4), "c": Pfeiffer(8)}.items()
    ):
        made.save(made.run(preset, method, (name,), seed=i), folder)
    return folder


@pytest.fixture
def path(preset, bundles, tmp_path):
    """The folder of one version, of `a` and `b`."""
    path = tmp_path / "served"
    given = [str(bundles / "a"), str(bundles / "b")]
    export_bundles(preset, given, path, sequence_length=16)
    return path


def listed(path, capsys):
    assert main(["tasks", "list", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    return [line.split("  ")[0] for line in lines]


def recipe(path, version):
    text = (path / str(version) / "assets.extra/tf_adapters.json").read_text()
    return json.loads(text)["built_from"]


def test_the_next_version_has_a_task_more(preset, bundles, path, made, capsys):
    before = made.ask(path / "1", ROWS)
    assert main(["tasks", "add", str(path), str(bundles / "c")]) == 0
    assert capsys.readouterr().out.strip() == str(path / "2")
    assert listed(path, capsys) == ["a", "b", "c"]
    after = made.ask(path / "2", ROWS)
    np.testing.assert_allclose(
        after["scores"], before["scores"], rtol=0, atol=ROUNDING
    )
    # The weights of the others are those of their bundles, to the bit, though
    # the banks are wider now.
    assert recipe(path, 2)["sequence_length"] == 16
    models = [
        join_bundles(preset, {n: str(bundles / n) for n in names})
        for names in ("ab", "abc")
    ]
    for name, bank in models[0].banks().items():
        wider = np.array(models[1].banks()[name])[:2]
        own = tuple(slice(size) for size in bank.shape)
        np.testing.assert_array_equal(wider[own], bank)


def test_an_export_keeps_as_many_versions_as_it_is_told(preset, bundles, path):
    flags = ["--preset", preset, "--bundles", str(bundles / "a")]
    assert main(["export", *flags, "--path", str(path), "--keep", "1"]) == 0
    assert [entry.name for entry in path.iterdir()] == ["2"]


def test_a_task_leaves_and_another_gets_its_name(bundles, path, made, capsys):
    before = made.ask(path / "1", ROWS)
    assert main(["tasks", "rename", str(path), "a", "first"]) == 0
    assert main(["tasks", "remove", str(path), "b"]) == 0
    capsys.readouterr()
    assert listed(path, capsys) == ["first"]
    rows = [("first", *ROWS[0][1:]), ("first", *ROWS[2][1:])]
    after = made.ask(path / "3", rows)
    np.testing.assert_allclose(
        after["scores"], before["scores"][[0, 2]], rtol=0, atol=ROUNDING
    )
    assert (path / "1").is_dir()
    assert (path / "2").is_dir()


def ask_both(folder):
    artefact = tf.saved_model.load(str(folder))
    return artefact.signatures["both"](one=tf.constant(["good"]))["scores"]


def test_a_task_of_an_ensemble_is_renamed_and_not_removed(
    preset, bundles, tmp_path, capsys
):
    path = tmp_path / "served"
    export_bundles(
        preset,
        [str(bundles / "a"), str(bundles / "b")],
        path,
        sequence_length=16,
        options=ServingOptions(ensembles={"both": ["a", "b"]}),
    )
    assert main(["tasks", "remove", str(path), "b"]) == 2
    error = capsys.readouterr().err
    assert "Received: b, in the ensemble 'both' of a, b." in error
    assert main(["tasks", "rename", str(path), "b", "second"]) == 0
    assert recipe(path, 2)["options"]["ensembles"] == {"both": ["a", "second"]}
    before, after = (ask_both(path / version) for version in "12")
    np.testing.assert_allclose(after, before, rtol=0, atol=ROUNDING)


def test_a_task_is_replaced_where_it_stands(
    preset, bundles, path, made, capsys
):
    own = made.run(preset, Pfeiffer(2), ("other",), seed=9)
    other = made.save(own, bundles)["other"]
    assert main(["tasks", "replace", str(path), f"a={other}"]) == 0
    capsys.readouterr()
    assert listed(path, capsys) == ["a", "b"]
    assert recipe(path, 2)["bundles"]["a"]["directory"] == other
    before, after = (made.ask(path / version, ROWS) for version in "12")
    moved = np.abs(before["scores"] - after["scores"]).max(axis=1)
    assert (moved > 1e-3).tolist() == [True, False, True]
    assert moved[1] < ROUNDING


def test_a_bundle_that_was_moved_or_changed_is_refused(
    preset, bundles, path, made, tmp_path, capsys
):
    shutil.move(bundles / "a", tmp_path / "moved")
    assert main(["tasks", "add", str(path), str(bundles / "c")]) == 2
    error = capsys.readouterr().err
    assert "the task 'a' must be where it was" in error
    assert str(bundles / "a") in error
    # Its new place is told by replacing it.
    moved = str(tmp_path / "moved")
    assert main(["tasks", "replace", str(path), f"a={moved}"]) == 0
    model = made.run(preset, Houlsby(4), ("b",), seed=7)
    model.save_task("b", bundles / "b", overwrite=True)
    capsys.readouterr()
    assert main(["tasks", "remove", str(path), "a"]) == 2
    error = capsys.readouterr().err
    assert "the task 'b' must be the one that was published" in error
    # Whoever removes it needs it no more.
    assert main(["tasks", "remove", str(path), "b"]) == 0


@pytest.mark.parametrize(
    "argv, message",
    [
        (["add", "PATH", "BUNDLES/a"], "must be new. Received: 'a', which is"),
        (["add", "PATH", "BUNDLES/d"], "A bundle is a folder with a"),
        (["add", "PATH", "BUNDLES/x*"], "which finds 0 paths"),
        (["replace", "PATH", "BUNDLES/c"], "'c'. Published are: a, b"),
        (["rename", "PATH", "c", "d"], "'c'. Published are: a, b"),
        (["rename", "PATH", "a", "b"], "'b', which is published from"),
        (["rename", "PATH", "a", "B"], "lower case letters"),
        (["remove", "PATH", "c"], "'c'. Published are: a, b"),
        (["remove", "PATH", "a", "b"], "must keep one task at least"),
        (["list", "BUNDLES"], "which has none"),
        (["add", "BUNDLES", "BUNDLES/a"], "which has none"),
    ],
)
def test_an_edit_that_cannot_be_is_refused(
    bundles, path, argv, message, capsys
):
    places = {"PATH": str(path), "BUNDLES": str(bundles)}
    argv = [
        "/".join(places.get(part, part) for part in text.split("/"))
        for text in argv
    ]
    assert main(["tasks", *argv]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert [entry.name for entry in path.iterdir()] == ["1"]


def test_what_was_not_exported_from_bundles_is_not_edited(
    path, bundles, capsys
):
    file = path / "1/assets.extra/tf_adapters.json"
    described = json.loads(file.read_text())
    file.write_text(json.dumps({**described, "built_from": None}))
    assert listed(path, capsys) == ["a", "b"]
    assert main(["tasks", "add", str(path), str(bundles / "c")]) == 2
    assert "--preset PRESET --bundles" in capsys.readouterr().err
    del described["built_from"]
    file.write_text(json.dumps(described))
    assert main(["tasks", "remove", str(path), "a"]) == 2


def test_an_edit_takes_nothing_back_that_another_wrote_meanwhile(
    path, bundles, monkeypatch, capsys
):
    checked = edit.check_unchanged

    def meanwhile(bundles):
        monkeypatch.setattr(edit, "check_unchanged", checked)
        assert main(["tasks", "remove", str(path), "b"]) == 0
        checked(bundles)

    monkeypatch.setattr(edit, "check_unchanged", meanwhile)
    assert main(["tasks", "add", str(path), str(bundles / "c")]) == 2
    assert "`version` must be new" in capsys.readouterr().err
    assert listed(path, capsys) == ["a"]


def test_export_takes_patterns_and_names(preset, bundles, tmp_path, capsys):
    path = tmp_path / "served"
    argv = ["export", "--preset", preset, "--path", str(path), "--bundles"]
    assert main([*argv, str(bundles / "[ab]"), f"d={bundles}/a"]) == 0
    assert capsys.readouterr().out.strip() == str(path / "1")
    assert listed(path, capsys) == ["a", "b", "d"]
    # What tasks share lies beside them, and a shell's pattern finds it too.
    shared = bundles / "shared-0123456789abcdef.safetensors"
    shared.touch()
    given = [str(entry) for entry in sorted(bundles.iterdir())]
    assert main([*argv, *given]) == 0
    capsys.readouterr()
    assert listed(path, capsys) == ["a", "b", "c"]


def test_bundles_may_be_on_an_object_store(
    preset, bundles, object_store, tmp_path, capsys
):
    for file in bundles.rglob("*"):
        if file.is_file():
            target = object_store.root.joinpath(
                *file.relative_to(bundles).parts
            )
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    argv = ["export", "--preset", preset, "--path", str(tmp_path / "served")]
    pattern = f"{object_store.root}/*"
    assert main([*argv, "--bundles", pattern]) == 0
    capsys.readouterr()
    assert listed(tmp_path / "served", capsys) == ["a", "b", "c"]


@pytest.mark.parametrize(
    "argv, message",
    [
        ([], "Received: neither"),
        (["run", "--bundles", "a"], "Received: 'run' and --bundles"),
        (["--bundles", "a"], "--bundles without --preset and --path"),
        (["--bundles", "a", "--preset", "x"], "--bundles without --path"),
    ],
)
def test_export_takes_a_run_or_bundles(argv, message, capsys):
    assert main(["export", *argv]) == 2
    assert message in capsys.readouterr().err


def test_two_tasks_of_one_name_need_another(preset, bundles, tmp_path, capsys):
    shutil.copytree(bundles / "a", tmp_path / "again")
    argv = ["export", "--preset", preset, "--path", str(tmp_path / "served")]
    given = [str(bundles / "a"), str(tmp_path / "again")]
    assert main([*argv, "--bundles", *given]) == 2
    assert f"as my_a={tmp_path}/again" in capsys.readouterr().err
    assert main([*argv, "--bundles", "x=" + str(bundles / "*")]) == 2
    assert "A name is for one bundle" in capsys.readouterr().err


def test_what_a_version_was_built_from_is_read_again():
    bundles = {"a": named_bundles.NamedBundle("runs/a", "0" * 64)}
    options = ServingOptions(
        weights="int8", factored=True, without_layers={"fast": [0]}
    )
    built_from = BuiltFrom("minilm", bundles, 16, (1,), options)
    text = json.dumps(built_from.to_json())
    assert BuiltFrom.from_json(json.loads(text)) == built_from
    # An older version of this library wrote no options.
    older = {k: v for k, v in json.loads(text).items() if k != "options"}
    assert BuiltFrom.from_json(older).options == ServingOptions()
