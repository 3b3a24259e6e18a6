group=$environment-$what
status() { as_root supervisorctl status "$group:*" </dev/null || [ $? -eq 3 ]; }
said=$(status) || fail "Supervisor has no group $group here: $said"
as_root supervisorctl stop "$group:*" </dev/null
said=$(status)
case $said in *RUNNING* | *STARTING* | *STOPPING* | *BACKOFF*) echo "$said"; fail "Supervisor's group $group still runs" ;; esac
echo "$said"
