#!/bin/sh
# What the container does: web | worker | migrate | manage COMMAND ...
# `exec` everywhere: the program itself gets the signals that end a container.
set -eu

cd "$(dirname "$0")/.."
role="${1:-web}"
[ $# -eq 0 ] || shift

case "$role" in
    web) exec python -m deploy.web "$@" ;;
    worker) exec python manage.py procrastinate worker "$@" ;;
    migrate) exec python manage.py migrate --noinput "$@" ;;
    manage) exec python manage.py "$@" ;;
    *)
        echo "usage: web | worker | migrate | manage COMMAND ..." >&2
        exit 64
        ;;
esac
