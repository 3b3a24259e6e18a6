group=$environment-$what
as_root supervisorctl start "$group:*" </dev/null || :
waited=0
while status=$(as_root supervisorctl status "$group:*" </dev/null || :); case $status in *STARTING* | *BACKOFF*) [ "$waited" -lt 60 ] ;; *) false ;; esac; do sleep 1; waited=$((waited+1)); done
status=$(as_root supervisorctl status "$group:*" </dev/null) || { echo "$status"; fail "Supervisor's group $group does not run"; }
echo "$status"
