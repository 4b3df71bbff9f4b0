"""What `ask.py` prints, with the right answers beside."""

from tf_adapters.export import ask


def test_a_label_is_right_if_it_is_the_same():
    assert ask.agrees("1", "1", is_value=False)
    assert not ask.agrees("1", "0", is_value=False)


def test_a_value_is_right_within_one():
    assert ask.agrees("3.02", "4", is_value=True)
    assert not ask.agrees("2.98", "4", is_value=True)


def test_right_answers_are_shown_and_counted(folder, call, mixed, capsys):
    answers = call("serving_default", **mixed)
    label, _, value, _ = (text.decode() for text in answers["label"])
    other = {"negative": "positive", "positive": "negative"}[label]
    questions = zip(
        mixed["task"],
        mixed["text"],
        mixed["text_pair"],
        (label, "", str(float(value) + 0.5), label),
        strict=True,
    )
    lines = ["\t".join(fields) for fields in questions]
    lines.append(f"sentiment\ta good film\t\t{other}")
    ask.main(str(folder), lines)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("sentiment")
    assert f"{label:<14}{answers['scores'][0].max():.3f}" in printed[0]
    assert " right " in printed[0]
    # Nothing is judged where nothing was expected.
    assert "right" not in printed[1] and "wrong" not in printed[1]
    assert f"{float(value):.2f}" in printed[2] and " right " in printed[2]
    assert f"wrong: {other}" in printed[4]
    same = answers["label"][0] == answers["label"][3]
    assert printed[5] == f"{3 if same else 2} of 4 as they should be."
