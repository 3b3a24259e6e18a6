# Supervisor. Output: supervisorctl's own status, then `log` if its log could be read, and how often each program was
# started in the last hour, where it was:
#   staging-web:staging-server          RUNNING   pid 109, uptime 1 day, 0:01:42
#   staging-pgbouncer                   FATAL     Exited too quickly (process log may have details)
#   log
#   spawned 3 staging-pgbouncer
# The log is in the server's own time zone.
as_root supervisorctl status; c=$?
log=/var/log/supervisor/supervisord.log
if [ -r $log ]; then echo log; tail -c 262144 $log | awk -v since="$(unset TZ; date -d '1 hour ago' '+%Y-%m-%d %H:%M:%S')" '
$1 " " $2 >= since && $3 == "INFO" && $4 == "spawned:" { count[$5]++ }
END { for (name in count) print "spawned", count[name], substr(name, 2, length(name) - 2) }'; fi
exit $c
