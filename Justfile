# The verbs of this checkout: what the README says and what CI runs.

set shell := ["bash", "-euo", "pipefail", "-c"]

venv := justfile_directory() / ".venv"
bin := venv / "bin"
export PATH := bin + ":" + env("PATH")
export PYTHONDONTWRITEBYTECODE := "" # commands start Python often: what it compiled must be kept

# List the verbs
default:
    @just --list --unsorted

# Draw raw data, build shards, train the tiny encoder mixture on the CPU, answer one question
quickstart out="out/quickstart": (_environment "train")
    @echo; echo "== 1 of 4: draw a small raw dataset in the layouts of ChartQA, DocVQA and ShareGPT-4V"
    datakit demo "{{ out }}/raw"
    @echo; echo "== 2 of 4: build the quickstart mixture and open it"
    datakit build quickstart --root "{{ out }}/raw" --out "{{ out }}/build"
    datakit preview quickstart --root "{{ out }}/raw" --source chartqa -n 1
    @echo; echo "== 3 of 4: train two small vision encoders with a small language model"
    rm -rf "{{ out }}/run"
    trainer fit tiny --data "{{ out }}/build" --out "{{ out }}/run"
    @echo; echo "== 4 of 4: ask the trained model"
    python examples/ask_held_out.py "{{ out }}/raw" "{{ out }}/run/tune/model"
    @echo; echo "Shards: {{ out }}/build   model: {{ out }}/run   next: examples/quickstart.ipynb"

# Run every test that this machine can run; what is skipped is counted
test *arguments: (_environment "dev")
    python -m pytest --numprocesses auto --maxprocesses 8 {{ arguments }}

# Format, lint, types
check: (_environment "dev")
    ruff format --check .
    ruff check .
    mypy

# Put the code into the form that `check` wants
format: (_environment "dev")
    ruff format .
    ruff check --fix .

# Measure: ratios, side by side in one run
bench: (_environment "dev")
    python benchmarks/help_time.py
    python benchmarks/instructize_rate.py
    python benchmarks/semantic_dedup.py
    datakit demo out/bench/raw
    datakit build quickstart --root out/bench/raw --out out/bench/build
    python benchmarks/two_processes.py out/bench/build
    python benchmarks/packing.py out/bench/build out/bench/photos

# Other programs' own loaders read builds and exports, each in an environment that uv makes (10 GB)
conformance *arguments: (_environment "dev")
    command -v uv >/dev/null || python -m pip install --quiet --disable-pip-version-check uv
    python -m tests.conformance {{ arguments }}

# Kill builds at random moments, and build a million samples
soak *arguments: (_environment "dev")
    python benchmarks/soak.py {{ arguments }}

# Let a tiny model learn to read charts with each fusion and each projector (an hour on two cores)
learn *arguments: (_environment "dev")
    python -m tests.learning {{ arguments }}

# Make .venv and install this checkout with an extra, unless that was done since pyproject.toml changed
_environment extra:
    #!/usr/bin/env bash
    set -euo pipefail
    stamp="{{ venv }}/.installed-{{ extra }}"
    if [ -e "$stamp" ] && [ "$stamp" -nt pyproject.toml ]; then exit 0; fi
    echo "Installing datakit-vlm[{{ extra }}] from PyPI into .venv: about 3.3 GB to download and 6 GB"
    echo "on disk, nearly all of it PyTorch with its CUDA libraries (torchvision's wheel needs them)."
    if [ ! -x "{{ bin }}/python" ]; then
        found=""
        for candidate in python3 python3.13 python3.12 python3.11 python; do
            if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
                found="$candidate"; break
            fi
        done
        if [ -n "$found" ]; then "$found" -m venv "{{ venv }}"
        elif command -v uv >/dev/null; then uv venv --quiet --seed --python '>=3.11' "{{ venv }}"
        else echo "error: no Python >= 3.11 on the PATH; install one, or uv." >&2; exit 2
        fi
    fi
    if command -v uv >/dev/null; then uv=uv
    else "{{ bin }}/python" -m pip install --quiet --disable-pip-version-check uv; uv="{{ bin }}/uv"
    fi
    "$uv" pip install --quiet --python "{{ bin }}/python" --editable ".[{{ extra }}]"
    touch "$stamp"
