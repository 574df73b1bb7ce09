# `make help` lists what there is to do.
SHELL := /bin/sh
VENV ?= .venv
SAMPLE ?= examples/o-farol.md
PIPER ?= pt_BR-faber-medium
COMPOSE ?= docker compose
UV ?= uv
export VENV
bin = $(VENV)/bin
folder = $${DARKCHANNEL_FOLDER:-darkchannel-data}

.DEFAULT_GOAL := help
.PHONY: help run voice test test-bark check bench bench-long soak mutants up down locks venv venv-dev

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' Makefile

run: venv  ## narrate the sample book on this machine, without Docker
	@$(bin)/darkchannel narrate $(SAMPLE)
	@ls "$(folder)"/darkchannel-refs/models/piper/*.onnx >/dev/null 2>&1 || \
	  echo "for a natural voice, offline as well: make voice"

voice: venv  ## fetch a natural voice for `make run`, once: some 100 MB
	@infra/venv.sh engines
	@$(bin)/darkchannel voices install $(PIPER) --folder "$(folder)"

test: venv-dev  ## all tests but the long ones; those that need Docker are skipped where there is none
	@$(bin)/pytest -m "not soak"

test-bark:  ## the tests of Bark, in .venv-bark, which takes some 6 GB
	@VENV=.venv-bark infra/venv.sh bark-dev
	@.venv-bark/bin/pytest tests/bark

check: venv-dev  ## style, types and who imports whom
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy
	$(bin)/lint-imports

bench: venv-dev  ## how fast it is, as ratios to the bare work
	@$(bin)/python -m tests.benchmarks

bench-long: venv-dev  ## the figures of audiobooks of 10 and 27 hours: some 15 minutes, and 8 GB in the temporary folder
	@$(bin)/python -m tests.benchmarks --only audiobook --long

soak: venv-dev  ## the long tests
	@$(bin)/pytest -m soak

mutants: venv-dev  ## break each rule of the protocol in a copy: which test notices?
	@$(bin)/python -m tests.mutants

up:  ## MinIO, RabbitMQ and the services, with Docker; writes .env the first time
	@docker compose version >/dev/null 2>&1 || { \
	  echo "make up needs Docker with compose v2: https://docs.docker.com/engine/install/" >&2; exit 1; }
	@infra/env.sh .env
	$(COMPOSE) up --detach --build --wait
	@infra/addresses.sh .env

down:  ## stop it; books, jobs and settings stay
	$(COMPOSE) down

locks:  ## resolve the locks anew from pyproject.toml (needs uv)
	@lock() { \
	  name=$$1; shift; \
	  $(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-emit-find-links --no-header --no-annotate --override infra/locks/overrides.in \
	    $$(printf -- '--extra %s ' embedded "$$@") pyproject.toml infra/locks/build.in \
	    --output-file infra/locks/$$name.txt; \
	}; engines="synthesizer-piper synthesizer-gtts"; \
	lock embedded && lock engines $$engines && lock dev $$engines dev && \
	lock bark $$engines synthesizer-bark && lock bark-dev $$engines synthesizer-bark dev

venv:
	@infra/venv.sh embedded

venv-dev:
	@infra/venv.sh dev
