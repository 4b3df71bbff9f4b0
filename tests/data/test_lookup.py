from tf_adapters.data.lookup import unknown_name


def test_a_near_miss_is_guessed_whatever_its_case():
    message = unknown_name("task", "SST-2", ["cola", "sst2"])
    assert message == (
        "Unknown task 'SST-2'. Did you mean 'sst2'? Known tasks: cola, sst2."
    )


def test_a_far_miss_lists_the_known_names_only():
    message = unknown_name("key", "zzz", ["name"], " in tasks.yaml")
    assert message == "Unknown key 'zzz' in tasks.yaml. Known keys: name."


def test_names_that_are_not_strings_are_reported_too():
    message = unknown_name("split", True, [])
    assert message == "Unknown split True. Known splits: none."
