# Supervisor. Output: supervisorctl's own status, then `log` if its log could be read, and how often each program ended by
# itself in the last hour and was to be started again, where it did. What people or a deploy stop and start is not counted, nor
# what Supervisor before the last boot or its own restart has written, which on a new server may have been the image's builder:
#   staging-web:staging-server          RUNNING   pid 109, uptime 1 day, 0:01:42
#   staging-pgbouncer                   FATAL     Exited too quickly (process log may have details)
#   log
#   again 3 staging-pgbouncer
# The log is in the server's own time zone.
as_root supervisorctl status; c=$?
log=/var/log/supervisor/supervisord.log
if [ -r $log ]; then echo log; tail -c 262144 $log | awk -v since="$(unset TZ; date -d '1 hour ago' '+%Y-%m-%d %H:%M:%S')" '
$4 == "supervisord" && $5 == "started" { split("", count) }
$1 " " $2 >= since && ($4 == "exited:") { sub(/:$/, "", $5); count[$5]++ }
END { for (name in count) print "again", count[name], name }'; fi
exit $c
