on_copy "$virtualenv/bin/python" manage.py migrate --noinput --settings=quarterdeck_copy
echo "$incoming is migrated"
exit 0
