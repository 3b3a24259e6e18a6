cd "$code_root" || fail "there is no checkout in $code_root"
manage() {
what=$1; shift
as_user "$run_as" env ${settings_module:+"DJANGO_SETTINGS_MODULE=$settings_module"} "$virtualenv/bin/python" manage.py "$what" "$@" ${settings_module:+"--settings=$settings_module"}
}
