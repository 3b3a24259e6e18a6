# Celery's workers, by their own word: asked for by the project's own application, in its virtualenv, as the user whom
# they run as. Of tasks only id, name and age leave the server, never arguments. Output, JSON, one per line:
#   {"worker":{"name":"celery@worker.main.ip-10-0-0-7","slots":10,"reserved":3,"begun":812}}   for each that answered
#   {"task":{"worker":"celery@worker.main.ip-10-0-0-7","id":"3714bd1e-…","name":"myproject.tasks.nap","seconds":12.5}}
#   {"done":true}
if [ -z "$celery_app" ]; then echo 'the config names no celery_application' >&2; exit 3; fi
settings=${settings_module:+DJANGO_SETTINGS_MODULE=$settings_module}
as_user "${webserver_user:-$deploy_user}" env ${settings:+"$settings"} sh -c 'cd "$1" && shift && exec nice "$@"' celery \
"$code_root" "$virtualenv/bin/python" -c '
import json, sys, time
sys.path.insert(0, "")
def tell(what, fields):
    print(json.dumps({what: fields}))
try:
    from celery.app.utils import find_app
    app = find_app(sys.argv[1])
    stats = app.control.inspect(timeout=4).stats() or {}
    names = sorted(stats)[:200]
    asked = app.control.inspect(destination=names, timeout=4) if names else None
    active = asked and asked.active() or {}
    reserved = asked and asked.reserved() or {}
    for name in names:
        slots = (stats[name].get("pool") or {}).get("max-concurrency")
        begun = sum((stats[name].get("total") or {}).values())
        tell("worker", {"name": name, "slots": slots, "reserved": len(reserved.get(name) or []), "begun": begun})
        for task in (active.get(name) or [])[:200]:
            start = task.get("time_start")
            seconds = time.time() - start if start and start > 1e9 else None
            tell("task", {"worker": name, "id": task.get("id"), "name": task.get("name"), "seconds": seconds})
    tell("done", True)
except Exception as error:
    sys.stderr.write("%s: %s\n" % (type(error).__name__, error))
    sys.exit(1)
' "$celery_app"
