[ -n "${database_password:-}" ] || fail "no database_password came along: resume in the project's directory"
# Who may come from where is not ours to change: a role that pg_hba.conf lets in from elsewhere only cannot be tried here.
if lets_in "$database_user" '' 'select 1'; then echo "PostgreSQL lets $database_user in with database_password"
elif grep -qF pg_hba.conf "$safe/said"; then echo "pg_hba.conf lets $database_user in from elsewhere only: the password could not be tried here"
else fail "PostgreSQL does not let $database_user in with the project's database_password, and bringing settings to servers changes no password of a database: use rotate-secret --secret database_password, or fetch what servers have with quarterdeck secrets pull. Nothing was changed"
fi
exit 0
