group=$environment-celery
ctl() { as_root supervisorctl "$@"; }
# `supervisorctl status` ends with 3 where something is stopped, and with 4 where there is no such group.
programs() { ctl status "$group:*" </dev/null || [ $? -eq 3 ]; }
all=$(programs) || fail "Supervisor has no group $group here: $all"
case $all in *'no such group'*) fail "Supervisor has no group $group here" ;; esac
# Names of programs whose state is one of these; what must run once only, where asked.
named() { programs | awk -v states="$1" -v once="$2" 'BEGIN { n = split(states, s, " "); for (i = 1; i <= n; i++) is[s[i]] = 1 }
{ single = $1 ~ /-celery(beat|cam)$/; if (is[$2] && (once == "any" || (once == "yes") == single)) print $1 }'; }
up='RUNNING STARTING BACKOFF STOPPING'
down='STOPPED EXITED FATAL UNKNOWN'
