# A program of the project: it is told where it is, and says itself what it changes.
mkdir -p "$state"
work=$(mktemp -d "$state/hook.XXXXXX")
trap 'rm -rf -- "$work"' EXIT
(umask 077; printf '%s\n' "$hook" >"$work/$name")
chmod 700 "$work/$name"
export project environment current_role home deploy_user root log_dir code_root virtualenv_root
hook=
cd /
ended=0
"$work/$name" </dev/null || ended=$?
[ "$ended" = 0 ] || fail "$path ended with $ended: its last lines say why. Mend it, and resume: it is run again from its beginning"
echo "done: $what"
