# What was written since it was started counts from here on.
said=$(as_root supervisorctl reread </dev/null 2>&1) || fail "Supervisor cannot read its configuration: $said"
case $said in *ERROR*) fail "Supervisor cannot read its configuration: $said" ;; esac
as_root supervisorctl update "$environment-$what" </dev/null
