# Beat and the camera first: nothing new is sent while tasks end. Supervisor sends TERM, and Celery then takes no new
# task and ends those that run. What still runs after stopwaitsecs is killed by Supervisor; by this script only where it is
# told after how long. A program that hangs hears no TERM, and what it has started is in its process group.
once=$(named "$up" yes)
[ -z "$once" ] || ctl stop $once </dev/null
tasks=$(as_user "$run_as" env ${settings_module:+"DJANGO_SETTINGS_MODULE=$settings_module"} sh -c 'cd "$1" && shift && exec timeout 20 "$@"' celery "$code_root" "$virtualenv/bin/celery" --app "$celery_app" inspect --timeout 5 active --json 2>/dev/null </dev/null | grep -o '"name": *"[^"]*"' | cut -d'"' -f4 | sort | uniq -c) || tasks=
[ -z "$tasks" ] || { echo "tasks that run:"; echo "$tasks"; }
left=$(named "$up" any)
if [ -n "$left" ]; then
ctl stop "$group:*" </dev/null >/dev/null 2>&1 &
stop=$! waited=0 killed=
while kill -0 $stop 2>/dev/null; do
left=$(named "$up" any | tr '\n' ' ')
if [ -n "$left" ] && [ -z "$killed" ] && [ "$waited" -ge "${kill_after:-99999}" ]; then
killed=yes
for program in $left; do
pid=$(ctl pid "$program" </dev/null) || continue
case $pid in ''|0|1|*[!0-9]*) continue ;; esac
echo "killing $program, which has not ended within $kill_after s"
as_root kill -KILL -- "-$pid" 2>/dev/null || as_root kill -KILL "$pid" || :
done
fi
[ -z "$left" ] || [ $((waited % 10)) -ne 0 ] || echo "waiting ${waited} s of 600 for ${left}"
sleep 1; waited=$((waited+1))
done
wait $stop || :
fi
left=$(named "$up" any | tr '\n' ' ')
[ -z "$left" ] || fail "still running: $left"
echo "Celery is stopped"
