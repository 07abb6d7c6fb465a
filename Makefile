# Silkgate. `make` alone lists what can be made; a line that begins with two hashes says what the target below it does.

HERE := .venv
PYTHON := $(HERE)/bin/python
READY := $(HERE)/.ready
SYSTEM_PYTHONS ?= python3 python3.14 python3.13 python3.12 python3.11
TEST_PROCESSES ?= 2
SERVER_TESTS ?= $(addprefix tests/,bonded casework clearance client drafts exchange flows identity journal kernel ledger portal \
  programmes registry risk site tariff testbench ui)

# An environment that was made in another folder starts nothing here: its programs hold the old path.
ifneq ($(shell cat $(READY) 2>/dev/null),$(CURDIR))
.PHONY: $(READY)
endif

.DEFAULT_GOAL := help
.PHONY: help setup run check test test-all test-server bench torture lock clean

## this list
help:
	@awk '/^## / { text = substr($$0, 4) } \
	      /^[a-z][a-z-]*:/ && text { split($$1, target, ":"); printf "  make %-10s %s\n", target[1], text; text = "" }' \
	      $(firstword $(MAKEFILE_LIST))

## 准备环境：.venv与锁定版本的软件包 · the environment: .venv with the pinned packages
setup: $(READY)

$(READY): requirements.lock pyproject.toml setup.py $(wildcard src/silkgate/standards/ceb/*.[ch])
	@found=; for name in $(SYSTEM_PYTHONS); do \
	  $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && found=$$name && break; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "需要Python 3.11或更新版本，未找到，请先安装。" >&2; \
	  echo "Python 3.11 or later is needed and was not found. Install it first." >&2; \
	  exit 1; fi; \
	if ! $$found -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo "$${found}缺少venv模块，在Debian或Ubuntu上请安装python3-venv。" >&2; \
	  echo "$$found lacks the module venv. On Debian or Ubuntu install python3-venv." >&2; \
	  exit 1; fi; \
	echo "正在准备环境…… Making the environment…"; \
	if [ "$$(cat $(READY) 2>/dev/null)" != "$$(pwd -P)" ]; then $$found -m venv --clear $(HERE); fi
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@pwd -P > $(READY)

## 启动全部服务和演示，按Ctrl-C停止 · everything with a demo zone; Ctrl-C stops it
run: setup
	@exec $(PYTHON) -m silkgate run --end-with-parent

## 检查代码：ruff、mypy、import-linter、djlint · lint and types
check: setup
	@$(PYTHON) -m ruff check src tests bench
	@$(PYTHON) -m mypy
	@$(HERE)/bin/lint-imports --no-cache
	@$(PYTHON) -m djlint --check src
	@$(PYTHON) -m djlint --quiet --lint src

## 检查代码并运行测试 · check, then the tests; they start what they need
test: check
	@$(PYTHON) -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder -m "not slow"

## 同上，加上耗时以分钟计的测试 · the same with the tests that take minutes
test-all: check
	@$(PYTHON) -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder

## 用系统自带的PostgreSQL运行与数据库有关的测试 · the tests that need a database, on the distribution's PostgreSQL
test-server: setup
	@$(PYTHON) tests/system_postgres.py $(PYTHON) -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder -m "not slow" $(SERVER_TESTS)

## 测量性能，写入docs/performance.md，约15分钟 · rates, latency, growth, hostile load: a quarter of an hour
bench: setup
	@$(PYTHON) -m bench

## 破坏性测试：杀进程、断连接、填满磁盘，写入docs/reliability.md · kill, cut, fill up while messages come in: minutes
torture: setup
	@PYTHONPATH=tests $(PYTHON) -m torture

## 重新锁定依赖版本 · pin the dependencies anew from pyproject.toml
lock: setup
	@$(PYTHON) -m venv --clear $(HERE)/lock
	@$(HERE)/lock/bin/pip install --quiet --disable-pip-version-check pip-tools
	@CUSTOM_COMPILE_COMMAND="make lock" $(HERE)/lock/bin/pip-compile --quiet --strip-extras --extra dev --extra nats --generate-hashes \
	  --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options \
	  --output-file requirements.lock pyproject.toml

## 删除环境和缓存；数据目录var/保留 · remove environment and caches; the data in var/ stays
clean:
	@rm -rf $(HERE) build .hypothesis .mypy_cache .ruff_cache .import_linter_cache src/silkgate.egg-info
	@find src tests bench -name __pycache__ -prune -exec rm -rf {} +
	@find src -name '*.so' -delete
