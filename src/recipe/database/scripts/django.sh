# Django, on the database that is loaded and not yet in use: settings of the project with another name in them. No mail goes
# out from here, whatever the project's own settings say.
[ -n "$settings_module" ] || fail "settings_managepy is not in fabulaws-config.yml: nothing was changed"
safe=$(mktemp -d)
trap 'rm -rf -- "$safe"' EXIT
(umask 077; printf '%s' "${database_password:-}" >"$safe/password"; : >"$safe/pass")
printf '%s:*:*:%s:%s\n' "$host" "$database_user" "$(printf '%s' "${database_password:-}" | sed 's/[\\:]/\\&/g')" >"$safe/pass"
database_password=
cat >"$safe/quarterdeck_copy.py" <<'PYTHON'
import copy
import os
import re
from importlib import import_module

_project = import_module(os.environ["QUARTERDECK_SETTINGS"])
globals().update({name: getattr(_project, name) for name in dir(_project) if name.isupper()})
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "password")) as _file:
    _password = _file.read()
_is = os.environ["QUARTERDECK_DATABASE"]
DATABASES = copy.deepcopy(_project.DATABASES)
for _one in DATABASES.values():
    if re.fullmatch(re.escape(_is) + r"(_?(replica|slave)[0-9]*)?", str(_one.get("NAME"))):
        _one.update(NAME=os.environ["PGDATABASE"], HOST=os.environ["PGHOST"], PORT="5432", USER=os.environ["PGUSER"])
        if _password:
            _one["PASSWORD"] = _password
        _one.setdefault("OPTIONS", {})["sslmode"] = "require"
if DATABASES["default"].get("NAME") != os.environ["PGDATABASE"]:
    raise SystemExit("the settings' default database is not %s, but %s: nothing was changed" % (_is, DATABASES["default"].get("NAME")))
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
PYTHON
chown -R "$run_as" "$safe"
cd "$code_root" || fail "there is no checkout in $code_root"
on_copy() {
as_user "$run_as" env "PYTHONPATH=$safe${PYTHONPATH:+:$PYTHONPATH}" DJANGO_SETTINGS_MODULE=quarterdeck_copy "QUARTERDECK_SETTINGS=$settings_module" \
"QUARTERDECK_DATABASE=$database" "PGDATABASE=$incoming" "PGHOST=$host" PGPORT=5432 "PGUSER=$database_user" "PGPASSFILE=$safe/pass" PGSSLMODE=require "$@"
}
