#!/bin/sh
# Makes the virtual environment and installs one lock and this package into it; does nothing where that is done.
#   infra/venv.sh LOCK     LOCK: embedded (runs), engines (runs, with Piper and gTTS too), dev (runs, tests and checks) or
#                          bark-dev (that with Bark)
# PYTHON chooses the interpreter, VENV the folder (default: .venv).
set -eu
lock=$1
venv=${VENV:-.venv}
supported='import sys; raise SystemExit(not (3, 11) <= sys.version_info[:2] <= (3, 14))'

wanted() {  # wanted LOCK: changes when the environment must be brought up to date
  echo "$(cat "infra/locks/$1.txt" pyproject.toml | cksum) $PWD"
}
stands() {  # stands LOCK: whether the environment holds it
  [ "$(cat "$venv/.darkchannel-$1" 2>/dev/null)" = "$(wanted "$1")" ]
}
mend() {  # mend WHAT DEBIAN FEDORA MAC: say which command helps on this system, and stop
  if command -v apt-get >/dev/null; then how="sudo apt-get update && sudo apt-get install -y $2"
  elif command -v dnf >/dev/null; then how="sudo dnf install -y $3"
  elif command -v brew >/dev/null; then how="brew install $4"
  else how="(install Python 3.11 to 3.14 with its venv module, then) make PYTHON=/path/to/python3 run"
  fi
  printf '%s\nMend it with:\n  %s\n' "$1" "$how" >&2
  exit 1
}
packaged() {  # the newest Python that this Debian or Ubuntu offers
  for version in 3.14 3.13 3.12; do
    apt-cache show "python$version-venv" >/dev/null 2>&1 && { echo $version; return; }
  done
  echo 3.11
}

usable=
if [ -x "$venv/bin/python" ] && "$venv/bin/python" -c "$supported; import pip" 2>/dev/null; then usable=yes; fi
# The dev lock holds all that the embedded one does: an environment made for tests also runs.
if [ "$usable" ] && { stands "$lock" || stands dev; }; then exit 0; fi

if [ -z "$usable" ]; then
  python=
  for candidate in ${PYTHON:-python3.14 python3.13 python3.12 python3.11 python3}; do
    if "$candidate" -c "$supported" 2>/dev/null; then python=$candidate; break; fi
  done
  if [ -z "$python" ]; then
    found=$("${PYTHON:-python3}" --version 2>/dev/null) || found="no ${PYTHON:-python3}"
    debian=$(packaged)
    mend "DarkChannel needs Python 3.11 to 3.14; this machine has $found." \
      "python$debian python$debian-venv" python3.12 python@3.12
  fi
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  lacks="Python $version on this machine lacks venv."
  "$python" -c 'import venv, ensurepip' 2>/dev/null ||
    mend "$lacks" "python$version-venv" "python$version" "python@$version"
  "$python" -m venv --clear "$venv" ||
    mend "$lacks" "python$version-venv" "python$version" "python@$version"
fi

echo "Installing into $venv (once; a minute or two) ..."
pip() { "$venv/bin/python" -m pip --disable-pip-version-check --quiet "$@"; }
# A lock names all there is to install; gTTS would refuse the click that it is given (infra/locks/overrides.in).
pip install --require-hashes --no-deps --requirement "infra/locks/$lock.txt"
pip install --no-deps --no-build-isolation --editable .
wanted "$lock" >"$venv/.darkchannel-$lock"
