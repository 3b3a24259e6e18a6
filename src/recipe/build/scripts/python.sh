version() { as_user "$deploy_user" env "HOME=$home" "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }
wanted=$(version "$python") || fail "$python does not run here as $deploy_user: see python in fabulaws-config.yml"
is_whole() { [ "$(version "$virtualenv/bin/python")" = "$wanted" ] && as_user "$deploy_user" "$virtualenv/bin/pip" --version >/dev/null 2>&1; }
if ! is_whole; then
changes "making a virtualenv of Python $wanted"
as_user "$deploy_user" env "HOME=$home" "$python" -m venv --clear "$virtualenv" || fail "$python makes no virtualenv in $virtualenv: its last lines say why. Mend that, and resume"
is_whole || fail "the virtualenv in $virtualenv has no Python $wanted with pip: run $python -m venv --clear $virtualenv as $deploy_user to see why, and resume"
fi
finish
