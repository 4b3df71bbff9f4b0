import numpy as np
import pytest

from tf_adapters.data.batches.mixture import RATES
from tf_adapters.data.batches.mixture import Mixture

# The sizes that Stickland and Murray's code samples with, and those of the
# training sets: floor(25 N / 32) of each.
PALS = {
    "cola": 6680,
    "mrpc": 2865,
    "mnli": 306798,
    "rte": 1945,
    "stsb": 4491,
    "sst2": 52616,
    "qqp": 284257,
    "qnli": 84715,
}
GLUE_V1 = [8551, 3668, 392702, 2490, 5749, 67349, 363849, 108436]

# p_i at alpha 1, 0.5 and 0.2, in the same order.
PALS_TABLE = {
    1.0: ".00897 .00385 .41216 .00261 .00603 .07069 .38188 .11381",
    0.5: ".04409 .02887 .29878 .02379 .03615 .12373 .28759 .15700",
    0.2: ".09100 .07682 .19563 .07110 .08405 .13750 .19267 .15124",
}


def check_pals_row(probabilities, alpha):
    expected = [float(p) for p in PALS_TABLE[alpha].split()]
    assert list(probabilities) == list(PALS)
    np.testing.assert_allclose(
        list(probabilities.values()), expected, atol=0.5e-5 + 1e-12
    )


def test_the_sizes_of_the_pals_code_are_floor_of_25_n_over_32():
    assert list(PALS.values()) == [25 * n // 32 for n in GLUE_V1]


@pytest.mark.parametrize(
    "rate, alpha", [("proportional", 1.0), ("square_root", 0.5)]
)
def test_rates_match_the_table_of_the_pals_paper(rate, alpha):
    mixture = Mixture(num_examples=PALS, rate=rate)
    check_pals_row(mixture.probabilities(), alpha)


def test_annealing_ends_at_the_last_row_of_the_table():
    mixture = Mixture(num_examples=PALS, rate="annealed")
    check_pals_row(mixture.probabilities(0, 25), 1.0)
    check_pals_row(mixture.probabilities(24, 25), 0.2)


def test_annealing_falls_in_equal_steps_from_1_to_0_2():
    mixture = Mixture(num_examples={"a": 1}, rate="annealed")
    alphas = [mixture.exponent(epoch, 25) for epoch in range(25)]
    # 0.8 / 24 = 0.0333... a step.
    np.testing.assert_allclose(alphas[:3], [1, 1 - 1 / 30, 1 - 2 / 30])
    np.testing.assert_allclose(np.diff(alphas), -1 / 30)
    assert alphas[-1] == pytest.approx(0.2)


def test_annealing_over_one_epoch_is_proportional():
    mixture = Mixture(num_examples={"a": 3, "b": 1}, rate="annealed")
    assert mixture.exponent(0, 1) == 1
    assert mixture.probabilities(0, 1) == {"a": 0.75, "b": 0.25}


def test_other_rates_do_not_depend_on_the_epoch():
    for rate in set(RATES) - {"annealed"}:
        mixture = Mixture(num_examples={"a": 9, "b": 1}, rate=rate)
        assert mixture.probabilities(7, 8) == mixture.probabilities(0, 8)


def test_temperature_10_gives_the_probabilities_of_hyperformer():
    sizes = {
        "rte": 2490,
        "sst2": 67349,
        "mrpc": 3668,
        "stsb": 5749,
        "qqp": 363846,
        "mnli": 392702,
        "qnli": 104743,
        "cola": 8551,
    }
    mixture = Mixture(num_examples=sizes, rate="temperature", temperature=10)
    found = list(mixture.probabilities().values())
    expected = [0.096, 0.134, 0.100, 0.105, 0.158, 0.159, 0.140, 0.109]
    # The third digit of a size or two differs between copies of GLUE.
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert sum(found) == pytest.approx(1)


def test_temperature_1_is_proportional_and_a_high_one_uniform():
    def at(temperature):
        mixture = Mixture(
            num_examples=PALS, rate="temperature", temperature=temperature
        )
        return list(mixture.probabilities().values())

    proportional = Mixture(num_examples=PALS).probabilities()
    np.testing.assert_allclose(at(1), list(proportional.values()))
    np.testing.assert_allclose(at(1e9), [1 / 8] * 8, rtol=1e-6)


def test_uniform_draws_every_task_equally_often():
    mixture = Mixture(num_examples={"a": 1, "b": 10**6}, rate="uniform")
    assert mixture.probabilities() == {"a": 0.5, "b": 0.5}


def test_a_cap_bounds_the_size_that_counts():
    mixture = Mixture(
        num_examples={"big": 1000, "small": 25}, caps={"big": 75, "small": 99}
    )
    assert mixture.sizes == {"big": 75, "small": 25}
    assert mixture.probabilities() == {"big": 0.75, "small": 0.25}


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"num_examples": {}}, r"at least one task.*Received: \{\}"),
        ({"num_examples": {"a": 3, "b": 0}}, r"every task.*'b': 0"),
        ({"rate": "square"}, "Unknown rate 'square'.*'square_root'"),
        ({"temperature": 0.5}, "at least 1.*temperature=0.5"),
        ({"caps": {"b": 1}}, "Unknown task in `caps` 'b'"),
        ({"caps": {"a": 0}}, r"A cap must be at least 1.*caps\['a'\]=0"),
    ],
)
def test_what_could_not_be_drawn_from_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Mixture(**{"num_examples": {"a": 3}, **arguments})
