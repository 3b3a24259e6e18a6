# PgBouncer. Output: SHOW POOLS with one column per line, an empty line between pools; columns are read by their names,
# for every version has others:
#   database|myproject_staging
#   user|myproject
#   cl_active|0
# As `stats`, whom FabulAWS lets look and change nothing; where that user may not, as the administrator.
pools() { PGCONNECT_TIMEOUT=3 PGAPPNAME=quarterdeck psql -XAtqwx -h 127.0.0.1 -p "$pgbouncer_port" -U "$1" -d pgbouncer -c 'SHOW POOLS' 2>&1; }
told=$(pools stats); c=$?
if [ $c != 0 ]; then case $told in *refused*|*'not found'*) ;; *) other=$(pools pgbouncer) && { told=$other; c=0; } ;; esac; fi
printf '%s\n' "$told"
exit $c
