group=$environment-$what
as_root supervisorctl restart "$group:*" </dev/null
status=$(as_root supervisorctl status "$group:*" </dev/null) || { echo "$status"; fail "Supervisor's group $group does not run"; }
echo "$status"
