#!/bin/sh
# Starts a sandbox and lets third-party clients from PyPI talk to it, each in its own virtual environment.
# Needs Python 3 and the network. Environments are made in $CLIENTS_DIR (default: a temporary directory).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
dir=${CLIENTS_DIR:-$(mktemp -d)}
cargo build --quiet --manifest-path "$here/../Cargo.toml" --example serve
target=$(cargo metadata --quiet --no-deps --format-version 1 --manifest-path "$here/../Cargo.toml" |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
"$target/debug/examples/serve" ampsea >"$dir/connection.json" &
sandbox=$!
trap 'kill $sandbox' EXIT
while [ ! -s "$dir/connection.json" ]; do sleep 0.1; done
for client in PyPardotSF pypardot4 tap-pardot; do
    [ -d "$dir/$client" ] || { python3 -m venv "$dir/$client" && "$dir/$client/bin/pip" install --quiet "$client"; }
    "$dir/$client/bin/python" "$here/try_clients.py" "$client" "$(cat "$dir/connection.json")"
done
