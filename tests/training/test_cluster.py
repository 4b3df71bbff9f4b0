"""What a step of SLURM, which is made up here, says about its tasks."""

import os

import pytest

from tf_adapters.training.cluster import SLURM
from tf_adapters.training.cluster import TF_CONFIG
from tf_adapters.training.cluster import Cluster
from tf_adapters.training.cluster import find_cluster
from tf_adapters.training.cluster import slurm_resolver
from tf_adapters.training.strategy import make_strategy


@pytest.fixture
def step(monkeypatch):
    """Sets the variables that `srun` does; two tasks on one node by default."""
    for variable in list(os.environ):
        if variable.startswith((TF_CONFIG, "SLURM")):
            monkeypatch.delenv(variable)

    def step(**variables):
        two = {
            "SLURM_JOB_ID": 7,
            "SLURM_STEP_ID": 0,
            "SLURM_STEP_NUM_TASKS": 2,
            "SLURM_STEP_NODELIST": "localhost",
            "SLURM_STEP_TASKS_PER_NODE": 2,
            "SLURM_PROCID": 0,
            "SLURM_LOCALID": 0,
            "SLURMD_NODENAME": "localhost",
        }
        for name, value in {**two, **variables}.items():
            monkeypatch.setenv(name, str(value))

    return step


# 16 ports a job, from 20,000 on.
JOB_7 = 20_000 + 16 * 7


def test_each_task_finds_its_own_address(step):
    for index in range(2):
        step(SLURM_PROCID=index, SLURM_LOCALID=index)
        assert find_cluster() == Cluster(SLURM, 2, index)
        resolver = slurm_resolver()
        assert resolver.cluster_spec().as_dict() == {
            "worker": [f"localhost:{JOB_7}", f"localhost:{JOB_7 + 1}"]
        }
        assert (resolver.task_type, resolver.task_id) == ("worker", index)
        # This machine may have none, and no nvidia-smi.
        assert resolver.num_accelerators()["GPU"] >= 0


def test_a_task_is_found_by_its_node_and_not_by_its_rank(step):
    """SLURM counts from n9; TensorFlow sorts names, and n10 comes first."""
    step(
        SLURM_STEP_NODELIST="n[9-10]",
        SLURM_STEP_TASKS_PER_NODE="1(x2)",
        SLURMD_NODENAME="n9",
    )
    resolver = slurm_resolver()
    addresses = resolver.cluster_spec().as_dict()["worker"]
    assert addresses[resolver.task_id] == f"n9:{JOB_7}"
    assert set(addresses) == {f"n9:{JOB_7}", f"n10:{JOB_7}"}


def test_jobs_and_steps_on_one_node_have_other_ports(step):
    def first_port(**variables):
        step(**variables)
        address = slurm_resolver().cluster_spec().job_tasks("worker")[0]
        return int(address.split(":")[1])

    ports = {
        first_port(SLURM_JOB_ID=job, SLURM_STEP_ID=step_id)
        for job in (7, 8, 1_000_007)
        for step_id in (0, 1)
    }
    assert len(ports) == 6
    # Port 32,768 and those above it are given away by Linux.
    assert all(20_000 <= port < 32_768 - 16 for port in ports)


def test_a_batch_script_is_no_worker(step, monkeypatch):
    step()
    for variable in list(os.environ):
        if variable.startswith("SLURM_STEP"):
            monkeypatch.delenv(variable)
    monkeypatch.setenv("SLURM_NTASKS", "2")
    assert find_cluster() == Cluster()


def test_a_step_of_one_task_is_no_cluster(step):
    step(SLURM_STEP_NUM_TASKS=1)
    assert find_cluster() == Cluster()
    message = "at least two workers.*SLURM_STEP_NUM_TASKS='1'"
    with pytest.raises(ValueError, match=message):
        make_strategy("multi_worker")


def test_tf_config_comes_before_slurm(step, monkeypatch):
    step()
    one = '{"cluster": {"worker": ["a:1"]}, "task": '
    one += '{"type": "worker", "index": 0}}'
    monkeypatch.setenv(TF_CONFIG, one)
    assert find_cluster() == Cluster(TF_CONFIG, 1, 0)


@pytest.mark.parametrize(
    "variables, message",
    [
        ({"SLURMD_NODENAME": "other"}, "other:20112 is none of localhost:"),
        ({"SLURM_STEP_NODELIST": "n[1-"}, "Invalid hostlist"),
        (
            {"SLURM_STEP_TASKS_PER_NODE": "1"},
            "2 tasks but only 1 were assigned. S",
        ),
        ({"SLURM_LOCALID": ""}, "`SLURM_LOCALID` must be a number"),
    ],
)
def test_a_step_that_is_not_understood_is_refused(step, variables, message):
    step(**variables)
    with pytest.raises(ValueError, match=message) as raised:
        slurm_resolver()
    assert "SLURM_STEP_NUM_TASKS='2'" in str(raised.value)


def test_a_rank_must_be_a_number(step):
    step(SLURM_PROCID="first")
    message = "`SLURM_PROCID` must be a number.*Received: SLURM_PROCID='first'"
    with pytest.raises(ValueError, match=message):
        find_cluster()
