import json
import random

import pytest


@pytest.fixture
def serve_abuse(script):
    return script("serve_abuse")


def test_what_is_generated_is_the_same_again_and_is_json(serve_abuse):
    def values():
        rng = random.Random(3)
        return [serve_abuse.anything(rng) for _ in range(300)]

    first, second = map(json.dumps, (values(), values()))
    assert first == second
    kinds = {type(value) for value in values()}
    assert kinds >= {bool, int, float, str, dict, list}


@pytest.mark.parametrize("seed", range(20))
def test_json_that_is_cut_is_none(serve_abuse, seed):
    class Target:
        def post(self, content):
            with pytest.raises(ValueError):
                json.loads(content)
            return 400

    assert serve_abuse.cut_json(Target(), random.Random(seed)) == (400, {400})


def test_places_that_are_not_there_are_not(serve_abuse):
    """None of them is the model, or the page."""

    class Target:
        name = "m"

        def post(self, content, path):
            assert path not in ("/", "/v1/models/m:predict")
            asked.add(path.split("/")[-1].split(":")[0])

    asked = set()
    for seed in range(200):
        serve_abuse.unknown_places(Target(), random.Random(seed))
    assert {"mx", "m", "x", "-1"} <= asked
