cd /
# What is told by -v stands in the text as :'name', never as a part of it.
sql() { runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 -v "database=$database" -d postgres "$@"; }
# The databases of these names that there are.
has() { [ -n "$(sql -v "name=$1" <<'SQL'
select 1 from pg_database where datname = :'name';
SQL
)" ]; }
of() { name_of=$1; shift; sql -v "name=$name_of" "$@"; }
megabytes() { echo "$(($1 / 1048576 + 1))"; }
free_in() { df -Pm -- "$1" | awk 'NR == 2 { print $4 }'; }
in_recovery() { sql -c 'select pg_is_in_recovery()'; }
