"""The examples in deploy/, without a cluster to start them."""

import os
import pathlib
import subprocess

import pytest
import yaml

from tf_adapters.export import write_serving_configs
from tf_adapters.runs.flags import override
from tf_adapters.runs.recipe import load_recipe

DEPLOY = pathlib.Path(__file__).parent.parent / "deploy"
SBATCH = DEPLOY / "train.sbatch"


def settings(arguments):
    """Returns what `train.py` makes of its arguments."""
    recipe = load_recipe(arguments[0])
    return override(recipe.Config(), arguments[1:], "train.py")


@pytest.fixture
def worker():
    job = yaml.safe_load((DEPLOY / "tfjob.yaml").read_text("utf-8"))
    assert (job["apiVersion"], job["kind"]) == ("kubeflow.org/v1", "TFJob")
    assert job["spec"]["runPolicy"]["backoffLimit"] > 0
    assert set(job["spec"]["tfReplicaSpecs"]) == {"Worker"}
    return job["spec"]["tfReplicaSpecs"]["Worker"]


def test_the_tfjob_starts_train_py_with_flags_that_it_knows(worker):
    [container] = worker["template"]["spec"]["containers"]
    assert container["command"] == ["python", "train.py"]
    config = settings(container["args"])
    assert config.tasks == ("cola", "mrpc", "rte", "stsb")
    assert config.batch_size % worker["replicas"] == 0


def test_the_tfjob_keeps_data_and_run_on_the_shared_volume(worker):
    spec = worker["template"]["spec"]
    [container], [volume] = spec["containers"], spec["volumes"]
    [mount] = container["volumeMounts"]
    assert mount["name"] == volume["name"]
    assert "persistentVolumeClaim" in volume
    config = settings(container["args"])
    for path in (config.data_dir, config.output_dir):
        assert path.startswith(mount["mountPath"] + "/")


def test_the_tfjob_goes_on_after_exit_code_5(worker):
    """The operator restarts with OnFailure, and with ExitCode from 128 on."""
    assert worker["restartPolicy"] == "OnFailure"
    assert worker["template"]["spec"]["terminationGracePeriodSeconds"] > 60
    # In the container of this name alone it sets TF_CONFIG.
    [container] = worker["template"]["spec"]["containers"]
    assert container["name"] == "tensorflow"


@pytest.fixture
def sbatch(tmp_path):
    """Runs the script with an `srun` that ends with a code, and no cluster.

    Returns its exit code, the arguments of `srun`, and those of `scontrol`.
    """
    for name in ("srun", "scontrol"):
        program = f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/{name}.txt\n'
        (tmp_path / name).write_text(program + 'exit "${CODE:-0}"\n')
        (tmp_path / name).chmod(0o755)

    def sbatch(**variables):
        path = f"{tmp_path}:{os.environ['PATH']}"
        slurm = {"SLURM_JOB_ID": "7", "SLURM_CPUS_PER_TASK": "8"}
        done = subprocess.run(
            ["bash", SBATCH],
            env={"PATH": path, **slurm, **variables},
            capture_output=True,
            text=True,
        )
        arguments = [
            (tmp_path / f"{name}.txt").read_text().splitlines()
            if (tmp_path / f"{name}.txt").exists()
            else None
            for name in ("srun", "scontrol")
        ]
        return done.returncode, *arguments

    return sbatch


def test_bash_understands_the_batch_script():
    done = subprocess.run(["bash", "-n", SBATCH], capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_batch_script_starts_train_py_with_flags_that_it_knows(sbatch):
    code, started, requeued = sbatch(GLUE="/data/GLUE")
    assert (code, requeued) == (0, None)
    command = started[started.index("train.py") + 1 :]
    config = settings(command)
    assert config.data_dir == "/data/GLUE"
    assert config.output_dir == "runs/slurm-7"
    tasks = 2 * 4
    assert config.batch_size % tasks == 0


def test_the_batch_script_needs_data(sbatch):
    code, started, _ = sbatch()
    assert code != 0 and started is None


@pytest.mark.parametrize("code", [2, 3, 4])
def test_what_would_be_the_same_again_is_not_queued_again(sbatch, code):
    assert sbatch(GLUE="g", CODE=str(code))[::2] == (code, None)


@pytest.mark.parametrize("code", [1, 5, 137])
def test_a_run_that_was_stopped_is_queued_again(sbatch, code):
    requeued = sbatch(GLUE="g", CODE=str(code))[2]
    assert requeued == ["requeue", "7"]
    last = sbatch(GLUE="g", CODE=str(code), SLURM_RESTART_COUNT="5")
    assert last[0] == code


def test_the_tasks_and_not_the_script_get_sigterm():
    lines = SBATCH.read_text("utf-8").splitlines()
    words = [line.split()[1] for line in lines if line.startswith("#SBATCH")]
    options = dict(word.partition("=")[::2] for word in words)
    name, seconds = options["--signal"].split("@")
    assert name == "TERM" and int(seconds) > 60
    assert "--requeue" in options
    assert (options["--nodes"], options["--ntasks-per-node"]) == ("2", "4")


def flags_of(arguments):
    """Returns the flags of TF Serving, without their dashes."""
    return dict(argument[2:].split("=", 1) for argument in arguments)


SERVING_FILES = {
    "model_config_file": "models.config",
    "batching_parameters_file": "batching.config",
    "monitoring_config_file": "monitoring.config",
}


def test_compose_starts_tf_serving_as_the_files_of_an_export_say(tmp_path):
    file = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    [service] = file["services"].values()
    assert service["image"].startswith("tensorflow/serving:2.")
    assert service["environment"]["TF_ENABLE_ONEDNN_OPTS"] == "1"
    flags = flags_of(service["command"])
    assert flags.pop("enable_batching") == "true"
    written = write_serving_configs(tmp_path / "reviews")
    assert {path.name for path in written} == set(SERVING_FILES.values())
    # Where the versions are, and where `models.config` says that they are.
    [volume] = service["volumes"]
    place = "/models/${MODEL}"
    assert volume.endswith(f":{place}:ro")
    assert flags == {k: f"{place}/{v}" for k, v in SERVING_FILES.items()}
    config = (tmp_path / "reviews" / "models.config").read_text()
    assert 'base_path: "/models/reviews"' in config
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_kserve_starts_tf_serving_with_the_same_files():
    path = DEPLOY / "inference_service.yaml"
    service = yaml.safe_load(path.read_text("utf-8"))
    kind = (service["apiVersion"], service["kind"])
    assert kind == ("serving.kserve.io/v1beta1", "InferenceService")
    model = service["spec"]["predictor"]["model"]
    assert model["modelFormat"]["name"] == "tensorflow"
    flags = flags_of(model["args"])
    assert flags.pop("enable_batching") == "true"
    expected = {k: f"/mnt/models/{v}" for k, v in SERVING_FILES.items()}
    # KServe names the model itself.
    del expected["model_config_file"]
    assert flags == expected
    assert {"name": "TF_ENABLE_ONEDNN_OPTS", "value": "1"} in model["env"]
