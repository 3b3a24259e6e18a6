#!/bin/sh
# Made by Quarterdeck: how Supervisor starts Gunicorn.
# As many workers as this server has processors times {{ gunicorn_worker_multiplier|default(4) }}: what is baked into an image fits servers of every size.
WEB_CONCURRENCY=$(($(nproc) * {{ gunicorn_worker_multiplier|default(4) }}))
export WEB_CONCURRENCY
# Supervisor starts all at once. Without PgBouncer the first pages would fail, so it is waited for, a minute at most.
waited=0
while ! {{ virtualenv_root }}/bin/python -c 'import socket; socket.create_connection(("127.0.0.1", {{ pgbouncer_port }}), 1)' 2>/dev/null; do
    [ "$waited" -lt 60 ] || { echo "PgBouncer does not answer on port {{ pgbouncer_port }}: starting without it" >&2; break; }
    sleep 1
    waited=$((waited + 1))
done
exec "$@"
