# A program of the project: it is told which database is meant, and is run as whom the site runs as.
(umask 077; printf '%s\n' "$hook" >"$safe/$name")
chmod 700 "$safe/$name"
chown "$run_as" "$safe/$name"
hook=
ended=0
on_copy env "project=$project" "environment=$environment" "database=$incoming" "home=$home" "deploy_user=$deploy_user" "root=$root" "log_dir=$log_dir" \
"code_root=$code_root" "virtualenv_root=$virtualenv" "PATH=$virtualenv/bin:$PATH" "$safe/$name" </dev/null || ended=$?
[ "$ended" = 0 ] || fail "$path ended with $ended: its last lines say why. Mend it, and begin again: nothing uses $incoming"
echo "done: $what"
exit 0
