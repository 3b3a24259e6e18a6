# Copied by what the application itself knows: it says which queues it has, and the settings here still log in to the old
# server. What is copied waits on the old server, too, until that goes.
cd "$code_root" || fail "there is no checkout in $code_root"
safe=$(mktemp -d)
trap 'rm -rf -- "$safe"' EXIT
cat >"$safe/tasks.py" <<'PYTHON'
import os
import socket
import sys

import amqp
from amqp.exceptions import NotFound
from celery.app.utils import find_app
from kombu import Connection

OLD, NEW = os.environ["QUARTERDECK_OLD"], os.environ["QUARTERDECK_NEW"]
app = find_app(os.environ["QUARTERDECK_APP"])
settings = app.connection_for_read() if hasattr(app, "connection_for_read") else app.connection()
if settings.transport_cls not in ("amqp", "amqps", "pyamqp", "librabbitmq"):
    print("the application's tasks are not in RabbitMQ, but in %s: nothing is copied" % settings.transport_cls)
    sys.exit(0)
try:
    at = socket.gethostbyname(settings.hostname)
except OSError as error:
    sys.exit("the settings here name the broker %s, and where that is is not known: %s" % (settings.hostname, error))
if at != OLD:
    sys.exit("the settings here name the broker %s (%s), and not %s: nothing was copied" % (settings.hostname, at, OLD))


def connect(host):
    connection = Connection(
        hostname=host, userid=settings.userid, password=settings.password, virtual_host=settings.virtual_host,
        port=settings.port, ssl=settings.ssl, login_method=settings.login_method, transport="pyamqp", connect_timeout=20)
    try:
        connection.connect()
    except Exception as error:
        sys.exit("RabbitMQ on %s does not let the application in with the password that its settings have (%s): where secrets "
                 "here and on servers differ, bring them together first, with quarterdeck secrets" % (host, type(error).__name__))
    return connection


def waiting(connection, name):
    channel = connection.channel()
    try:
        count = channel.queue_declare(queue=name, passive=True).message_count
    except NotFound:
        return 0
    channel.close()
    return count


def copy(name):
    if not waiting(old, name):
        return 0
    there = new.channel()
    try:
        # As a worker declares it, one that the settings do not name too.
        known[name](there).declare()
    except KeyError:
        there.queue_declare(queue=name, durable=True, auto_delete=False)
    # What an attempt that was cut off has brought is not there twice.
    there.queue_purge(name)
    taken, count = old.channel(), 0
    while True:
        message = taken.basic_get(queue=name, no_ack=False)
        if message is None:
            break
        there.basic_publish_confirm(amqp.Message(message.body, **message.properties), exchange="", routing_key=name)
        count += 1
    # What was taken and not acknowledged waits there again.
    taken.close()
    there.close()
    return count


known = app.amqp.queues
names = set(known) | set(os.environ["QUARTERDECK_QUEUES"].splitlines())
old, new = connect(OLD), connect(NEW)
everything = 0
for name in sorted(names):
    if not name or name.startswith("celeryev") or name.endswith(".pidbox"):
        continue
    count = copy(name)
    everything += count
    if count:
        print("%s: %d tasks copied" % (name, count))
    if waiting(new, name) < count:
        sys.exit("%s has %d tasks on the new server, and not %d" % (name, waiting(new, name), count))
print("%d tasks copied" % everything)
PYTHON
chmod 755 "$safe"
chmod 644 "$safe/tasks.py"
as_user "$run_as" env ${settings_module:+"DJANGO_SETTINGS_MODULE=$settings_module"} "PYTHONPATH=$code_root${PYTHONPATH:+:$PYTHONPATH}" "QUARTERDECK_OLD=$old" "QUARTERDECK_NEW=$cache" \
"QUARTERDECK_APP=$celery_app" "QUARTERDECK_QUEUES=$queues" "$virtualenv/bin/python" "$safe/tasks.py" </dev/null
exit 0
