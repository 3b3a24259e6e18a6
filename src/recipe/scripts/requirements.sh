if [ -z "$requirements" ]; then echo "the config names no requirements_file: packages stay as they are"
else
cd "$code_root" || fail "there is no checkout in $code_root"
[ -f "$requirements" ] || fail "there is no $requirements in the checkout"
set -- install --quiet --disable-pip-version-check --no-input
if [ -n "$sdists" ]; then set -- "$@" --no-index "--find-links=file://$code_root/$sdists"; fi
as_user "$deploy_user" env "HOME=$home" "$virtualenv/bin/pip" "$@" --requirement "$requirements" || fail "pip could not install what $requirements wants: its last lines say which package. Mend the index, or the file in a new changeset, and resume or deploy that"
echo "packages are as $requirements wants them"
fi
