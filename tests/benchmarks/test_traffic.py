"""What replicas add up, against TensorFlow itself and against closed forms."""

import json

import pytest

from tests.benchmarks import traffic_worker


@pytest.mark.large
def test_two_processes_add_up_what_is_counted(script, run_workers):
    traffic = script("traffic")
    code, printed, errors = run_workers(traffic_worker.__file__)
    assert code == 0, errors
    cases = traffic_worker.CASES
    for lines in printed:
        for case, line in zip(cases, lines, strict=True):
            make, num_tasks, _, dtype = case
            model = traffic_worker.make_model(make, num_tasks, dtype)
            own = traffic.of_model(model)
            assert json.loads(line) == list(own.sizes)


def test_every_all_reduce_of_a_step(script, make_model):
    from tf_adapters import Houlsby

    # d = 16, m = 4, two layers: adapters of 2dm + m + d = 148, four a task,
    # five LayerNorms of 32, and a head of 16 x 3 + 3 = 51, as wide as the
    # widest: 592 + 160 + 51 = 803 numbers a task, of 4 bytes.
    model = make_model(Houlsby(4))
    own = script("traffic").of_model(model)
    assert own.gradients == 3 * 803 * 4 == 9_636
    # Whether data are left, tasks in the batch, rows of it, gradients, four
    # losses and their count.
    assert own.sizes == (8, 12, 4, 9_636, 16, 8)
    assert own.total == 8 + 12 + 4 + 9_636 + 24
    # One task is in every batch. Its head has two outputs, 34 numbers.
    alone = script("traffic").of_model(make_model(Houlsby(4), 1))
    assert alone.sizes == (8, 4, 4 * 786, 8, 8)


@pytest.mark.large
def test_bert_base(script):
    traffic = script("traffic")
    names = ("houlsby", "compacter", "full_fine_tuning", "pals_shared")
    one, four = (traffic.of_recipes(names, count) for count in (1, 4))
    numbers = {name: own.gradients / 4 for name, own in one.items()}
    norms, head, total = 25 * 2 * 768, 2 * 768 + 2, 109_482_240
    adapter = 2 * 768 * 64 + 64 + 768
    assert numbers["houlsby"] == 24 * adapter + norms + head == 2_419_202
    # Two factors of rank 1 in each of four products of 768 and 24, biases, and
    # the rule of 4 x 4 x 4 that all share.
    low_rank = 2 * (768 + 24) + 24 + 768
    assert numbers["compacter"] == 24 * low_rank + 64 + norms + head
    pooler = 768 * 768 + 768
    assert numbers["full_fine_tuning"] == total - pooler + head
    assert numbers["pals_shared"] == total + head
    for name in ("houlsby", "compacter"):
        assert four[name].gradients == 4 * one[name].gradients
    # What tasks share travels once.
    assert four["pals_shared"].gradients / 4 == total + 4 * head
    assert len(four["houlsby"].sizes) == 7
    assert len(one["houlsby"].sizes) == 6
